"""The short ways of common expressions give what the general way gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.errors import MappingRunError
from workbench.mapping import functions, shortcut_functions, times
from workbench.mapping.dialects import HELPERS
from workbench.mapping.expression import MISSING, compile_expression, parse
from workbench.mapping.expression.python_runtime import runtime_names
from workbench.mapping.expression.writer import PythonWriter, Scope
from workbench.mapping.shortcuts import has_shortcut, write_shortcut

EXPRESSIONS = [
    "a",
    "a.b",
    "a.b.c",
    "$.a.b",
    "$$.a.b",
    'a.b ? "x" : 5',
    "a ?? b ?? 5",
    '($lookup({"x": 1, "y": 2}, a) ?? 5) + 1',
    '$lookup({"x": 1, "y": 2}, a.b) ?? b',
    "$exists($trim(a))",
    "a + 1",
    "a.b - b",
    "a * b",
    "a * 0",
    "a * 9007199254740991 + b",
    "$sum(a.b) + a * 2 - 3",
    "a or b",
    "a and b.c",
    "a = 'x' or b > 1 and $exists(c)",
    "a > 1 or b in ['x', 'y']",
    "a in ['x', '']",
    "a.b in ['x']",
    "(a ? (b ? 'p' : 'q'))",
    "$trim(a)",
    'a.b = "x" ? $trim(b) : $trim(c)',
    '$lookup({"x": "1", "y": ""}, a)',
    '$lookup({"x": "1", "y": ""}, a.b)',
    "$exists(a.b)",
    "$exists(a.b[0])",
    "a[0]",
    "a.b[0]",
    "a.b[-1]",
    "a.b[7]",
    "$sum(a)",
    "$sum(a.b)",
    "$sum(a.b.c)",
    "$sum(a.b[0])",
    "$sum(a.b) > 0",
    "$sum(a.b) <= 2",
    "a < 1",
    "a.b >= 1",
    "-a",
    "-$sum(a.b)",
    '"x" & a',
    'a & "x"',
    'a.b & " " & a',
    'a = "x"',
    'a.b = "x" ? "yes" : a.b',
    'a ? a : "none"',
    "a.b ? a.b",
    '($exists(a) ? "y" : "n") = "y"',
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.just(2**53 - 1)
    | st.floats(-2, 2)
    | st.sampled_from(["", "x", "y", " x", "x  y ", "\t", "x\n y", "\xa0x", "é\u2003", "undefined"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


def short_way(text: str) -> Any:
    """The function that the shortcut of an expression makes; None where it has none."""
    node, scope = parse(text), Scope(context="event", this="event", whole="event", raw=True)
    writer = PythonWriter(helpers=HELPERS)
    if not has_shortcut(node, scope, writer.helpers):
        return None
    code = write_shortcut(writer, node, scope)
    source = "\n".join(["def short(event):", *writer.lines, f"    return {code}"])
    names = runtime_names()
    for module in (functions, times, shortcut_functions):
        names |= {name: getattr(module, name) for name in module.__all__}
    exec(compile(source, "<short>", "exec"), names)
    return names["short"]


WAYS = {text: (short_way(text), compile_expression(text, nulls="missing")) for text in EXPRESSIONS}


def without_nulls(value: Any) -> Any:
    """The value as a resource would hold it, empties kept: nulls gone, lists of any kind plain."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return int(value) if isinstance(value, float) and value == int(value) else value


def outcome(run: Any, data: Any) -> str:
    """The JSON that comes out, or the code of the error."""
    try:
        value = run(data)
    except MappingRunError as error:
        return f"error {error.code}"
    return json.dumps(None if value is MISSING else without_nulls(value))


@pytest.mark.parametrize("text", [text for text in EXPRESSIONS if not text.startswith("(")])
def test_common_expressions_have_a_short_way(text: str) -> None:
    """They are what mappings are made of."""
    assert WAYS[text][0] is not None


@settings(deadline=None, max_examples=400)
@given(data=st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3))
@example(data={"a": [{"b": 1}, {"b": [2, None, 3]}]})
@example(data={"a": [{"b": None}, {"b": 2}]})
@example(data={"a": [[{"b": 1}], {"b": "x"}]})
@example(data={"a": {"b": [None, 1]}})
@example(data={"a": {"b": []}})
@example(data={"a": {"b": [[1]]}})
@example(data={"a": [2**53 - 1, 2**53 - 1]})
@example(data={"a": [{"b": True}, {"b": 1}]})
def test_the_short_way_gives_what_the_general_way_gives(data: dict[str, Any]) -> None:
    """Values and error codes alike, for data of any shape."""
    for text, (short, general) in WAYS.items():
        if short is not None:
            assert (text, outcome(short, data)) == (text, outcome(general.evaluate, data))
