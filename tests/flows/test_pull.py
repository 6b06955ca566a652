"""pull_stripe and pull_okta: past events come whole, once, and go on where they were broken off."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from workbench.errors import ServerError
from workbench.flows.pull import Pulled, pull_okta, pull_stripe
from workbench.store.deliveries import EventStore, open_store

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
EVENTS = [
    {"id": f"evt_{n}", "object": "event", "type": "invoice.paid", "created": 1795435200 - n, "amount": 10**17 + n}
    for n in range(250)
]
LOGS = [
    {"uuid": f"u{n}", "eventType": "user.session.start", "published": f"2026-11-02T15:20:{n:02d}.123Z"}
    for n in range(5)
]


class _Stripe(http.server.BaseHTTPRequestHandler):
    """Pages of events as Stripe's API documents them; the official library is the client."""

    faults: list[int]  # statuses to answer with first
    asked: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append(query)
        if self.faults and (status := self.faults.pop(0)) != 200:
            return self.answer(status, {"error": {"message": "planted", "type": "x"}})
        after = next((n for n, each in enumerate(EVENTS) if each["id"] == query.get("starting_after", [""])[0]), -1)
        page = EVENTS[after + 1 : after + 1 + int(query["limit"][0])]
        more = after + 1 + len(page) < len(EVENTS)
        return self.answer(200, {"object": "list", "url": "/v1/events", "has_more": more, "data": page})

    def answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("stripe-should-retry", "false")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """Give an empty store."""
    with open_store(tmp_path / "events.db") as empty:
        yield empty


@pytest.fixture
def stripe() -> Iterator[Any]:
    """Give a server that speaks the part of Stripe's API in question."""
    handler = type("Handler", (_Stripe,), {"faults": [], "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        yield handler
        server.shutdown()


def pull(store: EventStore, stripe: Any, pauses: list[float] | None = None) -> Pulled:
    """Pull from the server."""
    waited = [] if pauses is None else pauses
    return pull_stripe(store, since=SINCE, api_key="sk_test_x", base_url=stripe.url, pause=waited.append)


def test_every_page_of_stripe_is_kept_once(store: EventStore, stripe: Any) -> None:
    """All events come, in pages, with their numbers as sent; a second pull brings nothing new."""
    assert pull(store, stripe) == Pulled(pages=3, events=250, new_events=250, resumed=False)
    assert pull(store, stripe).new_events == 0
    assert store.verdicts() == {"unsigned": 250}
    assert {stored.event.payload["amount"] for stored in store.events()} == {each["amount"] for each in EVENTS}
    assert stripe.asked[0] == {"limit": ["100"], "created[gte]": [str(int(SINCE.timestamp()))]}


def test_a_pull_that_was_broken_off_goes_on_where_it_was(store: EventStore, stripe: Any) -> None:
    """After a failure in the second page the next pull begins there."""
    stripe.faults[:] = [200, 400]
    with pytest.raises(ServerError, match=r"Stripe answered with status 400 \(/v1/events\); pull again later"):
        pull(store, stripe)

    assert store.count() == 100
    assert pull(store, stripe) == Pulled(pages=2, events=150, new_events=150, resumed=True)


def test_stripes_wish_to_slow_down_is_met(store: EventStore, stripe: Any) -> None:
    """Each refusal is waited for a little longer."""
    stripe.faults[:] = [429, 429]
    pauses: list[float] = []

    assert (pull(store, stripe, pauses).events, pauses) == (250, [1.0, 2.0])


def test_patience_ends(store: EventStore, stripe: Any) -> None:
    """An API that never gives way is an error that says what to do."""
    stripe.faults[:] = [429] * 6

    with pytest.raises(ServerError, match="Stripe asked 6 times to slow down; pull again later"):
        pull(store, stripe)


def test_a_refused_key_names_its_variable(store: EventStore, stripe: Any) -> None:
    """The key is not in the message, the variable is."""
    stripe.faults[:] = [401]

    with pytest.raises(
        ServerError, match=r"Stripe refused the key with status 401 \(/v1/events\); check STRIPE_API_KEY"
    ):
        pull(store, stripe)


def okta(store: EventStore, answer: Any, pauses: list[float] | None = None) -> Pulled:
    """Pull a System Log that a function answers for."""
    return pull_okta(
        store,
        since=SINCE,
        org_url="https://clinic.okta.example/",
        token="planted-token",
        pause=([] if pauses is None else pauses).append,
        transport=httpx.MockTransport(answer),
    )


def log_pages(request: httpx.Request) -> httpx.Response:
    """Answer two events a page, and a next page for ever, as Okta does."""
    after = int(request.url.params.get("after", "0"))
    link = f'<https://clinic.okta.example/api/v1/logs?after={after + 2}>; rel="next"'
    return httpx.Response(200, json=LOGS[after : after + 2], headers={"link": link})


def test_okta_is_followed_to_the_end_of_what_there_is(store: EventStore) -> None:
    """An empty page ends the pull, and the token goes only to the org."""
    assert okta(store, log_pages) == Pulled(pages=4, events=5, new_events=5, resumed=False)
    assert [stored.event.id for stored in store.events()] == ["u4", "u3", "u2", "u1", "u0"]


def test_oktas_first_question_is_what_its_api_documents(store: EventStore) -> None:
    """The log is asked for from a time, the oldest first, with the token in its header."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[])

    okta(store, answer)
    assert str(asked[0].url) == (
        "https://clinic.okta.example/api/v1/logs?since=2026-11-01T00%3A00%3A00.000Z&sortOrder=ASCENDING&limit=1000"
    )
    assert asked[0].headers["authorization"] == "SSWS planted-token"


def test_oktas_wish_to_slow_down_is_met(store: EventStore) -> None:
    """A 429 is waited for until the time it names, and no longer than a minute."""
    faults = [httpx.Response(429, headers={"x-rate-limit-reset": "99999999999"}), httpx.Response(429)]
    pauses: list[float] = []

    assert okta(store, lambda request: faults.pop(0) if faults else log_pages(request), pauses).events == 5
    assert pauses == [60.0, 2.0]


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (httpx.Response(403), r"Okta refused the key with status 403 \(/api/v1/logs\); check OKTA_API_TOKEN"),
        (httpx.Response(500), r"Okta answered with status 500 \(/api/v1/logs\); pull again later"),
        (
            httpx.Response(200, json=LOGS, headers={"link": '<https://evil.example/next>; rel="next"'}),
            "Okta named a next page on another server, and the API token is not sent there",
        ),
    ],
)
def test_oktas_refusals_say_what_to_do(store: EventStore, response: httpx.Response, text: str) -> None:
    """Every refusal is a ServerError without the token in it."""
    with pytest.raises(ServerError, match=text) as error:
        okta(store, lambda _: response)

    assert "planted-token" not in str(error.value)


def test_an_org_that_cannot_be_reached_is_named(store: EventStore) -> None:
    """A fault of the network is told as such."""

    def fail(request: httpx.Request) -> httpx.Response:
        message = "planted"
        raise httpx.ConnectError(message, request=request)

    with pytest.raises(ServerError, match=r"Okta could not be reached \(/api/v1/logs\); check the address"):
        okta(store, fail)
