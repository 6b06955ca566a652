"""A span of time as people write it: `7d`, `36h`, `2026-11-23`, `2026-11-23T08:00:00Z`.

Everything is UTC: a date begins at midnight UTC, and an instant without an offset is refused rather than guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["read_moment"]

_SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(text: str | datetime | timedelta, *, now: datetime) -> datetime:
    """The instant (UTC) that `text` means; a span is counted back from `now`.

    Raises:
        ValueError: it is neither a span, a date nor an instant with its offset.

    >>> now = datetime(2026, 11, 23, 18, tzinfo=UTC)
    >>> read_moment("36h", now=now).isoformat()
    '2026-11-22T06:00:00+00:00'
    >>> read_moment("2026-11-23", now=now).isoformat()
    '2026-11-23T00:00:00+00:00'
    """
    if isinstance(text, timedelta):
        return now - text
    if isinstance(text, datetime):
        moment = text
    elif span := re.fullmatch(r"\s*(\d{1,6})\s*([mhdw])\s*", text):
        return now - timedelta(**{_SPANS[span[2]]: int(span[1])})
    else:
        moment = _read_iso(text)
    if moment.tzinfo is None:
        message = f"time {text!s}: has no offset, so it could mean several instants; add Z or +01:00"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _read_iso(text: str) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()):
            return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
        return datetime.fromisoformat(text.strip())
    except ValueError:
        message = f"time {text!r}: is neither a span (90m, 36h, 7d, 2w), a date nor an instant (2026-11-23T08:00:00Z)"
        raise ValueError(message) from None
