"""How fast AuditEvents become a tidy DataFrame, beside `pandas.json_normalize` and the limits of the bytes themselves.

    python bench/audit.py [--events 100000] [--rounds 3] [--peers PYTHON]

Each route runs in a process of its own, over the same searchset pages of 1000 on disk (page cache warm), and gives the
same check sums: rows, failures, total duration, outcomes. Ours gives 24 columns, duplicates sought, text masked and the
rows in order; json_normalize 17 of them: what an AuditEvent holds, and the main fields of the result line.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
NOISE = "    at runInVmContext (file:///usr/src/medplum/packages/server/dist/index.js:32356:34)\n" * 6


def write_pages(folder: Path, events: int) -> None:
    """Write an invented trail as pages; every failure bears a stack, as Medplum's do."""
    from invented.audit_trail import invented_trail, searchset

    trail = invented_trail(events, datetime(2026, 11, 23, tzinfo=UTC), days=30)
    for event in trail:
        event["outcomeDesc"] += "\n" + NOISE if event["outcome"] != "0" else ""
        event["outcomeDesc"] = f"received {event['id']} from the webhook\n" * 6 + event["outcomeDesc"]
    for start in range(0, events, 1000):
        (folder / f"{start // 1000:05d}.json").write_text(json.dumps(searchset(trail[start : start + 1000])))


def read_bytes(pages: list[Path]) -> dict[str, Any]:
    """Only read the files: the disk's limit."""
    return {"rows": sum(len(page.read_bytes()) > 0 for page in pages) * 1000}


def split_only(pages: list[Path]) -> dict[str, Any]:
    """Split the pages into lines and write them: the limit of any route that decodes nothing."""
    from workbench.flows.audit_pages import split_page

    with tempfile.TemporaryFile() as lines:
        return {
            "rows": sum(
                bool(lines.write((page := split_page(file.read_bytes())).lines())) and page.new for file in pages
            )
        }


def workbench(pages: list[Path]) -> dict[str, Any]:
    """Ours: pages split undecoded, DuckDB with explicit columns, a tidy frame; in files of 25 pages, as a pull does."""
    from workbench.store.audit_rows import read_frame

    with tempfile.TemporaryDirectory() as folder:
        frame = read_frame(_files(pages, Path(folder)))
    return check(frame)


def _files(pages: list[Path], folder: Path) -> Iterator[Path]:
    from workbench.flows.audit_pages import split_page
    from workbench.flows.collect import PAGES_A_COMMIT

    for start in range(0, len(pages), PAGES_A_COMMIT):
        file = folder / f"{start:06d}.ndjson"
        with file.open("wb") as lines:
            for page in pages[start : start + PAGES_A_COMMIT]:
                lines.write(split_page(page.read_bytes()).lines())
        yield file


def json_normalize(pages: list[Path]) -> dict[str, Any]:
    """What a notebook would do: decode, flatten, pick and convert the 12 columns."""
    import pandas

    frames = []
    for page in pages:
        flat = pandas.json_normalize([entry["resource"] for entry in json.loads(page.read_bytes())["entry"]])
        tracing = flat["extension"].map(lambda all_: {part["url"]: part["valueId"] for part in all_[0]["extension"]})
        start, end = (pandas.to_datetime(flat[name], utc=True) for name in ("period.start", "period.end"))
        made = {
            "id": flat["id"],
            "recorded": pandas.to_datetime(flat["recorded"], utc=True),
            "last_updated": pandas.to_datetime(flat["meta.lastUpdated"], utc=True),
            "outcome": flat["outcome"],
            "text": flat["outcomeDesc"],
            "bot": flat["source.observer.reference"],
            "requester": flat["agent"].map(lambda agents: agents[0]["who"]["reference"]),
            "type": flat["type.code"],
            "subtype": None,
            "subscription": None,
            "request_id": tracing.map(lambda parts: parts.get("requestId")),
            "duration_ms": (end - start).dt.total_seconds().mul(1000).round().astype("int64"),
        }
        line = flat["outcomeDesc"].str.extract(r'(\{"workbench":1,.*\})\s*$', flags=re.MULTILINE)[0].map(json.loads)
        event = line.map(lambda said: said["results"][0])
        for column, key in (
            ("event_id", "event"),
            ("event_type", "type"),
            ("mapping", "mapping"),
            ("action", "outcome"),
        ):
            made[column] = event.map(lambda result, key=key: result.get(key))
        made["writes"] = event.map(lambda result: len(result["writes"]))
        frames.append(pandas.DataFrame(made))
    frame = pandas.concat(frames, ignore_index=True)
    return check(frame)


