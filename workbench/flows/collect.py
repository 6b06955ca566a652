"""From a server's AuditEvents, or a log of them, to a tidy DataFrame; what was pulled once is kept by day as Parquet.

```
server ── pages, undecoded ──> NDJSON ── DuckDB, explicit columns ──> rows ──> DataFrame
                                                                        └────> <data>/day=…/part-….parquet
```

Nothing is lost silently: a page that fails fails the pull, the server's own count is compared with what its pages
held, and a later pull begins `OVERLAP` before the newest row seen, because rows become visible late.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.audit.columns import COLUMNS
from workbench.audit.window import read_moment
from workbench.errors import ServerError, StoreError
from workbench.fhir.writes import format_instant
from workbench.flows.audit_pages import Page, audit_filters, count_matches, read_pages, saved_search_filters
from workbench.servers.client import Server
from workbench.store.audit_rows import read_frame
from workbench.store.audit_store import AuditStore, Pulled

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["OVERLAP", "PullReport", "audit_frame", "pull"]

OVERLAP = timedelta(minutes=5)  # longer than any transaction of Medplum's may stay open
PAGES_A_COMMIT = 25  # 25,000 rows: what a pull that dies has to fetch again at most
Progress = Callable[[str], None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What one pull did."""

    fetched: int  # AuditEvents that the pages held, each counted once
    new: int  # audit rows that the folder did not hold before
    since: datetime | None  # where it began; None: at the beginning of the trail


def audit_frame(
    source: Server | Path | str | None,
    *,
    data: Path | str | None = None,
    since: str | datetime | timedelta | None = None,
    until: str | datetime | timedelta | None = None,
    bot: str | None = None,
    search: str | None = None,
    extra: Mapping[str, str] | None = None,
    reveal: bool = False,
    progress: Progress = None,
) -> DataFrame:
    """The audit rows of a span of time, oldest first: one row for each event of a bot run (`workbench.audit.columns`).

    Args:
        source: a server; a file or folder of AuditEvents as NDJSON, as a log export gives; or None: what `data` holds.
        data: a folder that keeps what was pulled; a later call fetches only what is new.
        since, until: a date, an instant, or a span (`7d`, `36h`) back from now (`since`: from `until`); UTC.
        bot: only the runs of this bot, `Bot/<id>`.
        search: the filters of a search saved in the Medplum app, `AuditEvent?…`, instead of all bot runs.
        extra: more columns, each a JSONata expression over the AuditEvent; with `reveal` only.
        reveal: show the console output as it is, patients' names and all; it is never kept in `data`.
        progress: is told how far it is.

    Raises:
        ServerError: a page was refused, or the pages held fewer AuditEvents than the server counts.
        StoreError: the folder or a file is missing or damaged.
        ValueError: the arguments do not go together, or a time is none.
    """
    _check_arguments(source, data=data, search=search, extra=extra, reveal=reveal)
    now = datetime.now(UTC)
    end = read_moment(until, now=now) if until is not None else None
    begin = read_moment(since, now=end or now) if since is not None else None
    if data is not None:
        store = AuditStore(data)
        if isinstance(source, Server):
            pull(source, store, since=begin, bot=bot, progress=progress)
        elif store.pulled() is None:
            message = f"{store.folder}: holds no audit rows; pull them first: workbench audit pull, or give a server"
            raise StoreError(message)
        return store.frame(since=begin, until=end, bot=_reference(bot))
    with _scratch() as folder:
        files: Iterable[Path]
        if isinstance(source, Server):
            filters = (
                saved_search_filters(search, since=begin, until=end)
                if search
                else audit_filters(bot=bot, since=begin, until=end)
            )
            files = (each.file for each in _fetch(source, filters, folder, progress))
        else:
            files = [_copy_log(Path(source), folder, progress)]  # type: ignore[arg-type]  # checked above
        files = list(files) if extra else files  # each of the expressions reads them again
        frame = read_frame(files, reveal=reveal)
        for name, expression in (extra or {}).items():
            frame[name] = frame["id"].map(_evaluate(files, expression))
    return _cut(frame, begin, end, _reference(bot))


