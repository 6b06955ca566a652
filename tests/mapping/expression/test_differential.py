"""Python, JavaScript and JSONata 2.2.2 side by side: tables over every shape of input, and hypothesis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.mapping.expression import MISSING

SHAPES: list[Any] = [
    MISSING, None, True, 0, -1.5, "", "abc", "3", [], [1], [3, 1, 2], ["b", "a"], [[1], [2, 3]], {},
    {"a": 1, "b": "x", "c": None}, [{"a": 1}, {"a": 2, "b": [1, 2]}],
    {"a": [{"b": 1}, {"b": [2, 3]}, {"c": None}], "10": 1, "9": 2, "d": {"e": []}},
]  # fmt: skip
FUNCTIONS = [
    "abs",
    "append",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "fromMillis",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "min",
    "not",
    "number",
    "pad",
    "power",
    "reduce",
    "replace",
    "reverse",
    "round",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "zip",
]
NUMBERS = [
    0, 1, -1, 0.5, 1.5, 2.5, -0.5, -2.5, 0.1 + 0.2, 0.285, 1.005, 2.675, 12.345, 1e20, 1e21, 1e-6, 1e-7, 1.2345e-7,
    5e-324, 1.7e308,
    123456789.125, 100000000000000.5, 2**53, 2**53 - 1, -(2**53), 255, 1.0,
]  # fmt: skip
TEXTS = [
    "",
    "a",
    "Straße",
    "ΑΣ",
    "é\n\t",
    '"\\/',
    "😀a",
    "👩‍👩‍👧",
    "\ud83d",
    "\ue000",
    "\uffff",
    "a,b,,c",
    "  x  y ",
    "\x00\x1f\x7f",
    "10",
    "0x1F",
]
MOMENTS = [0, -1, 1500000000000, 1.5, -62167219200000, 253402300799999, 8.64e15, 8.7e15]
TIMES = [
    "2018", "2018-02", "2018-02-31", "2018-02-01T10:00:00", "2018-02-01T10:00:00Z", "2018-02-01T10:00:00-0930",
    "2018-02-01T24:00:00Z",
    "2018-02-01T10:00:00.1234567+05:30", "0050-01-01T00:00:00Z", "2018-13-01", "2018-02-01T25:00:00Z", "tomorrow",
    "2018-02-01Z",
]  # fmt: skip
PICTURES = [
    "[Y0001]-[M01]-[D01]", "[D1o] [MNn] [Y]", "[FNn,3-3], [D] [MNn,3-3] [Y0001] [H01]:[m01]:[s01] [Z]",
    "[h]:[m] [P]", "[Y,2-2][M01][D01]",
    "[d] [Y]", "[Z0101] [z]", "[f001]", "[MN]/[Fn]", "[[x]] [Y]", "[Y]-[M]-[D] [H]:[m] [Z01:01t]",
    "[Y0001][M01][D01][H01][m01]", "[q]", "[YN]",
]  # fmt: skip
PATTERNS = [
    "/a+/", "/[^a]+/i", "/(\\d+)-(\\d*)/", "/\\s+/", "/./", "/^a|b$/m", "/(x)?y/", "/[\\w.]+@[\\w.]+/", "/a*/",
    "/(?=a)b?/", "/\\W/",
    "/$/", "/[ßé]/", "/k/i", "/(a|b)+/", "/(.)(.)/", "/\\u00e9/",
]  # fmt: skip
SEARCHED = ["", "a-1", "xy y", "AbKs", "12-34 5-", "a@b.c", "aab", "😀a", "ſK s", "\nbar", "ababé"]


def _found(judge: Any, table: list[tuple[str, Any]], **options: Any) -> list[str]:
    return [difference for text, data in table for difference in judge.differences(text, data, **options)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_agree_on_every_shape(name: str, judge: Any) -> None:
    """A built-in function does with each of 17 shapes of input what JSONata does, as argument and as context."""
    forms = [
        f"${name}($)",
        f"${name}()",
        f"${name}(a)",
        f"[${name}($)]",
        f"a.${name}(b)",
        f"${name}($, $)",
        f"${name}($, 1)",
    ]

    assert _found(judge, [(form, shape) for form in forms for shape in SHAPES]) == []


def test_functions_over_functions_agree(judge: Any) -> None:
    """$map and its kin give each kind of function what JSONata gives it, and keep or lose lists as it does."""
    functions = [
        "function($v){$v}", "function($v,$i){$i}", "function($v,$i,$a){$count($a)}", "function($v){$v.a}", "$string",
        "$count",
        "function($a,$b){$a & $b}", "function($a,$b){$a > $b}", "function($k){$keys($k)}", "function($k){[$k]}",
        "function($k){$k[]}",
    ]  # fmt: skip
    callers = ["map", "filter", "single", "reduce", "sort", "each", "sift"]
    table = [(f"${caller}($, {one})", shape) for caller in callers for one in functions for shape in SHAPES]

    assert _found(judge, table) == []


def test_numbers_and_their_text_agree(judge: Any) -> None:
    """Arithmetic, rounding and number text are JavaScript's, to the last digit."""
    forms = [
        "$string(a)", "a & ''", "$round(a)", "$round(a, 2)", "$round(a, -2)", "$round(a, b)", "a + b", "a - b",
        "a * b", "a / b", "a % b", "-a",
        "$floor(a)", "$ceil(a)", "$abs(a)", "$number($string(a))", "$formatBase(a, 16)", "$sum([a, b])",
        "$average([a, b])",
        "a < b", "a = b", "[a, b]", "$string([a, b])", "$max([a, b])",
    ]  # fmt: skip
    table = [(form, {"a": a, "b": b}) for form in forms for a in NUMBERS for b in (NUMBERS[3], NUMBERS[9], 3, -7)]

    assert _found(judge, table) == []


