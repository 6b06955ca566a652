"""capture_deliveries: what a provider hears, what is kept, and that what was acknowledged is never lost."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from workbench.errors import DeliveryError
from workbench.events.providers import find_provider
from workbench.events.signatures import sign
from workbench.flows.capture import Capture, capture_deliveries
from workbench.flows.receiver import Received
from workbench.store.deliveries import open_store
from workbench.store.filters import EventFilter

SECRETS = {"stripe": ["whsec_new", "whsec_old"], "okta": ["shared"], "zoom": ["zoom-secret"]}
CLIENT = httpx.Client(timeout=30)  # one for all: making one takes longer than most tests
PAID = Path(__file__).parents[2] / "sample_events" / "stripe" / "invoice.paid" / "yen.body"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the store is."""
    return tmp_path / "events.db"


@pytest.fixture
def capture(path: Path) -> Iterator[Capture]:
    """Run a receiver of every provider."""
    with capture_deliveries(path, secrets=SECRETS, port=0, limit_bytes=20_000) as running:
        yield running


def stripe_event(number: int = 1) -> bytes:
    """Return the body of a small event."""
    return json.dumps(
        {"id": f"evt_{number}", "object": "event", "type": "invoice.paid", "created": 1795435200}
    ).encode()


def send(url: str, body: bytes, secret: str = "whsec_old", **headers: str) -> httpx.Response:
    """Send a delivery as Stripe would, signed now."""
    proof = sign(body, find_provider("stripe"), secret, datetime.now(UTC))
    return CLIENT.post(url, content=body, headers={**proof, "content-type": "application/json", **headers})


def test_a_delivery_is_kept_byte_for_byte_before_it_is_acknowledged(capture: Capture, path: Path) -> None:
    """After the 200 the store holds the exact bytes, headers and verdict."""
    answer = send(f"{capture.url}/webhooks/stripe?x=1", PAID.read_bytes())

    assert (answer.status_code, answer.content) == (200, b"")
    with open_store(path) as store:
        (stored,) = store.events()
        kept = store.delivery(stored.delivery)
    assert (kept.body, stored.verdict, stored.event.type) == (PAID.read_bytes(), "verified", "invoice.paid")
    assert kept.url == f"{capture.url}/webhooks/stripe?x=1"


def test_a_wrong_signature_is_answered_400_and_kept_as_refused(capture: Capture, path: Path) -> None:
    """A refused delivery can be looked at afterwards, with the reason."""
    answer = send(capture.url, stripe_event(), secret="whsec_wrong")

    assert (answer.status_code, answer.json()) == (400, {"refused": "mismatched"})
    with open_store(path) as store:
        assert store.verdicts() == {"refused": 1}
        assert store.count(EventFilter(verdict="verified")) == 0


def test_an_unknown_sender_is_answered_400_and_kept(capture: Capture, path: Path) -> None:
    """What nobody can be recognised by is not lost either."""
    answer = CLIENT.post(capture.url, content=b"hello")

    assert (answer.status_code, answer.json()) == (400, {"refused": "unknown provider"})
    with open_store(path) as store:
        assert (store.verdicts(), store.delivery(1).body) == ({"unreadable": 1}, b"hello")


@pytest.mark.parametrize("stated", [True, False])
def test_a_body_over_the_limit_is_answered_413(capture: Capture, path: Path, stated: bool) -> None:
    """Neither a stated nor an unstated length gets a long body in."""
    body = b"x" * 20_001
    content = body if stated else iter([body[:10_000], body[10_000:]])

    assert CLIENT.post(capture.url, content=content).status_code == 413
    with open_store(path) as store:
        assert store.verdicts() == {}


