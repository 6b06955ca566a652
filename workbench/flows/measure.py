"""Audit rows, measured: volume, outcomes, latency, incidents, burn rate and a verdict.

The rows are a DataFrame (`audit_frame`) or a folder of Parquet (`AuditStore`); the same SQL is asked of either by
DuckDB, out of core where memory does not suffice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from workbench.audit.columns import read_sql
from workbench.audit.completeness import hidden_runs
from workbench.audit.thresholds import Thresholds, Verdict, burn_rate, judge, read_thresholds
from workbench.audit.window import read_moment
from workbench.errors import StoreError
from workbench.store.audit_rows import open_duckdb, written_plainly
from workbench.store.audit_store import DAMAGED, AuditStore

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

__all__ = ["MEASURES_TYPE", "Measures", "measures"]

MEASURES_TYPE: Final = "application/vnd.workbench.measures+json"  # how an executed notebook carries them to `report`
_STEPS: Final = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86400, 7 * 86400)  # seconds of one step over time
_MOST_STEPS: Final = 72
_TABLES: Final = ("burn", "by_type", "by_mapping", "by_bot", "over_time", "by_hour", "incidents", "unmapped")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What a span of audit rows says; each table is a DataFrame, its columns as the SQL of that name heads them."""

    since: datetime
    until: datetime
    step_seconds: int  # of `over_time`
    thresholds: Thresholds
    verdict: Verdict
    summary: Mapping[str, Any] = field(repr=False)
    burn: DataFrame = field(repr=False)  # hours, events, failed, burn_rate
    by_type: DataFrame = field(repr=False)
    by_mapping: DataFrame = field(repr=False)
    by_bot: DataFrame = field(repr=False)
    over_time: DataFrame = field(repr=False)
    by_hour: DataFrame = field(repr=False)
    incidents: DataFrame = field(repr=False)
    unmapped: DataFrame = field(repr=False)  # event types that no mapping takes

    def __str__(self) -> str:
        said = self.summary
        counted = f"{said['ok']:,} ok, {said['failed']:,} failed, {said['refused']:,} refused"
        span = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"
        return f"{said['runs']:,} runs, {said['events']:,} events from {span}: {counted}. {self.verdict}"

    def to_dict(self) -> dict[str, Any]:
        """The measures as JSON values: `metrics.json`."""
        found = {
            "workbench": 1,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "verdict": {
                "level": self.verdict.level,
                "exit_code": self.verdict.exit_code,
                "findings": [asdict(finding) for finding in self.verdict.findings],
            },
            "thresholds": asdict(self.thresholds),
            "summary": dict(self.summary),
        }
        for name in _TABLES:
            table: DataFrame = getattr(self, name)
            found[name] = json.loads(table.to_json(orient="records", date_format="iso", date_unit="ms"))
        read: dict[str, Any] = json.loads(json.dumps(found, default=str))
        return read

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/plain": str(self), MEASURES_TYPE: self.to_dict()}


