"""Events whose parts are lost or exchanged, through every mapping that we ship.

Only a `MappingRunError` may come out; what is made is JSON, and the instant validation looks at it without failing.
"""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.campaign import BrokenPromiseError, run
from fuzz.hostile import MARKER, damage_value
from workbench.errors import MappingRunError
from workbench.fhir.validation import validate
from workbench.flows.design import load_mappings
from workbench.mapping.compile import EventMapping

__all__ = ["case"]

ROOT = Path(__file__).parents[1]
SAMPLES = [file for file in sorted((ROOT / "sample_events").glob("*/*/*.body")) if file.stat().st_size]


def case(chance: random.Random) -> str:
    """Give how the mappings of one damaged event ended."""
    file = chance.choice(SAMPLES)
    body = json.loads(file.read_text(encoding="utf-8"))
    whole = chance.choice(body["data"]["events"]) if "events" in body.get("data", {}) else body
    event = damage_value(chance, whole)
    event_type = whole.get("eventType") or whole["type"]
    if not isinstance(event, dict):
        return "no object"
    mappings = [each for each in _shipped() if each.provider == file.parts[-3] and each.accepts(event_type)]
    return " and ".join(sorted({_map(mapping, event) for mapping in mappings})) or "no mapping"


def _map(mapping: EventMapping, event: dict[str, Any]) -> str:
    """Give whether a mapping made something of an event or refused it."""
    try:
        result = mapping.map(event, event_id="evt_1")
    except MappingRunError as error:
        _hold_back(str(error))
        return f"refused ({error.code})"
    _hold_back(repr(result) + "".join(map(str, result.problems)))
    json.dumps(result.as_list(), allow_nan=False)
    for mapped in result.resources:
        _hold_back("".join(str(problem) for problem in validate(mapped.resource)))
    return "made"


def _hold_back(text: str) -> None:
    if MARKER in text:
        message = "a message or a repr shows what an event holds"
        raise BrokenPromiseError(message)


@cache
def _shipped() -> tuple[EventMapping, ...]:
    return tuple(load_mappings(ROOT / "mappings"))


if __name__ == "__main__":
    sys.exit(run({"mappings": case}))