def test_handshakes_are_answered(capture: Capture, path: Path) -> None:
    """Okta hears its challenge, at the root too; Zoom hears its token's HMAC, but only when it signed the question."""
    okta = CLIENT.get(capture.url, headers={"x-okta-verification-challenge": "abc", "authorization": "shared"})
    question = b'{"event":"endpoint.url_validation","payload":{"plainToken":"p"}}'
    proof = sign(question, find_provider("zoom"), "zoom-secret", datetime.now(UTC))
    zoom = CLIENT.post(capture.url, content=question, headers=proof)
    forged = CLIENT.post(capture.url, content=question, headers={**proof, "x-zm-signature": f"v0={'0' * 64}"})

    assert (okta.status_code, okta.json()) == (200, {"verification": "abc"})
    assert (zoom.status_code, set(zoom.json())) == (200, {"plainToken", "encryptedToken"})
    assert (forged.status_code, forged.json()) == (400, {"refused": "mismatched"})
    with open_store(path) as store:
        assert store.verdicts() == {"handshake": 2, "refused": 1}


def test_without_a_secret_deliveries_are_unsigned(path: Path) -> None:
    """A first look needs no secret; nothing is called verified then."""
    with capture_deliveries(path, provider="stripe", secrets={}, port=0) as running:
        assert send(running.url, stripe_event()).status_code == 200

    assert running.counts == {"unsigned": 1}


def test_the_url_that_the_provider_knows_is_what_is_proved(path: Path) -> None:
    """Behind a tunnel, schemes that sign the URL are judged by the public one."""
    square, public = find_provider("square"), "https://hooks.clinic.example"
    body = b'{"merchant_id":"m","type":"payment.created","event_id":"e1","created_at":"2026-11-23T00:00:00Z"}'
    proof = sign(body, square, "square-key", datetime.now(UTC), url=f"{public}/square?a=1")
    with capture_deliveries(path, secrets={"square": ["square-key"]}, port=0, public_url=public) as running:
        assert CLIENT.post(f"{running.url}/square?a=1", content=body, headers=proof).status_code == 200


def test_sixteen_senders_lose_nothing(capture: Capture, path: Path) -> None:
    """Deliveries that come at once are all acknowledged and all kept."""
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda number: send(capture.url, stripe_event(number)).status_code, range(160)))

    assert answers == [200] * 160
    with open_store(path) as store:
        assert store.count(EventFilter(verdict="verified")) == 160


