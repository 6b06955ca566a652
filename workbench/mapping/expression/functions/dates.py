"""`$fromMillis` and `$toMillis`: ISO 8601, and the pictures of `pictures`."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from workbench.mapping.expression.functions.calendar import utc_millis
from workbench.mapping.expression.functions.pictures import ISO_PICTURE, format_picture, parse_picture
from workbench.mapping.expression.functions.values import MISSING, fault

__all__ = ["from_millis", "to_millis"]

_ISO: Final = re.compile(
    r"([0-9]{4})(?:-([01][0-9]))?(?:-([0-3][0-9]))?(?:T([0-2][0-9]):([0-5][0-9]):([0-5][0-9]))?(?:\.([0-9]+))?(?:([+-])([0-2][0-9]):?([0-5][0-9])|(Z))?"
)


def from_millis(millis: Any, picture: Any = MISSING, zone: Any = MISSING) -> Any:
    """`$fromMillis(millis, picture, zone)`."""
    if millis is MISSING:
        return MISSING
    return format_picture(millis, ISO_PICTURE if picture is MISSING else picture, zone)


def to_millis(text: Any, picture: Any = MISSING) -> Any:
    """`$toMillis(text, picture)`."""
    if text is MISSING:
        return MISSING
    if picture is not MISSING:
        return parse_picture(text, picture)
    found = _ISO.fullmatch(text)
    if not found:
        raise fault(code="D3110", message="$toMillis takes a time as ISO 8601 writes it")
    return _parsed(found)


def _parsed(found: re.Match[str]) -> Any:
    """What JavaScript's Date.parse makes of it, in UTC where no zone is given; NaN where it makes nothing."""
    fraction, sign, zone_hour, zone_minute, utc = found.groups()[6:]
    year, month, day, hour, minute, second = (
        int(part or least) for part, least in zip(found.groups()[:6], "011000", strict=True)
    )
    if found[4] is None and (fraction or sign or (utc and year < 100)):
        raise fault(
            code="U1002", message="$toMillis takes a date alone, or with a time; here a part in between is missing"
        )
    milli = int(f"{fraction or ''}000"[:3])
    midnight = hour == 24 and not (minute or second or milli)
    if not 1 <= month <= 12 or not 1 <= day <= 31 or (hour > 23 and not midnight):
        return math.nan
    if sign and int(zone_hour) > 23:
        return math.nan
    offset = (int(zone_hour) * 60 + int(zone_minute)) * (-1 if sign == "-" else 1) if sign else 0
    return utc_millis(year, month, day, hour, minute, second, milli) - offset * 60_000
