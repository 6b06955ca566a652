"""FHIR's primitive types: for each a check that says what is wrong with a JSON value, or None.

The formats are FHIR R4's own, which are never looser than Medplum's: a `dateTime` with a time needs its zone, a day
must exist in its month.

Sources: FHIR R4 datatypes.html#primitive; json.html#primitive.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["PRIMITIVES", "PrimitiveCheck"]

PrimitiveCheck = Callable[[object], str | None]

_LONGEST: Final = 1024 * 1024  # characters; FHIR: "strings SHALL NOT exceed 1 MB"
_YEAR: Final = r"(?!0000)\d{4}"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
_TIME: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_DATE_TIME: Final = rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_TIME}{_ZONE})?)?)?"

# ASCII digits only, as in JavaScript; [^\s] of JavaScript counts U+FEFF as a blank as well.
_SOLID: Final = r"[^\s\ufeff]"
_FORMATS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "canonical": re.compile(rf"{_SOLID}+"),
        "code": re.compile(rf"{_SOLID}+(?: {_SOLID}+)*"),
        "date": re.compile(rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?", re.ASCII),
        "dateTime": re.compile(_DATE_TIME, re.ASCII),
        "id": re.compile(r"[A-Za-z0-9.-]{1,64}"),
        "instant": re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}", re.ASCII),
        "oid": re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII),
        "time": re.compile(_TIME, re.ASCII),
        "uri": re.compile(rf"{_SOLID}+"),
        "url": re.compile(rf"{_SOLID}+"),
        "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        "base64Binary": re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    }
)
_REFUSED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_RANGES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"integer": (-(2**31), 2**31 - 1), "positiveInt": (1, 2**31 - 1), "unsignedInt": (0, 2**31 - 1)}
)


def _check_text(value: object) -> str | None:
    if type(value) is str and value.isprintable() and value.strip() and len(value) <= _LONGEST:
        return None  # the common case, before the slower ones
    if type(value) is not str:
        return f"is {_name(value)}, not text"
    if not value.strip().strip("\ufeff").strip():
        return "is empty or blank"
    if len(value) > _LONGEST:
        return f"has {len(value)} characters, more than 1 MB"
    return "holds a control character or half a surrogate pair" if _REFUSED.search(value) else None


def _format_check(name: str, pattern: re.Pattern[str]) -> PrimitiveCheck:
    matches = pattern.fullmatch

    def check(value: object) -> str | None:
        if type(value) is str and matches(value) and value.isascii() and len(value) <= _LONGEST:
            return None
        return _check_text(value) or (None if matches(str(value)) else f"is not written as a FHIR {name}")

    return check


def _date_check(name: str, pattern: re.Pattern[str]) -> PrimitiveCheck:
    matches = pattern.fullmatch

    def check(value: object) -> str | None:
        if type(value) is str and matches(value):
            if value[8:10] > "28" and not _day_exists(value):
                return f"is no {name}: its month has no such day"
            return None
        return _check_text(value) or f"is not written as a FHIR {name}"

    return check


def _solid_check(name: str, pattern: re.Pattern[str]) -> PrimitiveCheck:
    careful = _format_check(name, pattern)

    def check(value: object) -> str | None:
        if type(value) is str and value.isascii() and value.isprintable() and " " not in value and value:
            return None if len(value) <= _LONGEST else careful(value)
        return careful(value)

    return check


def _integer_check(name: str) -> PrimitiveCheck:
    lowest, highest = _RANGES[name]

    def check(value: object) -> str | None:
        if type(value) is int and lowest <= value <= highest:
            return None
        if fault := _check_decimal(value):
            return fault
        if isinstance(value, float) and not value.is_integer():
            return f"has a fraction, and a FHIR {name} is whole"
        in_range = isinstance(value, float | int) and lowest <= value <= highest
        return None if in_range else f"is not between {lowest} and {highest}"

    return check


def _check_decimal(value: object) -> str | None:
    if type(value) is int:
        return None
    if type(value) is float:
        return None if math.isfinite(value) else "is a number that JSON cannot carry"
    return f"is {_name(value)}, not a number"


def _check_boolean(value: object) -> str | None:
    return None if value is True or value is False else f"is {_name(value)}, neither true nor false"


def _day_exists(text: str) -> bool:
    return int(text[8:10]) <= monthrange(int(text[:4]), int(text[5:7]))[1]


def _name(value: object) -> str:
    names = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


PRIMITIVES: Final[Mapping[str, PrimitiveCheck]] = MappingProxyType(
    {
        **dict.fromkeys(("markdown", "string", "xhtml"), _check_text),
        **{name: _format_check(name, pattern) for name, pattern in _FORMATS.items()},
        **{name: _date_check(name, _FORMATS[name]) for name in ("date", "dateTime", "instant")},
        **{name: _solid_check(name, _FORMATS[name]) for name in ("canonical", "code", "uri", "url")},
        **{name: _integer_check(name) for name in _RANGES},
        "boolean": _check_boolean,
        "decimal": _check_decimal,
    }
)
"""Primitive type → its check, which gives a predicate such as "is empty or blank" (never the value), or None."""
