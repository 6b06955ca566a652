"""Map a delivery here and write its resources ourselves, by the rules and with the result line of the bot.

For a server without bots, for history that no bot should be woken for, and for a convergence check. One batch creates
what is missing and is told what is there (`ifNoneExist`), one more writes what `workbench.fhir.settling` decides, under
`If-Match`; what somebody else changed in between is read again.

Source: `workbench/bot/runtime/settle.js`, its twin; Medplum 5.0.2 on batches and conflicts (a batch answers 200
whatever became of its entries).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.errors import EnvelopeError, MappingRunError, ServerError
from workbench.events.delivery import Delivery, Event
from workbench.events.envelopes import read_events
from workbench.events.schemes import Provider
from workbench.fhir.settling import Write, conditional_references, decide, with_references
from workbench.flows.answers import Answer
from workbench.flows.batch_answers import issue_text, known_references, made_id, matches_of, outcome_code, status_of
from workbench.mapping.compile import EventMapping
from workbench.servers.client import Server

__all__ = ["LocalSettler", "Settled"]

_ROUNDS: Final = 10  # each one reads again what somebody else changed in between
_LOST: Final = 3  # batches without an answer, one after the other
_UNRESOLVED: Final = 3
_TRANSIENT: Final = frozenset({0, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class _Row:
    """One mapping's part of one event."""

    event: Event
    mapping: str | None = None
    writes: list[_Write] = field(default_factory=list)
    problem: str | None = None
    note: str | None = None


@dataclass(slots=True)
class _Write:
    """One resource to write, and what became of it."""

    search: str
    write: Write
    action: str = "none"
    kept: str | None = None
    id: str | None = None
    problem: str | None = None
    retry: bool = False