def pull(
    server: Server,
    store: AuditStore,
    *,
    since: datetime | None = None,
    bot: str | None = None,
    overlap: timedelta = OVERLAP,
    pages_a_commit: int = PAGES_A_COMMIT,
    progress: Progress = None,
) -> PullReport:
    """Bring a folder up to date with the server's trail: only what is new is fetched, and no row is stored twice.

    The first pull begins at `since`, or with the trail; a later one goes on where the last ended, and further back too
    when `since` is older. A pull that is broken off continues at its last commit. Doing it again changes nothing.

    Raises:
        ServerError: a page was refused, or the pages held fewer AuditEvents than the server counts.
        StoreError: the folder holds the trail of another server or bot, or another pull is writing to it.
    """
    source = f"{server.base_url} {_reference(bot) or 'all bots'}"
    before = store.pulled()
    if before and before.source != source:
        message = f"{store.folder}: holds the trail of {before.source}, not of {source}; give another folder"
        raise StoreError(message)
    fetched = new = 0
    with _scratch() as folder:
        if before and before.since and since and format_instant(since) < before.since:
            older = audit_filters(bot=bot, since=since, until=read_moment(before.since, now=since))
            for batch in _fetch(server, older, folder, progress, pages_a_commit):
                fetched, new = fetched + batch.fetched, new + store.add([batch.file])
            before = replace(before, since=format_instant(since))
            store.note(before)
        begin = read_moment(before.until, now=datetime.now(UTC)) - overlap if before else since
        first = before.since if before else format_instant(since) if since else None
        for batch in _fetch(server, audit_filters(bot=bot, since=begin), folder, progress, pages_a_commit):
            fetched, new = fetched + batch.fetched, new + store.add([batch.file])
            store.note(Pulled(source=source, since=first, until=max(batch.until, before.until if before else "")))
    return PullReport(fetched=fetched, new=new, since=begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    file: Path  # NDJSON, one AuditEvent a line
    fetched: int
    until: str  # the newest `lastUpdated` of it


def _fetch(
    server: Server, filters: str, folder: Path, progress: Progress, pages_a_file: int = PAGES_A_COMMIT
) -> Iterator[_Batch]:
    """The AuditEvents of a search, oldest first, in files of some pages each.

    Raises:
        ServerError: a page was refused, or the pages held fewer AuditEvents than the server counts.
    """
    expected = count_matches(server, filters)
    fetched = 0
    for number, pages in enumerate(_chunks(read_pages(server, filters), pages_a_file)):
        file = folder / f"{number:06d}.ndjson"
        file.write_bytes(b"".join(page.lines() for page in pages))
        held = sum(page.new for page in pages)
        fetched += held
        if progress:
            progress(f"AuditEvents: {fetched:,} of {max(expected, fetched):,}")
        if newest := max((page.last_updated for page in pages if page.last_updated), default=None):
            yield _Batch(file=file, fetched=held, until=newest)
    # rows that came in meanwhile may make it more; rows rewritten or deleted meanwhile make the second count lower
    if fetched < expected and fetched < (counted := count_matches(server, filters)):
        message = (
            f"GET fhir/R4/AuditEvent: the server counts {counted:,} AuditEvents and its pages held {fetched:,};"
            " pull again, and if it stays so give the client a policy that reads all AuditEvents"
        )
        raise ServerError(message, path_template="fhir/R4/AuditEvent")


def _chunks(pages: Iterator[Page], size: int) -> Iterator[list[Page]]:
    while chunk := list(islice(pages, size)):
        yield chunk


def _copy_log(source: Path, folder: Path, progress: Progress) -> Path:
    """The AuditEvents among the lines of a log, or of all `.ndjson` and `.jsonl` files of a folder."""
    if not source.exists():
        message = f"{source}: does not exist; give a file of AuditEvents, one a line, or a folder of such files"
        raise StoreError(message)
    files = [source] if source.is_file() else sorted([*source.glob("*.ndjson"), *source.glob("*.jsonl")])
    copied, others = folder / "log.ndjson", 0
    with copied.open("wb") as lines:
        for file in files:
            with file.open("rb") as log:
                for line in log:
                    if b'"AuditEvent"' in line:
                        lines.write(line.rstrip() + b"\n")
                    elif line.strip():
                        others += 1
    if not copied.stat().st_size:
        message = f"{source}: holds no AuditEvent in {others:,} line(s) of {len(files)} file(s); give NDJSON"
        raise StoreError(message)
    if progress and others:
        progress(f"{source.name}: {others:,} line(s) that are no AuditEvent were passed over")
    return copied


def _cut(frame: DataFrame, since: datetime | None, until: datetime | None, bot: str | None) -> DataFrame:
    """The rows of one span and one bot: a log knows no search, and a server searches by the time of storing."""
    keep = frame["id"].notna()
    if since:
        keep &= frame["recorded"] >= since
    if until:
        keep &= frame["recorded"] < until
    if bot:
        keep &= frame["bot"] == bot
    return frame[keep].reset_index(drop=True)


def _evaluate(files: Iterable[Path], expression: str) -> dict[str, Any]:
    """What a JSONata expression gives for each AuditEvent, by its id.

    Raises:
        MappingSpecError: the expression cannot be read.
    """
    from workbench.mapping.expression import MISSING, compile_expression  # here: few ask for it

    compiled = compile_expression(expression)
    found = {}
    for file in files:
        for line in file.read_bytes().splitlines():
            event = json.loads(line)
            value = compiled.evaluate(event)
            found[event.get("id")] = None if value is MISSING else value
    return found


def _reference(bot: str | None) -> str | None:
    return bot if bot is None or bot.startswith("Bot/") else f"Bot/{bot}"


def _check_arguments(source: object, *, data: object, search: object, extra: object, reveal: bool) -> None:
    if source is None and data is None:
        message = "audit_frame: give a server, a file of AuditEvents, or the folder `data` of what was pulled"
        raise ValueError(message)
    if data is not None and (search or extra or reveal or (source is not None and not isinstance(source, Server))):
        message = "audit_frame: `data` keeps masked rows of a whole trail; leave out search, extra, reveal, a file"
        raise ValueError(message)
    if search and not isinstance(source, Server):
        message = "audit_frame: `search` is asked of a server; give one as the source"
        raise ValueError(message)
    if extra and not reveal:
        message = "audit_frame: an extra column shows what the AuditEvent holds; say reveal=True"
        raise ValueError(message)
    if clash := set(extra or ()) & {column.name for column in COLUMNS}:  # type: ignore[call-overload]
        message = f"audit_frame: extra column(s) {', '.join(sorted(clash))} exist already; choose other names"
        raise ValueError(message)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that only its owner can read, for the AuditEvents between server and rows; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="workbench-audit-") as folder:
        yield Path(folder)