def test_texts_agree(judge: Any) -> None:
    """Texts are cut, joined, compared and written as JSON by UTF-16 units and code points as JSONata does."""
    forms = [
        "s & t", "$length(s)", "$uppercase(s)", "$lowercase(s)", "$substring(s, 1)", "$substring(s, -2, 1)",
        "$substringBefore(s, t)",
        "$substringAfter(s, t)", "$trim(s)", "$pad(s, 5, t)", "$pad(s, -5, t)", "$contains(s, t)", "$split(s, t)",
        "$split(s, '')",
        "$join([s, t], s)", "$replace(s, t, '-')", "$base64encode(s)", "$base64decode(s)", "$encodeUrl(s)",
        "$encodeUrlComponent(s)",
        "$decodeUrl(s)", "$sort([s, t])", "[s, t]^($)", "s < t", "s = t", "$string([s, t])", "$string({s: t})",
        "$number(s)", "{s: 1, t & s: 2}",
    ]  # fmt: skip
    table = [(form, {"s": s, "t": t}) for form in forms for s in TEXTS for t in (TEXTS[1], TEXTS[6], TEXTS[8], ",")]

    assert _found(judge, table) == []


def test_times_agree(judge: Any) -> None:
    """Times are written and read as JSONata does, its oddities with offsets included."""
    table: list[tuple[str, Any]] = [("$toMillis($)", time) for time in TIMES]
    zones = ["", ", '+0530'", ", '-0930'", ", '0000'"]
    table += [
        (f"$fromMillis($, '{picture}'{zone})", moment) for picture in PICTURES for zone in zones for moment in MOMENTS
    ]
    table += [
        (f"$toMillis($fromMillis($, '{picture}'), '{picture}')", moment) for picture in PICTURES for moment in MOMENTS
    ]

    assert _found(judge, table) == []


def test_regular_expressions_agree(judge: Any) -> None:
    """Regular expressions find, split and replace the same, counted in UTF-16 units."""
    forms = [
        "$match($, R)", "$match($, R, 1)", "$contains($, R)", "$replace($, R, '<$0$1$$>')", "$split($, R)",
        "$split($, R, 1)",
        "$replace($, R, function($m){$uppercase($m.match)})", "$map([$, $], R)",
    ]  # fmt: skip
    table = [(form.replace("R", pattern), text) for form in forms for pattern in PATTERNS for text in SEARCHED]

    assert _found(judge, table) == []


