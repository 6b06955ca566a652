"""Account for every event: what the mappings give for it here, what the bot said of it, what the server holds of it.

Three tellings of one event that must agree. Where they do not, something between notebook and production is not what it
seems, and the disagreement says which event it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import MappingRunError
from workbench.events.delivery import Event
from workbench.fhir.identity import Identity
from workbench.fhir.writes import event_time_of
from workbench.flows.answers import worst_outcome
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.replay import ReplayRow
from workbench.flows.verdicts import JudgedDelivery
from workbench.mapping.results import MappedResource
from workbench.servers.client import Server

__all__ = ["EventAccount", "MappedHere", "account_for", "find_disagreements", "find_missing_resources", "map_here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAccount:
    """What became of one event, or of a delivery that carried none."""

    source: str  # the file, or file:line
    provider: str | None
    type: str | None
    id: str | None
    outcome: str  # the bot's word; or refused, unreadable, handshake, ignored where it never came to a bot
    why: str | None = None  # in words, without values


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedHere:
    """What the mappings give for one event on this machine."""

    event: Event
    resources: tuple[MappedResource, ...] = ()
    error: MappingRunError | None = None


def map_here(events: Iterable[Event], integrations: Mapping[str, LoadedIntegration]) -> tuple[MappedHere, ...]:
    """Map each event by every mapping of its provider's integration that accepts its type."""
    return tuple(_map_event(event, integrations.get(event.provider)) for event in events)


def account_for(
    deliveries: Sequence[JudgedDelivery], rows: Mapping[str, ReplayRow], integrations: Mapping[str, LoadedIntegration]
) -> tuple[EventAccount, ...]:
    """Give one account an event, in the order of the deliveries; `rows` are the replay's, by the delivery's source."""
    return tuple(
        account for judged in deliveries for account in _accounts(judged, rows.get(judged.source), integrations)
    )


def find_disagreements(mapped: Iterable[MappedHere], accounts: Iterable[EventAccount]) -> tuple[str, ...]:
    """Name the events for which the bot did another thing than the mappings do here."""
    outcomes = {(account.provider, account.id): account.outcome for account in accounts}
    found = []
    for here in mapped:
        outcome = outcomes.get((here.event.provider, here.event.id), "lost")
        expected = "failed" if here.error else "written" if here.resources else "ignored"
        said = "written" if outcome in {"applied", "unchanged", "stale", "duplicate"} else outcome
        if said != expected:
            found.append(f"{here.event.type} {here.event.id}: {expected} here, {outcome} by the bot")
    return tuple(found)


def find_missing_resources(server: Server, mapped: Iterable[MappedHere]) -> tuple[int, tuple[str, ...]]:
    """Count the resources that the events should have left, and name those that are not there or not up to date.

    A rule with `order` must have left the time of its newest event on the resource.
    """
    newest: dict[Identity, str | None] = {}
    for here in mapped:
        for made in here.resources:
            newest[made.identity] = max(newest.get(made.identity) or "", made.order or "") or None
    faults = []
    for identity, time in newest.items():
        resource = server.find(identity)
        if resource is None:
            faults.append(f"{identity.resource_type} of {identity.system or identity.parameter}: not on the server")
        elif time and (event_time_of(resource) or "") < time:
            faults.append(f"{identity.resource_type}/{resource['id']}: older than the newest event about it")
    return len(newest), tuple(faults)


def _map_event(event: Event, integration: LoadedIntegration | None) -> MappedHere:
    made: list[MappedResource] = []
    for mapping in integration.mappings if integration else ():
        if mapping.accepts(event.type):
            try:
                made += mapping.map(event.payload, event_id=event.id).resources
            except MappingRunError as error:
                return MappedHere(event=event, error=error)
    return MappedHere(event=event, resources=tuple(made))


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
    unmapped = "no mapping takes this type" if outcome == "ignored" else None
    return _account(judged, event, outcome, ", ".join(problems) or unmapped)


def _account(judged: JudgedDelivery, event: Event | None, outcome: str, why: str | None) -> EventAccount:
    return EventAccount(
        source=judged.source,
        provider=judged.provider,
        type=event.type if event else None,
        id=event.id if event else None,
        outcome=outcome,
        why=why,
    )
