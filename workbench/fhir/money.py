"""A provider's amount in minor units → FHIR Money.

Providers do not follow ISO 4217: Stripe counts ISK and UGX in hundredths and MGA in whole units, so each provider has
its own table. A currency in no list of its provider has two decimals.

Sources: stripe.com/docs/currencies (zero-decimal and three-decimal currencies, special cases);
support.stripe.com/questions/deprecation-of-fractional-isk-charges-and-refunds; ISO 4217; FHIR R4 datatypes.html#money.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from workbench.errors import MappingRunError

__all__ = ["EXPONENTS", "LARGEST_AMOUNT", "exponent", "money"]


def _table(codes_by_exponent: Mapping[int, str]) -> Mapping[str, int]:
    return MappingProxyType({code: digits for digits, codes in codes_by_exponent.items() for code in codes.split()})


EXPONENTS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        # UGX stands in Stripe's zero-decimal list and, on the same page, among the special cases: "to charge 5 UGX,
        # provide an amount value of 500". The special case is how the API behaves, so UGX and ISK have two decimals.
        "stripe": _table(
            {
                0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
                3: "BHD JOD KWD OMR TND",
            }
        ),
        "iso4217": _table(
            {
                0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
                3: "BHD IQD JOD KWD LYD OMR TND",
                4: "CLF UYW",
            }
        ),
    }
)
"""Provider → upper-case currency code → number of decimals, where it is not two."""

LARGEST_AMOUNT: Final = 10**15 - 1
"""The largest amount that keeps every digit in JSON: a double carries any decimal of 15 digits, and not all of 16."""


def exponent(currency: str, provider: str = "stripe") -> int:
    """How many decimals an amount in this currency has at this provider.

    Upper and lower case are the same. A provider without a table of its own follows ISO 4217.

    Raises:
        MappingRunError: the currency is not three ASCII letters.

    >>> [exponent(code) for code in ("usd", "JPY", "kwd", "isk", "ugx", "mga")]
    [2, 0, 3, 2, 2, 0]
    >>> exponent("ISK", provider="iso4217")
    0
    """
    return EXPONENTS.get(provider, EXPONENTS["iso4217"]).get(_code(currency), 2)


def money(amount_minor: float, currency: str, provider: str = "stripe") -> dict[str, Any]:
    """The FHIR Money of an amount in minor units, exact to the last digit.

    The value is an `int` where it is whole and otherwise the `float` whose shortest text is the exact decimal, so
    Python and JavaScript write the same JSON.

    Raises:
        MappingRunError: the amount is not a whole number of at most 15 digits, or the currency is not three letters.

    Source: FHIR R4 Money (value is a decimal in whole currency, currency is an upper-case ISO 4217 code).

    >>> money(1999, "usd"), money(1999, "jpy"), money(-12345, "KWD")
    ({'value': 19.99, 'currency': 'USD'}, {'value': 1999, 'currency': 'JPY'}, {'value': -12.345, 'currency': 'KWD'})
    """
    amount = _whole(amount_minor)
    scale = 10 ** exponent(currency, provider)
    value = amount // scale if amount % scale == 0 else amount / scale  # int / int is correctly rounded
    return {"value": value, "currency": _code(currency)}


def _code(currency: str) -> str:
    if isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha():
        return currency.upper()
    found = f"text of {len(currency)} characters" if isinstance(currency, str) else type(currency).__name__
    message = (
        f"money: a currency is three letters, found {found}; give the event's currency code, such as invoice.currency"
    )
    raise MappingRunError(message, code="money-currency")


def _whole(amount: float) -> int:
    number = isinstance(amount, int | float) and not isinstance(amount, bool)
    if number and amount == amount and abs(amount) <= LARGEST_AMOUNT and amount == int(amount):
        return int(amount)
    found = "a number with a fraction, or of more than 15 digits" if number else type(amount).__name__
    message = f"money: an amount is a whole number of minor units, found {found}; give the event's integer amount"
    raise MappingRunError(message, code="money-amount")
