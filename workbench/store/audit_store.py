"""A folder of audit rows: what was pulled from one server, by day, as Parquet.

    <folder>/day=2026-11-23/part-000001.parquet     rows recorded on that day (UTC)
    <folder>/pull.json                              whose trail this is, and how far it was pulled

Rows are added, never doubled: what a pull brings again is left out, and an AuditEvent that was rewritten on the server
replaces its older self. A file appears whole or not at all, so a pull that dies leaves a folder that the next one
continues. Only masked text is ever stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.audit.columns import COLUMNS
from workbench.errors import StoreError
from workbench.store.audit_rows import empty_frame, open_duckdb, read_rows, tidy, written_plainly

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

__all__ = ["DAMAGED", "AuditStore", "Pulled"]

DAMAGED = "delete the file that is damaged, and pull again"

_NAMES = ", ".join(column.name for column in COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """How far a trail was pulled: every row stored from `since` to `until` is in the folder."""

    source: str  # the server's address, and which bot's trail when it is one's
    since: str | None  # ISO 8601; None when pulled from the beginning
    until: str  # ISO 8601: the newest `last_updated` that was seen


class AuditStore:
    """Audit rows in a folder; made when the first rows are added."""

    def __init__(self, folder: Path | str, *, most_parts: int = 24) -> None:
        """Name the folder; `most_parts` is how many files one day may have before they are written as one."""
        self.folder = Path(folder)
        self._most_parts = most_parts

    def __repr__(self) -> str:
        return f"AuditStore({str(self.folder)!r})"

    @property
    def files(self) -> str:
        """The glob that DuckDB, Dask or Spark read: Parquet partitioned by `day`."""
        return str(self.folder / "day=*" / "part-*.parquet")

    def has_rows(self) -> bool:
        """Whether any row is there; makes good a rewriting that was broken off."""
        for note in self.folder.glob("day=*/.replaces"):
            _take_out_replaced(note.parent)
        return any(self.folder.glob("day=*/part-*.parquet"))

    def pulled(self) -> Pulled | None:
        """How far this trail was pulled, None before the first pull.

        Raises:
            StoreError: the note of it is damaged.
        """
        note = self.folder / "pull.json"
        if not note.exists():
            return None
        try:
            return Pulled(**json.loads(note.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            message = f"{note}: is damaged; delete it and pull again, no row is lost or doubled by that"
            raise StoreError(message) from None

    def note(self, pulled: Pulled) -> None:
        """Remember how far the trail was pulled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / "pull.json.new"
        fresh.write_text(json.dumps(asdict(pulled), indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.folder / "pull.json")

    def add(self, files: Sequence[Path]) -> int:
        """How many rows were new among the AuditEvents in `files`.

        Raises:
            StoreError: a file cannot be read; nothing of it was added.
        """
        with open_duckdb() as connection, self._locked():
            if not read_rows(connection, files):
                return 0
            days = connection.execute("SELECT DISTINCT recorded::DATE::VARCHAR FROM rows ORDER BY 1").fetchall()
            return sum(self._add_day(connection, day) for (day,) in days)

    def frame(
        self, *, since: datetime | None = None, until: datetime | None = None, bot: str | None = None
    ) -> DataFrame:
        """The rows recorded from `since` (kept) to `until` (left out), oldest first, with fixed columns and dtypes."""
        if not self.has_rows():
            return empty_frame()
        with open_duckdb() as connection, written_plainly(str(self.folder), DAMAGED):
            return tidy(
                connection.execute(
                    f"SELECT {_NAMES} FROM read_parquet($files, hive_partitioning = true)"  # noqa: S608 - our column names
                    " WHERE ($since IS NULL OR (recorded >= $since AND day >= $since::DATE))"
                    " AND ($until IS NULL OR recorded < $until) AND ($bot IS NULL OR bot = $bot)"
                    " ORDER BY recorded, id, result_index",
                    {"files": self.files, "since": _naive(since), "until": _naive(until), "bot": bot},
                ).df()
            )

    def _add_day(self, connection: duckdb.DuckDBPyConnection, day: str) -> int:
        """Add the rows of one day that are not there yet; rewrite the day when a row changed or its files are many."""
        folder = self.folder / f"day={day}"
        _take_out_replaced(folder)
        parts = sorted(folder.glob("part-*.parquet"))
        there = f"read_parquet('{_quoted(folder)}/part-*.parquet')" if parts else "(SELECT * FROM rows LIMIT 0)"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT rows.*, known.id IS NOT NULL AS changed"  # noqa: S608 - our own paths
            f" FROM rows LEFT JOIN (SELECT DISTINCT id, last_updated FROM {there}) AS known USING (id)"
            f" WHERE recorded::DATE = '{day}' AND (known.id IS NULL OR rows.last_updated > known.last_updated)"
        )
        new, changed = connection.execute(
            "SELECT count(*) FILTER (NOT changed), count(*) FILTER (changed) FROM fresh"
        ).fetchall()[0]
        if not new and not changed:
            return 0
        rows = f"SELECT {_NAMES} FROM fresh"  # noqa: S608 - our own column names
        whole = bool(changed) or len(parts) >= self._most_parts
        if whole and parts:
            rows += f" UNION ALL SELECT {_NAMES} FROM {there} WHERE id NOT IN (SELECT id FROM fresh)"  # noqa: S608
        self._write(connection, rows, folder, parts, replace=whole)
        return int(new)

    @staticmethod
    def _write(
        connection: duckdb.DuckDBPyConnection, rows: str, folder: Path, parts: list[Path], *, replace: bool
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(part.stem.removeprefix("part-")) for part in parts), default=0)
        fresh = folder / f"part-{number:06d}.parquet"
        unfinished = folder / f".{fresh.name}"
        target = f"'{_quoted(unfinished)}' (FORMAT parquet, COMPRESSION zstd)"
        connection.execute(f"COPY ({rows} ORDER BY recorded, id, result_index) TO {target}")
        if replace:
            (folder / ".replaces").write_text(fresh.name, encoding="utf-8")
        unfinished.replace(fresh)
        _take_out_replaced(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two pulls from writing into one folder at once."""
        import fcntl  # here: POSIX only

        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"{self.folder}: another pull is writing here; wait until it is done"
                raise StoreError(message) from None
            yield


def _take_out_replaced(folder: Path) -> None:
    """Delete the files of a day that its newest one replaces, also where a death came in between."""
    note = folder / ".replaces"
    if not note.exists():
        return
    fresh = folder / note.read_text(encoding="utf-8")
    if fresh.exists():
        for part in folder.glob("part-*.parquet"):
            if part.name < fresh.name:
                part.unlink()
    note.unlink()


def _naive(moment: datetime | None) -> str | None:
    """An instant as DuckDB compares it with a UTC timestamp."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") if moment else None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
