"""Events, mappings and what mappings make of events, as tables and trees."""

from __future__ import annotations

import re
from collections import Counter

from workbench.events.delivery import Event
from workbench.events.profile import EventProfile, FieldProfile, TypeProfile
from workbench.faces.markup import Html
from workbench.faces.tables import EVENTS, MARKS, Column, Table, count, moment, problem_tables, share
from workbench.faces.trees import tree
from workbench.flows.design import MappedEvents
from workbench.flows.load import LoadedEvents
from workbench.mapping.compile import EventMapping
from workbench.mapping.coverage import Coverage
from workbench.mapping.results import MappingResult

__all__ = [
    "coverage_view",
    "event_view",
    "loaded_view",
    "mapped_view",
    "mapping_view",
    "profile_view",
    "result_view",
    "type_view",
]

MOST = 25  # rows of a list that only grows with the corpus


def event_view(event: Event, reveal: bool) -> list[Table | Html]:
    """An event as a tree."""
    return [tree(event.payload, title=event.type, reveal=reveal)]


def loaded_view(loaded: LoadedEvents, _: bool) -> list[Table | Html]:
    """Event types with their verdicts; then what is wrong with those that were refused or unreadable."""
    found: Counter[tuple[str, str, str]] = Counter()
    for judged in loaded.deliveries:
        kinds = [event.type for event in judged.events] or ["(no event)"]
        found.update((judged.provider or "(unknown)", kind, judged.verdict) for kind in kinds)
    records = [
        {"provider": provider, "type": kind, "verdict": verdict, "events": many, "mark": MARKS.get(verdict)}
        for (provider, kind, verdict), many in sorted(found.items())
    ]
    columns = (
        Column(key="provider", heading="provider", group=True),
        Column(key="type", heading="event type", group=True),
        Column(key="verdict", heading="signature", mark="mark"),
        Column(key="events", heading="events", show=count, right=True),
    )
    said = f"{len(loaded.deliveries):,} deliveries, {len(loaded):,} events that may be used"
    return [Table(title=said, columns=columns, records=records), *problem_tables(loaded.problems, "Not used, and why")]


def mapping_view(mapping: EventMapping, _: bool) -> list[Table | Html]:
    """What the rules of a mapping write."""
    columns = (
        Column(key="rule", heading="rule"),
        Column(key="type", heading="writes"),
        Column(key="mode", heading="how"),
        Column(key="key", heading="known by"),
        Column(key="refers", heading="refers to"),
    )
    records = [
        {
            "rule": rule.name,
            "type": rule.resource_type,
            "mode": rule.mode + (", in order of the events" if rule.ordered else ""),
            "key": rule.system or rule.parameter,
            "refers": ", ".join(rule.references),
        }
        for rule in mapping.writes
    ]
    title = f"{mapping.name}, version {mapping.version}: {', '.join(mapping.events)}"
    return [Table(title=title, columns=columns, records=records)]


def result_view(result: MappingResult, reveal: bool) -> list[Table | Html]:
    """The resources of one event, each as a tree."""
    trees: list[Table | Html] = [
        tree(made.resource, title=f"{made.rule} → {made.resource['resourceType']} ({made.write})", reveal=reveal)
        for made in result.resources
    ]
    nothing: list[Table | Html] = [Table(title="No resource", columns=(), records=[], empty="no rule took this event")]
    return [*(trees or nothing), *problem_tables(result.problems, "Said while mapping")]


def mapped_view(mapped: MappedEvents, _: bool) -> list[Table | Html]:
    """How many events met which outcome."""
    found: Counter[tuple[str, str]] = Counter()
    resources: Counter[tuple[str, str]] = Counter()
    for row in mapped:
        key = (row.mapping or "(no mapping takes it)", row.outcome)
        found[key] += 1
        resources[key] += len(row.result.as_list()) if row.result else 0
    records = [
        {"mapping": key[0], "outcome": key[1], "events": many, "resources": resources[key], "mark": MARKS.get(key[1])}
        for key, many in sorted(found.items())
    ]
    columns = (
        Column(key="mapping", heading="mapping", group=True),
        Column(key="outcome", heading="outcome", mark="mark"),
        Column(key="events", heading="events", show=count, right=True),
        Column(key="resources", heading="resources", show=count, right=True),
    )
    many_events = len({row.event.id for row in mapped})
    said = f"{many_events:,} events, {len(mapped.resources):,} resources"
    return [Table(title=said, columns=columns, records=records), *problem_tables(mapped.problems, "Problems")]


