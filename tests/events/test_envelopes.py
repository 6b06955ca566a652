"""read_events, answer_handshake and recognise_provider: what is in a delivery, and whose it is."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import EnvelopeError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import answer_handshake, read_events, recognise_provider
from workbench.events.providers import PROVIDERS, find_provider

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SNAPSHOT = {"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1793977587, "data": {"object": {}}}
THIN = {
    "id": "evt_test_2",
    "object": "v2.core.event",
    "type": "v1.invoice.paid",
    "created": "2026-11-06T15:06:27.251Z",
    "snapshot_event": "evt_1",
}
PAID = ("evt_1", "invoice.paid", "2026-11-06T15:06:27+00:00")
LOG_EVENT = {"uuid": "u1", "eventType": "user.lifecycle.create", "published": "2026-11-02T15:20:11.123Z"}


def delivery(body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Delivery:
    """Return a delivery of a body given as bytes or as what to write as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(body=content, headers=headers or {}, received_at=NOW, method=method, name="x.json:3")


def found(name: str, body: Any, headers: dict[str, str] | None = None) -> list[tuple[str, str, str | None]]:
    """Return the id, type and time of each event in a body."""
    events = read_events(delivery(body, headers), find_provider(name))
    return [(each.id, each.type, each.occurred_at.isoformat() if each.occurred_at else None) for each in events]


