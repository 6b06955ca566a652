"""The number functions, with JavaScript's doubles."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from workbench.mapping.expression.functions.number_text import number_text
from workbench.mapping.expression.functions.operators import number
from workbench.mapping.expression.functions.truth import name_of_kind
from workbench.mapping.expression.functions.values import MISSING, as_double, fault

__all__ = [
    "absolute",
    "average",
    "ceil",
    "floor",
    "format_base",
    "maximum",
    "minimum",
    "power",
    "rounded",
    "square_root",
    "sum_of",
    "to_number",
]

_EXACT: Final = 2**53
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?")
_RADIX: Final = re.compile(r"\A0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+\Z")
_RADIX_WHOLE: Final = re.compile(r"0(?:[xX]([0-9A-Fa-f]+)|[oO]([0-7]+)|[bB]([01]+))")
_BLANKS: Final = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_number(value: Any) -> Any:
    """`$number(value)`: a text, or true and false, as a number."""
    kind = value.__class__
    if kind is int or kind is float or value is MISSING:
        return value
    if kind is bool:
        return 1 if value else 0
    if kind is str:
        if _DECIMAL.fullmatch(value) and math.isfinite(float(value)):
            return number(float(value))
        if _RADIX.search(value):
            found = _RADIX_WHOLE.fullmatch(value.strip(_BLANKS))
            if not found:
                return math.nan
            digits, radix = next(
                (digits, radix) for digits, radix in zip(found.groups(), (16, 8, 2), strict=True) if digits
            )
            return number(int(digits, radix))
    raise fault(code="D3030", message=f"{name_of_kind(value)} cannot be read as a number")


def absolute(value: Any) -> Any:
    """`$abs(value)`."""
    return value if value is MISSING else number(abs(value))


def floor(value: Any) -> Any:
    """`$floor(value)`."""
    if value is MISSING or value.__class__ is int or value == 0 or not math.isfinite(value):
        return value
    return number(math.floor(value))


def ceil(value: Any) -> Any:
    """`$ceil(value)`."""
    if value is MISSING or value.__class__ is int or value == 0 or not math.isfinite(value):
        return value
    return -0.0 if -1 < value < 0 else number(math.ceil(value))


def rounded(value: Any, precision: Any = MISSING) -> Any:
    """`$round(value, precision)`: half goes to the even neighbour, reckoned on the decimal digits."""
    if value is MISSING:
        return MISSING
    value = as_double(value)
    if precision is MISSING or precision == 0:
        return _even(value)
    precision = as_double(precision)
    if precision.__class__ is float and precision.is_integer() and abs(precision) < 1e21:
        precision = int(precision)  # beyond, JavaScript writes it with an exponent of its own
    if not math.isfinite(value) or precision.__class__ is not int:
        return math.nan
    shifted = _shift(value, precision)
    if not math.isfinite(shifted):
        return math.nan
    return _even(_shift(_even(shifted), -precision), shift_only=True)


def _shift(value: Any, places: int) -> Any:
    mantissa, _, exponent = number_text(value).partition("e")
    return number(float(f"{mantissa}e{int(exponent or 0) + places}"))


def _even(value: Any, *, shift_only: bool = False) -> Any:
    """The nearest whole number; minus zero becomes zero."""
    if value.__class__ is float and math.isfinite(value) and not shift_only:
        down = math.floor(value)
        rest = value - down
        value = number(down + 1 if rest > 0.5 or (rest == 0.5 and down % 2 == 1) else down)
    return 0 if value == 0 else value


def square_root(value: Any) -> Any:
    """`$sqrt(value)`."""
    if value is MISSING:
        return MISSING
    if value < 0:
        raise fault(code="D3060", message="a negative number has no square root")
    return number(math.sqrt(as_double(value)))


def power(value: Any, exponent: Any) -> Any:
    """`$power(value, exponent)`."""
    if value is MISSING:
        return MISSING
    if exponent is MISSING:
        result: Any = math.nan
    else:
        try:
            result = number(math.pow(as_double(value), as_double(exponent)))
        except (OverflowError, ValueError):
            result = math.nan
    if not math.isfinite(result):
        raise fault(code="D3061", message="a power cannot be represented as a number")
    return result


def sum_of(values: Any) -> Any:
    """`$sum(numbers)`."""
    if values is MISSING:
        return MISSING
    total: Any = 0
    for value in values:
        total = as_double(total + as_double(value))
    return number(total)


def average(values: Any) -> Any:
    """`$average(numbers)`."""
    if values is MISSING or not values:
        return MISSING
    return number(float(sum_of(values)) / len(values))


def maximum(values: Any) -> Any:
    """`$max(numbers)`."""
    return (
        MISSING
        if values is MISSING or not values
        else math.nan
        if any(value != value for value in values)
        else max(values)
    )


def minimum(values: Any) -> Any:
    """`$min(numbers)`."""
    return (
        MISSING
        if values is MISSING or not values
        else math.nan
        if any(value != value for value in values)
        else min(values)
    )


def format_base(value: Any, radix: Any = MISSING) -> Any:
    """`$formatBase(value, radix)`."""
    if value is MISSING:
        return MISSING
    whole = rounded(value)
    base = 10 if radix is MISSING else rounded(radix)
    if base < 2 or base > 36:
        raise fault(code="D3100", message="a radix is from 2 to 36")
    if not math.isfinite(whole):
        return "NaN" if whole != whole else "Infinity" if whole > 0 else "-Infinity"
    if base == 10:
        return number_text(whole)
    if abs(whole) > _EXACT:
        raise fault(code="U1002", message="a number beyond 2^53 is written in base 10 only")
    rest, digits = int(abs(whole)), ""
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = _DIGITS[digit] + digits
    return ("-" if whole < 0 else "") + digits
