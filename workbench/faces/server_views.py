"""What is on a server and what was done there, as tables: integrations, plans, proofs, replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.access.plan import Plan
from workbench.errors import Problem
from workbench.faces.markup import Html
from workbench.faces.tables import EVENTS, MARKS, Column, Table, problem_tables
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.proving import Probe
from workbench.flows.provision import Provisioned
from workbench.flows.replay import ReplayReport

__all__ = ["integration_view", "plan_view", "probe_view", "provisioned_view", "replay_view"]


def integration_view(loaded: LoadedIntegration, _: bool) -> list[Table | Html]:
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


def plan_view(plan: Plan, _: bool) -> list[Table | Html]:
    """The changes, in their order; those that take something away are marked."""
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


def provisioned_view(made: Provisioned, _: bool) -> list[Table | Html]:
    """Where deliveries go, its secret masked."""
    records: list[Mapping[str, Any]] = [
        {"what": "webhook", "value": made.webhook_url()},
        {"what": "bot", "value": f"Bot/{made.bot_id}"},
        {"what": "changes made", "value": str(len(made.changes))},
    ]
    columns = (Column(key="what", heading=""), Column(key="value", heading=""))
    return [Table(title=f"{made.integration} is on the server", columns=columns, records=records)]


def probe_view(probes: Sequence[Probe]) -> Table:
    """What was tried, and what came of it."""
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


def replay_view(replayed: ReplayReport, _: bool) -> list[Table | Html]:
    """Event types by what became of them, and what was not settled."""
    found: Counter[tuple[str, str]] = Counter()
    for row in replayed.rows:
        for result in row.results or ({},):
            found[(str(result.get("type") or "(no event)"), str(result.get("outcome", row.outcome)))] += 1
    columns = (
        Column(key="type", heading="event type", group=True),
        Column(key="outcome", heading="outcome", mark="mark"),
        EVENTS,
    )
    records = [
        {"type": kind, "outcome": outcome, "events": many, "mark": MARKS.get(outcome)}
        for (kind, outcome), many in sorted(found.items())
    ]
    problems = [Problem(message=row.problem, path=row.delivery) for row in replayed.failed if row.problem]
    said = f"{len(replayed.rows):,} deliveries in {replayed.seconds:.1f} s"
    return [
        Table(title=said, columns=columns, records=records, empty="nothing to send"),
        *problem_tables(problems, "Not settled"),
    ]


def _paths(differences: Iterable[Any]) -> str:
    return ", ".join(sorted({str(difference.path) for difference in differences}))
