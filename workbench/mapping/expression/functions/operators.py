"""Arithmetic, `&` and `..`, with JavaScript's numbers: all are doubles, and a whole one is an int while it is exact."""

from __future__ import annotations

import math
from typing import Any, Final

from workbench.mapping.expression.functions.number_text import text_of
from workbench.mapping.expression.functions.truth import name_of_kind
from workbench.mapping.expression.functions.values import (
    LARGEST_SEQUENCE,
    LARGEST_TEXT,
    MISSING,
    Run,
    Sequence,
    as_double,
    double,
    fault,
    is_number,
)

__all__ = [
    "add",
    "concat",
    "divide",
    "joined",
    "modulo",
    "multiply",
    "negative",
    "number",
    "range_of",
    "subtract",
]

_EXACT: Final = 2**53


def number(value: Any) -> Any:
    """The number as we keep it: a whole double up to 2^53 is an int; minus zero stays a float."""
    if value.__class__ is float:
        if value.is_integer() and -_EXACT <= value <= _EXACT and (value or math.copysign(1.0, value) > 0):
            return int(value)
        return value
    return value if -_EXACT <= value <= _EXACT else double(value)


def _operands(left: Any, right: Any, sign: str) -> bool:
    """Whether there is something on both sides; both are then numbers."""
    if left is not MISSING and not is_number(left):
        raise fault(code="T2001", message=f"the left side of {sign} must be a number, found {name_of_kind(left)}")
    if right is not MISSING and not is_number(right):
        raise fault(code="T2002", message=f"the right side of {sign} must be a number, found {name_of_kind(right)}")
    return left is not MISSING and right is not MISSING


def add(left: Any, right: Any) -> Any:
    """`left + right`."""
    return number(as_double(left) + as_double(right)) if _operands(left, right, "+") else MISSING


def subtract(left: Any, right: Any) -> Any:
    """`left - right`."""
    return number(as_double(left) - as_double(right)) if _operands(left, right, "-") else MISSING


def multiply(left: Any, right: Any) -> Any:
    """`left * right`."""
    if not _operands(left, right, "*"):
        return MISSING
    product = as_double(left) * as_double(right)
    if product == 0:
        return number(float(left) * float(right))  # the sign of a zero
    return number(product)


def divide(left: Any, right: Any) -> Any:
    """`left / right`."""
    if not _operands(left, right, "/"):
        return MISSING
    if right == 0:
        if left == 0:
            return math.nan
        return math.copysign(math.inf, math.copysign(1.0, left) * math.copysign(1.0, right))
    return number(float(left) / float(right))


def modulo(left: Any, right: Any) -> Any:
    """`left % right`, with the sign of the left side."""
    if not _operands(left, right, "%"):
        return MISSING
    return math.nan if right == 0 else number(math.fmod(left, right))


def negative(value: Any) -> Any:
    """`-value`."""
    if value is MISSING:
        return MISSING
    if not is_number(value):
        raise fault(code="D1002", message=f"only a number can be negated, found {name_of_kind(value)}")
    return -0.0 if value.__class__ is int and value == 0 else number(-value)


def concat(left: Any, right: Any) -> str:
    """`left & right`; nothing counts as the empty text."""
    first = left if left.__class__ is str else "" if left is MISSING else text_of(left)
    second = right if right.__class__ is str else "" if right is MISSING else text_of(right)
    return joined(first, second)


def joined(left: str, right: str) -> str:
    """The two texts as one; the halves of a surrogate pair that meet become one character."""
    if len(left) + len(right) > LARGEST_TEXT:
        raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
    if left and right and "\ud800" <= left[-1] <= "\udbff" and "\udc00" <= right[0] <= "\udfff":
        pair = (left[-1] + right[0]).encode("utf-16", "surrogatepass").decode("utf-16")
        return left[:-1] + pair + right[1:]
    return left + right


def range_of(run: Run, first: Any, last: Any) -> Any:
    """`[first..last]`; nothing where the last is smaller."""
    for value, code, side in ((first, "T2003", "left"), (last, "T2004", "right")):
        if value is not MISSING and not (value.__class__ in (int, float) and double(value).is_integer()):
            raise fault(code=code, message=f"the {side} side of .. must be a whole number, found {name_of_kind(value)}")
    if first is MISSING or last is MISSING:
        return MISSING
    first, last = as_double(first), as_double(last)
    if first > last:
        return MISSING
    size = last - first + 1
    if size > 10_000_000:
        raise fault(code="D2014", message="a range has at most 10,000,000 members")
    if size > LARGEST_SEQUENCE:
        raise fault(code="D2015", message=f"a list has at most {LARGEST_SEQUENCE} members here")
    if abs(first) + size > _EXACT:
        raise fault(code="D2014", message="a range stays below 2^53")
    run.spend(int(size))
    return Sequence(range(int(first), int(last) + 1))
