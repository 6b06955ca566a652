"""Events with parts lost, emptied or exchanged: each gives a result or one clear error, and shows nothing it holds."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workbench.errors import MappingRunError
from workbench.fhir.validation import validate
from workbench.mapping.compile import EventMapping

ROOT = Path(__file__).parents[2]
SECRET = "jane.roe@example.org"

# Of a lost element FHIR can say only this; the mapping's result reports it, and the server would refuse the resource.
EXCUSED = {"missing-element"}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of an event with every key of it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from places(value[key])


def damaged(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The event with one to four of its parts lost, null, empty or of another type; its type stays."""
    event = copy.deepcopy(event)
    for _ in range(chance.randint(1, 4)):
        container, key = chance.choice(list(places(event)))
        if key in {"type", "eventType"}:
            continue
        change = chance.choice(["drop", "null", "empty", "list", "secret", "object"])
        if change == "drop":
            del container[key]
        else:
            container[key] = {"null": None, "empty": "", "list": [SECRET], "secret": SECRET, "object": {"id": SECRET}}[
                change
            ]
    return event


def runs(shipped: dict[str, EventMapping], count: int) -> Iterator[tuple[EventMapping, dict[str, Any]]]:
    """Damaged sample events with the mappings that take them, the same ones every time."""
    chance = random.Random(11)
    files = sorted(path for path in (ROOT / "sample_events").glob("*/*/*.body") if path.parent.name != "handshake")
    for _ in range(count):
        path = chance.choice(files)
        body = json.loads(path.read_text())
        provider = path.parent.parent.name
        event = damaged(chance.choice(body["data"]["events"]) if "events" in body.get("data", {}) else body, chance)
        event_type = event.get("eventType") or event.get("type")
        for mapping in shipped.values():
            if mapping.provider == provider and event_type and mapping.accepts(event_type):
                yield mapping, event


def test_a_damaged_event_maps_or_fails_clearly(shipped: dict[str, EventMapping]) -> None:
    """Nothing but a MappingRunError is raised, it names its rule or path, and it never repeats what the event holds."""
    results, errors = [], []
    for mapping, event in runs(shipped, 1_500):
        try:
            results.append(mapping.map(event, event_id="evt_1"))
        except MappingRunError as error:
            errors.append(error)

    said = [str(error) for error in errors] + [str(problem) for result in results for problem in result.problems]
    said += [repr(result) + repr(result.resources) for result in results]
    assert [text for text in said if SECRET in text] == []
    assert {(error.event_id, bool(error.code)) for error in errors} == {("evt_1", True)}
    assert len(results) > 500
    assert len(errors) > 20


def test_what_is_made_of_a_damaged_event_has_the_right_types(shipped: dict[str, EventMapping]) -> None:
    """Text where a number was, or an object where an id was, never reaches an element that cannot hold it unnoticed."""
    found: dict[str, set[str]] = {}
    for mapping, event in runs(shipped, 1_500):
        try:
            rows = mapping.map(event).as_list()
        except MappingRunError:
            continue
        for problem in (problem for row in rows for problem in validate(row["resource"])):
            found.setdefault(str(problem.code), set()).add(str(problem.target))

    assert set(found) <= {*EXCUSED, "wrong-value", "code-not-in-value-set", "not-a-list", "invariant"}
    assert all(SECRET not in target for targets in found.values() for target in targets)


def test_two_readers_never_make_different_things(
    shipped: dict[str, EventMapping], read_apart: Callable[..., list[Any]]
) -> None:
    """Of every damaged event that both readers map, they make the same; ours is the stricter where one refuses."""
    jobs = [(mapping.name, event) for mapping, event in runs(shipped, 1_500)]
    strict = {"money-amount", "money-currency", "identity", "order", "id", "code", "instant", "date"}

    different, refused = [], set()
    for (name, event), other in zip(jobs, read_apart(jobs), strict=True):
        try:
            rows = shipped[name].map(event).as_list()
        except MappingRunError as error:
            refused |= {error.code} if isinstance(other, list) else set()
        else:
            different += [(name, other)] if rows != other else []

    assert different == []
    assert refused <= strict
