"""The journal of replays: one row a delivery, so that a replay that was broken off goes on exactly there.

It holds names, outcomes and causes, never a payload: the deliveries themselves stay where they are. A row is written
when its answer is known; a delivery that was on its way when the process died is sent again, which changes nothing,
because the bot is idempotent.

A **dead letter** is a delivery whose newest row says that it was not settled. It is found again by its key, the digest
of what was sent.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from workbench.events.delivery import Delivery
from workbench.store.database import open_database, store_errors
from workbench.store.filters import from_microseconds, to_microseconds

__all__ = ["UNSETTLED", "JournalRow", "Replay", "ReplayJournal", "delivery_key", "open_journal"]

UNSETTLED: Final = ("failed", "refused", "unreachable")
"""The outcomes after which a delivery is a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """What became of one delivery."""

    key: str
    name: str
    outcome: str
    settled_at: datetime
    attempts: int
    ms: float  # of all attempts, the pauses not counted
    status: int | None = None
    cause: str | None = None  # in words, without values
    event_ids: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    results: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    replay: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay: what was asked for, and how far it came."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    integration: str
    target: str
    request: Mapping[str, Any]
    settled: int  # rows of it


def delivery_key(delivery: Delivery, repetition: int = 0) -> str:
    """The digest of a delivery's method, address and body, and which repetition of the same it is.

    Its headers do not count: a signature is made anew each time.
    """
    parts = [delivery.method.encode(), (delivery.url or "").encode(), delivery.body]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
    return f"{digest}+{repetition}" if repetition else digest


def open_journal(path: Path) -> ReplayJournal:
    """Return the journal in the file at a path, made where there is none; close it, or use it in a `with`.

    Raises:
        StoreError: the folder is missing, or the file is locked, damaged or newer than this workbench.
    """
    return ReplayJournal(path, open_database(path, "journal_migrations", durable=False))


class ReplayJournal:
    """The replays of one project, in one SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection, self._lock = path, connection, threading.RLock()

    def __enter__(self) -> ReplayJournal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ReplayJournal({str(self._path)!r})"

    def close(self) -> None:
        """Close the file; what was written is there without it."""
        with self._lock:
            self._connection.close()

    def begin(self, integration: str, target: str, request: Mapping[str, Any], now: datetime) -> int:
        """Return the number of a new replay."""
        sql = "INSERT INTO replays (started_at, integration, target, request) VALUES (?, ?, ?, ?) RETURNING id"
        values = [to_microseconds(now), integration, target, json.dumps(dict(request), sort_keys=True)]
        ((number,),) = self._run(sql, values)
        return int(number)

    def finish(self, replay: int, now: datetime) -> None:
        """Note that everything of a replay was sent."""
        self._run("UPDATE replays SET finished_at = ? WHERE id = ?", [to_microseconds(now), replay])

    def record(self, replay: int, row: JournalRow) -> None:
        """Keep what became of one delivery; a later word on the same delivery of the same replay counts."""
        self._run(
            "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(replay, row.key, row.name, json.dumps(row.event_ids), json.dumps(row.event_types)),
                *(to_microseconds(row.settled_at), row.outcome, row.status, row.attempts, row.ms, row.cause),
                json.dumps([dict(result) for result in row.results]),
            ],
        )

    def settled_keys(self, replay: int) -> set[str]:
        """Return the keys of the deliveries of a replay whose outcome is known."""
        return {str(key) for (key,) in self._run("SELECT key FROM deliveries WHERE replay = ?", [replay])}

    def replays(self) -> Iterator[Replay]:
        """Yield every replay, the newest first."""
        sql = """
            SELECT r.id, r.started_at, r.finished_at, r.integration, r.target, r.request,
                   (SELECT count(*) FROM deliveries d WHERE d.replay = r.id)
            FROM replays r ORDER BY r.id DESC"""
        for number, started, finished, integration, target, request, settled in self._run(sql, []):
            yield Replay(
                id=number,
                started_at=from_microseconds(started),
                finished_at=None if finished is None else from_microseconds(finished),
                integration=integration,
                target=target,
                request=json.loads(request),
                settled=settled,
            )

    def rows(self, replay: int | None = None) -> Iterator[JournalRow]:
        """Yield the rows of a replay, or of all, in the order in which they were settled."""
        where, values = ("WHERE replay = ?", [replay]) if replay is not None else ("", [])
        yield from map(_journal_row, self._run(f"{_SELECT} {where} ORDER BY settled_at, rowid", values))

    def dead_letters(self, server: str) -> tuple[JournalRow, ...]:
        """Return the newest row of every delivery that is not settled on a server, the oldest first.

        Repetitions of one delivery (`--duplicate`) are one: what settled it once, settled it.
        """
        sql = f"""
            {_SELECT} d WHERE (SELECT target FROM replays WHERE id = d.replay) IN (? || ' bot', ? || ' local')
              AND outcome IN ({", ".join("?" * len(UNSETTLED))}) AND NOT EXISTS (
                SELECT 1 FROM deliveries later JOIN replays r ON r.id = later.replay
                WHERE later.key >= substr(d.key, 1, 32) AND later.key < substr(d.key, 1, 32) || ','
                  AND r.target = (SELECT target FROM replays WHERE id = d.replay)
                  AND (later.settled_at, later.rowid) > (d.settled_at, d.rowid))
            ORDER BY settled_at, rowid"""  # noqa: S608 - the only thing written into it are question marks
        return tuple(map(_journal_row, self._run(sql, [server, server, *UNSETTLED])))

    def _run(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._lock, store_errors(self._path):
            return self._connection.execute(sql, values).fetchall()


_SELECT: Final = (
    "SELECT key, name, outcome, settled_at, attempts, ms, status, cause, event_ids, event_types, results, replay"
    " FROM deliveries"
)


def _journal_row(row: tuple[Any, ...]) -> JournalRow:
    key, name, outcome, settled_at, attempts, ms, status, cause, ids, types, results, replay = row
    return JournalRow(
        key=key,
        name=name,
        outcome=outcome,
        settled_at=from_microseconds(settled_at),
        attempts=attempts,
        ms=ms,
        status=status,
        cause=cause,
        event_ids=tuple(json.loads(ids)),
        event_types=tuple(json.loads(types)),
        results=tuple(json.loads(results)),
        replay=replay,
    )