@pytest.mark.parametrize(
    ("name", "body", "headers", "expected"),
    [
        ("stripe", SNAPSHOT, {}, PAID),
        ("stripe", THIN, {}, ("evt_test_2", "v1.invoice.paid", "2026-11-06T15:06:27.251000+00:00")),
        ("stripe", {"detail-type": "invoice.paid", "detail": SNAPSHOT}, {}, PAID),
        ("stripe", {"specversion": "1.0", "data": SNAPSHOT}, {}, PAID),
        ("okta", LOG_EVENT, {}, ("u1", "user.lifecycle.create", "2026-11-02T15:20:11.123000+00:00")),
        (
            "okta",
            {"eventType": "com.okta.user.pre-registration", "data": {"context": {"request": {"id": "reg1"}}}},
            {},
            ("reg1", "com.okta.user.pre-registration", None),
        ),
        (
            "github",
            {"action": "opened", "issue": {"updated_at": "2026-11-23T10:00:00Z"}},
            {"x-github-event": "issues", "x-github-delivery": "d1"},
            ("d1", "issues.opened", "2026-11-23T10:00:00+00:00"),
        ),
        ("github", {"ref": "main"}, {"x-github-event": "push", "x-github-delivery": "d2"}, ("d2", "push", None)),
        (
            "shopify",
            {"id": 1},
            {
                "x-shopify-topic": "orders/create",
                "x-shopify-event-id": "e1",
                "x-shopify-triggered-at": "2026-11-23T10:00:00.5Z",
            },
            ("e1", "orders/create", "2026-11-23T10:00:00.500000+00:00"),
        ),
        (
            "zoom",
            {"event": "meeting.started", "event_ts": 1793977587123, "payload": {"object": {"uuid": "m1"}}},
            {},
            ("meeting.started-1793977587123-m1", "meeting.started", "2026-11-06T15:06:27.123000+00:00"),
        ),
        (
            "twilio",
            b"MessageSid=SM1&MessageStatus=delivered&AccountSid=AC1",
            {"content-type": "application/x-www-form-urlencoded"},
            ("SM1-delivered", "message.delivered", None),
        ),
        (
            "svix",
            {"type": "labs.result", "data": {}},
            {"svix-id": "msg_1", "svix-timestamp": "1793977587"},
            ("msg_1", "labs.result", "2026-11-06T15:06:27+00:00"),
        ),
        (
            "pagerduty",
            {"event": {"id": "01", "event_type": "incident.triggered", "occurred_at": "2026-11-23T10:00:00Z"}},
            {},
            ("01", "incident.triggered", "2026-11-23T10:00:00+00:00"),
        ),
    ],
)  # fmt: skip
def test_an_event_is_found_where_its_provider_puts_it(
    name: str, body: Any, headers: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    """Id, type and time come from the envelope's own places."""
    assert [expected] == found(name, body, headers)


def test_an_okta_delivery_carries_several_events() -> None:
    """Each member of data.events is an event, with its own uuid; the envelope's id is none of them."""
    events = [{**LOG_EVENT, "uuid": name} for name in ("a", "b", "c")]
    body = {"eventType": "com.okta.event_hook", "eventId": "delivery", "data": {"events": events}}

    assert [event_id for event_id, _, _ in found("okta", body)] == ["a", "b", "c"]


def test_a_sendgrid_body_is_a_list() -> None:
    """A list of events is read member by member."""
    body = [{"sg_event_id": name, "event": "bounce", "timestamp": 1793977587} for name in ("a", "b")]

    assert [event_id for event_id, _, _ in found("sendgrid", body)] == ["a", "b"]


def test_a_thin_event_and_its_snapshot_have_one_dedupe_key() -> None:
    """A thin event names its snapshot twin, so the two count once."""
    stripe = find_provider("stripe")
    keys = {read_events(delivery(body), stripe)[0].dedupe_key for body in (SNAPSHOT, THIN)}

    assert {"stripe:evt_1"} == keys


def test_the_payload_of_a_batched_event_is_the_event_alone() -> None:
    """A mapping sees one event, whether it came alone or in a batch."""
    body = {"eventType": "com.okta.event_hook", "data": {"events": [LOG_EVENT]}}

    assert read_events(delivery(body), find_provider("okta"))[0].payload == LOG_EVENT


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"id":', "the delivery x.json:3 is not JSON: unexpected end of data at line 1, column 7 of 6 bytes"),
        (b"", "is not JSON: Input is a zero-length, empty document at line 1, column 1 of 0 bytes"),
        (b"\xff", "the delivery x.json:3 is not JSON"),
        ({"object": "invoice"}, "is not a delivery of Stripe: the body is an object with 1 key (object)"),
        ([], "is not a delivery of Stripe: the body is a list of 0"),
        (None, "is not a delivery of Stripe: the body is null"),
        ({**SNAPSHOT, "id": None}, "the event in the delivery x.json:3 has no id: looked for id in an object with 5"),
        ({**SNAPSHOT, "type": ""}, "the event in the delivery x.json:3 has no type: looked for type in"),
        ({**SNAPSHOT, "created": "soon"}, "is neither epoch seconds, epoch milliseconds nor ISO 8601"),
        ({**SNAPSHOT, "created": 1e300}, "is neither epoch seconds, epoch milliseconds nor ISO 8601"),
        ({"detail": {"object": "event"}}, "has no id"),
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_said_without_its_values(body: Any, text: str) -> None:
    """Each fault names the delivery, what was looked for and what shape was found."""
    with pytest.raises(EnvelopeError) as error:
        read_events(delivery(body), find_provider("stripe"))

    assert text in str(error.value)


def test_a_faulty_event_of_a_batch_is_named_by_its_position() -> None:
    """Which event of the batch is faulty is part of the message."""
    body = {"eventType": "com.okta.event_hook", "data": {"events": [LOG_EVENT, 7]}}

    with pytest.raises(
        EnvelopeError, match=r"event 2 of 2 in the delivery x.json:3 must be a JSON object, not a number"
    ):
        read_events(delivery(body), find_provider("okta"))


@given(name=st.sampled_from(sorted(PROVIDERS)), body=st.binary(max_size=100) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "object", "type", "data", "events", "event", "eventType", "created", "a"]), inner
    ),
).map(lambda data: json.dumps(data).encode()))  # fmt: skip
def test_hostile_bodies_raise_only_our_error(name: str, body: bytes) -> None:
    """Whatever comes is events, or an EnvelopeError."""
    provider = PROVIDERS[name]
    recognise_provider(body)
    answer_handshake(delivery(body), provider, ["secret"])
    try:
        events = read_events(delivery(body), provider)
    except EnvelopeError:
        return
    assert all(event.id and event.type for event in events)


