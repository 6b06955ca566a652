"""Keep deliveries so that none that was acknowledged is ever lost, and find their events again.

```python
with open_store(Path(".workbench/events.db")) as store:
    store.add(delivery, verdict="verified", provider="stripe", events=events)
    for stored in store.events(EventFilter(type="invoice.*"), limit=20): ...
```
`add` returns when the delivery is on the disk. The same bytes again count up one row; the same event again, told by its
dedupe key, is kept as a delivery and listed once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from workbench.errors import StoreError
from workbench.events.delivery import Delivery, Event, Verdict
from workbench.store.database import open_database, store_errors
from workbench.store.filters import EventFilter, from_microseconds, to_microseconds

__all__ = ["Added", "EventStore", "StoredEvent", "open_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What adding a delivery changed."""

    delivery: int  # the row, to ask for it again
    repeated: bool  # the same bytes were there
    events: int  # how many of its events were new
    duplicates: int  # how many were there under their dedupe key


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event of the store, with what was made of its delivery."""

    event: Event
    verdict: Verdict
    delivery: int
    received_at: datetime
    occurred_at: datetime = field(repr=False)  # by the provider's clock, or when received


def open_store(path: Path) -> EventStore:
    """Return the store in the file at a path, made where there is none; close it, or use it in a `with`.

    Raises:
        StoreError: the folder is missing, or the file is locked, damaged or newer than this workbench.
    """
    return EventStore(path, open_database(path))


class EventStore:
    """The deliveries of one project, in one SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection, self._lock = path, connection, threading.RLock()

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EventStore({str(self._path)!r})"

    def close(self) -> None:
        """Close the file. What was added is durable without it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything added inside one commit: all of it or nothing, and much faster for an import.

        Raises:
            StoreError: the file could not be written.
        """
        with self._lock, store_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def add(
        self,
        delivery: Delivery,
        *,
        verdict: Verdict,
        provider: str | None,
        events: Sequence[Event] = (),
        reason: str | None = None,
        message: str | None = None,
        source: str | None = None,
    ) -> Added:
        """Return what changed, once the delivery and the index of its events are on the disk.

        Raises:
            StoreError: the file could not be written; then nothing of the delivery is in it.
        """
        with self._lock:  # held by another thread while that has a transaction open
            outer = nullcontext() if self._connection.in_transaction else self.transaction()
            with outer:
                return self._insert(delivery, verdict, provider, events, (reason, message, source))

    def events(self, chosen: EventFilter | None = None, *, limit: int | None = None) -> Iterator[StoredEvent]:
        """Yield the events chosen, the newest first.

        Raises:
            StoreError: the file could not be read.
        """
        clause, values = (chosen or EventFilter()).clause()
        sql = f"""
            SELECT e.provider, e.event_id, e.type, e.occurred_at, e.dedupe_key, e.verdict, d.id, d.received_at,
                   coalesce(e.payload, CAST(d.body AS TEXT)), d.source, d.digest
            FROM events e CROSS JOIN deliveries d ON d.id = e.delivery
            WHERE {clause} ORDER BY e.occurred_at DESC, e.id DESC LIMIT ?"""  # noqa: S608 - the clause holds no values
        for row in self._rows(sql, [*values, -1 if limit is None else limit]):
            yield _stored_event(row)

    def count(self, chosen: EventFilter | None = None) -> int:
        """Return how many events are chosen."""
        wanted = chosen or EventFilter()
        clause, values = wanted.clause()
        join = "CROSS JOIN deliveries d ON d.id = e.delivery" if wanted.needs_delivery else ""
        (row,) = self._rows(f"SELECT count(*) FROM events e {join} WHERE {clause}", values)  # noqa: S608
        return int(row[0])

    def delivery(self, number: int) -> Delivery:
        """Return a delivery as it came, byte for byte.

        Raises:
            StoreError: there is none of that number.
        """
        sql = "SELECT body, headers, received_at, method, url, source FROM deliveries WHERE id = ?"
        for body, headers, received_at, method, url, source in self._rows(sql, [number]):
            return Delivery(
                body=body,
                headers=json.loads(headers),
                received_at=from_microseconds(received_at),
                method=method,
                url=url,
                name=source or f"delivery {number}",
            )
        message = f"the store {self._path} holds no delivery {number}"
        raise StoreError(message)

    def verdicts(self) -> dict[str, int]:
        """Return how many deliveries met each verdict."""
        return dict(self._rows("SELECT verdict, count(*) FROM deliveries GROUP BY verdict ORDER BY verdict", []))

    def delete(self, chosen: EventFilter) -> int:
        """Return how many deliveries were deleted: those all of whose events are chosen, with their bytes.

        Raises:
            StoreError: the file could not be written.
        """
        clause, values = chosen.clause()
        join = "CROSS JOIN deliveries d ON d.id = e.delivery" if chosen.needs_delivery else ""
        sql = f"""
            WITH chosen AS (SELECT e.id, e.delivery FROM events e {join} WHERE {clause})
            DELETE FROM deliveries WHERE id IN (SELECT delivery FROM chosen) AND NOT EXISTS (
                SELECT 1 FROM events other
                WHERE other.delivery = deliveries.id AND other.id NOT IN (SELECT id FROM chosen))"""  # noqa: S608
        return self._delete(sql, values)

    def prune(self, before: datetime) -> int:
        """Return how many deliveries received before a time were deleted, whatever their verdict.

        Raises:
            StoreError: the file could not be written.
        """
        return self._delete("DELETE FROM deliveries WHERE received_at < ?", [to_microseconds(before)])

    def cursor(self, name: str) -> str | None:
        """Return where a pull stands, or None when it is to begin anew."""
        return next((str(row[0]) for row in self._rows("SELECT cursor FROM pulls WHERE name = ?", [name])), None)

    def set_cursor(self, name: str, cursor: str | None) -> None:
        """Remember where a pull stands, in the same commit as what it brought; None when it is done."""
        sql = "DELETE FROM pulls WHERE name = ?"
        if cursor is None:
            self._connection.execute(sql, [name])
        else:
            self._connection.execute("INSERT OR REPLACE INTO pulls (name, cursor) VALUES (?, ?)", [name, cursor])

    def _delete(self, sql: str, values: Sequence[Any]) -> int:
        with self.transaction():
            self._connection.execute(sql, values)
            (deleted,) = self._connection.execute("SELECT changes()").fetchone()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds what was deleted, too
        return int(deleted)

    def _rows(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield rows in pages, so that a long list neither fills the memory nor keeps other threads out."""
        with self._lock, store_errors(self._path):
            cursor = self._connection.execute(sql, values)
        while True:
            with self._lock, store_errors(self._path):
                page = cursor.fetchmany(500)
            if not page:
                return
            yield from page

    def _insert(
        self,
        delivery: Delivery,
        verdict: Verdict,
        provider: str | None,
        events: Sequence[Event],
        notes: tuple[str | None, str | None, str | None],
    ) -> Added:
        headers = json.dumps(dict(sorted(delivery.headers.items())))
        digest = hashlib.sha256(b"\0".join([delivery.method.encode(), headers.encode(), delivery.body])).digest()
        received_at = to_microseconds(delivery.received_at)
        values = [digest, provider, verdict, *notes, received_at, delivery.method, delivery.url, headers, delivery.body]
        number, times = self._connection.execute(
            "INSERT INTO deliveries"
            " (digest, provider, verdict, reason, message, source, received_at, method, url, headers, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET received = received + 1 RETURNING id, received",
            values,
        ).fetchone()
        if times > 1:
            return Added(delivery=number, repeated=True, events=0, duplicates=len(events))
        new = sum(self._insert_event(event, number, verdict, received_at, delivery, len(events)) for event in events)
        return Added(delivery=number, repeated=False, events=new, duplicates=len(events) - new)

    def _insert_event(
        self, event: Event, number: int, verdict: Verdict, received_at: int, delivery: Delivery, together: int
    ) -> int:
        whole = together == 1 and delivery.body[:1] == b"{" and orjson.loads(delivery.body) == event.payload
        return self._connection.execute(
            "INSERT OR IGNORE INTO events"
            " (delivery, dedupe_key, provider, event_id, type, occurred_at, verdict, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                event.dedupe_key,
                event.provider,
                event.id,
                event.type,
                to_microseconds(event.occurred_at) if event.occurred_at else received_at,
                verdict,
                None if whole else orjson.dumps(event.payload).decode(),
            ],
        ).rowcount


def _stored_event(row: tuple[Any, ...]) -> StoredEvent:
    provider, event_id, kind, occurred_at, dedupe_key, verdict, delivery, received_at, payload, source, digest = row
    moment = from_microseconds(occurred_at)
    event = Event(
        provider=provider,
        id=event_id,
        type=kind,
        payload=orjson.loads(payload),
        delivery_id=source or digest.hex(),
        occurred_at=moment,
        dedupe_key=dedupe_key,
    )
    return StoredEvent(
        event=event,
        verdict=verdict,
        delivery=delivery,
        received_at=from_microseconds(received_at),
        occurred_at=moment,
    )
