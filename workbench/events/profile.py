"""Infer what a provider really sends: each event type's fields, their types, presence, values, formats and risks.

`profile_events` reads a stream once, in memory that does not grow with its length. Examples are masked, and enumerated
values are shown only where nothing says that they may identify a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workbench.events.delivery import Event
from workbench.events.formats import format_of, mask, personal_reason
from workbench.events.shapes import Shape

__all__ = ["EventProfile", "FieldProfile", "TypeProfile", "profile_events"]

MOST_ENUMERATED = 20
CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*([_.:\-/ ][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProfile:
    """One path of one event type."""

    event_type: str
    keys: tuple[str, ...] = field(repr=False)  # the way to it; `[]` stands for the members of a list, `*` for any key
    path: str  # the same as a text: `data.object.lines.data[].amount`; a key with a full stop stands in backticks
    types: Mapping[str, int]  # JSON type -> how many values
    presence: float  # share of the objects around it that have the key, null or not
    null_share: float  # of the values
    distinct: int  # values other than null, true, false, objects and lists
    distinct_is_exact: bool  # false: there are more
    format: str | None  # date-time, epoch-seconds, currency, minor-amount, email, uri, prefixed-id, ...
    enum: tuple[str, ...] = ()  # every value, where they are a few codes
    examples: tuple[str, ...] = ()  # masked
    identifier: str | None = None  # why it is likely an identifier
    personal: str | None = None  # why it is likely personal or health data
    expandable: bool = False  # an id in one event and the object itself in another


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProfile:
    """One event type of one provider."""

    provider: str
    type: str
    count: int
    first: datetime | None
    last: datetime | None
    fields: tuple[FieldProfile, ...] = field(repr=False)  # in the order of a walk through the event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventProfile:
    """A corpus of events, by event type."""

    count: int
    types: Mapping[str, TypeProfile]  # by name, sorted

    def fields(self) -> Iterator[FieldProfile]:
        """Yield every field of every event type."""
        for each in self.types.values():
            yield from each.fields


class _Tally:
    """What is counted of one event type."""

    __slots__ = ("count", "first", "last", "provider", "shape")

    def __init__(self, provider: str) -> None:
        self.provider, self.count, self.shape = provider, 0, Shape()
        self.first: datetime | None = None
        self.last: datetime | None = None

    def add(self, event: Event) -> None:
        self.count += 1
        self.shape.add(event.payload)
        moment = event.occurred_at
        if moment is not None:
            self.first = moment if self.first is None or moment < self.first else self.first
            self.last = moment if self.last is None or moment > self.last else self.last


def profile_events(events: Iterable[Event]) -> EventProfile:
    """Return what the events look like, by event type.

    >>> payload = {"amount": 5, "currency": "usd"}
    >>> event = Event(provider="stripe", id="evt_1", type="a.b", payload=payload, delivery_id="")
    >>> [(each.path, each.format) for each in profile_events([event]).fields()]
    [('amount', 'minor-amount'), ('currency', 'currency')]
    """
    tallies: dict[str, _Tally] = {}
    count = 0
    for event in events:
        tally = tallies.get(event.type)
        if tally is None:
            tally = tallies[event.type] = _Tally(event.provider)
        tally.add(event)
        count += 1
    types = {
        name: TypeProfile(
            provider=tally.provider,
            type=name,
            count=tally.count,
            first=tally.first,
            last=tally.last,
            fields=tuple(_fields(name, (), tally.shape)),
        )
        for name, tally in sorted(tallies.items())
    }
    return EventProfile(count=count, types=types)


def _fields(event_type: str, keys: tuple[str, ...], shape: Shape) -> Iterator[FieldProfile]:
    """Yield the fields of an object's shape, each followed by what is inside it."""
    for key, inner in shape.keys.items():
        place = (*keys, key)
        yield _field(event_type, place, inner, shape.objects, shape.keys)
        yield from _inside(event_type, place, inner)


def _inside(event_type: str, keys: tuple[str, ...], shape: Shape) -> Iterator[FieldProfile]:
    yield from _fields(event_type, keys, shape)
    if shape.items is not None:
        place = (*keys, "[]")
        if set(shape.items.types) - {"object"}:
            yield _field(event_type, place, shape.items, shape.items.seen, {})
        yield from _inside(event_type, place, shape.items)


def _field(
    event_type: str, keys: tuple[str, ...], shape: Shape, parents: int, siblings: Mapping[str, Shape]
) -> FieldProfile:
    types, seen = shape.types, shape.seen
    name = next((key for key in reversed(keys) if key != "[]"), "")
    form = format_of(name, shape.values, set(types) - {"object", "array"}, siblings)
    personal = personal_reason(keys, form, text=shape.strings > 0) if shape.values else None
    identifier = _identifier(name, form, shape)
    return FieldProfile(
        event_type=event_type,
        keys=keys,
        path=_path(keys),
        types=types,
        presence=seen / parents if parents else 0.0,
        null_share=shape.nulls / seen if seen else 0.0,
        distinct=len(shape.values),
        distinct_is_exact=shape.others == 0,
        format=form,
        enum=() if personal or identifier else _enumerated(shape),
        examples=tuple(dict.fromkeys(mask(value) for value in list(shape.values)[:20]))[:3],
        identifier=identifier,
        personal=personal,
        expandable=shape.strings > 0 and shape.objects > 0 and "id" in shape.keys,
    )


def _path(keys: tuple[str, ...]) -> str:
    steps = (key if key == "[]" else f".`{key}`" if "." in key else f".{key}" for key in keys)
    return "".join(steps).removeprefix(".")


def _identifier(key: str, form: str | None, shape: Shape) -> str | None:
    if form in ("prefixed-id", "okta-id", "uuid"):
        return f"every value is a {form}"
    if not shape.values or form or (shape.others == 0 and len(shape.values) < sum(shape.values.values())):
        return None
    if re.search(r"(^|_)(id|uuid|guid|key|number|reference)$|Id$", key):
        return "its name says so, and no value came twice"
    return None


def _enumerated(shape: Shape) -> tuple[str, ...]:
    """Return the values of a field that takes a few codes: texts like `past_due`, not text, ids or numbers."""
    texts: list[Any] = list(shape.values)
    few = shape.others == 0 and 0 < len(texts) <= MOST_ENUMERATED
    if not few or set(shape.types) - {"string", "null"}:
        return ()
    codes = all(len(text) <= 40 and CODE.fullmatch(text) for text in texts)
    repeated = shape.strings >= 2 * len(texts) or len(texts) == 1
    return tuple(sorted(texts)) if codes and repeated else ()
