"""Mapping against hand-written Python, side by side: the same 64 events, the same resources, interleaved, CPU time.

    python bench/mapping.py [rounds]

Every program's output is compared with the hand-written one before anything is measured. Prints medians over the rounds
of events per CPU-second, and the ratio to the hand-written program that ran just before.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

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
    return orjson.dumps(MAPPING.map(orjson.loads(body)).as_list())


def validated(event: dict[str, Any]) -> object:
    return validate_result(MAPPING.document, MAPPING.map(event))


def main(rounds: int) -> None:
    events = invoice_events()
    bodies = [orjson.dumps(event) for event in events]
    size = statistics.mean(map(len, bodies))
    print(f"{compared(events)} of {len(events)} outputs identical; {size / 1000:.1f} KB an event, {rounds} rounds")
    rows: list[tuple[str, Program, Program, list[Any]]] = [
        ("dict → dict", map_by_hand, MAPPING.map, events),
        ("bytes → bytes", bytes_by_hand, bytes_by_mapping, bodies),
        ("dict → dict, validated", map_by_hand, validated, events),
    ]
    for name, by_hand, by_mapping, inputs in rows:
        pairs = [(per_second(by_hand, inputs, 20), per_second(by_mapping, inputs, 20)) for _ in range(rounds)]
        hand, mapped = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(other / one for one, other in pairs)
        print(f"{name:24} by hand {hand:9,.0f}/s   mapping {mapped:9,.0f}/s   ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