def test_structure_agrees_with_and_without_nulls(judge: Any) -> None:
    """Paths, filters, groupings and orders agree; with nulls missing they are JSONata's on the data without nulls."""
    data = {
        "a": [{"b": 1, "c": "p", "d": [{"e": 4}, None, {"e": 1}]}, None, {"b": None, "c": "q", "d": None}, {"b": 3,
        "c": "p"}],
        "b": {"c": [5, None], "d": {"e": 3}}, "n": None, "l": [None], "10": "x", "9": [[1, [None, 2]], []],
    }  # fmt: skip
    forms = [
        "a", "a.b", "a.d.e", "a[0]", "a[-1].c", "a[1]", "a[b > 1]", "a[c = 'p'].b", "a.d[0]", "a.(d[0])", "a[]",
        "a.b[]", "b.c", "b.c[0]", "n", "l",
        "l[0]", "$", "$$.b", "*", "**", "a.*", "**.e", "a^(b)", "a^(>c, b).c", "a{c: b}", "a{c: $sum(b)}",
        "{'x': a.b, 'y': n}", "[a.b, n, null]",
        "a.{'k': c, 'v': d}", "a.[b, c]", "[a.b][0]", "$exists(n)", "$count(l)", "$string($)", "$string()",
        "$type(n)", "n = null", "a.b ?? 'none'",
        "n ?: 'none'", "n ? 1 : 2", "($x := a; $x.b)", "$map(a, function($v, $i){$v.b & $i})", "$keys()", "`9`",
        "$spread(b)", "$merge(a)",
        "a ~> $count()", "b.d.e in [3]", "$lookup(b, 'c')", "a.$string()", "$distinct(a.c)",
        "$each(b, function($v, $k){$k})", "$append(n, l)",
    ]  # fmt: skip
    table = [(form, data) for form in forms] + [(form, [data, data]) for form in forms]

    assert _found(judge, table) == []
    assert _found(judge, table, nulls="missing") == []


NAMES = st.sampled_from(["a", "b", "c", "`10`", "*", "$", "**"])
ATOMS = st.one_of(NAMES, st.sampled_from(["1", "-1", "'x'", "true", "null", "[]", "{}", "$x", "[1..3]"]))


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from([".", " = ", " & ", " and ", " ?? ", " in ", ".", "."])
    functions = st.sampled_from(
        ["count", "string", "keys", "exists", "type", "spread", "distinct", "reverse", "boolean"]
    )
    return st.one_of(
        st.builds("{}{}{}".format, parts, signs, parts),
        st.builds("{}[{}]".format, parts, st.one_of(parts, st.sampled_from(["0", "-1", "", "[0,1]"]))),
        st.builds("({})".format, parts),
        st.builds("[{}, {}]".format, parts, parts),
        st.builds("{{'k': {}}}".format, parts),
        st.builds("({} ? {} : {})".format, parts, parts, parts),
        st.builds("($x := {}; {})".format, parts, parts),
        st.builds("${}({})".format, functions, parts),
        st.builds("$map({}, function($x){{{}}})".format, parts, parts),
        st.builds("{}^({})".format, NAMES, parts),
        st.builds("{}{{'k': {}}}".format, NAMES, parts),
    )


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "x", "10", 1.5])),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c", "10"]), parts, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.recursive(ATOMS, _larger, max_leaves=8), data=JSON)
def test_any_expression_agrees(judge: Any, text: str, data: Any) -> None:
    """Whatever is put together, the two backends and JSONata agree, or the text is refused."""
    assert judge.differences(text, data) == []


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.recursive(ATOMS, _larger, max_leaves=6), data=JSON)
def test_any_expression_agrees_where_nulls_are_missing(judge: Any, text: str, data: Any) -> None:
    """The same with nulls missing, against JSONata on the data without its nulls."""
    assert judge.differences(text, data, nulls="missing") == []
