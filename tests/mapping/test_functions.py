"""The helpers of the language, in Python and in JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import MappingRunError
from workbench.fhir.money import EXPONENTS
from workbench.flows.javascript import JavaScriptProcess
from workbench.mapping import functions, times
from workbench.mapping.javascript import own_functions

NAMES = ["instant", "date", "idOf", "identityValue", "searchToken", "pruned", "holds", "eachOnce", "money"]

MONEY = functions.money_of_provider("stripe")


@pytest.fixture(scope="session")
def both(javascript: JavaScriptProcess) -> Callable[..., Any]:
    """Calls a function in both languages; gives what both say, or fails where they differ."""
    exponents = json.dumps(dict(EXPONENTS["stripe"]))
    money = f"const money = (amount, currency) => moneyOf({exponents}, new Map(), amount, currency);"
    javascript.load("\n".join([*own_functions().values(), money]), NAMES)

    def call(python: Callable[..., Any], name: str, *arguments: Any) -> Any:
        outcomes = []
        for run in (lambda: python(*arguments), lambda: javascript.call(name, *arguments)):
            try:
                outcomes.append(json.dumps(run()))
            except MappingRunError as error:
                outcomes.append(f"error {error.code}")
        assert outcomes[0] == outcomes[1]
        return outcomes[0] if outcomes[0].startswith("error") else json.loads(outcomes[0])

    return call


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00.000Z"),
        (1700000000, "2023-11-14T22:13:20.000Z"),
        (1700000000.25, "2023-11-14T22:13:20.250Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
        (99_999_999_999, "5138-11-16T09:46:39.000Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05+0530", "2026-01-01T21:34:05.000Z"),
        ("2026-01-02T03:04-08:00", "2026-01-02T11:04:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00.000Z"),
    ],
)
def test_instant_reads_seconds_milliseconds_and_iso_texts(both: Callable[..., Any], moment: Any, expected: Any) -> None:
    """Each form gives one instant in UTC, of fixed width."""
    assert expected == both(times.instant, "instant", moment)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T00:00:60Z",
        "2026-01-02T03:04:05",
        "2026-01-02",
        "2026-01-02t03:04:05z",
        "٢٠٢٦-01-02T03:04:05Z",
        "0001-01-01T00:00:00+01:00",
        "",
        True,
        [],
        {},
        253_402_300_800_000,
        -62_135_596_801,
        1e300,
    ],
)
def test_instant_refuses_what_is_no_moment(both: Callable[..., Any], moment: Any) -> None:
    """A day that is not in its month, a text without zone and a moment outside years 1 to 9999 are errors."""
    assert both(times.instant, "instant", moment) == "error instant"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (None, None),
        ("2026-01-31", "2026-01-31"),
        ("2026-02-30", "error date"),
        (1700000000, "2023-11-14"),
        ("2026-01-01T00:30:00+02:00", "2025-12-31"),
        ("31.01.2026", "error date"),
    ],
)
def test_date_is_the_day_in_utc(both: Callable[..., Any], moment: Any, expected: Any) -> None:
    """A day stays itself; a moment gives its day in UTC."""
    assert expected == both(times.date, "date", moment)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("cus_1", "cus_1"),
        ({"id": "cus_1", "deleted": True}, "cus_1"),
        ({"id": 7}, "error id"),
        ({}, "error id"),
        ([], "error id"),
        (7, "error id"),
        (True, "error id"),
    ],
)
def test_id_takes_an_id_or_an_object_with_one(both: Callable[..., Any], value: Any, expected: Any) -> None:
    """Anything else is an error."""
    assert expected == both(functions.id_of, "idOf", value)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1999, "usd", {"value": 19.99, "currency": "USD"}),
        (10, "usd", {"value": 0.1, "currency": "USD"}),
        (1234567891, "kwd", {"value": 1234567.891, "currency": "KWD"}),
        (1200, "EUR", {"value": 12, "currency": "EUR"}),
        (500, "jpy", {"value": 500, "currency": "JPY"}),
        (-5, "usd", {"value": -0.05, "currency": "USD"}),
        (0, "usd", {"value": 0, "currency": "USD"}),
        (100.0, "usd", {"value": 1, "currency": "USD"}),
        (999_999_999_999_999, "usd", {"value": 9999999999999.99, "currency": "USD"}),
        (None, "usd", None),
        (None, None, None),
        (1, None, "error money-currency"),
        (1, "dollar", "error money-currency"),
        (1, "us1", "error money-currency"),
        (1, 7, "error money-currency"),
        (1, ["usd"], "error money-currency"),
        (1.5, "usd", "error money-amount"),
        ("1", "usd", "error money-amount"),
        (True, "usd", "error money-amount"),
        (10**15, "usd", "error money-amount"),
        (2**53, "usd", "error money-amount"),
    ],
)
def test_money_is_exact_or_refused(both: Callable[..., Any], amount: Any, currency: Any, expected: Any) -> None:
    """An amount in minor units is a whole number of at most fifteen digits in a currency of three letters."""
    assert expected == both(MONEY, "money", amount, currency)


@settings(deadline=None, max_examples=200)
@given(amount=st.integers(-(10**15) + 1, 10**15 - 1), currency=st.sampled_from(["usd", "jpy", "kwd", "isk", "huf"]))
def test_the_text_of_money_is_the_exact_decimal(amount: int, currency: str) -> None:
    """The JSON text of a value is the shortest one of the amount moved by the currency's decimals."""
    digits = EXPONENTS["stripe"].get(currency.upper(), 2)
    made = MONEY(amount, currency)
    assert made is not None

    assert Decimal(amount).scaleb(-digits) == Decimal(json.dumps(made["value"]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}, {"e": 0, "f": False}),
        ([None, [], [None, 1.0], {"a": [{}]}], [[1]]),
        ("", None),
        (2**53 - 1, 2**53 - 1),
        (2**53, "error number"),
        (1e300, "error number"),
        (-0.0, 0),
        (0.1, 0.1),
        ({"__proto__": 1, "constructor": 2}, {"__proto__": 1, "constructor": 2}),
    ],
)
def test_pruned_leaves_no_null_and_nothing_empty(both: Callable[..., Any], value: Any, expected: Any) -> None:
    """What is empty after pruning goes too; zero and false stay; a number must survive JSON."""
    assert expected == both(functions.pruned, "pruned", value)


