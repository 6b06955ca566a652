"""A backfill of Stripe events of 6 KB, NDJSON to NDJSON: two workers, one, and a Dask LocalCluster of two, in turn.

`python -m bench.backfill 1000000` makes 6 GB of events first and measures the goal itself; `make bench` takes 60,000.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from bench.events import invoice_events
from workbench.flows.backfill.run import backfill

MAPPING = Path(__file__).parent / "invoice.yaml"
PAGE = resource.getpagesize()


def write_events(path: Path, count: int) -> None:
    """Write events of about 6 KB: five an invoice, fifty an account, in the order of their times."""
    chance = random.Random(1)
    events = invoice_events(64)
    texts = [orjson.dumps(event) for event in events]
    padding = b'"metadata":{"note":"' + b"x" * 900 + b'",'
    with path.open("wb") as file:
        for number in range(count):
            kind = number % 64
            invoice = chance.randrange(max(1, count // 5))
            text = texts[kind].replace(b"in_%024d" % kind, b"in_%024d" % invoice)
            text = text.replace(b"evt_%024d" % kind, b"evt_%024d" % number)
            text = text.replace(b"cus_%014d" % (kind % 17), b"cus_%014d" % (invoice % max(1, count // 50)))
            was = events[kind]["created"]
            text = text.replace(b'"created":%d,"data"' % was, b'"created":%d,"data"' % (1_600_000_000 + number * 37))
            file.write(text.replace(b'"metadata":{', padding, 1) + b"\n")


class Memory(threading.Thread):
    """The most memory (PSS) that this process and its children held at once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.over = 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.25):
            found = subprocess.run(["pgrep", "-g", "0"], capture_output=True, text=True, check=False).stdout.split()
            self.most = max(self.most, sum(map(pss, found)))


def pss(pid: str) -> int:
    """Proportional set size of a process in bytes; nothing where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return 1024 * next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def measure(lines: Path, **how: object) -> tuple[float, int]:
    """Seconds and most bytes of one backfill into a new folder."""
    with tempfile.TemporaryDirectory(dir=lines.parent) as out:
        memory = Memory()
        memory.start()
        started = time.perf_counter()
        summary = backfill([lines], [MAPPING], out, **how)  # type: ignore[arg-type]
        seconds = time.perf_counter() - started
        memory.over.set()
        memory.join()
    assert summary.refused == 0
    return seconds, memory.most


def main(count: int) -> None:
    """Print events a second, seconds a million, memory, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "events.ndjson"
        write_events(lines, count)
        print(f"{count:,} events, {lines.stat().st_size / count / 1000:.1f} KB each")
        found = {}
        for name, how in (
            ("two workers", {"workers": 2}),
            ("one worker", {"workers": 1}),
            ("Dask LocalCluster of two", {"workers": 2, "cluster": "local"}),
        ):
            seconds, most = measure(lines, **how)
            found[name] = seconds
            rate = count / seconds
            print(f"{name}: {rate:,.0f} events/s, {1e6 / rate:.0f} s a million, at most {most / 1e6:.0f} MB")
        print(f"two workers against one: {found['one worker'] / found['two workers']:.2f} (goal 1.7)")
        print(f"Dask against processes: {found['two workers'] / found['Dask LocalCluster of two']:.2f} (goal 0.5)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
