"""Date pictures such as `[D01] [MNn] [Y0001]`, as far as they are portable.

Source: https://docs.jsonata.org/date-time and XPath F&O 3.1 §9.8.4; what JSONata 2.2.2 does differently is followed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from workbench.errors import MappingRunError
from workbench.mapping.expression.functions.calendar import LAST_MILLI, parts_of, utc_millis
from workbench.mapping.expression.functions.values import MISSING, fault

__all__ = ["ISO_PICTURE", "format_picture", "parse_picture", "unsupported"]

ISO_PICTURE: Final = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
_DEFAULTS: Final = {
    "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "H": "1", "h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01",
    "z": "01:01", "C": "n", "E": "n",
}  # fmt: skip
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ZONE: Final = re.compile(r"[0-9]{1,6}|[0-9]+:[0-9]+")
_LEADING: Final = re.compile(r"[ \t\n\r]*([+-]?[0-9]+)")
_WIDTH: Final = re.compile(r"(?:\*|[0-9]+)(?:-(?:\*|[0-9]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One `[…]` of a picture."""

    part: str
    name: str | None = None  # lower, upper or title, where it is written as a name
    digits: int = 0
    ordinal: bool = False
    zulu: bool = False  # Z for no offset
    separator: int = 0  # digits behind the : of an offset
    longest: int | None = None
    width: bool = False  # a width is given
    year_digits: int = -1
    fault: str | None = None  # JSONata's code for what is found wrong only when the part is used


