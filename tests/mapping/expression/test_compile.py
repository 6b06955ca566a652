"""What `compile_expression` promises: values, faults with their place, bindings, and the JavaScript beside it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from workbench.errors import MappingRunError, MappingSpecError
from workbench.mapping.expression import MISSING, compile_expression
from workbench.mapping.expression.javascript_runtime import runtime_source
from workbench.mapping.expression.library import LIBRARY

SPEC_FAULTS = [
    ("a +", "S0207", 1, 4, 1, "the expression ends too early"),
    ("a.\n  b[1", "S0203", 2, 6, 1, "] is expected before the end"),
    ("'open", "S0101", 1, 1, 5, "a text has no closing quote"),
    ("a.1", "S0213", 1, 3, 1, "a number, true, false or null is no step of a path"),
    ("[1!2]", "S0204", 1, 3, 1, "! is no operator"),
    ("x := 1", "S0212", 1, 1, 1, "only a variable can be bound"),
    ("a.%", "profile-parent", 1, 3, 1, "the parent operator % is not portable"),
    ("a@$x.b", "profile-join", 1, 2, 1, "joins with @ are not portable"),
    ("a ~> |b|{}|", "profile-transform", 1, 6, 6, "the transform |…|…| is not portable"),
    ("x & $now()", "profile-clock", 1, 5, 4, "$now is not portable"),
    ("[$x := 5, $x]", "profile-parallel-bind", 1, 5, 2,
     "JSONata evaluates the parts of an array or object at the same time, so $x may be bound too late"),
    ("$substring(?, 1)", "profile-partial-built-in", 1, 1, 16,
     "JSONata does not check what a partly applied $substring is given"),
    ("function($x) { $map($x, $string) }", "profile-tail-function", 1, 25, 7,
     "JSONata fails where the call that ends a function is given a built-in or partly applied function"),
    ("$eval('1')", "profile-eval", 1, 1, 5, "$eval is not portable"),
    ("$match(a, /(?<=b)c/)", "profile-regex", 1, 11, 9,
     "this regular expression is not portable: a lookbehind, a named group or a mode"),
    ("$fromMillis(1, '[Yw]')", "profile-date-picture", 1, 16, 6,
     "this picture is not portable: the form w of [Y]; only digits and names are"),
]  # fmt: skip
RUN_FAULTS = [
    ("a + 1", {"a": "x"}, "T2001", "T2001: the left side of + must be a number, found a text"),
    ("1 - a", {"a": None}, "T2002", "T2002: the right side of - must be a number, found null"),
    ("a < 1", {"a": "secret"}, "T2009", "T2009: a number cannot be compared with a text"),
    ("a()", {}, "T1006", "T1006: only a function can be called"),
    ("sum(a)", {}, "T1005", "T1005: only a function can be called; its name begins with $"),
    ("$uppercase(a)", {"a": 1}, "T0410", "T0410: argument 1 is not what the function takes"),
    ("$sum(a)", {"a": ["x"]}, "T0412", "T0412: argument 1 is no list of what the function takes"),
    ("{a: 1}", {"a": 2}, "T1003", "T1003: a key of an object must be a text, found a number"),
    ("$number(a)", {"a": "secret"}, "D3030", "D3030: a text cannot be read as a number"),
    ("[1..a]", {"a": 1e9}, "D2014", "D2014: a range has at most 10,000,000 members"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "length", "message"), SPEC_FAULTS)
def test_a_wrong_text_is_refused_with_its_place(
    text: str, code: str, line: int, column: int, length: int, message: str
) -> None:
    """A text that is no JSONata, or not portable, is one problem with line, column, length, message and a remedy."""
    with pytest.raises(MappingSpecError) as caught:
        compile_expression(text)

    (problem,) = caught.value.problems
    assert (code, line, column, length, message) == (
        problem.code, problem.line, problem.column, problem.length, problem.message,
    )  # fmt: skip
    assert problem.remedy


def test_all_that_is_not_portable_is_said_at_once() -> None:
    """Two expressions that one node alone shows to be outside the profile make two problems."""
    with pytest.raises(MappingSpecError) as caught:
        compile_expression("$match(a, /\\p{L}/) & $match(a, /(a+)+/)")

    assert [problem.column for problem in caught.value.problems] == [11, 32]


@pytest.mark.parametrize(("text", "data", "code", "message"), RUN_FAULTS)
def test_a_fault_of_the_data_has_jsonatas_code_and_no_value(
    text: str, data: Any, code: str, message: str, judge: Any
) -> None:
    """A run-time fault raises with JSONata's own code in both backends; its text names kinds, never values."""
    expression = compile_expression(text)
    with pytest.raises(MappingRunError) as caught:
        expression.evaluate(data)

    assert (code, message) == (caught.value.code, str(caught.value))
    assert {"code": code} == judge.javascript(expression, data)


