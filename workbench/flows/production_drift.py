"""What production sends that a mapping was not made for, and what was changed on the server since it was applied.

The corpus that a mapping was designed with is compared with what came lately: event types, fields, JSON types, values
and API versions that are new, and codes that the mapping has no translation for. Of a value only codes are told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from workbench.access.plan import plan_access
from workbench.errors import MappingRunError
from workbench.events.delivery import Event
from workbench.events.drift import Drift, compare_profiles
from workbench.events.profile import CODE, EventProfile, profile_events
from workbench.flows.corpora import is_read
from workbench.flows.existing import gather_existing
from workbench.flows.integrations import LoadedIntegration
from workbench.mapping.compile import EventMapping
from workbench.servers.client import Server

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["changed_policies", "production_drift"]

_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?|v?\d{1,4}(\.\d{1,4}){0,2}")
_READ_ONLY: Final = ("changed-types", "new-values")  # of no matter where no mapping reads
_LONGEST: Final = 40  # characters of a code that is told


def production_drift(
    lately: Iterable[Event], designed_with: Iterable[Event], mappings: Sequence[EventMapping]
) -> DataFrame:
    """What came lately and was not in the corpus that the mappings were designed with, or has no translation.

    Args:
        lately: the events of production; gone through once, none is kept.
        designed_with: the samples.
        mappings: those that production runs.

    Returns:
        One row a difference, with `mapping` (that takes the type, empty for none), `event_type`, `kind`, `path`,
        `before`, `after`. Kinds: new-type, new-field, changed-types, new-values, new-api-version, untranslated-code,
        unmappable. A changed type or a new value is told where a mapping reads it.
    """
    import pandas  # here: `import workbench` need not pay for it

    seen = _Seen(mappings)
    asked = {mapping.provider for mapping in mappings}
    first, known = _profile(event for event in designed_with if event.provider in asked)
    second, versions = _profile(seen.through(event for event in lately if event.provider in asked))
    found = [each for each in compare_profiles(first, second) if each.kind in ("new-type", "new-field", *_READ_ONLY)]
    found += [
        Drift(kind="new-values", event_type=kind, path="api_version", after=_told(version, _VERSION))
        for kind, version in sorted(versions - known)
        if version not in {each for _, each in known}
    ]
    rows = [row for drift in found for row in _rows(drift, mappings)] + seen.rows()
    columns = ["mapping", "event_type", "kind", "path", "before", "after"]
    frame = pandas.DataFrame(rows, columns=columns).astype("str").drop_duplicates(ignore_index=True)
    return frame.sort_values(["event_type", "kind", "path", "mapping"], ignore_index=True)


def changed_policies(server: Server, integrations: Iterable[LoadedIntegration]) -> tuple[str, ...]:
    """A sentence for each access policy, or membership under it, that is not what the integration would apply.

    Raises:
        ServerError: the client may not read them; this needs an administrator's.
    """
    found = []
    for loaded in integrations:
        plan = plan_access(loaded.desired, gather_existing(server, loaded.desired, {}))
        for change in plan.changes:
            if change.kind in ("AccessPolicy", "ProjectMembership"):
                paths = ", ".join(dict.fromkeys(each.path for each in change.differences))
                was = (
                    f"differs at {paths}"
                    if paths
                    else "is missing or another"
                    if change.action == "create"
                    else "differs"
                )
                found.append(f"{change.kind} {change.name}: {was}; see: workbench provision --dry-run")
    return tuple(found)


class _Seen:
    """Runs the mappings over a stream of events, and counts the codes and events that they have no answer for."""

    def __init__(self, mappings: Sequence[EventMapping]) -> None:
        self._mappings = mappings
        self._codes: Counter[tuple[str, str, str, str]] = Counter()
        self._failed: Counter[tuple[str, str, str]] = Counter()

    def through(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, each mapped on its way."""
        for event in events:
            for mapping in self._mappings:
                if mapping.provider == event.provider and mapping.accepts(event.type):
                    self._map(mapping, event)
            yield event

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """What was counted, as rows of the frame."""
        codes = [
            (mapping, kind, "untranslated-code", code_map, "", f"{_told(code, CODE)} in {many:,} event(s)")
            for (mapping, kind, code_map, code), many in self._codes.items()
        ]
        failed = [
            (mapping, kind, "unmappable", path, "", f"{many:,} event(s)")
            for (mapping, kind, path), many in self._failed.items()
        ]
        return codes + failed

    def _map(self, mapping: EventMapping, event: Event) -> None:
        try:
            result = mapping.map(event.payload, event_id=event.id)
        except MappingRunError as error:
            self._failed[mapping.name, event.type, error.source_path or error.rule or ""] += 1
            return
        for code_map, code in set(result.unmapped):
            self._codes[mapping.name, event.type, code_map, code] += 1


def _profile(events: Iterable[Event]) -> tuple[EventProfile, set[tuple[str, str]]]:
    """The profile of a corpus, and the API versions of each event type in it."""
    versions: set[tuple[str, str]] = set()

    def noted() -> Iterator[Event]:
        for event in events:
            version = event.payload.get("api_version")
            if isinstance(version, str):
                versions.add((event.type, version))
            yield event

    return profile_events(noted()), versions


def _rows(drift: Drift, mappings: Sequence[EventMapping]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """The difference, for each mapping that it concerns; one that no mapping takes is told once."""
    taken = [mapping for mapping in mappings if mapping.accepts(drift.event_type)]
    versioned = drift.path == "api_version"
    if drift.kind in _READ_ONLY and not versioned:
        taken = [mapping for mapping in taken if is_read(drift, mapping)]
    elif not taken and drift.kind == "new-type":
        yield ("", drift.event_type, drift.kind, "", "", "no mapping takes it")
    kind = "new-api-version" if versioned else drift.kind
    for mapping in taken:
        yield (mapping.name, drift.event_type, kind, drift.path, drift.before, drift.after)


def _told(value: str, pattern: re.Pattern[str]) -> str:
    """A code as it is, and anything that may be more than a code as `…`."""
    return value if len(value) <= _LONGEST and pattern.fullmatch(value) else "…"
