"""A value as text, as JSON.stringify and `$string` of JSONata write it in JavaScript."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from workbench.mapping.expression.functions.objects import keys_of
from workbench.mapping.expression.functions.values import LARGEST_TEXT, MISSING, Function, Sequence, fault, is_number

__all__ = ["number_text", "rounded_15", "string", "text_of"]

_FIFTEEN: Final = Context(prec=15, rounding=ROUND_HALF_UP)
_DEEPEST: Final = 400
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
    out: list[str] = []
    _write(value, "", "", out, [LARGEST_TEXT])
    return "".join(out)


def string(value: Any, prettify: Any = MISSING) -> Any:
    """`$string(value, prettify)`."""
    if value is MISSING:
        return MISSING
    if prettify is not True or not isinstance(value, dict | list):
        return text_of(value)
    if value.__class__ is Sequence and value.outer:
        value = value[0]
    out: list[str] = []
    _write(value, "\n", "  ", out, [LARGEST_TEXT])
    return "".join(out)


def _write(value: Any, newline: str, step: str, out: list[str], room: list[int]) -> None:
    if isinstance(value, dict):
        pairs = [(key, value[key]) for key in keys_of(value) if value[key] is not MISSING]
        _write_members(
            "{",
            "}",
            [(f"{_quoted(key)}:{' ' if newline else ''}", item) for key, item in pairs],
            newline,
            step,
            out,
            room,
        )
    elif isinstance(value, list):
        _write_members("[", "]", [("", item) for item in value], newline, step, out, room)
    else:
        out.append(_scalar(value))
        room[0] -= len(out[-1])
    if room[0] < 0:
        raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")


def _write_members(
    opening: str, closing: str, members: list[tuple[str, Any]], newline: str, step: str, out: list[str], room: list[int]
) -> None:
    room[0] -= 2
    if not members:
        out.append(opening + closing)
        return
    inner = newline + step
    if len(inner) > _DEEPEST * 2 or (not newline and len(step) > _DEEPEST):
        raise fault(code="U1001", message=f"a value is nested more than {_DEEPEST} deep")
    separator = opening
    for prefix, item in members:
        out.append(separator + inner + prefix if newline else separator + prefix)
        _write(item, inner if newline else "", step if newline else step + " ", out, room)
        separator = ","
        room[0] -= len(out[-1]) + 1
    out.append((newline if newline else "") + closing)


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
