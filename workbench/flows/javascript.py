"""The JavaScript of a mapping, run on this machine: a small Deno process, kept for many events.

Deno comes from PyPI and runs with no permission at all: no files, no network, no environment.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from importlib.resources import as_file, files
from types import TracebackType
from typing import Any

from deno import find_deno_bin

from workbench.errors import MappingRunError
from workbench.mapping.compile import EventMapping
from workbench.mapping.javascript import javascript_name

__all__ = ["JavaScriptProcess"]


class JavaScriptProcess:
    """A Deno process that holds functions and calls them; use it as a context manager.

    >>> with JavaScriptProcess() as process:
    ...     process.load("const double = (n) => 2 * n;", ["double"])
    ...     process.call("double", 21)
    42
    """

    def __enter__(self) -> JavaScriptProcess:
        self._script = as_file(files("workbench.flows").joinpath("mapping_runner.js"))
        script = self._script.__enter__()
        command = [
            find_deno_bin(),
            "run",
            "--quiet",
            "--no-config",
            "--no-remote",
            "--no-npm",
            "--no-lock",
            str(script),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - our own script, no shell, no permission
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "DENO_NO_UPDATE_CHECK": "1"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(timeout=10)
        self._script.__exit__(kind, error, trace)

    def load(self, source: str, names: Sequence[str]) -> None:
        """Take over the functions of these names from a source text."""
        self._ask({"load": source, "names": list(names)})

    def load_mapping(self, mapping: EventMapping) -> None:
        """Take over the function of a mapping."""
        self.load(mapping.javascript_module(), [javascript_name(mapping.name)])

    def map(self, mapping: EventMapping, payload: dict[str, Any]) -> list[dict[str, Any]]:
        """What the mapping's JavaScript makes of an event: the rows of `MappingResult.as_list()`.

        Raises:
            MappingRunError: the mapping failed on the event, as its Python would.
        """
        rows: list[dict[str, Any]] = self.call(javascript_name(mapping.name), payload)
        return rows

    def call(self, name: str, *arguments: Any) -> Any:
        """What a function gives, as JSON; None for undefined.

        Raises:
            MappingRunError: the function threw.
        """
        return self._ask({"call": name, "arguments": arguments})["value"]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            message = f"the JavaScript of a mapping ended Deno with exit code {self._process.wait(timeout=10)}"
            raise MappingRunError(message)
        answer: dict[str, Any] = json.loads(line)
        if error := answer.get("error"):
            raise MappingRunError(
                error["message"],
                code=error.get("code"),
                rule=error.get("rule"),
                source_path=error.get("source"),
                target_path=error.get("target"),
            )
        return answer
