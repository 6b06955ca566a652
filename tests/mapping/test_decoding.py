"""An event decoded in part is mapped as the whole one is: same rows, same faults, whatever the text."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.expression.test_official_suite import SUITE, cases
from tests.mapping.test_backends import EVENTS, MAPPINGS, damaged
from workbench.errors import MappingRunError, MappingSpecError
from workbench.mapping.compile import EventMapping
from workbench.mapping.decoding import event_decoder
from workbench.mapping.expression import MISSING, compile_expression
from workbench.mapping.needs import Needs, needs_of, needs_of_expression

UNREAD_ONLY = ("number is infinity", "depth limit")  # what orjson refuses though it is JSON
SCALAR = re.compile(r'(?<=[:,\[])(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(?=[,\]}])')
HOSTILE = [
    "1e400", "-1e400", "1e308", "-0", "-0.0", "0.1", "1E5", "12345678901234567890123", "-9223372036854775809",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "9" * 400, "01", "1.", "+1", "NaN", "-",
    "Infinity", r'"\ud800"', r'"\udc00\ud800"', r'"\ud83d\ude00"', r'"\u00e9"', r'"\u12"', r'"\x"', '"\n"', '"\x00"',
    '"open', "nul", "[1,]", "[,]", "{,}", '{"a":1,}', '{"a" 1}', "{a:1}", "[", "}", "/**/1", "[[[[[[1]]]]]]",
    '{"a":{"a":{"a":{"a":{"a":1}}}}}', '{"id":1,"id":"x"}', '{"id":{"id":1},"id":2}', '{"\\u0069d":"y"}', "[[],[null]]",
    '{"object":[{"id":"a"}],"object":{"id":"b"}}', "[" * 1100 + "]" * 1100, "[" * 300 + "]" * 300, '"é😀"',
]  # fmt: skip
BYTES = [
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\\",
    b'"',
    b",",
    b"{",
    b"]",
    b" ",
    b"\n",
    b"\x0c",
]


def outcome(read: Callable[[bytes], Any], use: Callable[[Any], Any], body: bytes) -> str:
    """What is made of a text, or how it fails, all words included."""
    try:
        return json.dumps(use(read(body)))
    except (MappingRunError, orjson.JSONDecodeError) as error:
        return f"{type(error).__name__} {error}"


def twice(text: str, chance: random.Random) -> str:
    """The text with one of its fields standing twice in its object, with two values."""
    fields = [*re.finditer(r'([{,])("[a-z_]+"):', text)]
    field, other = chance.choice(fields), chance.choice(HOSTILE[:2] + HOSTILE[-10:])
    return text[: field.end(1)] + f"{field[2]}:{other}," + text[field.end(1) :]


def mangled(payload: dict[str, Any], chance: random.Random) -> bytes:
    """An event's text, damaged as a value, as JSON text or as bytes."""
    text = json.dumps(
        damaged(payload, chance) if chance.random() < 0.5 else payload, ensure_ascii=chance.random() < 0.5
    )
    text = text.replace(": ", ":").replace(", ", ",") if chance.random() < 0.8 else text
    for _ in range(chance.randint(0, 2)):
        if found := [*SCALAR.finditer(text)]:
            place = chance.choice(found)
            text = text[: place.start()] + chance.choice(HOSTILE) + text[place.end() :]
    if chance.random() < 0.3:
        text = twice(text, chance)
    body = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        cut = chance.randrange(len(body))
        body = body[:cut] + chance.choice(BYTES) + body[cut + chance.randint(0, 1) :]
    return body


def mapped(mapping: EventMapping) -> Callable[[Any], Any]:
    """What a mapping makes of a decoded event; nothing is no object, as it is refused before."""
    return lambda payload: mapping.map(payload).as_list() if isinstance(payload, dict) else None


@pytest.mark.parametrize("seed", range(4))
def test_an_event_decoded_in_part_is_mapped_as_the_whole_one(seed: int) -> None:
    """Every shipped mapping over a thousand texts a seed: rows and errors are the same, word for word."""
    chance = random.Random(seed)
    kinds: set[str] = set()

    for event in chance.choices(EVENTS, k=1000):
        body = mangled(event.payload, chance)
        for mapping in MAPPINGS:
            if mapping.provider == event.provider and mapping.accepts(event.type):
                whole = outcome(orjson.loads, mapped(mapping), body)
                part = outcome(mapping.decode, mapped(mapping), body)
                kinds.add(whole.partition(" ")[0][:1])
                assert part == whole or any(reason in whole for reason in UNREAD_ONLY)

    assert {"[", "J", "M"} <= kinds  # rows, no JSON, and a fault of the mapping


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.name)
def test_every_sample_is_decoded_in_part(mapping: EventMapping) -> None:
    """No sample of a shipped mapping has to be decoded as a whole, and what is kept is less."""
    taken = [event for event in EVENTS if event.provider == mapping.provider and mapping.accepts(event.type)]

    for event in taken:
        kept = mapping.decode(orjson.dumps(event.payload))
        assert len(orjson.dumps(kept)) < len(orjson.dumps(event.payload))
        assert mapping.map(kept).as_list() == mapping.map(event.payload).as_list()
        assert mapping.map_json(orjson.dumps(event.payload)).as_list() == mapping.map(event.payload).as_list()


