"""The measures over many audit rows in Parquet, out of core, and an incremental pull into a store of them.

    python bench/audit_scale.py [--rows 10000000] [--folder DIR] [--memory 4GB]

The rows are a month of one invented trail, repeated with other ids and times; the folder is kept and used again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from invented.audit_trail import invented_trail  # noqa: E402 - the path is set above
from invented.medplum import AuditServer  # noqa: E402

from workbench.flows.collect import pull  # noqa: E402
from workbench.flows.measure import measures  # noqa: E402
from workbench.store.audit_rows import open_duckdb, read_rows  # noqa: E402
from workbench.store.audit_store import AuditStore, Pulled  # noqa: E402

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
BOT_DAY = """
SELECT bot, day, count(*) AS events, avg((state = 'failed')::INT) AS failed,
       quantile_cont(duration_ms, [0.5, 0.95, 0.99]) AS percentiles
FROM read_parquet($files, hive_partitioning = true) GROUP BY bot, day
"""


def peak_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def write_store(folder: Path, rows: int) -> None:
    """Write a store of so many rows: one trail of 100,000, repeated with other ids, bots and seconds."""
    with open_duckdb(memory="4GB") as connection:
        folder.mkdir(parents=True)
        seed = folder.with_suffix(".ndjson")
        seed.write_text("\n".join(map(json.dumps, invented_trail(100_000, NOW, days=30))))
        read_rows(connection, [seed])
        seed.unlink()
        copies = rows // 100_000
        for day in range(31):
            moment = (NOW - timedelta(days=30 - day)).date()
            part = folder / f"day={moment}"
            part.mkdir(parents=True)
            connection.execute(
                "COPY (SELECT rows.* REPLACE (id || '-' || copy AS id, event_id || '-' || copy AS event_id,"
                " 'Bot/' || (copy % 100) AS bot, recorded + to_milliseconds(copy * 7) AS recorded,"
                " last_updated + to_milliseconds(copy * 7) AS last_updated, duration_ms + copy % 13 AS duration_ms)"
                f" FROM rows, range({copies}) AS copies(copy) WHERE recorded::DATE = DATE '{moment}')"
                f" TO '{part}/part-000001.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
    AuditStore(folder).note(
        Pulled(source="http://127.0.0.1:8103/ all bots", since=None, until="2026-11-23T18:00:00.000Z")
    )


def main() -> None:
    """Print what each question took."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--folder", type=Path, default=Path("/tmp/workbench-bench-audit"))
    options.add_argument("--memory", default="4GB")
    given = options.parse_args()
    folder = given.folder / str(given.rows)
    store = AuditStore(folder)
    if not store.has_rows():
        start = time.perf_counter()
        write_store(folder, given.rows)
        print(f"wrote {given.rows:,} rows in {time.perf_counter() - start:.0f} s")
    size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    print(f"{given.rows:,} rows, {size / 1e6:,.0f} MB of Parquet")
    late = invented_trail(1000, NOW + timedelta(minutes=4), days=0.002, seed=int(time.time()))
    fresh = [{**event, "id": f"{event['id']}-{time.time_ns()}"} for event in late]
    server = AuditServer(fresh).connect()
    report, seconds = timed(lambda: pull(server, store))
    print(f"incremental pull of {report.new:,} new rows: {seconds:.2f} s (goal 1 s)")
    groups, seconds = timed(lambda: bot_days(store, given.memory))
    print(f"bot x day percentiles, {groups:,} groups: {seconds:.2f} s, peak {peak_mb():,.0f} MB")
    found, seconds = timed(lambda: measures(store, since="7d", until=NOW))
    print(f"all measures of the last 7 days, {found.summary['events']:,} rows: {seconds:.2f} s")
    found, seconds = timed(lambda: measures(store, until=NOW))
    print(f"all measures of all {found.summary['events']:,} rows: {seconds:.2f} s, peak {peak_mb():,.0f} MB")


def bot_days(store: AuditStore, memory: str) -> int:
    """Exact percentiles for each bot and day; how many groups there are."""
    with open_duckdb(memory=memory) as connection:
        return len(connection.execute(BOT_DAY, {"files": store.files}).fetchall())


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` gives, and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


if __name__ == "__main__":
    main()
