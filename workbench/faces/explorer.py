"""Any value of the workbench as something to look at: tables for what there is much of, folding trees for JSON.

Values out of events and resources are masked until they are asked for; names of types, fields, rules and codes are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from workbench.access.plan import Plan
from workbench.errors import Problem
from workbench.events.delivery import Event
from workbench.faces.markup import Html, render
from workbench.faces.tables import Column, Table, count, problem_table, share
from workbench.faces.trees import tree
from workbench.flows.design import MappedEvents
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.load import LoadedEvents
from workbench.flows.proving import Probe
from workbench.flows.provision import Provisioned
from workbench.flows.replay import ReplayReport
from workbench.mapping.compile import EventMapping
from workbench.mapping.coverage import Coverage
from workbench.mapping.results import MappingResult

__all__ = ["explore"]

_MARKS: Final = {
    **dict.fromkeys(("verified", "handshake", "mapped", "applied", "unchanged", "duplicate", "stale"), "ok"),
    **dict.fromkeys(("unsigned", "ignored", "nothing"), None),
    **dict.fromkeys(("refused",), "refused"),
    **dict.fromkeys(("unreadable", "failed", "unreachable"), "failed"),
}
_MOST: Final = 25  # rows of a list that only grows with the corpus


def explore(thing: object, *, reveal: bool = False) -> Html:
    """A value of the workbench, or any JSON value, to look at.

    Args:
        thing: what `load_events`, `load_mapping`, `map_event`, `map_events`, `coverage`, `plan`, `apply`, `prove` or
            `replay` gives, an event, or JSON.
        reveal: show the values of events and resources, which may be people's data.

    Raises:
        TypeError: there is no way to show such a value.
    """
    if isinstance(thing, Sequence) and thing and all(isinstance(item, Probe) for item in thing):
        return _page([_probes(thing)])
    for kind, draw in _DRAWN:
        if isinstance(thing, kind):
            return _page(list(draw(thing, reveal)))
    if thing is None or isinstance(thing, dict | list | str | int | float | bool):
        return tree(thing, reveal=reveal)
    message = f"explore: cannot show a {type(thing).__name__}; give events, a mapping or its results, a plan, or JSON"
    raise TypeError(message)


def _page(parts: Sequence[Table | Html]) -> Html:
    """Several tables and trees as one thing to look at; its text is what stands above them."""
    html = [part.html if isinstance(part, Html) else part.html() for part in parts]
    return Html(
        text="; ".join(part.text if isinstance(part, Html) else part.title for part in parts),
        html=render("page", parts=html),
    )


def _event(event: Event, reveal: bool) -> list[Table | Html]:
    return [tree(event.payload, title=event.type, reveal=reveal)]


def _loaded(loaded: LoadedEvents, _: bool) -> list[Table | Html]:
    """Event types with their verdicts; then what is wrong with those that were refused or unreadable."""
    found: Counter[tuple[str, str, str]] = Counter()
    for judged in loaded.deliveries:
        kinds = [event.type for event in judged.events] or ["(no event)"]
        found.update((judged.provider or "(unknown)", kind, judged.verdict) for kind in kinds)
    records = [
        {"provider": provider, "type": kind, "verdict": verdict, "events": many, "mark": _MARKS.get(verdict)}
        for (provider, kind, verdict), many in sorted(found.items())
    ]
    columns = (
        Column(key="provider", heading="provider", group=True),
        Column(key="type", heading="event type", group=True),
        Column(key="verdict", heading="signature", mark="mark"),
        Column(key="events", heading="events", show=count, right=True),
    )
    said = f"{len(loaded.deliveries):,} deliveries, {len(loaded):,} events that may be used"
    return [Table(title=said, columns=columns, records=records), *_problems(loaded.problems, "Not used, and why")]


def _mapping(mapping: EventMapping, _: bool) -> list[Table | Html]:
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


def _result(result: MappingResult, reveal: bool) -> list[Table | Html]:
    trees: list[Table | Html] = [
        tree(made.resource, title=f"{made.rule} → {made.resource['resourceType']} ({made.write})", reveal=reveal)
        for made in result.resources
    ]
    nothing: list[Table | Html] = [Table(title="No resource", columns=(), records=[], empty="no rule took this event")]
    return [*(trees or nothing), *_problems(result.problems, "Said while mapping")]


def _mapped(mapped: MappedEvents, _: bool) -> list[Table | Html]:
    found: Counter[tuple[str, str]] = Counter()
    resources: Counter[tuple[str, str]] = Counter()
    for row in mapped:
        key = (row.mapping or "(no mapping takes it)", row.outcome)
        found[key] += 1
        resources[key] += len(row.result.as_list()) if row.result else 0
    records = [
        {"mapping": key[0], "outcome": key[1], "events": many, "resources": resources[key], "mark": _MARKS.get(key[1])}
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
    return [Table(title=said, columns=columns, records=records), *_problems(mapped.problems, "Problems")]


def _coverage(coverage: Coverage, _: bool) -> list[Table | Html]:
    """What no expression reads and what never fired: the two ways in which a mapping and its events miss each other."""
    unread = sorted((one for one in coverage.fields if not one.read), key=lambda one: (-one.present, one.path))
    silent = [part for part in coverage.parts if not part.fired]
    path = Column(key="path", heading="path")
    title = f"Event fields that nothing reads ({share(1 - coverage.fields_read)} of {len(coverage.fields):,})"
    fields = Table(
        title=title,
        columns=(path, Column(key="present", heading="events that have it", show=count, right=True)),
        records=[{"path": one.path, "present": one.present} for one in unread[:_MOST]],
        empty="every field is read",
    )
    parts = Table(
        title=f"Parts of the mapping that never gave anything ({share(1 - coverage.parts_fired)})",
        columns=(path, Column(key="line", heading="line", show=count, right=True)),
        records=[{"path": part.path, "line": part.line} for part in silent[:_MOST]],
        empty="every part was used",
    )
    codes = Table(
        title="Codes without a translation",
        columns=(Column(key="map", heading="code map"), Column(key="code", heading="code"), _EVENTS),
        records=[{"map": name, "code": code, "events": many} for (name, code), many in coverage.unmapped.items()],
        empty="every code was translated",
    )
    return [fields, parts, codes, *_problems(coverage.failures, "Events on which the mapping failed")]


def _integration(loaded: LoadedIntegration, _: bool) -> list[Table | Html]:
    """Its mappings, and what they write: the access policies follow from that."""
    columns = (
        Column(key="mapping", heading="mapping", group=True),
        Column(key="events", heading="takes", group=True),
        Column(key="type", heading="writes"),
        Column(key="mode", heading="how"),
    )
    records = [
        {
            "mapping": f"{mapping.name}@{mapping.version}",
            "events": ", ".join(mapping.events),
            "type": rule.resource_type,
            "mode": rule.mode + (", in order of the events" if rule.ordered else ""),
        }
        for mapping in loaded.mappings
        for rule in mapping.writes
    ]
    size = f"one bot of {len(loaded.code):,} characters"
    title = f"{loaded.name}: {loaded.provider.name}, {len(loaded.mappings)} mapping(s), {size}"
    return [Table(title=title, columns=columns, records=records)]


def _plan(plan: Plan, _: bool) -> list[Table | Html]:
    columns = (
        Column(key="action", heading="action", mark="mark"),
        Column(key="kind", heading="what"),
        Column(key="name", heading="name"),
        Column(key="paths", heading="elements"),
    )
    records = [
        {
            "action": change.action,
            "kind": change.kind,
            "name": change.name,
            "paths": _paths(change.differences) or ", ".join(sorted(change.body)),
            "mark": "failed" if change in plan.deletes else "ok",
        }
        for change in plan.changes
    ]
    title = f"Plan {plan.integration}: {len(plan.changes)} change(s), checksum {plan.checksum}"
    return [Table(title=title, columns=columns, records=records, empty="the server is as desired; nothing to do")]


def _provisioned(made: Provisioned, _: bool) -> list[Table | Html]:
    records: list[Mapping[str, Any]] = [
        {"what": "webhook", "value": made.webhook_url()},
        {"what": "bot", "value": f"Bot/{made.bot_id}"},
        {"what": "changes made", "value": str(len(made.changes))},
    ]
    columns = (Column(key="what", heading=""), Column(key="value", heading=""))
    return [Table(title=f"{made.integration} is on the server", columns=columns, records=records)]


def _probes(probes: Sequence[Probe]) -> Table:
    columns = (
        Column(key="actor", heading="as", group=True),
        Column(key="tried", heading="tried"),
        Column(key="expected", heading="must be"),
        Column(key="found", heading="was", mark="mark"),
    )
    records = [
        {
            "actor": p.actor,
            "tried": p.tried,
            "expected": p.expected,
            "found": p.found,
            "mark": "ok" if p.ok else "failed",
        }
        for p in probes
    ]
    open_doors = sum(not probe.ok for probe in probes)
    said = (
        f"{open_doors} of {len(probes)} are not as they must be" if open_doors else f"all {len(probes)} as they must be"
    )
    return Table(title=f"What was tried on the server: {said}", columns=columns, records=records)


def _replay(replayed: ReplayReport, _: bool) -> list[Table | Html]:
    found: Counter[tuple[str, str]] = Counter()
    for row in replayed.rows:
        for result in row.results or ({},):
            found[(str(result.get("type") or "(no event)"), str(result.get("outcome", row.outcome)))] += 1
    columns = (
        Column(key="type", heading="event type", group=True),
        Column(key="outcome", heading="outcome", mark="mark"),
        _EVENTS,
    )
    records = [
        {"type": kind, "outcome": outcome, "events": many, "mark": _MARKS.get(outcome)}
        for (kind, outcome), many in sorted(found.items())
    ]
    problems = [Problem(message=row.problem, path=row.delivery) for row in replayed.failed if row.problem]
    said = f"{len(replayed.rows):,} deliveries in {replayed.seconds:.1f} s"
    return [
        Table(title=said, columns=columns, records=records, empty="nothing to send"),
        *_problems(problems, "Not settled"),
    ]


def _problems(problems: Sequence[Problem], title: str) -> list[Table]:
    more = f" (the first {_MOST} of {len(problems):,})" if len(problems) > _MOST else ""
    return [problem_table(problems[:_MOST], f"{title}{more}")] if problems else []


def _paths(differences: Iterable[Any]) -> str:
    return ", ".join(sorted({str(difference.path) for difference in differences}))


_EVENTS: Final = Column(key="events", heading="events", show=count, right=True)
_DRAWN: Final[tuple[tuple[type, Callable[[Any, bool], Iterable[Table | Html]]], ...]] = (
    (Event, _event),
    (LoadedEvents, _loaded),
    (EventMapping, _mapping),
    (LoadedIntegration, _integration),
    (MappingResult, _result),
    (MappedEvents, _mapped),
    (Coverage, _coverage),
    (Plan, _plan),
    (Provisioned, _provisioned),
    (ReplayReport, _replay),
)
