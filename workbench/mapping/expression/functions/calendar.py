"""Days and milliseconds in the calendar of JavaScript's Date: Gregorian without end, UTC."""

from __future__ import annotations

from typing import Final

__all__ = ["LAST_MILLI", "date_of", "days_of", "parts_of", "utc_millis"]

_DAY: Final = 86_400_000
LAST_MILLI: Final = 8_640_000_000_000_000


def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar without end; month counts from 1."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a count of days since 1970-01-01."""
    era, of_era_days = divmod(days + 719_468, 146_097)
    of_era = (of_era_days - of_era_days // 1460 + of_era_days // 36_524 - of_era_days // 146_096) // 365
    of_year = of_era_days - (365 * of_era + of_era // 4 - of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def utc_millis(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, milli: int = 0) -> int:
    """Milliseconds since 1970; parts beyond their range carry over, month counts from 1."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return (days_of(year, month, 1) + day - 1) * _DAY + ((hour * 60 + minute) * 60 + second) * 1000 + milli


def parts_of(millis: int) -> dict[str, int]:
    """The parts of a moment by the letter that a picture has for them."""
    days, rest = divmod(millis, _DAY)
    year, month, day = date_of(days)
    return {
        "Y": year, "M": month, "D": day, "d": days - days_of(year, 1, 1) + 1, "F": (days + 3) % 7 + 1,
        "H": rest // 3_600_000, "m": rest // 60_000 % 60, "s": rest // 1000 % 60, "f": rest % 1000,
    }  # fmt: skip
