"""Which stored events are meant: by provider, type, time, verdict, id and values in the payload, as one SQL clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["EventFilter", "from_microseconds", "to_microseconds"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What to list, export or delete. Everything given must hold; an empty filter means every event."""

    provider: str | None = None
    type: str | None = None  # a name, or its beginning and `*`: `invoice.*`
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive
    verdict: str | None = None
    id: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)  # path in the payload -> value, as `data.object.currency`

    def clause(self) -> tuple[str, list[Any]]:
        """Return the SQL condition over events `e` joined with deliveries `d`, and its parameters."""
        conditions = ["1"]
        values: list[Any] = []
        for column, value in (("provider", self.provider), ("verdict", self.verdict), ("event_id", self.id)):
            if value is not None:
                conditions.append(f"e.{column} = ?")
                values.append(value)
        if self.type is not None:
            sql, bounds = _type_condition(self.type)
            conditions.append(sql)
            values.extend(bounds)
        for sql, moment in (("e.occurred_at >= ?", self.since), ("e.occurred_at < ?", self.until)):
            if moment is not None:
                conditions.append(sql)
                values.append(to_microseconds(moment))
        for path, value in self.where.items():
            conditions.append("json_extract(coalesce(e.payload, CAST(d.body AS TEXT)), ?) IS ?")
            values.extend([_json_path(path), value])
        return " AND ".join(conditions), values

    @property
    def needs_delivery(self) -> bool:
        """Whether the clause reads the delivery, and so needs the join."""
        return bool(self.where)


def to_microseconds(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    delta = moment.astimezone(UTC) - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(value: int) -> datetime:
    """Return the UTC time of microseconds since 1970.

    >>> from_microseconds(to_microseconds(datetime(2026, 11, 23, 12, tzinfo=UTC))).isoformat()
    '2026-11-23T12:00:00+00:00'
    """
    seconds, microseconds = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def _type_condition(pattern: str) -> tuple[str, list[str]]:
    """Return a condition that an index can answer: equality, or a range for a name that ends in `*`."""
    if not pattern.endswith("*"):
        return "e.type = ?", [pattern]
    prefix = pattern[:-1]
    if not prefix:
        return "1", []
    return "e.type >= ? AND e.type < ?", [prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)]


def _json_path(path: str) -> str:
    """Return SQLite's form of a path: keys quoted, positions in brackets."""
    steps = path.split(".")
    quoted = (f"[{step}]" if step.isdecimal() else '."' + step.replace('"', "") + '"' for step in steps)
    return "$" + "".join(quoted)
