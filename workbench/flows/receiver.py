"""The web application that receives deliveries: it answers handshakes, judges, stores, and only then says 2xx.

| what came | answer | stored |
|---|---|---|
| verified, or unsigned because no secret was given | 200, empty | yes |
| a handshake | what the provider wants to hear | yes |
| proved, but of a shape we cannot read | 200, empty: a retry would not help | yes, as unreadable |
| refused | 400 | yes, as refused |
| longer than the limit | 413 | no |
| a store that cannot be written, a secret that cannot be used | 500, so that the provider tries again | no |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workbench.errors import DeliveryError, Problem, StoreError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import recognise_provider
from workbench.events.providers import Provider
from workbench.flows.verdicts import JudgedDelivery, judge_delivery
from workbench.store.deliveries import Added, EventStore

__all__ = ["Received", "Receiver", "receiver_application"]

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
PAGE = Path(__file__).parent / "receiver_page" / "page.html"
HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding", "keep-alive", "te", "upgrade", "expect"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One delivery as it was received, for whoever watches: no payload, no header values."""

    judged: JudgedDelivery
    status: int  # what was answered
    added: Added | None = None  # None where nothing was stored
    forwarded: str | None = None  # what became of passing it on, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """How deliveries are received."""

    store: EventStore
    providers: Mapping[str, Provider]  # those that may send; one, or all that can be recognised
    secrets: Mapping[str, Sequence[str]]
    limit_bytes: int
    public_url: str | None  # the address the providers know, where a tunnel stands before us: some schemes sign it
    client: httpx.Client  # what passes deliveries on
    forward: str | None  # a URL that gets every accepted delivery byte for byte
    watch: Callable[[Received], None]

    def receive(self, delivery: Delivery) -> tuple[Response, Received]:
        """Return the answer to a delivery, and what was done with it, once it is on the disk."""
        source = f"{delivery.method} {urlsplit(delivery.url or '').path}"
        try:
            judged = self._judge(delivery, source)
            added = self.store.add(
                delivery,
                verdict=judged.verdict,
                provider=judged.provider,
                events=judged.events,
                reason=judged.reason,
                message=judged.problem.message if judged.problem else None,
            )
        except (StoreError, DeliveryError) as error:
            problem = Problem(message=str(error), file=source)
            failed = JudgedDelivery(verdict="unreadable", source=source, problem=problem)
            return Response(status_code=500), Received(judged=failed, status=500)
        response = _answer(judged)
        return response, Received(judged=judged, status=response.status_code, added=added)

    def _judge(self, delivery: Delivery, source: str) -> JudgedDelivery:
        provider = next(iter(self.providers.values())) if len(self.providers) == 1 else None
        provider = provider or recognise_provider(delivery.body, delivery.headers, self.providers)
        if provider is None:
            problem = Problem(message="is of no provider that is known", file=source)
            return JudgedDelivery(verdict="unreadable", source=source, delivery=delivery, problem=problem)
        secrets = self.secrets.get(provider.name, ())
        return judge_delivery(delivery, provider, secrets, delivery.received_at, source=source)

    def pass_on(self, received: Received) -> None:
        """Tell the watcher of a delivery, after passing it on where it is to be passed on."""
        delivery = received.judged.delivery
        # Where secrets are in force, a stranger's unsigned delivery is kept to be looked at, and goes no further.
        accepted = ("verified",) if self.secrets else ("verified", "unsigned")
        if self.forward and delivery and received.judged.verdict in accepted:
            received = Received(
                judged=received.judged,
                status=received.status,
                added=received.added,
                forwarded=_forward(self.client, delivery, self.forward),
            )
        self.watch(received)


def receiver_application(receiver: Receiver) -> Starlette:
    """Return the ASGI application of a receiver: every path receives; `/` shows the deliveries to this machine."""

    async def endpoint(request: Request) -> Response:
        if _asks_for_page(request):
            return await run_in_threadpool(_page, request, receiver)
        body = await _read_body(request, receiver.limit_bytes)
        if body is None:
            return Response(status_code=413)
        delivery = Delivery(
            body=body,
            headers=_joined(request),
            received_at=datetime.now(UTC),
            method=request.method,
            url=_url(request, receiver.public_url),
        )
        response, received = await run_in_threadpool(receiver.receive, delivery)
        response.background = BackgroundTask(receiver.pass_on, received)
        return response

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", endpoint, methods=methods)])


def _asks_for_page(request: Request) -> bool:
    """Return whether somebody at this machine looks at us: through a tunnel the page is not shown."""
    return (
        request.method in ("GET", "HEAD")
        and request.url.path in ("/", "/deliveries")
        and request.url.hostname in LOCAL_NAMES
        and not {"x-forwarded-for", "x-okta-verification-challenge"} & set(request.headers)
    )


async def _read_body(request: Request, limit: int) -> bytes | None:
    """Return the body, or None as soon as it is longer than the limit: what is stated is not relied upon."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def _answer(judged: JudgedDelivery) -> Response:
    if judged.handshake:
        shake = judged.handshake
        return Response(shake.body, status_code=shake.status, headers=dict(shake.headers))
    if judged.verdict == "refused":
        return JSONResponse({"refused": judged.reason}, status_code=400)
    if judged.provider is None:
        return JSONResponse({"refused": "unknown provider"}, status_code=400)
    return Response(status_code=200)


def _page(request: Request, receiver: Receiver) -> Response:
    """Return the page that shows the deliveries, or the newest of them as JSON: ids and types, never payloads."""
    if request.url.path == "/":
        return Response(PAGE.read_bytes(), media_type="text/html")
    rows = [
        {
            "received_at": stored.received_at.isoformat(timespec="milliseconds"),
            "provider": stored.event.provider,
            "type": stored.event.type,
            "id": stored.event.id,
            "verdict": stored.verdict,
        }
        for stored in receiver.store.events(limit=100)
    ]
    return JSONResponse({"verdicts": receiver.store.verdicts(), "events": rows})


def _joined(request: Request) -> dict[str, str]:
    """Return the headers, several of one name joined by a comma as HTTP allows."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _url(request: Request, public_url: str | None) -> str:
    if public_url is None:
        return str(request.url)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public_url.rstrip('/')}{request.url.path}{query}"


def _forward(client: httpx.Client, delivery: Delivery, url: str) -> str:
    """Return what became of sending a delivery's bytes and headers on; a fault is told, never raised."""
    headers = {name: value for name, value in delivery.headers.items() if name not in HOP_BY_HOP}
    try:
        answer = client.request(delivery.method, url, content=delivery.body, headers=headers)
    except httpx.HTTPError as error:
        return f"not forwarded: {type(error).__name__}"
    return f"forwarded: {answer.status_code}"
