"""pull_stripe and capture_deliveries against localstripe: a server and signer not of our making, in its own process.

localstripe (GPL-3.0) is started as a program and spoken to over HTTP; nothing of it is imported here.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.flows.capture import capture_deliveries
from workbench.flows.pull import Pulled, pull_stripe
from workbench.flows.receiver import Received
from workbench.store.deliveries import EventStore, open_store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("localstripe") is None, reason="localstripe is not installed; `make test` installs it"
)

KEY, SECRET = "sk_test_12345", "whsec_localstripe"
PATIENCE_SECONDS = 60

# It would listen on every address and keep its data in one file for all; both are set right from outside.
LAUNCH = """
import builtins, runpy, socket, sys

class Loopback(socket.socket):
    def bind(self, address):
        super().bind(("::ffff:127.0.0.1", *address[1:]))

def open_here(file, *rest, open=open, **named):
    return open("localstripe.pickle" if file == "/tmp/localstripe.pickle" else file, *rest, **named)

socket.socket, builtins.open = Loopback, open_here
sys.argv = ["localstripe", "--port", "0", "--from-scratch"]
runpy.run_module("localstripe", run_name="__main__")
"""


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[httpx.Client]:
    """Run an empty localstripe on a free port of this machine, and give a client of its API."""
    command = [sys.executable, "-u", "-c", LAUNCH]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        assert server.stdout is not None
        running = server.stdout.readline()  # ======== Running on http://[::ffff:7f00:1]:45453 ========
        assert "Running on" in running, (tmp_path / "log").read_text()
        port = running.rstrip("= \n").rpartition(":")[2]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(KEY, ""), timeout=PATIENCE_SECONDS) as client:
                yield client
        finally:
            server.terminate()


def make(stripe: httpx.Client, path: str, **fields: Any) -> str:
    """Make something by the API, and give its id."""
    answer = stripe.post(path, json=fields)
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["id"]
    return made


def make_member(stripe: httpx.Client) -> dict[str, str]:
    """Make a customer who pays a membership by card at once, and give the ids of both."""
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2035, "cvc": "123"}
    plan = {"amount": 1299, "currency": "usd", "interval": "month", "product": {"name": "Membership"}}
    customer = make(stripe, "/v1/customers", source=make(stripe, "/v1/tokens", card=card))
    items = [{"plan": make(stripe, "/v1/plans", **plan)}]
    return {"customer": customer, "subscription": make(stripe, "/v1/subscriptions", customer=customer, items=items)}


def pull(stripe: httpx.Client, store: EventStore) -> Pulled:
    """Pull what happened in the last hour."""
    since = datetime.now(UTC) - timedelta(hours=1)
    return pull_stripe(store, since=since, api_key=KEY, base_url=str(stripe.base_url))


def test_what_happened_at_localstripe_is_pulled_once(stripe: httpx.Client, tmp_path: Path) -> None:
    """Customers, a subscription and its paid invoice come whole and in pages; a second pull brings what is new."""
    member = make_member(stripe)
    others = {make(stripe, "/v1/customers", email=f"{number}@clinic.example") for number in range(100)}
    with open_store(tmp_path / "events.db") as store:
        first, second = pull(stripe, store), pull(stripe, store)
        late = make(stripe, "/v1/customers", email="late@clinic.example")
        third = pull(stripe, store)
        events = [stored.event for stored in store.events()]

    assert (first.pages, first.new_events, second.new_events, third.new_events) == (2, first.events, 0, 1)
    customers = {event.payload["data"]["object"]["id"] for event in events if event.type == "customer.created"}
    assert customers == {*others, member["customer"], late}
    (paid,) = [event.payload["data"]["object"] for event in events if event.type == "invoice.payment_succeeded"]
    found = paid["customer"], paid["subscription"], paid["amount_paid"], paid["currency"]
    assert found == (member["customer"], member["subscription"], 1299, "usd")


def test_what_localstripe_signs_is_captured_as_verified(stripe: httpx.Client, tmp_path: Path) -> None:
    """Every delivery is proved by the secret that localstripe was given, by no other, and is not new to a pull."""
    arrived = threading.Semaphore(0)

    def watch(_: Received) -> None:
        arrived.release()

    with (
        capture_deliveries(tmp_path / "right.db", secrets={"stripe": [SECRET]}, port=0, watch=watch) as right,
        capture_deliveries(tmp_path / "wrong.db", secrets={"stripe": ["whsec_other"]}, port=0, watch=watch) as wrong,
    ):
        for name, capture in (("right", right), ("wrong", wrong)):
            hook = {"url": f"{capture.url}/webhooks/stripe", "secret": SECRET}
            assert stripe.post(f"/_config/webhooks/{name}", json=hook).status_code == 200
        make_member(stripe)
        listed = stripe.get("/v1/events", params={"limit": 100}).json()["data"]
        happened = {event["id"]: event["type"] for event in listed}
        assert all(arrived.acquire(timeout=PATIENCE_SECONDS) for _ in range(2 * len(happened)))
    assert (right.counts, wrong.counts) == ({"verified": len(happened)}, {"refused": len(happened)})

    with open_store(tmp_path / "right.db") as store:
        assert {stored.event.id: stored.event.type for stored in store.events()} == happened
        pulled = pull(stripe, store)
        assert (pulled.events, pulled.new_events) == (len(happened), 0)