@dataclass(slots=True)
class _Target:
    """Everything that a delivery writes to one identity."""

    search: str
    writes: list[_Write] = field(default_factory=list)
    existing: dict[str, Any] | None = None
    next: dict[str, Any] | None = None
    done: bool = False
    is_read: bool = False  # `existing` is what the server has
    unresolved: int = 0
    forbidden: bool = False
    last_problem: str = "conflict"

    def fail(self, problem: str, *, retry: bool) -> None:
        self.done = True
        for write in self.writes:
            write.action, write.problem, write.retry = "none", problem, retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one write."""

    action: str  # create, update or none
    problem: str | None  # a code, without values
    retry: bool  # trying again may help


class LocalSettler:
    """Settles deliveries of one provider on one server; several threads may share it."""

    def __init__(self, server: Server, provider: Provider, mappings: Iterable[EventMapping]) -> None:
        self._server = server
        self._provider = provider
        self._mappings = tuple(mappings)

    def settle(self, delivery: Delivery) -> Answer:
        """What the bot would have answered: one result an event and mapping, and whether sending again may help."""
        try:
            events = read_events(delivery, self._provider)
        except EnvelopeError:
            return Answer(status=None, outcome="failed", problem="envelope-unknown")
        rows = [row for event in events for row in self._map(event)]
        targets: dict[str, _Target] = {}
        for write in (write for row in rows for write in row.writes):
            targets.setdefault(write.search, _Target(write.search)).writes.append(write)
        self._settle_all(list(targets.values()))
        results = tuple(map(_conclusion, rows))
        again = any(result.get("retry") for result in results)
        problem = ", ".join(dict.fromkeys(str(result["problem"]) for result in results if result.get("problem")))
        return Answer(status=200, results=results, problem=problem or None, pause_seconds=0.2 if again else None)

    def settle_writes(self, writes: Iterable[tuple[str, Write]]) -> list[Settled]:
        """Write resources by their searches, as `Invoice?identifier=…`; gives what became of each, in order."""
        targets = [_Target(search, [_Write(search, write)]) for search, write in writes]
        self._settle_all(targets)
        settled = [write for target in targets for write in target.writes]
        return [Settled(action=each.action, problem=each.problem, retry=each.retry) for each in settled]

    def _map(self, event: Event) -> list[_Row]:
        taking = [mapping for mapping in self._mappings if mapping.accepts(event.type)]
        rows = [_Row(event, f"{mapping.name}@{mapping.version}") for mapping in taking]
        for row, mapping in zip(rows, taking, strict=True):
            try:
                result = mapping.map(event.payload)
            except MappingRunError as error:
                row.problem = error.code or "mapping-failed"
                continue
            row.writes = [
                _Write(made.identity.reference(), Write(resource=made.resource, mode=made.write, order=made.order))
                for made in result.resources
            ]
            row.note = result.problems[0].code if result.problems else None
        return rows or [_Row(event)]

    def _settle_all(self, targets: list[_Target]) -> None:
        lost = 0
        for round_number in range(_ROUNDS):
            waiting = [target for target in targets if not target.done]
            if not waiting:
                return
            try:
                known = self._read(waiting) if round_number else self._make_missing(waiting)
                found = [target for target in waiting if target.is_read and not target.done]
                for target in found:
                    _decide(target, known)
                self._write([target for target in found if target.next])
                lost = 0
            except ServerError as error:
                lost += 1  # no answer to a batch as a whole: reading again tells what it did
                if lost == _LOST or error.status in {400, 401, 403, 404}:
                    for target in waiting:
                        target.fail(f"server-{outcome_code(error.outcome)}", retry=error.status not in {401, 403, 404})
                    return
        for target in targets:
            if not target.done:
                target.fail(target.last_problem, retry=True)

    def _make_missing(self, waiting: Sequence[_Target]) -> dict[str, str]:
        """Create each target unless it is there, which the server tells by what it has; gives what `_read` gives."""
        for target in waiting:
            _decide(target, {})
        own = {target.search for target in waiting}
        known = known_references(self._write(waiting, [search for search in _references(waiting) if search not in own]))
        for target in waiting:
            if resource_id := (target.existing or {}).get("id") or target.writes[0].id:
                known[target.search] = f"{target.search.partition('?')[0]}/{resource_id}"
        for target in waiting:  # beside a reference that is not known, what is there would look different from ours
            target.is_read = target.existing is not None and known.keys() >= _references([target]).keys()
        return known

    def _write(self, targets: Sequence[_Target], others: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Write what each target shall become, and say what became of it; gives the results of the other searches."""
        if not targets:
            return {}
        # a batch makes new resources first, in the order given: one that refers to another comes after it
        changing = sorted(targets, key=lambda target: len([*conditional_references(target.next)]))
        results = self._batch([*map(_entry, changing), *map(_searching, others)])
        for target, result in zip(changing, results, strict=False):
            _conclude(target, result)
        return dict(zip(others, results[len(changing) :], strict=True))

    def _read(self, waiting: Sequence[_Target]) -> dict[str, str]:
        """Set what is there of each target, and give what each conditional reference stands for."""
        searches = dict.fromkeys(target.search for target in waiting) | _references(waiting)
        results = dict(zip(searches, self._batch([*map(_searching, searches)]), strict=True))
        for target in waiting:
            status, found = status_of(results[target.search]), matches_of(results[target.search])
            if status != 200:
                target.fail(f"read-{status}", retry=status in _TRANSIENT)
            elif len(found) > 1:
                target.fail("identity-ambiguous", retry=False)
            target.existing = found[0] if found else None
            target.is_read = True
        return known_references(results)

    def _batch(self, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give one result an entry, an empty one where the server gave none."""
        answered = self._server.batch({"resourceType": "Bundle", "type": "batch", "entry": [*entries]}).get("entry")
        return [*(answered or ()), *({} for _ in entries)][: len(entries)]


def _references(targets: Iterable[_Target]) -> dict[str, None]:
    """Every conditional reference in what the targets shall become, once each, in order."""
    writes = (write for target in targets for write in target.writes)
    return dict.fromkeys(each for write in writes for each in conditional_references(write.write.resource))


def _searching(search: str) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": f"{search}&_count=2"}}


def _decide(target: _Target, known: dict[str, str]) -> None:
    """Set what the target shall become; nothing where nothing has to be written."""
    writes = [
        Write(resource=with_references(each.write.resource, known), mode=each.write.mode, order=each.write.order)
        for each in target.writes
    ]
    decision = decide(target.existing, writes)
    for write, action, kept in zip(target.writes, decision.actions, decision.kept, strict=True):
        write.id = target.existing["id"] if target.existing else None
        write.action, write.kept = action, kept
    target.next = decision.next
    target.done = decision.next is None


def _entry(target: _Target) -> dict[str, Any]:
    resource_type, _, query = target.search.partition("?")
    request = {"method": "POST", "url": resource_type, "ifNoneExist": query}
    if target.existing:
        request = {"method": "PUT", "url": f"{resource_type}/{target.existing['id']}"}
        if version := (target.existing.get("meta") or {}).get("versionId"):
            request["ifMatch"] = f'W/"{version}"'
    return {"request": request, "resource": target.next}


def _conclude(target: _Target, result: dict[str, Any]) -> None:
    """Say what became of one entry of the writing batch; a target that is not done is read again."""
    status, outcome = status_of(result), (result.get("response") or {}).get("outcome")
    text = issue_text(outcome)
    if status == 201 or (status == 200 and target.existing):
        target.done = True
        for write in target.writes:
            write.id = write.id or made_id(result)
        return
    target.last_problem = "conflict"
    moved = status == 400 and (outcome_code(outcome) == "conflict" or text == "Resource ID did not match resolved ID")
    if status == 200:
        target.existing = result.get("resource")
    if status in {200, 409, 412} or moved:  # it is there, or somebody was first
        return
    if status == 400 and text.startswith("Conditional reference"):
        target.last_problem = "reference-not-found"  # made by an event that is still to come, or by this very batch
        target.unresolved += 1
        if target.unresolved >= _UNRESOLVED:
            target.fail(target.last_problem, retry=True)
        return
    if status == 403 and not target.forbidden:
        target.forbidden = True  # a policy refuses a stale write: reading again tells whether that was it
        return
    target.fail(f"write-{status}-{outcome_code(outcome)}", retry=status in _TRANSIENT)


def _conclusion(row: _Row) -> dict[str, Any]:
    """Give one row of the result line, as the bot writes it."""
    problem = row.problem or next((write.problem for write in row.writes if write.problem), None)
    kept = {write.kept for write in row.writes}
    if problem:
        outcome = "failed"
    elif not row.writes:
        outcome = "ignored"
    elif any(write.action != "none" for write in row.writes):
        outcome = "applied"
    else:
        outcome = "stale" if "stale" in kept else "duplicate" if "duplicate" in kept else "unchanged"
    kinds = [write.search.partition("?")[0] for write in row.writes]
    said = problem or row.note
    return {
        "event": row.event.id,
        "type": row.event.type,
        "mapping": row.mapping,
        "outcome": outcome,
        "writes": [
            {"ref": f"{kind}/{write.id}" if write.id else kind, "action": write.action}
            for kind, write in zip(kinds, row.writes, strict=True)
        ],
        **({"problem": said} if said else {}),
        **({"retry": True} if any(write.retry for write in row.writes) else {}),
    }
