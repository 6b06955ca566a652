"""The columns of an audit row: one row for each event of a bot run, and for each mapping that took the event.

A run that handled three events of one delivery is at least three rows that share `id`; an event that two mappings took
is two rows that share `event_id` and `event_index`. Runs are the rows with `result_index` 0, events those in which
`event_index` equals `result_index`. `duration_ms` is the run's, so it repeats. A run of a bot that we did not build is
one row whose columns from the result line are empty.

Source: AuditEvent as Medplum 5.0.2 stores it; the result line is what `workbench.bot` prints last.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

__all__ = ["COLUMNS", "Column", "read_sql"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the audit frame."""

    name: str
    dtype: str  # pandas', fixed: an empty frame has the same dtypes as a full one
    meaning: str


_UTC: Final = "datetime64[us, UTC]"

COLUMNS: Final[tuple[Column, ...]] = tuple(
    Column(name=name, dtype=dtype, meaning=meaning)
    for name, dtype, meaning in (
        ("id", "str", "the AuditEvent's id: one bot run"),
        ("result_index", "Int16", "which result of the run, from 0"),
        ("event_index", "Int16", "the index of the first result of this event: where both are equal an event begins"),
        ("recorded", _UTC, "when the run ended"),
        ("last_updated", _UTC, "when the server stored the AuditEvent; a pull pages by it"),
        ("outcome", "str", "the server's word: 0 success, 4, 8 and 12 failure"),
        ("duration_ms", "Int64", "how long the run took"),
        ("bot", "str", "Bot/<id>"),
        ("bot_name", "str", "the bot's name when it ran"),
        ("requester", "str", "who called the bot, as a reference; empty for an anonymous webhook"),
        ("subscription", "str", "Subscription/<id> when one started the run"),
        ("trace_id", "str", "ties the run to the server's log"),
        ("provider", "str", "result line: whose event it was"),
        ("event_id", "str", "result line: the provider's id of the event"),
        ("event_type", "str", "result line: the provider's name for what happened"),
        ("event_time", _UTC, "result line: when it happened, where the bot says so"),
        ("mapping", "str", "result line: the mapping that was run"),
        ("version", "Int16", "result line: the mapping's version"),
        ("action", "str", "result line: applied, unchanged, stale, duplicate, ignored, refused, failed; handshake"),
        (
            "event_outcome",
            "str",
            "the weightiest action of this event's mappings: failed before applied before ignored",
        ),
        ("proof", "str", "result line: how the delivery's signature was proved"),
        ("writes", "Int16", "result line: resources created or updated"),
        ("refs", "str", "result line: the resources concerned, apart by a space"),
        ("state", "str", "ok, failed or refused: the event's, which the measures count"),
        ("problem", "str", "a short code of what went wrong"),
        ("text", "str", "masked words of the failure's text; the whole console output with reveal=True"),
    )
)


def read_sql(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return resources.files("workbench.audit").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
