"""Carry out replays by a journal: begun, broken off, resumed, and the dead letters of all of them sent again.

```
request ─▶ select ─▶ begin (journal) ─▶ send, one row a delivery ─▶ finish
              ▲                            │ Ctrl-C, kill -9, the server is gone
              └── resume: the same request, less what the journal knows
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import Literal, TypedDict

from workbench.errors import StoreError
from workbench.events.delivery import Delivery
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.provision import find_provisioned
from workbench.flows.replay import ReplayReport, ReplayRow, replay, replay_locally
from workbench.flows.replay_selection import ReplayRequest, Selected, due_seconds, select_deliveries
from workbench.flows.secrets import signing_secrets
from workbench.servers.client import Server
from workbench.store.journal import JournalRow, Replay, ReplayJournal

__all__ = ["PendingReplay", "Via", "begin_replays", "carry_out", "dead_letter_requests", "unfinished_replays"]

Via = Literal["bot", "local"]


class Sending(TypedDict):
    """How deliveries are sent, by either way."""

    concurrency: int
    attempts: int
    due: Callable[[int], float]
    journal: Callable[[ReplayRow], None]
    stop: Flag | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReplay:
    """One integration's part of a replay, not yet wholly sent."""

    id: int
    loaded: LoadedIntegration
    request: ReplayRequest
    selected: tuple[Selected, ...] = field(repr=False)  # all of them, in their order
    settled: frozenset[str] = field(default=frozenset(), repr=False)  # keys of those that are done
    via: Via = "bot"
    due: tuple[float, ...] | None = field(default=None, repr=False)

    @property
    def left(self) -> tuple[int, ...]:
        """The places of the deliveries still to be sent."""
        return tuple(place for place, each in enumerate(self.selected) if each.key not in self.settled)


def begin_replays(
    journal: ReplayJournal,
    request: ReplayRequest,
    integrations: Iterable[Path],
    server: Server,
    *,
    via: Via = "bot",
) -> tuple[PendingReplay, ...]:
    """Select what is to be sent and note it in the journal: one replay for each integration that has deliveries.

    Raises:
        DeliveryError: there are no such events.
        IntegrationError, MappingSpecError: an integration is wrong.
    """
    selected = select_deliveries(request)
    now = datetime.now(UTC)
    pending = []
    for path in integrations:
        loaded = load_integration(path)
        own = tuple(each for each in selected if each.judged.provider == loaded.provider.name)
        if not own:
            continue
        record = {**request.record(), "integration": str(path.resolve()), "via": via, "begun": now.isoformat()}
        number = journal.begin(loaded.name, _target(server, via), record, now)
        pending.append(_pending(number, loaded, request, own, via))
    return tuple(pending)


def unfinished_replays(journal: ReplayJournal, server: Server) -> tuple[PendingReplay, ...]:
    """Give what the newest replay on this server that was broken off has still to send; nothing when none was.

    Raises:
        StoreError: what it was sending is not there any more.
        DeliveryError: the same.
    """
    open_ones = [each for each in journal.replays() if each.finished_at is None]
    here = [each for each in open_ones if each.target.partition(" ")[0] == server.base_url]
    newest = [each for each in here if each.request["begun"] == here[0].request["begun"]]
    return tuple(_resumed(journal, each) for each in reversed(newest))


def dead_letter_requests(
    journal: ReplayJournal, rows: Iterable[JournalRow]
) -> tuple[tuple[Path, Via, ReplayRequest], ...]:
    """Give the requests that send dead letters again: each with the integration file and the way that they were for."""
    replays = {each.id: each for each in journal.replays()}
    keys: dict[int, list[str]] = {}
    for row in rows:
        keys.setdefault(row.replay, []).append(row.key.partition("+")[0])
    requests: list[tuple[Path, Via, ReplayRequest]] = []
    for number, wanted in keys.items():
        record = replays[number].request
        request = replace(ReplayRequest.from_record(record), keys=tuple(sorted(set(wanted))), duplicate=0.0, speed=None)
        via: Via = "local" if record["via"] == "local" else "bot"
        requests.append((Path(record["integration"]), via, request))
    return tuple(requests)


def carry_out(
    pending: PendingReplay,
    server: Server,
    journal: ReplayJournal,
    *,
    concurrency: int = 4,
    attempts: int = 5,
    stop: Flag | None = None,
    told: Callable[[ReplayRow], None] | None = None,
) -> ReplayReport:
    """Send what is left of a replay, each outcome noted as soon as it is known; finished when nothing is left.

    Raises:
        PlanError: the integration is not on the server.
        ServerError: the server refused to say how the bot is reached.
    """
    places = pending.left
    deliveries = [pending.selected[place].delivery for place in places]
    shift = pending.due[places[0]] if pending.due and places else 0.0

    def due(number: int) -> float:
        return pending.due[places[number]] - shift if pending.due else 0.0

    def note(row: ReplayRow) -> None:
        journal.record(pending.id, _journal_row(row, pending.selected[places[row.number]]))
        if told:
            told(row)

    how = Sending(concurrency=concurrency, attempts=attempts, due=due, journal=note, stop=stop)
    report = _send(pending, deliveries, server, how)
    if len(report.rows) == len(places):
        journal.finish(pending.id, datetime.now(UTC))
    return report


def _send(pending: PendingReplay, deliveries: list[Delivery], server: Server, how: Sending) -> ReplayReport:
    if pending.via == "local":
        return replay_locally(deliveries, server, pending.loaded, **how)
    there = find_provisioned(server, pending.loaded)
    return replay(deliveries, there, pending.loaded, signing_secrets(server, pending.loaded), **how)


def _pending(
    number: int,
    loaded: LoadedIntegration,
    request: ReplayRequest,
    own: tuple[Selected, ...],
    via: Via,
    settled: Iterable[str] = (),
) -> PendingReplay:
    due = due_seconds(request, own)
    return PendingReplay(
        id=number,
        loaded=loaded,
        request=request,
        selected=own,
        settled=frozenset(settled),
        via=via,
        due=None if due is None else tuple(due),
    )


def _resumed(journal: ReplayJournal, broken_off: Replay) -> PendingReplay:
    record: Mapping[str, str] = broken_off.request
    request = ReplayRequest.from_record(broken_off.request)
    loaded = load_integration(record["integration"])
    own = tuple(each for each in select_deliveries(request) if each.judged.provider == loaded.provider.name)
    settled = journal.settled_keys(broken_off.id)
    if missing := len(settled - {each.key for each in own}):
        message = (
            f"replay {broken_off.id} cannot be resumed: {missing} of the deliveries that it sent are not in "
            f"{request.events} any more; replay anew, the bot changes nothing twice"
        )
        raise StoreError(message)
    via: Via = "local" if record["via"] == "local" else "bot"
    return _pending(broken_off.id, loaded, request, own, via, settled)


def _journal_row(row: ReplayRow, selected: Selected) -> JournalRow:
    return JournalRow(
        key=selected.key,
        name=selected.judged.source,
        outcome=row.outcome,
        settled_at=datetime.now(UTC),
        attempts=row.attempts,
        ms=row.ms,
        status=row.status,
        cause=row.problem,
        event_ids=tuple(event.id for event in selected.events),
        event_types=tuple(event.type for event in selected.events),
        results=row.results,
    )


def _target(server: Server, via: Via) -> str:
    return f"{server.base_url} {via}"
