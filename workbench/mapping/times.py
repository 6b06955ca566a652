"""A provider's timestamps → FHIR instants and dates, always in UTC and always of the same width.

Sources: FHIR R4 datatypes.html#instant, #date; the calendar arithmetic is that of the proleptic Gregorian calendar.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from workbench.mapping.run_faults import helper_fault

__all__ = ["date", "event_time", "instant"]

_FIRST_MS: Final = -62_135_596_800_000  # 0001-01-01T00:00:00Z
_LAST_MS: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_SECONDS_BELOW: Final = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973
_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))"
)
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MINUTES: Final = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440)]
_SECONDS: Final = [f"{second:02d}.000Z" for second in range(60)]


def instant(moment: Any) -> str | None:
    """Epoch seconds, epoch milliseconds or ISO text with a zone → `YYYY-MM-DDTHH:MM:SS.mmmZ`.

    >>> instant(1700000000), instant("2026-01-02T03:04:05+02:00")
    ('2023-11-14T22:13:20.000Z', '2026-01-02T01:04:05.000Z')
    """
    if moment.__class__ is int and 0 <= moment < _SECONDS_BELOW:
        rest = moment % 86_400
        return _day_text(moment // 86_400) + _MINUTES[rest // 60] + _SECONDS[rest % 60]
    return None if moment is None else _instant_text(_milliseconds(moment, "instant"))


def date(moment: Any) -> str | None:
    """What `instant` takes, or `YYYY-MM-DD` → `YYYY-MM-DD`, in UTC.

    >>> date(1700000000), date("2026-01-02")
    ('2023-11-14', '2026-01-02')
    """
    if moment.__class__ is int and 0 <= moment < _SECONDS_BELOW:
        return _day_text(moment // 86_400)
    if moment is None:
        return None
    if isinstance(moment, str) and (day := _DAY.fullmatch(moment)) and _is_day(*map(int, day.groups())):
        return moment
    return _instant_text(_milliseconds(moment, "date"))[:10]


def event_time(moment: Any) -> str:
    """The instant that `order` gives; without one nobody could tell an older event from a newer."""
    if (found := instant(moment)) is not None:
        return found
    raise helper_fault(moment, "order", "an ordered rule needs the event's time", "give order: a field every event has")


@lru_cache(maxsize=4096)
def _day_text(days: int) -> str:
    """Days since 1970-01-01 → `YYYY-MM-DD` in the proleptic Gregorian calendar."""
    shifted = days + 719_468  # days since 0000-03-01: leap days then fall at the end of a year
    era, day = divmod(shifted, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    number = month + 3 if month < 10 else month - 9
    return f"{era * 400 + year + (number <= 2):04d}-{number:02d}-{day - (153 * month + 2) // 5 + 1:02d}"


def _days(year: int, month: int, day: int) -> int:
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _is_day(year: int, month: int, day: int) -> bool:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1] + leap


def _instant_text(milliseconds: int) -> str:
    days, rest = divmod(milliseconds, 86_400_000)
    seconds, fraction = divmod(rest, 1000)
    return f"{_day_text(days)}{_MINUTES[seconds // 60]}{seconds % 60:02d}.{fraction:03d}Z"


def _milliseconds(moment: Any, function: str) -> int:
    found = None
    if moment.__class__ is int or moment.__class__ is float:
        scaled = moment * 1000 if abs(moment) < _SECONDS_BELOW else moment
        if _FIRST_MS <= scaled <= _LAST_MS:
            found = int((scaled + 0.5) // 1)
    elif moment.__class__ is str and (parts := _ISO.fullmatch(moment)):
        found = _iso_milliseconds(parts)
    if found is not None and _FIRST_MS <= found <= _LAST_MS:
        return found
    expected = "a time is epoch seconds, epoch milliseconds, or ISO text with a zone"
    also = " (or a day as 2026-01-31)" if function == "date" else ""
    raise helper_fault(moment, function, expected + also, "give the event's own timestamp")


def _iso_milliseconds(parts: re.Match[str]) -> int | None:
    year, month, day, hour, minute = (int(part) for part in parts.group(1, 2, 3, 4, 5))
    second, fraction = int(parts[6] or 0), int(((parts[7] or "") + "000")[:3])
    offset_hour, offset_minute = int(parts[9] or 0), int(parts[10] or 0)
    if not _is_day(year, month, day) or max(hour, offset_hour) > 23 or max(minute, second, offset_minute) > 59:
        return None
    offset = (offset_hour * 60 + offset_minute) * (-1 if parts[8] == "-" else 1)
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute - offset
    return (minutes * 60 + second) * 1000 + fraction
