"""The fourth verb: send recorded deliveries to the deployed bot as the provider would, and say what became of each.

A delivery's bytes are sent untouched; its signature is made anew at the moment of sending, because the time is part of
what a signature covers. The bot is idempotent, so a delivery whose answer was lost is sent again without harm.

```
delivery ─sign now─▶ POST webhook URL ─▶ result line ─▶ ReplayRow
      ▲                  │ connection refused or reset, time ran out, 429, 5xx, "retry"
      └── after the server's own wait, or a growing pause, at most `attempts` times
```
A row's outcome: applied, unchanged, stale, duplicate, ignored, refused, failed, handshake or unreachable.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx

from workbench.events.delivery import Delivery
from workbench.events.envelopes import answer_handshake
from workbench.flows.answers import Answer, read_answer, worst_outcome
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned
from workbench.flows.signing import bytes_to_send, headers_to_send

if TYPE_CHECKING:
    import pandas

__all__ = ["ReplayReport", "ReplayRow", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRow:
    """What became of one delivery: a line of the journal."""

    delivery: str  # its name
    outcome: str  # the most serious one among its events
    status: int | None  # of the last answer; None when none came
    attempts: int
    ms: float  # of all attempts, the pauses not counted
    results: tuple[Mapping[str, Any], ...] = field(repr=False, default=())  # the bot's, one an event and mapping
    problem: str | None = None  # in words, without values


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What became of every delivery, in the order they were given."""

    rows: tuple[ReplayRow, ...]
    seconds: float

    def outcomes(self) -> dict[str, int]:
        """How many events met each outcome; a delivery that carried none counts once."""
        found: Counter[str] = Counter()
        for row in self.rows:
            found.update([result["outcome"] for result in row.results] or [row.outcome])
        return dict(sorted(found.items()))

    @property
    def failed(self) -> tuple[ReplayRow, ...]:
        """The deliveries of which something was not settled: the list to look at, and to send again."""
        return tuple(row for row in self.rows if row.outcome in {"failed", "refused", "unreachable"})

    def to_frame(self) -> pandas.DataFrame:
        """One row an event and mapping, and one for each delivery without; no payloads."""
        import pandas

        rows = [
            {
                "delivery": row.delivery,
                "event": result.get("event"),
                "type": result.get("type"),
                "mapping": result.get("mapping"),
                "outcome": result.get("outcome", row.outcome),
                "writes": len([write for write in result.get("writes", ()) if write["action"] != "none"]),
                "problem": result.get("problem") or row.problem,
                "status": row.status,
                "attempts": row.attempts,
                "ms": row.ms,
            }
            for row in self.rows
            for result in (row.results or ({},))
        ]
        return pandas.DataFrame(rows)

    def __repr__(self) -> str:
        found = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes().items())
        return f"ReplayReport({len(self.rows)} deliveries in {self.seconds:.1f} s: {found or 'nothing to send'})"


def replay(
    deliveries: Iterable[Delivery],
    provisioned: Provisioned,
    loaded: LoadedIntegration,
    secrets: Mapping[str, str],
    *,
    concurrency: int = 4,
    attempts: int = 5,
    journal: Callable[[ReplayRow], None] | None = None,
    progress: Callable[[str], None] | None = None,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ReplayReport:
    """Send every delivery and give what became of each, in the order given.

    Args:
        deliveries: what was recorded; may be an endless stream, of which `concurrency` are held at a time.
        provisioned: where they go.
        loaded: the integration, whose provider says how to sign.
        secrets: the values of its secrets by name; the first of the integration signs.
        concurrency: how many are on their way at once; an older event that overtakes a newer one is stale, not lost.
        attempts: how often one delivery is sent at most.
        journal: is given each row as soon as it is known, in the order of the answers.
        progress: is told how far it is, in words.
        transport: how requests travel, for tests.
        sleep: how to pause.

    Raises:
        ValueError: the provider signs something that the deliveries do not have.
    """
    started = time.monotonic()
    secret = next(secrets[source.name] for source in loaded.integration.secrets if source.name in secrets)
    rows: dict[int, ReplayRow] = {}
    with provisioned.open_client(connections=concurrency, transport=transport) as http:
        sender = _Sender(http, provisioned, loaded, secret, attempts, sleep)
        for number, row in _in_parallel(sender.send, deliveries, concurrency):
            rows[number] = row
            if journal:
                journal(row)
            if progress and len(rows) % 25 == 0:
                progress(f"{len(rows)} deliveries sent")
    report = ReplayReport(rows=tuple(rows[number] for number in sorted(rows)), seconds=time.monotonic() - started)
    if progress:
        progress(repr(report))
    return report


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends one delivery after the other; several threads share it."""

    http: httpx.Client
    provisioned: Provisioned
    loaded: LoadedIntegration
    secret: str = field(repr=False)
    attempts: int
    sleep: Callable[[float], None]

    def send(self, delivery: Delivery) -> ReplayRow:
        spent = 0.0
        for attempt in range(1, self.attempts + 1):
            started = time.monotonic()
            answer = self.post(delivery)
            spent += time.monotonic() - started
            if answer.pause_seconds is None or attempt == self.attempts:
                break
            self.sleep(answer.pause_seconds * (1 if answer.told else 2.0 ** (attempt - 1)))
        return ReplayRow(
            delivery=delivery.name or f"delivery of {len(delivery.body)} bytes",
            outcome=answer.outcome or worst_outcome(answer.results),
            status=answer.status,
            attempts=attempt,
            ms=round(spent * 1000, 1),
            results=answer.results,
            problem=answer.problem,
        )

    def post(self, delivery: Delivery) -> Answer:
        body = bytes_to_send(delivery)
        headers = headers_to_send(delivery, body, self.loaded, self.secret, datetime.now(UTC))
        try:
            response = self.http.request(delivery.method, self.provisioned.endpoint, content=body, headers=headers)
        except httpx.TransportError as error:
            problem = f"the server could not be reached ({type(error).__name__})"
            return Answer(outcome="unreachable", status=None, problem=problem, pause_seconds=0.2)
        asked = answer_handshake(delivery, self.loaded.provider, [self.secret])
        return read_answer(response, asked.body if asked else None)


def _in_parallel(
    send: Callable[[Delivery], ReplayRow], deliveries: Iterable[Delivery], concurrency: int
) -> Iterator[tuple[int, ReplayRow]]:
    """Each row with its delivery's number, as they come; never more than `concurrency` under way."""
    waiting = enumerate(deliveries)
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="replay")
    running: dict[Future[ReplayRow], int] = {}
    try:
        while True:
            for number, delivery in islice(waiting, concurrency - len(running)):
                running[pool.submit(send, delivery)] = number
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C: what is under way is finished, nothing new is begun
