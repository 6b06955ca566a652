"""Send one delivery until it is settled: what may pass is tried again, with growing pauses and jitter, and bounded.

| what came back | is sent again |
|---|---|
| no connection could be made | until `patience_seconds` of pauses are used up; then all stops: the server is gone |
| 429 | after the server's own wait, until `patience_seconds` are used up |
| connection lost, time ran out, 5xx, a conflict, "retry" | at most `most` times: a bot applies an event once |
| refused, rejected, wrong credentials | never: it would be the same |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Event as Flag
from typing import Any

import httpx

from workbench.events.delivery import Delivery
from workbench.events.envelopes import answer_handshake
from workbench.flows.answers import Answer, read_answer, worst_outcome
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned
from workbench.flows.signing import bytes_to_send, headers_to_send

__all__ = ["Attempts", "BotSender", "ReplayRow", "send_until_settled"]

_LONGEST_PAUSE_SECONDS = 10.0


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
    number: int = 0  # its place among the deliveries given


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How often and how patiently a delivery is sent; shared by all deliveries of a replay."""

    most: int
    stop: Flag  # ends pauses; set here when the server is gone
    sleep: Callable[[float], object]
    chance: Random
    patience_seconds: float = 120.0  # of pauses for one delivery, for a quota or a server that is away


def send_until_settled(post: Callable[[Delivery], Answer], delivery: Delivery, limits: Attempts) -> ReplayRow | None:
    """Give what became of a delivery; None when the replay was stopped before that was known."""
    spent, paused, counted, sent = 0.0, 0.0, 0, 0
    while True:
        started = time.monotonic()
        answer = post(delivery)
        spent += time.monotonic() - started
        sent += 1
        away = answer.outcome == "unreachable"
        counted += not (away or answer.told)
        if answer.pause_seconds is None or counted >= limits.most:
            break
        grown = answer.pause_seconds if answer.told else answer.pause_seconds * 2.0 ** (sent - 1)
        pause = min(grown, _LONGEST_PAUSE_SECONDS) * (0.75 + limits.chance.random() / 2) if not answer.told else grown
        if paused + pause > limits.patience_seconds:
            if away:
                limits.stop.set()  # the others would wait as long for nothing: they are left to a resumed replay
            break
        if limits.stop.is_set():
            return None
        limits.sleep(pause)
        paused += pause
        if limits.stop.is_set():
            return None
    return ReplayRow(
        delivery=delivery.name or f"delivery of {len(delivery.body)} bytes",
        outcome=answer.outcome or worst_outcome(answer.results),
        status=answer.status,
        attempts=sent,
        ms=round(spent * 1000, 1),
        results=answer.results,
        problem=answer.problem,
    )


@dataclass(frozen=True, slots=True)
class BotSender:
    """Posts deliveries to a bot as their provider would; several threads share it."""

    http: httpx.Client
    provisioned: Provisioned
    loaded: LoadedIntegration
    secret: str = field(repr=False)

    def post(self, delivery: Delivery) -> Answer:
        """Give the answer to one delivery, signed at this moment.

        Raises:
            ValueError: the provider signs something that the delivery does not have.
        """
        body = bytes_to_send(delivery)
        headers = headers_to_send(delivery, body, self.loaded, self.secret, datetime.now(UTC))
        try:
            response = self.http.request(delivery.method, self.provisioned.endpoint, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            problem = f"the server could not be reached ({type(error).__name__})"
            return Answer(outcome="unreachable", status=None, problem=problem, pause_seconds=0.2)
        except httpx.TransportError as error:
            problem = f"the connection was lost before the answer came ({type(error).__name__})"
            return Answer(outcome="failed", status=None, problem=problem, pause_seconds=0.2)
        asked = answer_handshake(delivery, self.loaded.provider, [self.secret])
        return read_answer(response, asked.body if asked else None)