def measures(
    rows: DataFrame | AuditStore | Path | str,
    *,
    since: str | datetime | timedelta | None = None,
    until: str | datetime | timedelta | None = None,
    thresholds: Thresholds | Mapping[str, Any] | None = None,
    bots: Sequence[Mapping[str, Any]] = (),
) -> Measures:
    """The measures of audit rows, judged against thresholds.

    Args:
        rows: an audit frame, or the folder that a pull keeps.
        since, until: the span that is judged, as of `audit_frame`; the whole of the rows, until now, when not given.
        thresholds: targets, by name as in `Thresholds`; what is left out keeps its default.
        bots: the Bot resources whose runs these are; one that hides runs makes a healthy verdict "could not tell".

    Raises:
        StoreError: the folder holds no rows, or is damaged.
        IntegrationError: a threshold is unknown or out of range; all of them at once.
        ValueError: a time is none.
    """
    now = datetime.now(UTC)
    end = read_moment(until, now=now) if until is not None else now
    begin = read_moment(since, now=end) if since is not None else None
    allowed = thresholds if isinstance(thresholds, Thresholds) else read_thresholds(thresholds or {})
    with open_duckdb() as connection, written_plainly("audit rows", DAMAGED):
        _name_rows(connection, rows, begin, end)
        summary = _summary(connection)
        begin = begin or summary["first"] or end
        step = _step_seconds(max(begin, summary["first"] or begin), end)  # a trail may be younger than the span
        given = {"now": _utc_text(end), "step": step}
        tables = {name: _ask(connection, name, given) for name in _TABLES}
    windows = cast("list[dict[str, Any]]", tables["burn"].to_dict("records"))
    tables["burn"]["burn_rate"] = [burn_rate(w["failed"], w["events"], allowed.success) for w in windows]
    verdict = judge(
        summary,
        windows,
        allowed,
        silent_seconds=(end - summary["last"]).total_seconds() if summary["last"] else None,
        incomplete=[sentence for bot in bots if (sentence := hidden_runs(bot))],
    )
    return Measures(
        since=begin,
        until=end,
        step_seconds=step,
        thresholds=allowed,
        verdict=verdict,
        summary=summary,
        **tables,
    )


def _name_rows(
    connection: duckdb.DuckDBPyConnection,
    rows: DataFrame | AuditStore | Path | str,
    begin: datetime | None,
    end: datetime,
) -> None:
    """Make the rows of the span the view `audit`, whose instants are UTC without saying so, as in the Parquet files."""
    if isinstance(rows, Path | str):
        rows = AuditStore(rows)
    if isinstance(rows, AuditStore):
        if not rows.has_rows():
            message = f"{rows.folder}: holds no audit rows; pull them first: workbench audit pull"
            raise StoreError(message)
        source = f"read_parquet('{rows.files.replace(chr(39), chr(39) * 2)}', hive_partitioning = true)"
        days = f" AND day >= DATE '{begin:%Y-%m-%d}'" if begin else ""
    else:
        plain = rows.copy(deep=False)
        for column in ("recorded", "last_updated", "event_time"):
            plain[column] = plain[column].dt.tz_localize(None)
        connection.register("given", plain)
        source, days = "given", ""
    since = f" AND recorded >= TIMESTAMP '{_utc_text(begin)}'{days}" if begin else ""
    # the end counts: a run that ended in the very millisecond of asking is part of what is asked
    span = f"recorded <= TIMESTAMP '{_utc_text(end)}'{since}"
    columns = "*, result_index = 0 AS first_of_run"
    connection.execute(f"CREATE TEMP VIEW audit AS SELECT {columns} FROM {source} WHERE {span}")  # noqa: S608 - our own
    connection.execute("CREATE TEMP VIEW events AS SELECT * FROM audit WHERE result_index = event_index")


def _ask(connection: duckdb.DuckDBPyConnection, name: str, given: Mapping[str, Any]) -> DataFrame:
    """What `sql/<name>.sql` gives back, its instants in UTC."""
    sql = read_sql(name)
    frame = connection.execute(sql, {key: value for key, value in given.items() if f"${key}" in sql}).df()
    for column in frame.columns:
        if str(frame[column].dtype).startswith("datetime64"):
            frame[column] = frame[column].astype("datetime64[us]").dt.tz_localize("UTC")
    return frame


def _summary(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The one row of `summary.sql`: counts as int, milliseconds as float, instants in UTC, None where there is none."""
    cursor = connection.execute(read_sql("summary"))
    names = [column[0] for column in cursor.description or ()]
    values = cursor.fetchall()[0]
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in zip(names, values, strict=True)
    }


def _step_seconds(begin: datetime, end: datetime) -> int:
    """The smallest step that shows a span in at most `_MOST_STEPS` of them."""
    span = (end - begin).total_seconds()
    return next((step for step in _STEPS if span / step <= _MOST_STEPS), _STEPS[-1])


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