@pytest.mark.skipif(not SUITE.is_dir(), reason="../shared/jsonata/test-suite is not here")
def test_the_official_suite_gives_the_same_of_a_part() -> None:
    """Each expression of the suite that we answer gives the same of what it needs as of all of its data."""
    parts = 0
    for case in cases():
        try:
            expression = compile_expression(case.text)
            body = orjson.dumps(case.data)
        except (MappingSpecError, TypeError):
            continue
        part, whole = event_decoder(needs_of_expression(expression.node))(body), orjson.loads(body)
        parts += part != whole

        assert _given(expression.evaluate, part, case.bindings) == _given(expression.evaluate, whole, case.bindings), (
            case
        )

    assert parts > 300


def _given(evaluate: Callable[..., Any], data: Any, bindings: dict[str, Any]) -> str:
    try:
        value = evaluate(data, bindings)
        return "nothing" if value is MISSING else json.dumps(value, default=str)
    except MappingRunError as error:
        return f"{error.code} {error}"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)


@settings(deadline=None, max_examples=400)
@given(VALUES, st.sets(NAMES, min_size=1, max_size=3), st.sets(NAMES, max_size=2))
def test_needed_values_are_what_they_were(
    value: Any, whole: set[tuple[str, ...]], passed: set[tuple[str, ...]]
) -> None:
    """What is needed whole stands in the part exactly as in the whole, types of numbers included."""
    body = json.dumps(value).encode()
    part, full = event_decoder(Needs(whole=whole, passed=passed))(body), orjson.loads(body)

    for names in whole:
        assert repr(list(_along(part, names))) == repr(list(_along(full, names)))


def _along(value: Any, names: tuple[str, ...]) -> list[Any]:
    """Every value at a path, lists gone through."""
    if isinstance(value, list):
        return [found for item in value for found in _along(item, names)]
    if not names:
        return [value]
    return _along(value[names[0]], names[1:]) if isinstance(value, dict) and names[0] in value else []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a.b.c", {"a.b.c"}),
        ("a.b[c = 1].d", {"a.b.c", "a.b.d"}),
        ("a.*", {"a"}),
        ("a.**.b", {"a"}),
        ("a ~> $keys", {""}),
        ("$keys(a)", {"a"}),
        ("a.$keys()", {"a"}),
        ("a.$string()", {"a"}),
        ("a.$lookup('x')", {"a"}),
        ("$lookup(a, b)", {"a", "b"}),
        ("$map(a, function($x) { $x.b + c })", {"a.b", "c"}),
        ("$map(a, function($x, $i, $all) { $all.b })", {"a"}),
        ("$filter(a, function($x) { $x.b > 1 }).c", {"a.b", "a.c"}),
        ("($x := a; $x.b)", {"a"}),
        ("($f := $lookup; a.$f('x'))", {""}),
        ("a^(b).c", {"a.b", "a.c"}),
        ("a{b: c}", {"a.b", "a.c"}),
        ("$count(a.b) > 0 ? a.c : $$.d", {"a.c", "d"}),
        ("a.(b ? c : d).e", {"a.b", "a.c.e", "a.d.e"}),
        ("[a, b].c", {"a.c", "b.c"}),
        ("$", {""}),
    ],
)
def test_what_an_expression_needs(text: str, whole: set[str]) -> None:
    """Names are followed; where one ends, or is not understood, the value counts whole."""
    needs = needs_of_expression(compile_expression(text).node)

    assert {".".join(path) for path in needs.whole} == whole


def test_a_shipped_mapping_needs_part_of_the_event() -> None:
    """No shipped mapping needs all of an event."""
    assert [mapping.name for mapping in MAPPINGS if () in needs_of(mapping.document).whole] == []


DIGITS = st.text("0123456789", min_size=1, max_size=25)


@settings(deadline=None, max_examples=1500)
@given(st.sampled_from(["", "-"]), DIGITS, st.none() | DIGITS, st.none() | st.integers(-400, 400))
def test_a_number_is_what_orjson_makes_of_it(
    sign: str, digits: str, fraction: str | None, exponent: int | None
) -> None:
    """Whole numbers of any size and floats of any digits, to the last bit; or the same refusal."""
    decode = event_decoder(Needs(whole={("n",)}))
    number = sign + digits + ("" if fraction is None else f".{fraction}") + ("" if exponent is None else f"e{exponent}")
    body = f'{{"n":{number}}}'.encode()

    assert outcome(decode, repr, body) == outcome(orjson.loads, repr, body)


@pytest.mark.parametrize(
    "number", ["-0", "-0.0", "0e5", "1e-400", "5e-324", "2.2250738585072011e-308", "9007199254740993.0"]
)
def test_an_odd_number_is_what_orjson_makes_of_it(number: str) -> None:
    """Zeros with a sign, the smallest numbers, and halves."""
    body = f'{{"n":{number}}}'.encode()

    assert repr(event_decoder(Needs(whole={("n",)}))(body)) == repr(orjson.loads(body))
