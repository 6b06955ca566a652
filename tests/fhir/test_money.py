"""A provider's minor units to FHIR Money, exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from workbench.errors import MappingRunError
from workbench.fhir.definitions import binding_codes
from workbench.fhir.money import EXPONENTS, LARGEST_AMOUNT, exponent, money

ISO = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1999, "usd", {"value": 19.99, "currency": "USD"}),
        (2000, "USD", {"value": 20, "currency": "USD"}),
        (1999, "jpy", {"value": 1999, "currency": "JPY"}),
        (1990, "kwd", {"value": 1.99, "currency": "KWD"}),
        (500, "ugx", {"value": 5, "currency": "UGX"}),
        (12300, "isk", {"value": 123, "currency": "ISK"}),
        (123, "mga", {"value": 123, "currency": "MGA"}),
        (-1, "eur", {"value": -0.01, "currency": "EUR"}),
        (0, "eur", {"value": 0, "currency": "EUR"}),
        (100.0, "eur", {"value": 1, "currency": "EUR"}),
        (LARGEST_AMOUNT, "bhd", {"value": 999999999999.999, "currency": "BHD"}),
    ],
)
def test_an_amount_has_the_decimals_its_currency_has_at_stripe(amount: float, currency: str, expected: Any) -> None:
    """Zero-, two- and three-decimal currencies, Stripe's exceptions, negative and largest amounts are right."""
    assert expected == money(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "code", "expected"),
    [
        (1.5, "usd", "money-amount", "found a number with a fraction, or of more than 15 digits"),
        (10**15, "usd", "money-amount", "found a number with a fraction, or of more than 15 digits"),
        (float("nan"), "usd", "money-amount", "found a number with a fraction, or of more than 15 digits"),
        ("100", "usd", "money-amount", "found str; give the event's integer amount"),
        (True, "usd", "money-amount", "found bool; give the event's integer amount"),
        (None, "usd", "money-amount", "found NoneType; give the event's integer amount"),
        (100, "usdc", "money-currency", "a currency is three letters, found text of 4 characters"),
        (100, "us1", "money-currency", "a currency is three letters, found text of 3 characters"),
        (100, None, "money-currency", "a currency is three letters, found NoneType"),
    ],
)
def test_what_is_no_amount_or_currency_is_refused(amount: Any, currency: Any, code: str, expected: str) -> None:
    """A wrong amount or currency is an error that says what was found by type, never the value."""
    with pytest.raises(MappingRunError) as caught:
        money(amount, currency)

    assert expected in str(caught.value)
    assert code == caught.value.code


@given(amount=st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT), currency=st.sampled_from(["JPY", "USD", "KWD"]))
def test_no_digit_is_lost_on_the_way_through_json(amount: int, currency: str) -> None:
    """The JSON text of any amount of 15 digits is the exact decimal."""
    text = json.dumps(money(amount, currency)["value"])

    assert Decimal(amount).scaleb(-exponent(currency)) == Decimal(text)


def test_our_iso_table_agrees_with_iso_4217() -> None:
    """Of every currency of ISO 4217 with an exponent, our table gives that exponent."""
    ours = {code: exponent(code, "iso4217") for code in ISO}

    assert ours == ISO


def test_stripe_differs_from_iso_where_stripe_says_so() -> None:
    """Stripe's exponents drift from ISO 4217 in these currencies and no other."""
    differing = {code: (exponent(code), digits) for code, digits in ISO.items() if exponent(code) != digits}

    unsupported = {"CLF": (2, 4), "IQD": (2, 3), "LYD": (2, 3), "UYI": (2, 0), "UYW": (2, 4)}  # not Stripe currencies
    assert {**unsupported, "ISK": (2, 0), "MGA": (0, 2), "UGX": (2, 0)} == differing


def test_every_listed_currency_is_one_that_fhir_knows() -> None:
    """Each code of our tables is in the value set that Money.currency is bound to, but for ISO's newest."""
    known = set(binding_codes("Invoice", "totalNet.currency"))

    assert {"UYW"} >= {code for table in EXPONENTS.values() for code in table} - known


def test_an_unknown_provider_follows_iso() -> None:
    """A provider without its own table counts as ISO 4217 does."""
    assert exponent("ISK", "square") == 0
