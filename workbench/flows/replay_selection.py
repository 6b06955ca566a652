"""What a replay is asked for → the deliveries to send, in their order, each with a key that finds it again.

The same request gives the same deliveries in the same order, so a replay that was broken off can be resumed by asking
again and leaving out what its journal knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Literal

from workbench.events.delivery import Delivery, Event
from workbench.events.locators import find_path
from workbench.events.providers import Provider
from workbench.flows.corpora import open_existing
from workbench.flows.load import judge_deliveries
from workbench.flows.verdicts import JudgedDelivery
from workbench.mapping.event_types import accepts_type
from workbench.store.filters import EventFilter
from workbench.store.journal import delivery_key

__all__ = ["Order", "ReplayRequest", "Selected", "due_seconds", "select_deliveries"]

Order = Literal["given", "received", "occurred", "shuffled"]
_USABLE = frozenset({"verified", "unsigned", "handshake"})
_STORES = frozenset({".db", ".sqlite", ".sqlite3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Which deliveries to send, and how."""

    events: str  # a folder, a file, a scenario or a store
    provider: str | None = None
    type: str | None = None
    since: datetime | None = None  # the event occurred, inclusive
    until: datetime | None = None  # exclusive
    verdict: str | None = None  # by default all but refused and unreadable ones
    ids: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)  # path in the payload → value
    order: Order = "given"
    speed: float | None = None  # 1.0 is as it happened, 10.0 ten times as fast; None as fast as it goes
    duplicate: float = 0.0  # how many are sent twice, from 0 to 1
    seed: int = 0
    keys: tuple[str, ...] = ()  # only these: of dead letters

    def record(self) -> dict[str, Any]:
        """Give the request as JSON, for a journal."""
        times = {name: moment.isoformat() for name in ("since", "until") if (moment := getattr(self, name))}
        return {**asdict(self), **times}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ReplayRequest:
        """Give the request that a journal kept."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        times = {name: datetime.fromisoformat(known[name]) for name in ("since", "until") if known.get(name)}
        return cls(**{**known, **times, "ids": tuple(known.get("ids", ())), "keys": tuple(known.get("keys", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """One delivery to send."""

    key: str
    judged: JudgedDelivery
    delivery: Delivery = field(repr=False)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events it carries."""
        return self.judged.events


def select_deliveries(request: ReplayRequest, providers: Mapping[str, Provider] | None = None) -> list[Selected]:
    """Give the deliveries that a request means, in the order in which they are to be sent.

    Raises:
        DeliveryError: the path does not exist, or holds no events.
        StoreError: the store is not there, or damaged.
    """
    chance = Random(request.seed)  # noqa: S311 - an order that can be repeated, not a secret
    found = [each for each in _found(request, providers) if each.delivery is not None]
    if request.order == "received":
        found.sort(key=lambda each: each.delivery.received_at)  # type: ignore[union-attr]
    elif request.order == "occurred":
        found.sort(key=_occurred_at)
    elif request.order == "shuffled":
        chance.shuffle(found)
    again = [place for place in range(len(found)) if chance.random() < request.duplicate]
    placed = [(float(place), each) for place, each in enumerate(found)]
    placed += [(chance.uniform(place, len(found)), found[place]) for place in again]
    found = [each for _, each in sorted(placed, key=lambda one: one[0])]
    seen: Counter[str] = Counter()
    selected = []
    for judged in found:
        assert judged.delivery is not None
        digest = delivery_key(judged.delivery)
        selected.append(
            Selected(key=delivery_key(judged.delivery, seen[digest]), judged=judged, delivery=judged.delivery)
        )
        seen[digest] += 1
    return [each for each in selected if not request.keys or each.key.partition("+")[0] in request.keys]


def due_seconds(request: ReplayRequest, selected: Sequence[Selected]) -> list[float] | None:
    """Give when each delivery leaves, in seconds after the beginning; None as fast as it goes.

    The gaps are those between the times received, or occurred where that is the order, divided by the speed. In a
    shuffled order the gaps stay and the deliveries change places.
    """
    if request.speed is None or not selected:
        return None
    occurred = request.order == "occurred"
    times = sorted(_occurred_at(each.judged) if occurred else each.delivery.received_at for each in selected)
    return [(moment - times[0]).total_seconds() / request.speed for moment in times]


def _found(request: ReplayRequest, providers: Mapping[str, Provider] | None) -> Iterator[JudgedDelivery]:
    path = Path(request.events)
    if path.suffix in _STORES:
        yield from _stored(path, request)
        return
    for judged in judge_deliveries(path, provider=None, providers=providers):
        if _is_chosen(judged, request):
            yield judged


def _stored(path: Path, request: ReplayRequest) -> Iterator[JudgedDelivery]:
    """Yield the deliveries of a store of which an event is meant, in the order they were received."""
    chosen = EventFilter(
        provider=request.provider,
        type=request.type,
        since=request.since,
        until=request.until,
        verdict=request.verdict,
        where=request.where,
    )
    with open_existing(path) as store:
        carried: dict[int, JudgedDelivery] = {}
        for stored in store.events(chosen):
            before = carried.get(stored.delivery)
            events = (stored.event, *(before.events if before else ()))
            carried[stored.delivery] = JudgedDelivery(
                verdict=stored.verdict,
                source=f"delivery {stored.delivery}",
                provider=stored.event.provider,
                events=events,
            )
        for number, judged in sorted(carried.items()):
            wanted = not request.ids or any(event.id in request.ids for event in judged.events)
            if wanted and (request.verdict or judged.verdict in _USABLE):
                yield JudgedDelivery(
                    verdict=judged.verdict,
                    source=judged.source,
                    provider=judged.provider,
                    delivery=store.delivery(number),
                    events=judged.events,
                )


def _is_chosen(judged: JudgedDelivery, request: ReplayRequest) -> bool:
    if judged.verdict != request.verdict if request.verdict else judged.verdict not in _USABLE:
        return False
    if request.provider and judged.provider != request.provider:
        return False
    asked = request.type or request.since or request.until or request.ids or request.where
    return not asked or any(_is_meant(event, judged, request) for event in judged.events)


def _is_meant(event: Event, judged: JudgedDelivery, request: ReplayRequest) -> bool:
    moment = event.occurred_at or (judged.delivery.received_at if judged.delivery else None)
    return (
        (request.type is None or accepts_type([request.type], event.type))
        and (not request.ids or event.id in request.ids)
        and (request.since is None or (moment is not None and moment >= request.since))
        and (request.until is None or (moment is not None and moment < request.until))
        and all(find_path(event.payload, path) == value for path, value in request.where.items())
    )


def _occurred_at(judged: JudgedDelivery) -> datetime:
    assert judged.delivery is not None
    times: Iterable[datetime] = (event.occurred_at for event in judged.events if event.occurred_at)
    return min(times, default=judged.delivery.received_at)
