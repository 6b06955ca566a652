"""Pull past events from a provider's API into the store: Stripe's last thirty days, Okta's System Log.

Each page is committed with the place where it ended, so a pull that was broken off goes on there. The events came
from the API and not as deliveries, so they are kept as unsigned.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from workbench.errors import ServerError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import Provider, find_provider
from workbench.store.deliveries import EventStore

__all__ = ["Pulled", "pull_okta", "pull_stripe"]

STRIPE_PAGE, OKTA_PAGE = 100, 1000  # the most that each API gives at once
ATTEMPTS = 6
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull brought."""

    pages: int
    events: int
    new_events: int
    resumed: bool  # it went on where an earlier pull was broken off


@dataclass(frozen=True, slots=True)
class _Page:
    """Some events, and where the next page begins; None at the end."""

    events: list[Any]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Wait:
    """The API asks to slow down; how long, where it said so."""

    seconds: float | None


_Ask = Callable[[str | None], "_Page | _Wait"]


def pull_stripe(
    store: EventStore,
    *,
    since: datetime,
    api_key: str,
    base_url: str | None = None,
    progress: Callable[[str], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Return what was new among the events since a time, once they are in the store; Stripe keeps thirty days.

    Args:
        store: where to keep them.
        since: the oldest event wanted.
        api_key: a secret or restricted key that may read events.
        base_url: another server that speaks Stripe's API.
        progress: called after each page.
        pause: how to wait when Stripe asks to slow down.

    Raises:
        ServerError: Stripe refused or could not be reached; what came before is kept, and the next call goes on there.
        StoreError: the store could not be written.
    """
    import stripe

    addresses: Any = {"api": base_url.rstrip("/")} if base_url else None
    client = stripe.StripeClient(api_key, base_addresses=addresses, max_network_retries=3)

    def ask(cursor: str | None) -> _Page | _Wait:
        params: Any = {"limit": STRIPE_PAGE, "created": {"gte": int(since.timestamp())}}
        try:
            listed: Any = client.v1.events.list(params=params | ({"starting_after": cursor} if cursor else {}))
        except stripe.RateLimitError as error:
            return _Wait(_seconds((error.headers or {}).get("retry-after")))
        except stripe.StripeError as error:
            raise _refusal(STRIPE, error.http_status) from error
        page = orjson.loads(listed.last_response.body)  # as it was sent: the library's objects change numbers
        return _Page(page["data"], page["data"][-1]["id"] if page["data"] and page["has_more"] else None)

    return _pull(store, STRIPE, _name(STRIPE, since), ask, progress, pause)


def pull_okta(
    store: EventStore,
    *,
    since: datetime,
    org_url: str,
    token: str,
    progress: Callable[[str], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> Pulled:
    """Return what was new in an org's System Log since a time, once it is in the store; Okta keeps ninety days.

    Args:
        store: where to keep it.
        since: the oldest event wanted.
        org_url: the org, as `https://clinic.okta.com`.
        token: an API token that may read the System Log.
        progress: called after each page.
        pause: how to wait when Okta asks to slow down.
        transport: another way to reach the org.

    Raises:
        ServerError: Okta refused or could not be reached; what came before is kept, and the next call goes on there.
        StoreError: the store could not be written.
    """
    first = f"{org_url.rstrip('/')}{OKTA.path}"
    stamp = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    begin = str(httpx.URL(first, params={"since": stamp, "sortOrder": "ASCENDING", "limit": OKTA_PAGE}))
    headers = {"authorization": f"SSWS {token}", "accept": "application/json"}
    with httpx.Client(headers=headers, timeout=30, transport=transport) as client:

        def ask(cursor: str | None) -> _Page | _Wait:
            try:
                answer = client.get(cursor or begin)
            except httpx.HTTPError as error:
                raise _refusal(OKTA, None) from error
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                reset = _seconds(answer.headers.get("x-rate-limit-reset"))
                return _Wait(reset - time.time() if reset else None)
            if answer.status_code != httpx.codes.OK:
                raise _refusal(OKTA, answer.status_code)
            events = orjson.loads(answer.content)
            # Okta names a next page for ever, for those who follow the log; an empty page is the end of what there is.
            return _Page(events, _next_page(answer, first) if events else None)

        return _pull(store, OKTA, _name(OKTA, since, org_url), ask, progress, pause)


@dataclass(frozen=True, slots=True)
class _Api:
    """What messages and the store call an API."""

    provider: str
    title: str
    path: str
    variable: str  # of the environment, that holds its key


STRIPE = _Api("stripe", "Stripe", "/v1/events", "STRIPE_API_KEY")
OKTA = _Api("okta", "Okta", "/api/v1/logs", "OKTA_API_TOKEN")


def _pull(
    store: EventStore,
    api: _Api,
    name: str,
    ask: _Ask,
    progress: Callable[[str], None] | None,
    pause: Callable[[float], None],
) -> Pulled:
    """Ask for page after page from where the store says, and keep each with the place where the next begins."""
    resumed = cursor = store.cursor(name)
    pages = events = new = 0
    while pages == 0 or cursor is not None:
        page = _patiently(ask, cursor, api, pause)
        cursor = page.cursor
        with store.transaction():
            new += sum(_keep(store, find_provider(api.provider), event) for event in page.events)
            store.set_cursor(name, cursor)
        pages, events = pages + 1, events + len(page.events)
        if progress:
            progress(f"{events} events of {api.title}, {new} of them new")
    return Pulled(pages=pages, events=events, new_events=new, resumed=resumed is not None)


def _patiently(ask: _Ask, cursor: str | None, api: _Api, pause: Callable[[float], None]) -> _Page:
    """Return a page, after waiting as long as the API wishes, or twice as long each time."""
    for attempt in range(ATTEMPTS):
        answer = ask(cursor)
        if isinstance(answer, _Page):
            return answer
        wanted = 2.0**attempt if answer.seconds is None else answer.seconds
        pause(min(max(wanted, 0.5), LONGEST_PAUSE_SECONDS))
    message = f"{api.title} asked {ATTEMPTS} times to slow down; pull again later, it goes on where it stopped"
    raise ServerError(message, status=429, path_template=api.path)


def _keep(store: EventStore, provider: Provider, event: Any) -> int:
    """Return 1 when an event was new."""
    source = f"{provider.name} API"
    delivery = Delivery(body=orjson.dumps(event), headers={}, received_at=datetime.now(UTC), name=source)
    found = read_events(delivery, provider)
    message = "pulled from the API"
    return store.add(
        delivery, verdict="unsigned", provider=provider.name, events=found, message=message, source=source
    ).events


def _name(api: _Api, since: datetime, place: str = "") -> str:
    """Return what a pull is remembered by: the same question goes on, another begins anew."""
    return f"{api.provider} {place} since {since.astimezone(UTC).isoformat()}"


def _next_page(answer: httpx.Response, first: str) -> str | None:
    """Return the next page's address, which must be of the same server: our token goes there."""
    url = answer.links.get("next", {}).get("url")
    if url is None or urlsplit(url)[:2] == urlsplit(first)[:2]:
        return url
    message = "Okta named a next page on another server, and the API token is not sent there; check the org's address"
    raise ServerError(message, path_template=OKTA.path)


def _refusal(api: _Api, status: int | None) -> ServerError:
    if status is None:
        found, remedy = "could not be reached", "check the address and the network, then pull again"
    elif status in (401, 403):
        found, remedy = f"refused the key with status {status}", f"check {api.variable} and what it may read"
    else:
        found, remedy = f"answered with status {status}", "pull again later, it goes on where it stopped"
    message = f"{api.title} {found} ({api.path}); {remedy}"
    return ServerError(message, status=status, path_template=api.path)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.replace(".", "", 1).isdecimal() else None
