"""The shipped mappings on damaged samples: what Python makes, JavaScript makes; where one fails, so does the other."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import MappingRunError
from workbench.flows.design import load_mappings
from workbench.flows.javascript import JavaScriptProcess
from workbench.flows.load import load_events

ROOT = Path(__file__).parents[2]
MAPPINGS = load_mappings(ROOT / "mappings")
EVENTS = load_events(ROOT / "sample_events").events
STRANGE: list[Any] = [
    None, "", [], {}, 0, 1, -1, 1.5, 2**53, 2**53 + 2, 1e300, True, False, "x", "2026-01-01", "2026-01-02T03:04:05Z",
    "é😀", "\ud83d", "a,b|c$\\ ", "__proto__", [None], [[1]], [{"id": "a"}, {"id": "b"}], {"id": "z"}, {"id": 7},
    {"a": None}, [None, "x"], 1_700_000_000, 1_700_000_000_000, "usd", "JPY", [1, 2, 3],
    {"toString": 1, "constructor": 2, "length": 3},
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container inside a value with each of its keys."""
    found: list[tuple[Any, Any]] = []
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += [(value, key), *places(value[key])]
    return found


def damaged(payload: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The payload with one to four parts gone, doubled, or exchanged for something strange."""
    payload = copy.deepcopy(payload)
    for _ in range(chance.randint(1, 4)):
        container, key = chance.choice(places(payload))
        change = chance.random()
        if change < 0.15:
            del container[key]
        elif change < 0.25:
            container[key] = [container[key], copy.deepcopy(container[key])]
        else:
            container[key] = copy.deepcopy(chance.choice(STRANGE))
    return payload


def outcome(run: Callable[[dict[str, Any]], list[dict[str, Any]]], payload: dict[str, Any]) -> str:
    """The rows as JSON, or code, rule and paths of the error."""
    try:
        return json.dumps(run(payload))
    except MappingRunError as error:
        return f"{error.code} {error.rule} {error.source_path} {error.target_path}"


@pytest.mark.parametrize("seed", range(4))
def test_both_backends_agree_on_any_event(javascript: JavaScriptProcess, seed: int) -> None:
    """Seven hundred damaged events a seed, each through every mapping that takes it."""
    chance = random.Random(seed)
    for mapping in MAPPINGS:
        javascript.load_mapping(mapping)
    failed = 0

    for event in chance.choices(EVENTS, k=700):
        payload = damaged(event.payload, chance)
        for mapping in MAPPINGS:
            if mapping.provider == event.provider and mapping.accepts(event.type):
                python = outcome(lambda given, one=mapping: one.map(given).as_list(), payload)  # type: ignore[misc]
                assert python == outcome(lambda given, one=mapping: javascript.map(one, given), payload)  # type: ignore[misc]
                failed += not python.startswith("[")

    assert failed > 20  # the damage reaches the expressions