def coverage_view(coverage: Coverage, _: bool) -> list[Table | Html]:
    """What no expression reads and what never fired: the two ways in which a mapping and its events miss each other."""
    unread = sorted((one for one in coverage.fields if not one.read), key=lambda one: (-one.present, one.path))
    silent = [part for part in coverage.parts if not part.fired]
    path = Column(key="path", heading="path")
    title = f"Event fields that nothing reads ({share(1 - coverage.fields_read)} of {len(coverage.fields):,})"
    fields = Table(
        title=title,
        columns=(path, Column(key="present", heading="events that have it", show=count, right=True)),
        records=[{"path": one.path, "present": one.present} for one in unread[:MOST]],
        empty="every field is read",
    )
    parts = Table(
        title=f"Parts of the mapping that never gave anything ({share(1 - coverage.parts_fired)})",
        columns=(path, Column(key="line", heading="line", show=count, right=True)),
        records=[{"path": part.path, "line": part.line} for part in silent[:MOST]],
        empty="every part was used",
    )
    codes = Table(
        title="Codes without a translation",
        columns=(Column(key="map", heading="code map"), Column(key="code", heading="code"), EVENTS),
        records=[{"map": name, "code": code, "events": many} for (name, code), many in coverage.unmapped.items()],
        empty="every code was translated",
    )
    return [fields, parts, codes, *problem_tables(coverage.failures, "Events on which the mapping failed")]


def profile_view(profile: EventProfile, _: bool) -> list[Table | Html]:
    """The event types of a corpus, with how much of each is an identifier or personal."""
    records = [
        {
            "type": kind.type,
            "events": kind.count,
            "fields": len(kind.fields),
            "identifiers": sum(one.identifier is not None for one in kind.fields),
            "personal": sum(one.personal is not None for one in kind.fields),
            "last": kind.last,
        }
        for kind in profile.types.values()
    ]
    columns = (
        Column(key="type", heading="event type"),
        EVENTS,
        Column(key="fields", heading="fields", show=count, right=True),
        Column(key="identifiers", heading="identifiers", show=count, right=True),
        Column(key="personal", heading="likely personal", show=count, right=True),
        Column(key="last", heading="last (UTC)", show=moment, right=True),
    )
    return [Table(title=f"{profile.count:,} events of {len(profile.types):,} types", columns=columns, records=records)]


def type_view(kind: TypeProfile, _: bool) -> list[Table | Html]:
    """The fields of one event type: how often they are there, what they look like, and what to be careful with."""
    records = [
        {
            "path": one.path,
            "types": ", ".join(one.types),
            "presence": one.presence,
            "looks": _looks(one),
            "note": "likely personal" if one.personal else "identifier" if one.identifier else "",
            "mark": "failed" if one.personal else "ok" if one.identifier else None,
        }
        for one in kind.fields
    ]
    columns = (
        Column(key="path", heading="field"),
        Column(key="types", heading="type"),
        Column(key="presence", heading="present", show=share, right=True),
        Column(key="looks", heading="format or codes"),
        Column(key="note", heading="mind", mark="mark"),
    )
    return [Table(title=f"{kind.type}: {kind.count:,} events", columns=columns, records=records)]


def _looks(one: FieldProfile) -> str:
    """Its format, or its codes where they are codes: a name that happens to be the only one is a value."""
    codes = one.personal is None and all(re.fullmatch(r"[A-Za-z0-9_.:/-]{1,40}", code) for code in one.enum)
    return ", ".join(one.enum) if one.enum and codes else one.format or ""
