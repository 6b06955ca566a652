"""Times written as a picture such as `[D01] [MNn] [Y0001]` says, and read back."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from workbench.mapping.expression.functions.calendar import LAST_MILLI, parts_of, utc_millis
from workbench.mapping.expression.functions.picture_reader import Marker, PictureError, read_picture
from workbench.mapping.expression.functions.values import MISSING, as_double, fault

__all__ = ["ISO_PICTURE", "format_picture", "parse_picture"]

ISO_PICTURE: Final = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
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
_LEADING: Final = re.compile(r"[ \t\n\r]*([+-]?[0-9]+)")


def format_picture(millis: Any, picture: str, zone: Any) -> str:
    """The moment as the picture says, in the zone given as +hhmm."""
    millis, (hours, minutes) = as_double(millis), _offset(zone)
    moment = math.trunc(millis + (60 * hours + minutes) * 60_000) if math.isfinite(millis) else LAST_MILLI + 1
    parts = parts_of(moment) if abs(moment) <= LAST_MILLI else None
    return "".join(
        part if isinstance(part, str) else _shown(part, parts, hours, minutes) for part in _portable(picture)
    )


def _portable(picture: str) -> tuple[Marker | str, ...]:
    try:
        return read_picture(picture)
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
        return _whole(sign_and_hours) * 60 + _whole(minutes or "0")
    if marker.part == "f":
        return int(float("0." + text[:3]) * 1000)
    if marker.part == "P":
        return {"am": 0, "AM": 0, "pm": 1, "PM": 1}.get(text)
    if marker.name:
        names = _MONTHS if marker.part == "M" else _DAYS
        return {name[: marker.longest]: place for place, name in enumerate(names, start=1)}.get(text)
    return _whole(text[:-2] if marker.ordinal else text)


def _whole(digits: str) -> float:
    """The number; NaN for one beyond the largest double, since no time is made of it."""
    value = float(digits)
    return int(value) if math.isfinite(value) else math.nan


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
