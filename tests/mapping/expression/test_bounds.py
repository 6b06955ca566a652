"""Hostile expressions and data end soon, with a clear fault, alike in both backends."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.errors import MappingSpecError
from workbench.mapping.expression import compile_expression

ENDLESS = [
    ("($f := function(){ $f() }; $f())", "U1001"),
    ("($f := function($n){ 1 + $f($n) }; $f(1))", "U1001"),
    ("[1..1000000].([1..1000000].($))", "U1001"),
    ("$map([1..100000], function($x){ $map([1..100000], function($y){ $y }) })", "U1001"),
    ("$reduce([1..100000], $append)", "U1001"),
    ("$reduce([1..60], function($a, $b){ [[$a], [$a]] }, [1])", "U1001"),
    ("$reduce([1..100], function($a, $b){ $a & $a }, 'xx')", "D2015"),
    ("$reduce([1..100], function($a, $b){ [$a, $a] }, [1])", "D2015"),
    ("$pad('a', 1e9)", "D2015"),
    ("$replace($pad('', 100000, 'a'), 'a', $pad('', 10000, 'b'))", "D2015"),
    ("$match($pad('', 30000, 'a'), /a+b/)", "U1001"),
]
FOR_EVER = ["(a+)+b", "(\\w+\\s?)*$", "(a|a)*b", "(x+x+)+y", "(a{1,15}){1,15}b", "(a+b?)+c"]
HARMLESS = [
    "(?:\\d{1,3}\\.){3}\\d{1,3}",
    "([a-z]+,)*z",
    "^(\\w+)@(\\w+)\\.(\\w+)$",
    "^[A-Z]{2,5}$",
    "(?:ab?){3}",
    "\\s+$",
]
TOO_DEEP = ["(" * 400 + "1" + ")" * 400, "1" + "+1" * 3000, "a" + ".a" * 2000, "a" + "[0]" * 400]


@pytest.mark.parametrize(("text", "code"), ENDLESS)
def test_what_would_never_end_is_cut(text: str, code: str, judge: Any) -> None:
    """Endless recursion, loops in loops and exploding texts and lists end in the same fault on both sides."""
    expression = compile_expression(text)

    assert {"code": code} == judge.python(expression, None)
    assert {"code": code} == judge.javascript(expression, None)


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_a_pattern_that_backtracks_for_ever_is_refused(pattern: str) -> None:
    """Repetitions inside each other that fit the same text in many ways are refused when they are compiled."""
    with pytest.raises(MappingSpecError, match="repetitions inside each other that can take for ever"):
        compile_expression(f"$contains(a, /{pattern}/)")


@pytest.mark.parametrize("pattern", HARMLESS)
def test_common_patterns_are_not_taken_for_dangerous(pattern: str) -> None:
    """Repetitions that fit a text in one way only are taken."""
    assert compile_expression(f"$contains(a, /{pattern}/)").evaluate({"a": "x"}) is False


def _nested(depth: int, opening: str) -> Any:
    made: Any = {} if opening == "{" else []
    for _ in range(depth):
        made = {"a": made} if opening == "{" else [made]
    return made


@pytest.mark.parametrize("text", ["$", "$string($)", "**", "$ = $$.a"])
@pytest.mark.parametrize("opening", ["{", "["])
def test_data_nested_thousands_deep_is_a_fault_or_an_answer(text: str, opening: str, judge: Any) -> None:
    """Data nested 3,000 deep gives the same on both sides, and never a RecursionError."""
    expression = compile_expression(text)
    data = _nested(3000, opening)

    assert judge.python(expression, data).get("code", "answered") in ("U1001", "answered")
    shown = '{"a":' * 3000 + "{}" + "}" * 3000 if opening == "{" else "[" * 3001 + "]" * 3001
    question = {"javascript": expression.javascript, "data": shown, "bindings": {}}
    assert judge.python(expression, data).keys() == judge.ask(question)["ours"].keys()


@pytest.mark.parametrize("text", TOO_DEEP, ids=["brackets", "sum", "path", "filters"])
def test_an_expression_nested_too_deep_is_refused(text: str) -> None:
    """What neither language's compiler would take is refused with a problem, not a RecursionError."""
    with pytest.raises(MappingSpecError, match="nested"):
        compile_expression(text)


def test_a_hundred_calls_deep_is_the_most() -> None:
    """A function may call itself a hundred deep; one that ends in its own call has no such limit."""
    factorial = "($f := function($n){ $n = 0 ? 1 : $n * $f($n - 1) }; $f(99))"
    count = "($f := function($n, $sum){ $n = 0 ? $sum : $f($n - 1, $sum + $n) }; $f(10000, 0))"

    assert compile_expression(factorial).evaluate(None) == pytest.approx(9.33262154439441e155)
    assert compile_expression(count).evaluate(None) == 50005000
