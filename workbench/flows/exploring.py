"""A corpus to look into: deliveries by provider, type and verdict; events by path and value; two of them compared.

What is asked often is kept in plain lists, so that a hundred thousand events are filtered while a person waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from workbench.events.delivery import Event
from workbench.events.locators import find_path
from workbench.events.profile import FieldProfile, profile_events
from workbench.flows.load import LoadedEvents
from workbench.mapping.differences import Difference, differences
from workbench.mapping.event_types import accepts_type

__all__ = ["Explored", "Leaf", "Query", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One event, or a delivery that carried none that can be read."""

    number: int
    provider: str
    type: str
    id: str
    at: datetime | None
    verdict: str
    event: Event | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to show; everything that is given must hold."""

    provider: str = ""
    type: str = ""  # a name, or a pattern as invoice.*
    verdict: str = ""
    path: str = ""  # a path that must be there, as data.object.customer
    value: str = ""  # at that path, or anywhere: a part of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One value of an event, with what is known of its field."""

    path: str
    value: Any = field(repr=False)
    identifier: bool
    personal: bool


class Explored:
    """A corpus, filtered; `seen` are all of it, the newest first."""

    def __init__(self, loaded: LoadedEvents) -> None:
        found = []
        for judged in loaded.deliveries:
            events: Sequence[Event | None] = judged.events or (None,)
            at = judged.delivery.received_at if judged.delivery else None
            for event in events:
                found.append((event.occurred_at if event and event.occurred_at else at, judged, event))
        found.sort(key=lambda one: one[0].timestamp() if one[0] else 0.0, reverse=True)
        self.seen = tuple(
            Seen(
                number=number,
                provider=judged.provider or "",
                type=event.type if event else "",
                id=event.id if event else judged.source,
                at=at,
                verdict=judged.verdict,
                event=event,
            )
            for number, (at, judged, event) in enumerate(found)
        )
        self._profiles: dict[tuple[str, str], dict[str, FieldProfile]] = {}

    def choices(self, name: str) -> tuple[str, ...]:
        """The providers, types or verdicts that there are, sorted."""
        return tuple(sorted({getattr(one, name) for one in self.seen} - {""}))

    def find(self, query: Query) -> tuple[Seen, ...]:
        """What a query means, the newest first."""
        return tuple(one for one in self.seen if _holds(one, query))

    def leaves(self, seen: Seen) -> tuple[Leaf, ...]:
        """Every value of an event by its path, in its order, marked where its field may identify a person."""
        if seen.event is None:
            return ()
        fields = self._fields(seen)
        marked = []
        for path, value in _walk(seen.event.payload, ""):
            known = fields.get(_general(path))
            marked.append(
                Leaf(
                    path=path,
                    value=value,
                    identifier=bool(known and known.identifier),
                    personal=bool(known and known.personal),
                )
            )
        return tuple(marked)

    def compare(self, one: Seen, other: Seen) -> tuple[Difference, ...]:
        """What differs between two events, path by path."""
        return differences(one.event.payload if one.event else {}, other.event.payload if other.event else {})

    def _fields(self, seen: Seen) -> dict[str, FieldProfile]:
        """The profile of the events of one type, inferred when it is first asked for."""
        key = (seen.provider, seen.type)
        if key not in self._profiles:
            alike = [one.event for one in self.seen if (one.provider, one.type) == key and one.event]
            kinds = profile_events(alike[:2000]).types.values()
            self._profiles[key] = {found.path: found for kind in kinds for found in kind.fields}
        return self._profiles[key]


def _holds(seen: Seen, query: Query) -> bool:
    if query.provider and seen.provider != query.provider:
        return False
    if query.verdict and seen.verdict != query.verdict:
        return False
    if query.type and seen.type != query.type and not ("*" in query.type and accepts_type([query.type], seen.type)):
        return False
    if not query.path and not query.value:
        return True
    if seen.event is None:
        return False
    if query.path:
        value = find_path(seen.event.payload, query.path)
        return value is not None and _contains(value, query.value.lower())
    return _contains(seen.event.payload, query.value.lower())


def _contains(value: Any, part: str) -> bool:
    """Whether a text, or the JSON of anything else, holds the part, given in lower case."""
    if isinstance(value, str):
        return part in value.lower()
    text = orjson.dumps(value)
    # of 100,000 events each is searched whole: of bytes in half the time
    return part.encode() in text.lower() if part.isascii() else part in text.decode().lower()


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{place}]")
    else:
        yield path, value


def _general(path: str) -> str:
    """A path as a profile names it: `lines.data[0].id` is `lines.data[].id`."""
    head, *rest = path.split("[")
    return head + "".join(f"[]{part.partition(']')[2]}" for part in rest)