class PictureError(ValueError):
    """The picture is not portable; the text says why."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


def unsupported(picture: str, *, parsing: bool) -> str | None:
    """Why a picture is not portable, or None if it is (or is wrong in a way that JSONata reports itself)."""
    try:
        parts = _read(picture)
    except PictureError as error:
        return str(error)
    except MappingRunError:
        return None
    markers = [part for part in parts if isinstance(part, Marker)]
    if not parsing or not markers:
        return None
    if any(marker.fault for marker in markers):
        return None
    if any(marker.part in "CE" for marker in markers):
        return "[C] and [E] cannot be read"
    if not any(marker.part == "Y" for marker in markers):
        return "a time without a year [Y] depends on the clock"
    if len({marker.part for marker in markers}) < len(markers):
        return "a part that is given twice"
    return None


@lru_cache(maxsize=256)
def _read(picture: str) -> tuple[Marker | str, ...]:
    out: list[Marker | str] = []
    start = at = 0
    while at < len(picture):
        if picture[at] == "[":
            out.append(picture[start:at].replace("]]", "]"))
            if picture[at + 1 : at + 2] == "[":
                out.append("[")
                start = at = at + 2
                continue
            end = picture.find("]", at)
            if end < 0:
                raise fault(code="D3135", message="a picture has a [ without a ]")
            out.append(_marker("".join(picture[at + 1 : end].split())))
            at, start = end, end + 1
        at += 1
    out.append(picture[start:].replace("]]", "]"))
    return tuple(part for part in out if part != "")


def _marker(text: str) -> Marker:
    part, (how, comma, width) = text[:1], text[1:].rpartition(",")
    how = how if comma else text[1:]
    modifier = ""
    if len(how) > 1 and how[-1] in "atco":
        how, modifier = how[:-1], how[-1]
    if part in ("W", "w", "X", "x"):
        raise PictureError(reason=f"the week part [{part}]")
    if not how:
        if part not in _DEFAULTS:
            raise fault(code="D3132", message="a picture has an unknown part")
        how = _DEFAULTS[part]
    least, longest = _width(width) if comma else (None, None)
    return _made(part, how, modifier, least, longest, width=bool(comma))


def _made(part: str, how: str, modifier: str, least: int | None, longest: int | None, *, width: bool) -> Marker:
    if part not in _DEFAULTS:
        raise PictureError(reason=f"the part [{part}]")
    if how[0] in "nN":
        if part not in "MFPCE" and part not in "Zz":
            return Marker(part=part, fault="D3133")
        if part in "Zz":
            raise PictureError(reason="a name of a zone")
        return Marker(
            part=part, name="lower" if how[0] == "n" else "title" if how[1:2] == "n" else "upper", longest=longest, width=width
        )
    if part in "PCE":
        raise PictureError(reason=f"[{part}] as a number")
    if part in "Zz":
        return _zone(part, how, modifier)
    if not (how.isascii() and how.isdigit()):
        raise PictureError(reason=f"the form {how} of [{part}]; only digits and names are")
    digits = max(len(how), least or 0)
    year = -1
    if part == "Y":
        if longest is not None:
            year = digits = longest
        elif digits >= 2:
            year = digits
    return Marker(part=part, digits=digits, ordinal=modifier == "o", longest=longest, year_digits=year)


def _zone(part: str, how: str, modifier: str) -> Marker:
    if not _ZONE.fullmatch(how):
        raise PictureError(reason=f"the form {how} of [{part}]")
    digits = len(how.replace(":", ""))
    wrong = "D3134" if ":" not in how and digits > 4 else None
    return Marker(part=part, fault=wrong, digits=digits, zulu=modifier == "t", separator=len(how.partition(":")[2]))


def _width(text: str) -> tuple[int | None, int | None]:
    if not _WIDTH.fullmatch(text):
        raise PictureError(reason=f"the width {text}")
    least, _, most = text.partition("-")
    return int(least) if least != "*" else None, int(most) if most.isdigit() else None


# -- writing -------------------------------------------------------------------------------------------------------


def format_picture(millis: Any, picture: str, zone: Any) -> str:
    """The moment as the picture says, in the zone given as +hhmm."""
    hours, minutes = _offset(zone)
    moment = math.trunc(millis + (60 * hours + minutes) * 60_000) if math.isfinite(millis) else LAST_MILLI + 1
    parts = parts_of(moment) if abs(moment) <= LAST_MILLI else None
    return "".join(
        part if isinstance(part, str) else _shown(part, parts, hours, minutes) for part in _portable(picture)
    )


def _portable(picture: str) -> tuple[Marker | str, ...]:
    try:
        return _read(picture)
    except PictureError as error:
        raise fault(code="U1002", message=f"this picture is not portable: {error}") from None


def _offset(zone: Any) -> tuple[int, int]:
    if zone is MISSING:
        return 0, 0
    found = _LEADING.match(zone)
    if not found or len(found[1]) > 7:
        raise fault(code="U1002", message="a zone is written +hhmm")
    offset = int(found[1])
    return offset // 100, int(math.fmod(offset, 100))


def _shown(marker: Marker, parts: dict[str, int] | None, hours: int, minutes: int) -> str:
    part = marker.part
    if marker.fault:
        raise fault(code=marker.fault, message=f"the part [{part}] of a picture has a form that it cannot have")
    if part in "CE":
        return "ISO"
    if part in "Zz":
        return _shown_zone(marker, hours, minutes)
    if part == "P":
        half = "pm" if parts and parts["H"] >= 12 else "am"
        return half.upper() if marker.name == "upper" else half
    if parts is None:
        return _beyond(marker)
    if marker.name:
        name = (_MONTHS[parts["M"] - 1] if part == "M" else _DAYS[parts["F"] - 1])[: marker.longest]
        return name.upper() if marker.name == "upper" else name.lower() if marker.name == "lower" else name
    value = (parts["H"] % 12 or 12) if part == "h" else parts[part]
    if marker.year_digits != -1:
        value = int(math.fmod(value, 10**marker.year_digits))
    return _integer(value, marker)


def _beyond(marker: Marker) -> str:
    """What JSONata writes for a part of a time that no calendar has."""
    if not marker.name:
        return "NaN".rjust(marker.digits, "0") + ("th" if marker.ordinal else "")
    if marker.name == "title" and not marker.width:
        return "undefined"
    raise fault(code="U1002", message="a time is beyond the calendar")


def _integer(value: int, marker: Marker) -> str:
    text = str(abs(value)).rjust(marker.digits, "0")
    if marker.separator:
        step = marker.separator
        for place in range((len(text) - 1) // step, 0, -1):
            cut = len(text) - place * step
            text = f"{text[:cut]}:{text[cut:]}"
    if marker.ordinal:
        teen = len(text) > 1 and text[-2] == "1"
        text += "th" if teen else {"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th")
    return ("-" if value < 0 else "") + text


def _shown_zone(marker: Marker, hours: int, minutes: int) -> str:
    offset = hours * 100 + minutes
    if offset == 0 and marker.zulu:
        return "Z"
    if marker.separator or marker.digits > 2:
        text = _integer(offset, marker)
    else:
        text = _integer(hours, marker)
        if minutes:
            text += f":{'-' if minutes < 0 else ''}{abs(minutes):02d}"
    return f"{'GMT' if marker.part == 'z' else ''}{'+' if offset >= 0 else ''}{text}"


# -- reading -------------------------------------------------------------------------------------------------------


def parse_picture(text: str, picture: str) -> Any:
    """The milliseconds of a time written as the picture says; nothing where it is not."""
    parts = _portable(picture)
    found = re.fullmatch(
        "".join(f"({_pattern(part, parts[place + 1 : place + 2])})" for place, part in enumerate(parts)),
        text,
        re.IGNORECASE | re.ASCII,
    )
    if not found:
        return MISSING
    values: dict[str, Any] = {}
    for part, piece in zip(parts, found.groups(), strict=True):
        if isinstance(part, Marker):
            values[part.part] = _value(part, piece)
    return _millis(values) if values else MISSING


def _pattern(part: Marker | str, following: tuple[Marker | str, ...]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    if part.fault == "D3133":
        raise fault(code=part.fault, message=f"the part [{part.part}] of a picture has a form that it cannot have")
    if part.part in "Zz":
        return ("GMT" if part.part == "z" else "") + "[-+][0-9]+" + (":[0-9]+" if part.separator else "")
    if part.part == "f":
        return "[0-9]+"
    if part.name:
        return "[a-zA-Z]+"
    fixed = following and isinstance(following[0], Marker) and following[0].digits and following[0].part not in "Zz"
    return f"[0-9]{{{part.digits}}}" if fixed else "[0-9]+" + ("(?:th|st|nd|rd)" if part.ordinal else "")


def _value(marker: Marker, text: str) -> Any:
    if marker.part in "Zz":
        sign_and_hours, _, minutes = text.removeprefix("GMT").partition(":")
        if not marker.separator and len(sign_and_hours) > 3:
            sign_and_hours, minutes = sign_and_hours[:3], sign_and_hours[3:]
        return int(sign_and_hours) * 60 + int(minutes or 0)
    if marker.part == "f":
        return int(float("0." + text[:3]) * 1000)
    if marker.part == "P":
        return {"am": 0, "AM": 0, "pm": 1, "PM": 1}.get(text)
    if marker.name:
        names = _MONTHS if marker.part == "M" else _DAYS
        return {name[: marker.longest]: place for place, name in enumerate(names, start=1)}.get(text)
    return int(text[:-2] if marker.ordinal else text)


def _is_kind(values: dict[str, Any], wanted: str, others: str) -> bool:
    given = {part for part in wanted + others if values.get(part)}
    return bool(given) and given <= set(wanted)


def _millis(values: dict[str, Any]) -> Any:
    """The moment: what is missing behind the parts given is zero, a gap between them is a fault."""
    by_day = not _is_kind(values, "YMD", "d") and _is_kind(values, "Yd", "MD")
    twelve = not _is_kind(values, "Hmsf", "Ph") and _is_kind(values, "Phmsf", "H")
    ended = False
    for part in ("YD" if by_day else "YMD") + ("Phmsf" if twelve else "Hmsf"):
        if values.get(part) is None:
            values[part] = 1 if part in "MD" else 0
            ended = True
        elif ended:
            raise fault(code="D3136", message="a picture lacks a part between those that are given")
    year, month = values["Y"], max(values.get("M") or 1, 1)
    day = values["D"]
    year += 1900 if 0 <= year <= 99 else 0
    if by_day:
        month, day = 1, values["d"]
    hour = values.get("H", 0) if not twelve else values["h"] % 12 if values["h"] == 12 else values["h"]
    hour += 12 if twelve and values["P"] == 1 else 0
    moment = utc_millis(year, month, day, hour, values["m"], values["s"], values["f"])
    moment -= (values.get("Z") or values.get("z") or 0) * 60_000
    return moment if abs(moment) <= LAST_MILLI else math.nan
