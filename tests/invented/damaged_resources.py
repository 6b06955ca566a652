"""Valid resources that use all of FHIR's JSON, and what random faults make of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["VALID", "containers", "damaged_resources"]

VALID: Final = json.loads(Path(__file__).parents[1].joinpath("fhir/valid_resources.json").read_text())


def damaged_resources(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Valid resources with one to three random faults each, always the same ones for a seed."""
    chance = random.Random(seed)
    wrong: list[Any] = [None, [], {}, "", " ", "x", "a b", 0, -1, 1.5, 2**40, True, [1], ["x"], {"x": 1}, [None]]
    wrong += ["2026-02-30", "2026-01-01", "2026-01-01T10:00:00Z", "\u0000", "Patient/1", {"value": 1}, [{"text": "x"}]]
    for _ in range(count):
        resource = copy.deepcopy(chance.choice(VALID))
        for _ in range(chance.randint(1, 3)):
            place = chance.choice(list(containers(resource)))
            keys = [key for key in (place if isinstance(place, dict) else range(len(place))) if key != "resourceType"]
            if keys:
                damage(place, chance.choice(keys), wrong, chance)
        yield resource


def damage(place: Any, key: Any, wrong: list[Any], chance: random.Random) -> None:
    """One fault: a value dropped, renamed, wrapped, unwrapped or exchanged."""
    kind = chance.choice(["drop", "rename", "wrap", "unwrap", "exchange", "exchange"])
    if kind == "drop":
        del place[key]
    elif kind == "rename" and isinstance(place, dict):
        place[chance.choice([f"{key}x", f"_{key}", "value", "valueString", "status", "code"])] = place.pop(key)
    elif kind == "unwrap" and isinstance(place[key], list) and place[key]:
        place[key] = place[key][0]
    else:
        place[key] = [place[key]] if kind == "wrap" else copy.deepcopy(chance.choice(wrong))


def containers(value: Any) -> Iterator[Any]:
    """Every object and list inside a value, itself first."""
    if isinstance(value, dict | list) and value:
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers(child)
