"""Expressions as one JavaScript expression give what the general way gives in Python."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workbench.errors import MappingRunError
from workbench.flows.javascript import JavaScriptProcess
from workbench.mapping.compact import write_compact
from workbench.mapping.dialects import HELPERS
from workbench.mapping.expression import MISSING, compile_expression, parse
from workbench.mapping.expression.writer import JavaScriptWriter, Scope
from workbench.mapping.javascript import javascript_runtime

EXPRESSIONS = [
    "a",
    "a.b",
    "a.b.c",
    "$$.a.b",
    "$exists(a.b)",
    "a ?? b ?? c",
    "a.b ?? (b ? c : a)",
    '"x" & a & b',
    'a = "x"',
    "a = b",
    "a != b",
    "a < b",
    "a.b >= 1",
    "a + b * 2 - c",
    "a / b % 3",
    "-a",
    'a in ["x", 1, true]',
    "a and b or c",
    "(a or b) and $not(c)",
    'a ? b ? "p" : "q" : c ? a',
    "$boolean(a)",
    "$count(a.b)",
    "$sum(a)",
    "$sum(a.b)",
    "$sum(a.b.c) > 1",
    "$sum(a.toString)",
    "a.constructor",
    "a.b[0]",
    "a[0]",
    "a[-1]",
    "a.b[7]",
    "a.b.c[1]",
    "$exists(a.b[0])",
    "$exists(a.b[0]) ? a.b[0] : a",
    "$sum($append(a.b, [1, 2]))",
    "$append(a, b)",
    '$lookup({"x": 1, "y": "z"}, a)',
    "$lookup(a, b)",
    '$contains(a, "x")',
    "($exists(a) ? 1 : 0) + ($exists(b) ? 2 : 0)",
]

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(["", "x", "y", "b"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcxy"), inner, max_size=3),
    max_leaves=10,
)
GENERAL = {text: compile_expression(text, nulls="missing") for text in EXPRESSIONS}


def compact(text: str) -> str:
    """The JavaScript of a text: what is looked at once, and the expression behind it."""
    writer = JavaScriptWriter(helpers=HELPERS)
    made = write_compact(writer, parse(text), Scope(context="event", this="event", whole="event", raw=True))
    assert made is not None, text
    return " ".join([*(line.strip() for line in writer.lines), f"return {made};"])


@pytest.fixture(scope="module")
def compacts(javascript: JavaScriptProcess) -> JavaScriptProcess:
    """A process with one function that gives the outcome of every expression for an event."""
    tries = ",\n".join(f"() => {{ {compact(text)} }}" for text in EXPRESSIONS)
    source = f"""{javascript_runtime()}
function outcomes(event) {{
  const run = newRun();
  return [{tries}].map((attempt) => {{
    try {{
      const value = attempt();
      return value === undefined ? ["nothing"] : ["value", value];
    }} catch (error) {{
      return ["error", error.code];
    }}
  }});
}}"""
    javascript.load(source, ["outcomes"])
    return javascript


def plain(value: Any) -> Any:
    """The value as JSON has it, without the event's nulls."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value if item is not None]
    return int(value) if isinstance(value, float) and value == int(value) else value


def in_python(text: str, data: Any) -> list[Any]:
    """The outcome the general way."""
    try:
        value = GENERAL[text].evaluate(data)
    except MappingRunError as error:
        return ["error", error.code]
    return ["nothing"] if value is MISSING else ["value", plain(value)]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3))
@example(data={"a": [{"b": 1}, {"b": [2, None, 3]}], "b": "x"})
@example(data={"a": {"x": 1}, "b": "x"})
@example(data={"a": {"b": None}, "b": [None], "c": [[]]})
@example(data={"a": 0, "b": 0})
def test_the_compact_way_gives_what_the_general_way_gives(compacts: JavaScriptProcess, data: dict[str, Any]) -> None:
    """Values and error codes alike, for data of any shape."""
    made = compacts.call("outcomes", data)

    for text, outcome in zip(EXPRESSIONS, made, strict=True):
        found = [outcome[0], plain(outcome[1])] if outcome[0] == "value" else outcome
        assert (text, json.dumps(found)) == (text, json.dumps(in_python(text, data)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b.c", 'const o1 = fieldsOf(step(step(event, "a"), "b")); return o1.c ?? undefined;'),
        ("a ?? b ?? c", "const o1 = fieldsOf(event); return o1.a ?? o1.b ?? o1.c ?? undefined;"),
        ('a = "x" ? "p" : b', 'const o1 = fieldsOf(event); return o1.a === "x" ? "p" : o1.b ?? undefined;'),
        ("$exists(a) ? 1", "const o1 = fieldsOf(event); return o1.a != null ? 1 : undefined;"),
        ("$sum(a) > 0", "const o1 = fieldsOf(event); return more(total(clean(o1.a)), 0);"),
        ("$sum(a.b) > 0", 'return more(totalIn(step(event, "a"), "b"), 0);'),
        ("a.b[0]", 'return itemIn(step(event, "a"), "b", 0);'),
        ("a.constructor", 'return field(step(event, "a"), "constructor");'),
    ],
)
def test_it_reads_like_the_expression(text: str, expected: str) -> None:
    """No temporaries but for the objects whose fields are read, no parentheses that say nothing."""
    assert compact(text) == expected