class _Target(http.server.BaseHTTPRequestHandler):
    """Remembers what it is sent."""

    got: list[tuple[str, bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((self.path, body, self.headers["stripe-signature"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_accepted_deliveries_are_passed_on_byte_for_byte(path: Path) -> None:
    """The next receiver gets the same bytes and headers, so that it can prove them itself; refused ones stay here."""
    target = type("Target", (_Target,), {"got": []})
    seen: list[Received] = []
    with http.server.HTTPServer(("127.0.0.1", 0), target) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        forward = f"http://127.0.0.1:{server.server_port}/bot"
        with capture_deliveries(path, secrets=SECRETS, port=0, forward=forward, watch=seen.append) as running:
            send(running.url, PAID.read_bytes())
            send(running.url, stripe_event(), secret="whsec_wrong")
        server.shutdown()

    with open_store(path) as store:
        (stored,) = store.events(EventFilter(verdict="verified"))
        signature = store.delivery(stored.delivery).headers["stripe-signature"]
    assert target.got == [("/bot", PAID.read_bytes(), signature)]
    told = sorted((each.status, each.forwarded) for each in seen)  # what is passed on is told when it arrived
    assert told == [(200, "forwarded: 204"), (400, None)]


def test_a_strangers_unsigned_delivery_goes_no_further(path: Path) -> None:
    """Where a secret is in force, only what it proves is passed on."""
    seen: list[Received] = []
    log = b'{"uuid":"u1","eventType":"user.lifecycle.create","published":"2026-11-02T15:20:11.123Z"}'
    with capture_deliveries(
        path, secrets={"stripe": ["s"]}, port=0, forward="http://127.0.0.1:9/", watch=seen.append
    ) as running:
        assert CLIENT.post(running.url, content=log).status_code == 200

    assert [(each.judged.verdict, each.forwarded) for each in seen] == [("unsigned", None)]


def test_a_secret_that_cannot_be_used_makes_the_provider_try_again(path: Path) -> None:
    """A slip in our own settings costs no delivery: it is told, and the provider sends again."""
    seen: list[Received] = []
    headers = {"svix-id": "a", "svix-timestamp": "1", "svix-signature": f"v1,{'A' * 43}="}
    with capture_deliveries(path, secrets={"svix": ["whsec_!"]}, port=0, watch=seen.append) as running:
        assert CLIENT.post(running.url, content=b"{}", headers=headers).status_code == 500

    assert "the signing secret of Svix cannot be used" in str(seen[0].judged.problem)


def test_a_target_that_is_down_costs_no_delivery(path: Path) -> None:
    """The provider is answered 200, and the failure is told to whoever watches."""
    seen: list[Received] = []
    with capture_deliveries(path, secrets=SECRETS, port=0, forward="http://127.0.0.1:9/", watch=seen.append) as running:
        assert send(running.url, stripe_event()).status_code == 200

    assert [each.forwarded for each in seen] == ["not forwarded: ConnectError"]


def test_a_store_that_cannot_be_written_makes_the_provider_try_again(capture: Capture, path: Path) -> None:
    """Nothing is acknowledged that is not kept."""
    other = sqlite3.connect(path)
    other.execute("DROP TABLE events")
    other.commit()
    other.close()

    assert send(capture.url, stripe_event()).status_code == 500


def test_the_page_shows_deliveries_without_payloads_to_this_machine_only(capture: Capture) -> None:
    """Somebody at the machine sees types and verdicts; through a tunnel there is no page."""
    send(capture.url, PAID.read_bytes())
    page, rows = CLIENT.get(capture.url), CLIENT.get(f"{capture.url}/deliveries")
    tunnelled = CLIENT.get(f"{capture.url}/deliveries", headers={"host": "abc.ngrok.app"})

    assert (page.status_code, "<h1>Deliveries</h1>" in page.text) == (200, True)
    assert (rows.json()["verdicts"], rows.json()["events"][0]["type"]) == ({"verified": 1}, "invoice.paid")
    assert [hidden for hidden in ("mei.tanaka", "16280") if hidden in rows.text] == []
    assert tunnelled.status_code == 400


def test_a_busy_port_is_one_clear_error(path: Path) -> None:
    """The port and what to do are named; nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(DeliveryError, match=rf"cannot listen on 127.0.0.1:{port}: Address already in use; give"),
            capture_deliveries(path, port=port),
        ):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_only_this_machine_is_listened_on(path: Path, host: str) -> None:
    """Deliveries hold health data: a tunnel brings them, no open port."""
    with (
        pytest.raises(DeliveryError, match="the receiver listens on this machine only"),
        capture_deliveries(path, host=host),
    ):
        pass


RECEIVE = """
import sys
from pathlib import Path
from workbench.flows.capture import capture_deliveries
with capture_deliveries(Path(sys.argv[1]), secrets={"stripe": ["whsec_old"]}, port=0) as running:
    print(running.url, flush=True)
    running.wait()
"""


def test_what_was_answered_200_survives_kill_9(path: Path) -> None:
    """Killed while sixteen senders are at work, the store holds every delivery that got a 200."""
    with subprocess.Popen([sys.executable, "-c", RECEIVE, str(path)], stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        url = receiver.stdout.readline().strip()
        answered: list[int] = []

        def deliver(number: int) -> None:
            try:
                if send(url, stripe_event(number)).status_code == 200:
                    answered.append(number)
            except httpx.HTTPError:
                return  # killed: not acknowledged, so not promised
            if len(answered) == 60:
                receiver.send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(16) as senders:
            list(senders.map(deliver, range(300)))
    with open_store(path) as store:
        kept = {stored.event.id for stored in store.events()}

    assert len(answered) >= 60
    assert {f"evt_{number}" for number in answered} <= kept