def test_okta_is_answered_with_its_challenge() -> None:
    """The one-time GET is answered unsigned, with the value of its header."""
    asked = delivery(b"", {"X-Okta-Verification-Challenge": "abc"}, "GET")
    handshake = answer_handshake(asked, find_provider("okta"))

    assert handshake is not None
    assert (handshake.status, handshake.body, handshake.signed) == (200, b'{"verification":"abc"}', False)


def test_zoom_is_answered_with_an_hmac_and_only_when_signed() -> None:
    """The answer is made with the secret, so it must not be given to an unproved question."""
    asked = delivery({"event": "endpoint.url_validation", "payload": {"plainToken": "p"}})
    handshake = answer_handshake(asked, find_provider("zoom"), ["secret"])
    token = hmac.new(b"secret", b"p", hashlib.sha256).hexdigest()

    assert handshake is not None
    assert ({"plainToken": "p", "encryptedToken": token}, True) == (json.loads(handshake.body), handshake.signed)


@pytest.mark.parametrize(
    ("name", "body", "headers", "answer"),
    [
        ("slack", {"type": "url_verification", "challenge": "c"}, {}, b'{"challenge":"c"}'),
        ("metriport", {"ping": "p", "meta": {"type": "ping"}}, {}, b'{"pong":"p"}'),
        ("github", {"zen": "z"}, {"x-github-event": "ping"}, b""),
    ],
)
def test_other_questions_are_answered(name: str, body: Any, headers: dict[str, str], answer: bytes) -> None:
    """Each provider's question has the answer it documents."""
    handshake = answer_handshake(delivery(body, headers), find_provider(name))

    assert handshake is not None
    assert answer == handshake.body


def test_an_ordinary_delivery_is_no_handshake() -> None:
    """Only a question is answered."""
    assert [name for name in PROVIDERS if answer_handshake(delivery(SNAPSHOT), PROVIDERS[name], ["s"])] == []


@pytest.mark.parametrize(
    ("body", "headers", "name"),
    [
        (SNAPSHOT, {}, "stripe"),
        (THIN, {}, "stripe"),
        ({}, {"stripe-signature": "t=1"}, "stripe"),
        ({"eventType": "com.okta.event_hook", "data": {"events": []}}, {"authorization": "x"}, "okta"),
        (LOG_EVENT, {}, "okta"),
        (b"", {"x-okta-verification-challenge": "x"}, "okta"),
        ({"zen": "x"}, {"x-hub-signature-256": "sha256="}, "github"),
        ({"id": 1}, {"x-shopify-hmac-sha256": "x"}, "shopify"),
        ({}, {"svix-signature": "v1,"}, "svix"),
        ({}, {"webhook-signature": "v1,"}, "standard-webhooks"),
        ({}, {"webhook-signature": "v1,", "destination-id": "d"}, "stedi"),
        ({}, {"x-docusign-signature-2": "x"}, "docusign"),
        ([{"sg_event_id": "a", "event": "open"}], {}, "sendgrid"),
        ({"action": "opened", "repository": {"full_name": "a/b"}, "sender": {"login": "c"}}, {}, "github"),
    ],
)
def test_a_provider_is_recognised(body: Any, headers: dict[str, str], name: str) -> None:
    """A signature header tells the provider, or else the shape of the body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    provider = recognise_provider(content, headers)

    assert name == (provider and provider.name)


@pytest.mark.parametrize(
    "body", [{"id": "1"}, [], 7, None, {"object": "invoice"}, {"type": "invoice.paid", "id": "evt_1"}]
)
def test_an_unknown_body_is_nobodys(body: Any) -> None:
    """What tells nothing is not guessed at."""
    assert None is recognise_provider(json.dumps(body).encode())
