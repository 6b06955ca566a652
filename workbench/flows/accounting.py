"""Account for every event: what the mappings give for it here, what the bot said of it, what the server holds of it.

Three tellings of one event that must agree. Where they do not, something between notebook and production is not what it
seems, and the disagreement says which event it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbench.events.delivery import Event
from workbench.fhir.identity import Identity
from workbench.fhir.writes import event_time_of
from workbench.flows.answers import worst_outcome
from workbench.flows.design import MappedEvent
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.replay import ReplayRow
from workbench.flows.verdicts import JudgedDelivery
from workbench.servers.client import Server

__all__ = ["EventAccount", "account_for", "find_disagreements", "find_missing_resources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAccount:
    """What became of one event, or of a delivery that carried none."""

    source: str  # the file, or file:line
    provider: str | None
    type: str | None
    id: str | None
    outcome: str  # the bot's word; or refused, unreadable, handshake, ignored where it never came to a bot
    why: str | None = None  # in words, without values


def account_for(
    deliveries: Sequence[JudgedDelivery], rows: Mapping[str, ReplayRow], integrations: Mapping[str, LoadedIntegration]
) -> tuple[EventAccount, ...]:
    """Give one account an event, in the order of the deliveries; `rows` are the replay's, by the delivery's source."""
    return tuple(
        account for judged in deliveries for account in _accounts(judged, rows.get(judged.source), integrations)
    )


def find_disagreements(mapped: Iterable[MappedEvent], accounts: Iterable[EventAccount]) -> tuple[str, ...]:
    """Name the events for which the bot did another thing than the mappings do here."""
    # by delivery too: events that people wrote as fixtures often share one id
    expected: dict[tuple[str, str | None, str | None], str] = {}
    for row in mapped:
        key = (row.event.delivery_id, row.event.id, row.event.type)
        here = {"mapped": "written", "failed": "failed"}.get(row.outcome, "ignored")
        expected[key] = max(here, expected.get(key, ""), key=("", "ignored", "written", "failed").index)
    found = []
    for account in accounts:
        here = expected.get((account.source, account.id, account.type), "")
        written = account.outcome in {"applied", "unchanged", "stale", "duplicate"}
        if here and here != ("written" if written else account.outcome):
            why = f" ({account.why})" if account.why else ""
            found.append(f"{account.type} {account.id}: {here} here, {account.outcome} by the bot{why}")
    return tuple(found)


def find_missing_resources(server: Server, mapped: Iterable[MappedEvent]) -> tuple[int, tuple[str, ...]]:
    """Count the resources that the events should have left, and name those that are not there or not up to date.

    A rule with `order` must have left the time of its newest event on the resource.
    """
    newest: dict[Identity, str] = {}
    for row in mapped:
        for made in row.result.resources if row.result else ():
            newest[made.identity] = max(newest.get(made.identity, ""), made.order or "")
    faults = []
    for identity, time in newest.items():
        resource = server.find(identity)
        if resource is None:
            faults.append(f"{identity.resource_type} of {identity.system or identity.parameter}: not on the server")
        elif time and (event_time_of(resource) or "") < time:
            faults.append(f"{identity.resource_type}/{resource['id']}: older than the newest event about it")
    return len(newest), tuple(faults)


def _accounts(
    judged: JudgedDelivery, row: ReplayRow | None, integrations: Mapping[str, LoadedIntegration]
) -> list[EventAccount]:
    if row is None:
        known = judged.provider in integrations
        skipped = judged.verdict not in {"refused", "unreadable"}
        why = None if known else f"no integration for {judged.provider}"
        outcome = "ignored" if skipped else judged.verdict
        told = why if skipped else judged.problem.message if judged.problem else None
        return [_account(judged, event, outcome, told) for event in judged.events or (None,)]
    if not judged.events:
        return [_account(judged, None, row.outcome, row.problem)]
    return [_settled(judged, event, row) for event in judged.events]


def _settled(judged: JudgedDelivery, event: Event, row: ReplayRow) -> EventAccount:
    results = [result for result in row.results if result.get("event") == event.id]
    if not results:
        return _account(judged, event, row.outcome, row.problem)
    outcome = worst_outcome(results)
    problems = [str(result["problem"]) for result in results if result.get("problem")]
    if outcome == "ignored":
        taken = any(result.get("mapping") for result in results)
        problems.append("its mapping makes nothing of it" if taken else "no mapping takes this type")
    return _account(judged, event, outcome, ", ".join(problems) or None)


def _account(judged: JudgedDelivery, event: Event | None, outcome: str, why: str | None) -> EventAccount:
    return EventAccount(
        source=judged.source,
        provider=judged.provider,
        type=event.type if event else None,
        id=event.id if event else None,
        outcome=outcome,
        why=why,
    )