def test_pruned_refuses_what_is_too_deep(both: Callable[..., Any]) -> None:
    """Two hundred levels are kept, more are an error, in both languages."""
    deep: Any = 1
    for _ in range(201):
        deep = [deep]

    assert deep == both(functions.pruned, "pruned", deep)
    assert both(functions.pruned, "pruned", [deep]) == "error depth"


@pytest.mark.parametrize(
    "value",
    [None, "", "a", 0, 1, -0.5, True, False, [], [0], [0, "a"], [[]], [[], [1]], {}, {"a": None}, {"a": 0}],
)
def test_holds_is_jsonata_truth(both: Callable[..., Any], value: Any) -> None:
    """Both languages agree on what counts as true."""
    assert both(functions.holds, "holds", value) in (True, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("in_1", "in_1"),
        ("a b,c|d$\\é", "a b,c|d$\\é"),
        ("", "error identity"),
        (" a", "error identity"),
        ("a\u00a0", "error identity"),
        ("a\n", "error identity"),
        ("a\x7fb", "error identity"),
        (7, "error identity"),
        (None, "error identity"),
        ({"id": "a"}, "error identity"),
    ],
)
def test_an_identity_is_a_text_that_names_one_thing(both: Callable[..., Any], value: Any, expected: Any) -> None:
    """Blank ends, control characters and other types are errors."""
    assert expected == both(functions.identity_value, "identityValue", value)


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_search_token_is_fhir_s_own_escape(text: str) -> None:
    """The token is what `fhir.identity` writes for the same value."""
    from urllib.parse import quote

    from workbench.fhir.identity import escape_token

    assert quote(escape_token(text), safe="!'()*") == functions.search_token(text)


def test_a_search_token_is_the_same_in_javascript(both: Callable[..., Any]) -> None:
    """Signs, blanks, and letters outside ASCII are encoded alike."""
    assert both(functions.search_token, "searchToken", "a,b|c$d\\e f/é😀~!'()*") == (
        "a%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce%20f%2F%C3%A9%F0%9F%98%80~!'()*"
    )


def test_each_once_keeps_the_first(both: Callable[..., Any]) -> None:
    """Equal items are one."""
    assert both(functions.each_once, "eachOnce", [{"a": 1}, {"b": 1}, {"a": 1}]) == [{"a": 1}, {"b": 1}]


def test_the_text_of_an_error_names_kinds_and_never_values() -> None:
    """Whoever reads a log learns what to do, not what the event said."""
    with pytest.raises(MappingRunError) as caught:
        times.instant("Ada Lovelace, 1815")

    assert str(caught.value) == (
        "a time is epoch seconds, epoch milliseconds, or ISO text with a zone, found a text of 18 characters; "
        "give the event's own timestamp"
    )
