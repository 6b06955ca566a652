"""How much does a server take? New events at a steady rate, whether or not the earlier ones were answered.

```
event number n is due at n / rate ─▶ a free connection sends it ─▶ latency from when it was DUE
```
Sending at fixed times and counting from them is what keeps the figures honest: a client that waits for a slow answer
before it sends the next would hide just the slowness that it measures (coordinated omission). It stops by itself: by
the time, and by the number of events that the time holds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from math import ceil
from typing import Any, Final

import orjson

from workbench.events.delivery import Delivery
from workbench.events.locators import find_path
from workbench.flows.answers import Answer, worst_outcome
from workbench.flows.compose import compose_event
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned
from workbench.flows.sending import BotSender

__all__ = ["LoadReport", "load_test"]

_MOST_EVENTS: Final = 1_000_000
_BUSY: Final = 0.85  # of one core: Python sends with one


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a server did with a steady stream of new events; times in milliseconds."""

    rate: float  # asked for, events a second
    sent: int
    seconds: float  # from the first that was due to the last answer
    outcomes: dict[str, int]
    errors: dict[str, int]  # by kind, in words
    latency: dict[str, float]  # p50, p95, p99 and max, from when an event was due to its answer
    service: dict[str, float]  # the same from when it was sent
    client_cpu: float  # of one core
    limit: str  # what gave way first, in words

    @property
    def answered_rate(self) -> float:
        """Events a second that came back settled."""
        return (self.sent - sum(self.errors.values())) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class _Shot:
    due: float
    begun: float
    ended: float
    answer: Answer


def load_test(
    samples: Sequence[Delivery],
    provisioned: Provisioned,
    loaded: LoadedIntegration,
    secret: str,
    *,
    rate: float,
    seconds: float,
    connections: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> LoadReport:
    """Send new events made of samples at a rate for some seconds, and say what became of them and what gave way.

    Args:
        samples: deliveries of the integration's provider; each event gets an id of its own, and its object too.
        provisioned: where they go: one's own server.
        loaded: the integration.
        secret: to sign with.
        rate: events a second.
        seconds: how long.
        connections: how many may be on their way at once; more wait, and that is counted as latency.
        progress: is told how many were answered and how many there will be.

    Raises:
        ValueError: there is no sample, or the rate and time make no event or more than a million.
    """
    count = int(rate * seconds)
    if not samples or not 1 <= count <= _MOST_EVENTS:
        message = f"a load test needs samples and 1 to {_MOST_EVENTS:,} events; these make {count:,}"
        raise ValueError(message)
    cpu, shots = time.process_time(), []
    with provisioned.open_client(connections=connections) as http, ThreadPoolExecutor(connections) as pool:
        sender = BotSender(http, provisioned, loaded, secret)
        started = time.monotonic()
        waiting: list[Future[_Shot]] = []
        for number, delivery in enumerate(_new_events(samples, loaded, secret, count)):
            due = started + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            waiting.append(pool.submit(_shoot, sender, delivery, due))
            if progress and number % 50 == 49:
                progress(sum(each.done() for each in waiting), count)
        shots = [each.result() for each in waiting]
    return _report(shots, rate, time.process_time() - cpu, connections)


def _shoot(sender: BotSender, delivery: Delivery, due: float) -> _Shot:
    begun = time.monotonic()
    answer = sender.post(delivery)
    return _Shot(due, begun, time.monotonic(), answer)


def _new_events(samples: Sequence[Delivery], loaded: LoadedIntegration, secret: str, count: int) -> Iterator[Delivery]:
    """Yield samples as new events, each of an object that no other is about."""
    place = f"{loaded.provider.envelope.object}.id" if loaded.provider.envelope.object else None
    for number, sample in enumerate(islice(cycle(samples), count)):
        was = find_path(orjson.loads(sample.body), place) if place else None
        changes: dict[str, Any] = {place: f"{was}{number}"} if place and isinstance(was, str) else {}
        yield compose_event(sample, loaded.provider, secret=secret, now=datetime.now(UTC), changes=changes)


def _report(shots: Sequence[_Shot], rate: float, cpu: float, connections: int) -> LoadReport:
    seconds = max(each.ended for each in shots) - min(each.due for each in shots)
    outcomes: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for each in shots:
        outcome = each.answer.outcome or worst_outcome(each.answer.results)
        outcomes[outcome] += 1
        if outcome in {"failed", "refused", "unreachable"}:
            errors[each.answer.problem or outcome] += 1
    lag = _percentiles([each.begun - each.due for each in shots])
    busy = cpu / seconds if seconds else 0.0
    return LoadReport(
        rate=rate,
        sent=len(shots),
        seconds=round(seconds, 3),
        outcomes=dict(sorted(outcomes.items())),
        errors=dict(errors.most_common()),
        latency=_percentiles([each.ended - each.due for each in shots]),
        service=_percentiles([each.ended - each.begun for each in shots]),
        client_cpu=round(busy, 2),
        limit=_limit(errors, lag["p95"], busy, connections),
    )


def _limit(errors: Counter[str], lag_ms: float, busy: float, connections: int) -> str:
    """Say what gave way first; a client that cannot keep up says nothing of the server."""
    if busy > _BUSY:
        return "this machine: the client used a whole core, so the server may take more"
    if any("quota" in error for error in errors):
        return "the server's quota"
    if lag_ms > 100:
        return f"the server: all {connections} connections were waiting for answers, and events queued up"
    if errors:
        return "the server: it failed some"
    return "nothing: the server kept up"


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    """Give p50, p95, p99 and max of seconds, in milliseconds.

    >>> _percentiles([0.001 * n for n in range(1, 101)])
    {'p50': 50.0, 'p95': 95.0, 'p99': 99.0, 'max': 100.0}
    """
    ordered = sorted(values)
    ranks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[max(0, ceil(len(ordered) * part) - 1)] * 1000, 1) for name, part in ranks.items()}
