"""The fourth verb: send recorded deliveries to the deployed bot as the provider would, and say what became of each.

A delivery's bytes are sent untouched; its signature is made anew at the moment of sending, because the time is part of
what a signature covers. The bot is idempotent, so a delivery whose answer was lost is sent again without harm.

```
delivery ─▶ due ─▶ sign now, POST (or map and write here) ─▶ result line ─▶ ReplayRow
```
A row's outcome: applied, unchanged, stale, duplicate, ignored, refused, failed, handshake or unreachable. What is
stopped before it has an outcome has no row: it was not settled, and a resumed replay sends it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from random import Random
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import httpx

from workbench.events.delivery import Delivery
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.local_settling import LocalSettler
from workbench.flows.provision import Provisioned
from workbench.flows.sending import Attempts, BotSender, ReplayRow, send_until_settled
from workbench.servers.client import Server

if TYPE_CHECKING:
    import pandas

__all__ = ["ReplayReport", "ReplayRow", "replay", "replay_locally"]

Send = Callable[[Delivery], ReplayRow | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What became of every delivery, in the order they were given."""

    rows: tuple[ReplayRow, ...]
    seconds: float
    stopped: bool = False  # before everything was sent: by Ctrl-C, or because the server is gone

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
    due: Callable[[int], float] | None = None,
    journal: Callable[[ReplayRow], None] | None = None,
    progress: Callable[[str], None] | None = None,
    stop: Flag | None = None,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] | None = None,
    chance: Random | None = None,
) -> ReplayReport:
    """Send every delivery and give what became of each, in the order given.

    Args:
        deliveries: what was recorded; may be an endless stream, of which `concurrency` are held at a time.
        provisioned: where they go.
        loaded: the integration, whose provider says how to sign.
        secrets: the values of its secrets by name; the first of the integration signs.
        concurrency: how many are on their way at once; an older event that overtakes a newer one is stale, not lost.
        attempts: how often one delivery is sent at most; waiting for a quota or a server that is away does not count.
        due: when the delivery of a number may leave, in seconds after the beginning; by default at once.
        journal: is given each row as soon as it is known, in the order of the answers.
        progress: is told how far it is, in words.
        stop: when it is set, what is on its way is finished and nothing new is begun.
        transport: how requests travel, for tests.
        sleep: how to pause between attempts.
        chance: for the jitter of pauses.

    Raises:
        ValueError: the provider signs something that the deliveries do not have.
    """
    secret = next(secrets[source.name] for source in loaded.integration.secrets if source.name in secrets)
    flag = stop or Flag()
    with provisioned.open_client(connections=concurrency, transport=transport) as http:
        sender = BotSender(http, provisioned, loaded, secret)
        limits = Attempts(most=attempts, stop=flag, sleep=sleep or flag.wait, chance=chance or Random())  # noqa: S311
        return _replay(deliveries, sender.post, limits, concurrency, due, journal, progress)


def replay_locally(
    deliveries: Iterable[Delivery],
    server: Server,
    loaded: LoadedIntegration,
    *,
    concurrency: int = 4,
    attempts: int = 5,
    due: Callable[[int], float] | None = None,
    journal: Callable[[ReplayRow], None] | None = None,
    progress: Callable[[str], None] | None = None,
    stop: Flag | None = None,
) -> ReplayReport:
    """Map every delivery here and write its resources ourselves, by the bot's own rules; no bot runs.

    The arguments are those of `replay`; the server's client needs the rights that the bot's policy gives.
    """
    flag = stop or Flag()
    settler = LocalSettler(server, loaded.provider, loaded.mappings)
    limits = Attempts(most=attempts, stop=flag, sleep=flag.wait, chance=Random())  # noqa: S311 - jitter
    return _replay(deliveries, settler.settle, limits, concurrency, due, journal, progress)


def _replay(
    deliveries: Iterable[Delivery],
    post: Callable[[Delivery], Any],
    limits: Attempts,
    concurrency: int,
    due: Callable[[int], float] | None,
    journal: Callable[[ReplayRow], None] | None,
    progress: Callable[[str], None] | None,
) -> ReplayReport:
    started = time.monotonic()
    rows: dict[int, ReplayRow] = {}
    left = 0

    def send(delivery: Delivery) -> ReplayRow | None:
        return send_until_settled(post, delivery, limits)

    for number, settled in _in_parallel(send, deliveries, concurrency, due or (lambda _: 0.0), limits.stop):
        if settled is None:
            left += 1
            continue
        row = rows[number] = replace(settled, number=number)
        if journal:
            journal(row)
        if progress and len(rows) % 25 == 0:
            progress(f"{len(rows)} deliveries sent")
    report = ReplayReport(
        rows=tuple(rows[number] for number in sorted(rows)),
        seconds=time.monotonic() - started,
        stopped=limits.stop.is_set(),
    )
    if progress:
        progress(repr(report))
    return report


def _in_parallel(
    send: Send, deliveries: Iterable[Delivery], concurrency: int, due: Callable[[int], float], stop: Flag
) -> Iterator[tuple[int, ReplayRow | None]]:
    """Each row with its delivery's number, as they come; never more than `concurrency` under way."""
    waiting = enumerate(deliveries)
    upcoming: tuple[int, Delivery] | None = None
    started = time.monotonic()
    running: dict[Future[ReplayRow | None], int] = {}
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="replay") as pool:
        try:
            while True:
                pause = None
                while len(running) < concurrency and not stop.is_set():
                    upcoming = upcoming or next(waiting, None)
                    if upcoming is None:
                        break
                    pause = started + due(upcoming[0]) - time.monotonic()
                    if pause > 0:
                        break
                    running[pool.submit(send, upcoming[1])] = upcoming[0]
                    upcoming, pause = None, None
                if not running and pause is None:
                    return
                if not running:
                    stop.wait(pause)
                    continue
                done, _ = wait(running, timeout=pause, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            stop_early = bool(running)
            if stop_early:
                stop.set()  # an exception of the caller's: nothing new is begun, pauses end
