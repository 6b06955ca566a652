"""The envelope of one provider, made ready to be read millions of times: what `read_events` finds, without its words.

What is not quite as it should be is left to `read_events`, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from workbench.errors import EnvelopeError
from workbench.events.envelopes import read_instant
from workbench.events.locators import Locator
from workbench.events.schemes import Envelope

__all__ = ["FoundEvent", "Names", "envelope_paths", "envelope_reader"]

Names = tuple[str, ...]
_SECONDS_BELOW: Final = 100_000_000_000  # an integer below is epoch seconds, and always a time


class FoundEvent(NamedTuple):
    """One event of a delivery."""

    id: str
    type: str
    moment: int | datetime | None  # epoch seconds as the event has them, or the time read from what it has
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Rule:
    at: Names
    when: tuple[tuple[Names, str], ...] = field(repr=False)


def envelope_reader(envelope: Envelope) -> Callable[[Any], list[FoundEvent] | None] | None:
    """What gives the events of a delivery's decoded body, or None where `read_events` has to look itself.

    None instead where it always has to: the envelope is no JSON, or a header, a template or a place in a list counts.
    """
    if _is_special(envelope):
        return None
    rules = [_Rule(_names(rule.at), tuple((_names(at), p) for at, p in rule.when.items())) for rule in envelope.events]
    ids, types, times = (_paths(locators) for locators in (envelope.id, envelope.type, envelope.time))

    def read(data: Any) -> list[FoundEvent] | None:
        for rule in rules:
            if _matches(data, rule.when):
                found = _along(data, rule.at)
                items = found if found.__class__ is list else [found]
                break
        else:
            return None
        events = []
        for item in items:
            event_id, event_type = _first(item, ids), _first(item, types)
            moment = _first(item, times)
            if item.__class__ is not dict or not _names_event(event_id) or not _names_event(event_type):
                return None
            if moment is not None and not (moment.__class__ is int and 0 <= moment < _SECONDS_BELOW):
                try:
                    moment = read_instant(moment, "an event")
                except EnvelopeError:
                    return None
            events.append(FoundEvent(str(event_id), str(event_type), moment, item))
        return events

    return read


def envelope_paths(envelope: Envelope) -> tuple[set[Names], set[Names]]:
    """The paths of a body where events stand, and all that `envelope_reader` reads; of an object it asks no more."""
    places = {_names(rule.at) for rule in envelope.events}
    below = [path for locators in (envelope.id, envelope.type, envelope.time) for path in _paths(locators)]
    asked = {_names(at) for rule in envelope.events for at in rule.when}
    return places, places | asked | {(*at, *path) for at in places for path in below}


def _is_special(envelope: Envelope) -> bool:
    """Whether more than the names of a JSON body counts."""
    fields = [name for rule in envelope.events for name in rule.when]
    locators = [*envelope.id, *envelope.type, *envelope.time]
    fields += [rule.at for rule in envelope.events] + [name for locator in locators for name in locator.fields]
    has_template = any(len(locator.fields) != 1 or any(locator.literals) for locator in locators)
    return envelope.format != "json" or has_template or any(map(_is_no_path, fields))


def _is_no_path(name: str) -> bool:
    """Whether it is a header, a digest, or goes to one element of a list."""
    return ":" in name or name == "body-sha256" or any(part.isdecimal() for part in name.split("."))


def _paths(locators: Iterable[Locator]) -> list[Names]:
    return [_names(locator.text) for locator in locators]


def _names(path: str) -> Names:
    return () if path == "." else tuple(path.split("."))


def _along(data: Any, path: Names) -> Any:
    for name in path:
        if data.__class__ is dict:
            data = data.get(name)
        else:
            return None
    return data


def _first(data: Any, paths: list[Names]) -> Any:
    for path in paths:
        if (found := _along(data, path)) is not None:
            return found
    return None


def _matches(data: Any, when: tuple[tuple[Names, str], ...]) -> bool:
    for path, pattern in when:
        found = _along(data, path)
        if found is None or not (pattern == "*" or (found.__class__ is str and fnmatchcase(found, pattern))):
            return False
    return True


def _names_event(value: Any) -> bool:
    return (value.__class__ is str and value != "") or value.__class__ is int