def check(frame: Any) -> dict[str, Any]:
    """What every route must agree on."""
    return {
        "rows": len(frame),
        "failures": int((frame["outcome"] != "0").sum()),
        "duration_ms": int(frame["duration_ms"].sum()),
        "last": frame["recorded"].max().isoformat(),
        "actions": {str(word): int(many) for word, many in sorted(frame["action"].value_counts().items())},
    }


ROUTES = {route.__name__: route for route in (read_bytes, split_only, workbench, json_normalize)}


PEERS = ("fhiry", "fhir_pyrate")  # in an environment of their own: bench/audit_peers.py


def run_one(name: str, folder: Path) -> None:
    """Run one route in this process and print what it took."""
    pages = sorted(folder.glob("*.json"))
    for module in ("pandas", "duckdb", "msgspec"):  # what import costs is not what is measured
        importlib.import_module(module)
    baseline = peak_mb()
    start, spent = time.perf_counter(), time.process_time()
    found = ROUTES[name](pages)
    seconds, cpu = time.perf_counter() - start, time.process_time() - spent
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb() - baseline, "found": found}))


def peak_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Print the table, each route's best and median of the rounds, and the ratios that issue 8 asks for."""
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--route", nargs=2)
    options.add_argument("--peers", help="the python of an environment of bench/requirements.txt")
    given = options.parse_args()
    if given.route:
        run_one(given.route[0], Path(given.route[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_pages(Path(folder), given.events)
        size = sum(page.stat().st_size for page in Path(folder).glob("*.json"))
        print(f"{given.events:,} AuditEvents, {size / 1e6:.0f} MB in pages of 1000; best of {given.rounds} rounds")
        commands = {name: [sys.executable, __file__, "--route", name, folder] for name in ROUTES}
        if given.peers:
            commands |= {name: [given.peers, str(ROOT / "bench/audit_peers.py"), name, folder] for name in PEERS}
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for _ in range(given.rounds):  # rounds interleaved, so that a busy minute hits every route
            for name, command in commands.items():
                runs[name].append(
                    json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                )
    show(runs, given.events)


def show(runs: dict[str, list[dict[str, Any]]], events: int) -> None:
    """Print the table and the ratios; disagreeing check sums end the program."""
    ours = runs["workbench"][0]["found"]
    for peer in ("json_normalize", *PEERS):
        told = runs[peer][0]["found"] if peer in runs else {}
        assert told == {key: ours[key] for key in told}, f"{peer} disagrees"
    best = {name: min(run["seconds"] for run in found) for name, found in runs.items()}
    print(f"{'route':<16}{'best s':>8}{'median s':>10}{'rows/s':>10}{'cpu s':>8}{'peak MB':>9}")
    for name, found in runs.items():
        middle = sorted(run["seconds"] for run in found)[len(found) // 2]
        cpu, peak = min(run["cpu"] for run in found), max(run["peak_mb"] for run in found)
        print(f"{name:<16}{best[name]:>8.2f}{middle:>10.2f}{events / best[name]:>10,.0f}{cpu:>8.2f}{peak:>9.0f}")
    for peer, goal in (("json_normalize", 8), ("fhiry", 8), ("fhir_pyrate", 15)):
        if peer in best:
            print(f"workbench is {best[peer] / best['workbench']:.1f}x {peer} (goal {goal})")
        else:
            print(f"{peer} was not measured: give --peers")
    print(f"workbench is {best['split_only'] / best['workbench']:.2f}x the split without decoding (goal 0.3)")


if __name__ == "__main__":
    main()
