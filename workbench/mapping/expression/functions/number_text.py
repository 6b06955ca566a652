"""A value as text, as JSON.stringify and `$string` of JSONata write it in JavaScript."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from workbench.mapping.expression.functions.objects import keys_of
from workbench.mapping.expression.functions.values import (
    LARGEST_TEXT,
    MISSING,
    Function,
    Sequence,
    as_double,
    check_depth,
    fault,
    is_number,
)

__all__ = ["number_text", "rounded_15", "string", "text_of"]

_FIFTEEN: Final = Context(prec=15, rounding=ROUND_HALF_UP)
_LONE: Final = re.compile("[\ud800-\udfff]")


def number_text(value: Any) -> str:
    """A finite number as JavaScript writes it: the shortest digits that read back as the same number.

    >>> number_text(1e21), number_text(1e-7), number_text(100.0), number_text(-0.0), number_text(123456789012345680000)
    ('1e+21', '1e-7', '100', '0', '123456789012345680000')
    """
    if value.__class__ is int and -(2**53) <= value <= 2**53:
        return str(value)
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(float(value))).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    point = len(digits) + int(exponent)  # where the decimal point stands, counted from the first digit
    prefix = "-" if sign else ""
    if len(text) <= point <= 21:
        return prefix + text + "0" * (point - len(text))
    if 0 < point <= 21:
        return f"{prefix}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{prefix}0.{'0' * -point}{text}"
    power = point - 1
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{prefix}{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


def rounded_15(value: Any) -> Any:
    """The number rounded to 15 significant digits, as `$string` does with what is not whole."""
    if value.__class__ is int or value.is_integer() or len(repr(value)) <= 15:
        return value
    return float(_FIFTEEN.create_decimal(Decimal(value)))


def text_of(value: Any) -> str:
    """The text of a value that is there: a text itself, else its JSON; a function is the empty text.

    Raises:
        MappingRunError: D3001, the number is infinite or none.
    """
    kind = value.__class__
    if kind is str:
        return str(value)
    if kind is int or kind is float:
        value = as_double(value)
        if value - value != 0:
            raise fault(code="D3001", message="an infinite number has no text")
        return number_text(rounded_15(value))
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is Function:
        return ""
    if kind is Sequence and value.outer:
        value = value[0]
    return _json(value, pretty=False)


def string(value: Any, prettify: Any = MISSING) -> Any:
    """`$string(value, prettify)`."""
    if value is MISSING:
        return MISSING
    if prettify is not True or not isinstance(value, dict | list):
        return text_of(value)
    if value.__class__ is Sequence and value.outer:
        value = value[0]
    return _json(value, pretty=True)


def _json(value: Any, *, pretty: bool) -> str:
    """The value as JSON.stringify writes it, indented by two blanks if `pretty`."""
    out: list[str] = []
    size = 0

    def write(value: Any, depth: int) -> None:
        nonlocal size
        if isinstance(value, dict):
            blank = " " if pretty else ""
            pairs = [(f"{_quoted(key)}:{blank}", value[key]) for key in keys_of(value) if value[key] is not MISSING]
            write_members("{}", pairs, depth)
        elif isinstance(value, list):
            write_members("[]", [("", item) for item in value], depth)
        else:
            out.append(_scalar(value))
            size += len(out[-1])

    def write_members(brackets: str, members: list[tuple[str, Any]], depth: int) -> None:
        nonlocal size
        check_depth(depth)
        size += 2
        if size > LARGEST_TEXT:
            raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
        separator = brackets[0]
        for prefix, item in members:
            size += len(prefix) + 1
            out.append(separator + ("\n" + "  " * (depth + 1) if pretty else "") + prefix)
            write(item, depth + 1)
            separator = ","
        out.append(("\n" + "  " * depth if pretty else "") + brackets[1] if members else brackets)

    write(value, 0)
    return "".join(out)


def _scalar(value: Any) -> str:
    if value is None or value is MISSING:
        return "null"
    if value.__class__ is bool:
        return "true" if value else "false"
    if value.__class__ is str:
        return _quoted(value)
    if value.__class__ is Function:
        return '""'
    if value != value:
        return "null"  # JSON has no NaN; an infinite number raises
    return number_text(rounded_15(value)) if is_number(value) else "null"


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() else _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
