"""The shipped mappings, compiled once, and the sample events to run them on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.document import code_map_paths, read_mapping

ROOT = Path(__file__).parents[2]

MapEvent = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def shipped() -> dict[str, EventMapping]:
    """Every shipped mapping by name, its code maps beside it."""
    compiled = {}
    for path in sorted((ROOT / "mappings").glob("*/*-*.yaml")):
        text = path.read_text()
        codes = {name: (path.parent / name).read_text() for name in code_map_paths(text)}
        compiled[path.stem] = compile_mapping(read_mapping(text, file=str(path), codes=codes))
    return compiled


@pytest.fixture
def sample() -> Callable[..., dict[str, Any]]:
    """A function that gives a fresh copy of a sample event: of Stripe the event, of Okta the event at a position."""

    def read(name: str, position: int = 0) -> dict[str, Any]:
        body = json.loads((ROOT / "sample_events" / f"{name}.body").read_text())
        return copy.deepcopy(body["data"]["events"][position] if name.startswith("okta/") else body)

    return read


@pytest.fixture
def map_event(shipped: dict[str, EventMapping]) -> MapEvent:
    """A function that maps an event and gives the rows by rule; it fails on problems."""

    def run(name: str, event: dict[str, Any]) -> dict[str, dict[str, Any]]:
        result = shipped[name].map(event)
        assert result.problems == ()
        return {row["rule"]: row for row in result.as_list()}

    return run