def test_nothing_is_missing() -> None:
    """Nothing is the MISSING value, which is false, prints its name and stays itself when pickled."""
    found = compile_expression("a.b").evaluate({"a": 1})

    assert found is MISSING
    assert not found
    assert repr(found) == "MISSING"
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING


def test_bindings_are_variables_and_cannot_replace_functions(judge: Any) -> None:
    """Bindings are read as variables; one with a built-in function's name is a misuse, in both backends."""
    expression = compile_expression("$rate * a")

    assert expression.evaluate({"a": 2}, {"rate": 3}) == 6
    assert judge.javascript(expression, {"a": 2}, {"rate": 3}) == {"value": 6}
    with pytest.raises(ValueError, match=r"the variable \$sum has the name of a built-in function; call it otherwise"):
        expression.evaluate({}, {"sum": 1})
    assert judge.javascript(expression, {}, {"sum": 1})["code"].startswith("none: TypeError: the variable $sum")


def test_nulls_count_as_missing_where_asked(judge: Any) -> None:
    """With nulls missing an event's nulls are gone at every depth, and a null that the text writes stays."""
    data = {"a": None, "b": [1, None, {"c": None, "d": 2}], "e": [None]}
    wanted = {"x": {"b": [1, {"d": 2}], "e": []}, "n": None, "count": 2}
    expression = compile_expression("{'x': $, 'y': a, 'n': null, 'count': $count(b)}", nulls="missing")

    assert wanted == expression.evaluate(data)
    assert {"value": wanted} == judge.javascript(expression, data)
    assert data == {"a": None, "b": [1, None, {"c": None, "d": 2}], "e": [None]}


def test_numbers_beyond_2_to_the_53_are_doubles(judge: Any) -> None:
    """A whole number that JavaScript cannot hold comes out as the double that it becomes there."""
    expression = compile_expression("[a, a + 1, $string(a)]")
    data = {"a": 12345678901234567890}

    assert expression.evaluate(data) == [12345678901234567168.0, 12345678901234567168.0, "12345678901234567000"]
    assert judge.javascript(expression, data)["value"][2] == "12345678901234567000"


def test_keys_that_read_as_numbers_come_first(judge: Any) -> None:
    """Keys are in JavaScript's order in both backends: list indexes by number, then the rest as they came."""
    expression = compile_expression("{'b': 1, '10': 2, '9': 3, '01': 4}")

    assert list(expression.evaluate(None)) == ["9", "10", "b", "01"]
    assert list(judge.javascript(expression, None)["value"]) == ["9", "10", "b", "01"]


def test_names_of_every_object_are_only_names(judge: Any) -> None:
    """`constructor`, `__proto__` and their like are fields like any other, and missing where the data lacks them."""
    expression = compile_expression("{'a': constructor, 'b': toString, '__proto__': length, 'c': $keys($)}")
    data = {"constructor": 1, "length": 5}

    assert expression.evaluate(data) == {"a": 1, "__proto__": 5, "c": ["constructor", "length"]}
    assert judge.javascript(expression, data) == {"value": {"a": 1, "__proto__": 5, "c": ["constructor", "length"]}}


def test_javascript_carries_only_what_it_calls() -> None:
    """A path needs a few functions of the runtime, not all of it."""
    small, whole = (
        compile_expression("a.b").javascript,
        runtime_source(built_in.runtime for built_in in LIBRARY.values()),
    )

    assert "nameLast" in small
    assert "formatPicture" not in small
    assert len(small) < len(whole) / 3


def test_javascript_knows_the_same_functions() -> None:
    """The names that bindings cannot take are the library's, in JavaScript too."""
    definition = runtime_source(["check_bindings"]).split("const BUILT_IN")[1].split(";")[0]

    assert sorted(LIBRARY) == sorted("".join(definition.split('"')[1:-3:2]).split())


def test_paths_that_begin_alike_are_read_once() -> None:
    """The Python of two paths with a common beginning reads it once."""
    source = compile_expression("a.b.c & a.b.d").python

    assert source.count("'a'") == 2  # the field, and the way for what is no object
    assert source.count("'b'") == 2


def test_an_expression_shows_no_data_and_no_source() -> None:
    """The repr of an expression is its text."""
    assert repr(compile_expression("a.b")) == "Expression(text='a.b', nulls='value')"
