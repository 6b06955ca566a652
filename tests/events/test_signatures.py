"""check_signature and sign: what proves a delivery, what does not and why, and that nothing hostile gets through."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import SignatureError
from workbench.events.delivery import Delivery
from workbench.events.providers import PROVIDERS, find_provider
from workbench.events.schemes import Provider
from workbench.events.signatures import check_signature, sign

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STRIPE = find_provider("stripe")
BODY = json.dumps({"id": "evt_1", "object": "event"}, indent=2).encode()
URL = "https://hooks.clinic.example/in"
SYMMETRIC = sorted(
    name for name in PROVIDERS if {each.algorithm for each in PROVIDERS[name].signatures} - {"ecdsa-p256"}
)


def secret_of(provider: Provider) -> str:
    """Return a secret written as the provider writes them."""
    prefix = provider.signatures[0].secret_prefix
    return f"{prefix}c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def signed(provider: Provider, body: bytes = BODY, *, at: datetime = NOW, secret: str | None = None) -> Delivery:
    """Return a delivery signed as the provider would."""
    headers = {"webhook-id": "msg_1", "svix-id": "msg_1", "date": "Mon, 23 Nov 2026 12:00:00 GMT", "x-hg-eventid": "7"}
    url = URL
    if provider.signatures[0].digest:
        headers["digest"] = hashlib.sha256(body).hexdigest()
        url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    proof = sign(body, provider, secret or secret_of(provider), at, url=url, headers=headers)
    return Delivery(body=body, headers=proof, received_at=at, url=url)


def reason_of(delivery: Delivery, provider: Provider = STRIPE, *, now: datetime = NOW) -> str:
    """Return the reason a delivery is refused for."""
    with pytest.raises(SignatureError) as error:
        check_signature(delivery, provider, [secret_of(provider)], now)
    return error.value.reason


@pytest.mark.parametrize("name", SYMMETRIC)
def test_what_is_signed_is_proved(name: str) -> None:
    """Every provider's check accepts what its signing made."""
    provider = PROVIDERS[name]

    check_signature(signed(provider), provider, [secret_of(provider)], NOW)


@pytest.mark.parametrize("name", [name for name in SYMMETRIC if PROVIDERS[name].signatures[0].algorithm != "static"])
def test_a_changed_body_is_refused(name: str) -> None:
    """No provider that signs bodies accepts a body with one bit changed."""
    provider = PROVIDERS[name]
    delivery = signed(provider)

    assert reason_of(replace(delivery, body=delivery.body[:-1] + b"|"), provider) == "mismatched"


@pytest.mark.parametrize("name", SYMMETRIC)
def test_another_secret_is_refused(name: str) -> None:
    """No provider's check accepts what another secret signed."""
    provider = PROVIDERS[name]
    other = provider.signatures[0].secret_prefix + "b3RoZXItb3RoZXItb3RoZXI="

    assert reason_of(signed(provider, secret=other), provider) == "mismatched"


@pytest.mark.parametrize("name", SYMMETRIC)
def test_a_missing_header_is_said_to_be_missing(name: str) -> None:
    """A delivery without the signature header is refused as missing."""
    provider = PROVIDERS[name]

    assert reason_of(replace(signed(provider), headers={"content-type": "application/json"}), provider) == "missing"


@given(position=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused(position: int, bit: int) -> None:
    """A signature holds for exactly one body."""
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit

    assert reason_of(replace(signed(STRIPE), body=bytes(changed))) == "mismatched"


@given(body=st.binary(max_size=300))
def test_every_body_can_be_signed_and_proved(body: bytes) -> None:
    """Signing works on bytes: text encoding and JSON do not matter."""
    check_signature(signed(STRIPE, body), STRIPE, [secret_of(STRIPE)], NOW)


@given(
    name=st.sampled_from(sorted(PROVIDERS)),
    body=st.binary(max_size=80),
    value=st.text(max_size=60) | st.from_regex(r"(t=[0-9]{0,20},?)?(v[01]=|v1,|v1a,|sha256=)?[A-Za-z0-9+/=]{0,90}"),
    stamp=st.text(max_size=20) | st.from_regex(r"-?[0-9]{0,25}", fullmatch=True),
    url=st.none() | st.text(max_size=30),
)
def test_hostile_deliveries_raise_only_our_error(name: str, body: bytes, value: str, stamp: str, url: str) -> None:
    """Whatever bytes and headers come, the answer is a SignatureError."""
    provider = PROVIDERS[name]
    scheme = provider.signatures[0]
    secret = public_key() if scheme.algorithm == "ecdsa-p256" else secret_of(provider)
    headers = {scheme.header.replace("*", "1"): value, "webhook-id": stamp, "svix-id": stamp, "digest": value}
    if scheme.timestamp and scheme.timestamp.header:
        headers[scheme.timestamp.header] = stamp
    delivery = Delivery(body=body, headers=headers, received_at=NOW, url=url)

    with pytest.raises(SignatureError):
        check_signature(delivery, provider, [secret], NOW)


def public_key() -> str:
    """Return a P-256 public key, in DER as base64, made from a fixed private number."""
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def test_an_old_delivery_is_expired_and_not_forged() -> None:
    """The signature is checked first, so a late retry says expired."""
    assert reason_of(signed(STRIPE, at=NOW - timedelta(seconds=301))) == "expired"


def test_a_delivery_from_the_future_is_refused() -> None:
    """A time beyond the tolerance ahead is refused, which the official library does not do."""
    assert reason_of(signed(STRIPE, at=NOW + timedelta(seconds=301))) == "future"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_the_tolerance_is_inclusive(seconds: int) -> None:
    """A delivery exactly at the tolerance is accepted, on either side."""
    check_signature(signed(STRIPE, at=NOW + timedelta(seconds=seconds)), STRIPE, [secret_of(STRIPE)], NOW)


def test_milliseconds_are_read_as_such() -> None:
    """A provider that writes milliseconds is judged in milliseconds."""
    workos = find_provider("workos")

    assert reason_of(signed(workos, at=NOW - timedelta(seconds=181)), workos) == "expired"


def test_any_of_several_secrets_proves() -> None:
    """While a secret is rolled, the old and the new one are both in force."""
    check_signature(signed(STRIPE, secret="whsec_old"), STRIPE, ["whsec_new", "whsec_old"], NOW)


def test_any_of_several_signatures_proves() -> None:
    """While a secret is rolled, a header carries one signature per secret, and blanks after commas are allowed."""
    old, new = (signed(STRIPE, secret=secret).headers["stripe-signature"] for secret in ("whsec_old", "whsec_new"))
    both = f"{old}, {new.partition(',')[2]}, v0={'0' * 64}"
    delivery = Delivery(body=BODY, headers={"stripe-signature": both}, received_at=NOW)

    check_signature(delivery, STRIPE, ["whsec_new"], NOW)


@pytest.mark.parametrize(
    ("header", "reason", "text"),
    [
        ("", "missing", "there is no stripe-signature header"),
        ("t=1", "malformed", "the stripe-signature header has no part that begins v1="),
        ("t=1,v0=aa", "malformed", "the stripe-signature header has no part that begins v1="),
        ("t=1,v1=zz", "malformed", "the signature in the stripe-signature header is not 32 bytes in hex"),
        (f"v1={'0' * 64}", "malformed", "there is no part t= of the stripe-signature header"),
        (f"t=x,v1={'0' * 64}", "malformed", "the part t= of the stripe-signature header is not a time in s"),
        (f"t=1,v1={'é' * 64}", "malformed", "the signature in the stripe-signature header is not 32 bytes in hex"),
    ],
)
def test_messages_say_what_is_wrong_with_the_header(header: str, reason: str, text: str) -> None:
    """Each malformed header has its own words, without the signature in them."""
    delivery = Delivery(body=BODY, headers={"stripe-signature": header}, received_at=NOW)

    with pytest.raises(SignatureError) as error:
        check_signature(delivery, STRIPE, ["whsec_a"], NOW)

    assert (reason, f"the Stripe delivery is not proved ({reason}): {text}") == (error.value.reason, str(error.value))


@pytest.mark.parametrize(
    ("body", "secret", "text"),
    [
        (b'{"id":"evt_1","object":"event"}', "whsec_a", "the signature matches the same JSON indented by two spaces"),
        (BODY + b"\n", "whsec_a", "the signature matches the same JSON without the line end after it"),
        (BODY[:-3], "whsec_a", "the body is not whole JSON, so it was probably truncated"),
        (BODY, "whsec_a\n", "the secret has blanks or line ends around it"),
        (BODY, "whsec_b", "none of the 1 secret(s) made it; likely the secret of another endpoint"),
    ],
)
def test_a_mismatch_names_its_cause(body: bytes, secret: str, text: str) -> None:
    """A cause that can be proved is proved; otherwise the likeliest is named."""
    delivery = replace(signed(STRIPE, secret="whsec_a"), body=body)

    with pytest.raises(SignatureError) as error:
        check_signature(delivery, STRIPE, [secret], NOW)

    assert text in str(error.value)


def test_a_cut_body_is_told_by_its_length() -> None:
    """A body shorter than its content-length was cut on the way."""
    delivery = signed(STRIPE)
    cut = replace(delivery, body=BODY[:-5] + b"}", headers={**delivery.headers, "content-length": str(len(BODY))})

    with pytest.raises(SignatureError) as error:
        check_signature(cut, STRIPE, [secret_of(STRIPE)], NOW)

    assert f"the body has {len(BODY) - 4} bytes, but {len(BODY)} were sent" in str(error.value)


def test_messages_and_reprs_show_no_secret_and_no_payload() -> None:
    """Errors, deliveries and tracebacks' reprs are fit for a log."""
    delivery = signed(STRIPE, b'{"name": "Amara"}', secret="whsec_planted")
    signature = delivery.headers["stripe-signature"]

    with pytest.raises(SignatureError) as error:
        check_signature(delivery, STRIPE, ["whsec_other"], NOW)

    shown = f"{error.value} {delivery!r} {delivery}"
    assert [hidden for hidden in ("planted", "whsec_other", "Amara", signature) if hidden in shown] == []


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_a", ""], "whsec_a"])
def test_an_empty_secret_proves_nothing(secrets: list[str]) -> None:
    """An empty key would accept whatever an attacker signs with it, so it is a misuse."""
    with pytest.raises(ValueError, match="give the signing secrets of Stripe as a list"):
        check_signature(signed(STRIPE), STRIPE, secrets, NOW)


def test_a_header_full_of_signatures_costs_one_proof() -> None:
    """A hostile header of ten thousand signatures over a megabyte is refused at once, not in minutes."""
    header = "t=1795435200," + ",".join(f"v1={number:064x}" for number in range(10_000))
    delivery = Delivery(body=b"x" * 1_000_000, headers={"stripe-signature": header}, received_at=NOW)

    assert reason_of(delivery) == "mismatched"


def test_the_time_to_judge_by_is_aware() -> None:
    """A naive time would be judged by the machine's own zone."""
    with pytest.raises(ValueError, match="give the time to judge by as an aware datetime"):
        check_signature(signed(STRIPE), STRIPE, [secret_of(STRIPE)], NOW.replace(tzinfo=None))


def test_a_secret_in_the_wrong_form_is_named() -> None:
    """A secret that must be base64 and is not is the caller's mistake, not the delivery's."""
    svix = find_provider("svix")

    with pytest.raises(ValueError, match="must be whsec_… in base64"):
        check_signature(signed(svix), svix, ["whsec_!"], NOW)


def test_twilio_signs_a_json_body_only_by_its_digest() -> None:
    """A JSON body whose digest is not in the signed URL is refused."""
    twilio = find_provider("twilio")
    proof = sign(b"{}", twilio, "12345", NOW, url=URL)
    delivery = Delivery(body=b"{}", headers=proof, received_at=NOW, url=URL)

    with pytest.raises(SignatureError, match="not the one whose digest is signed in query:bodySHA256"):
        check_signature(delivery, twilio, ["12345"], NOW)


def test_twilio_accepts_the_port_that_a_proxy_shows() -> None:
    """A URL with and without its scheme's port is the same endpoint."""
    twilio = find_provider("twilio")
    form = {"content-type": "application/x-www-form-urlencoded"}
    proof = sign(b"A=1", twilio, "12345", NOW, url="https://clinic.example/sms", headers=form)
    delivery = Delivery(body=b"A=1", headers=proof, received_at=NOW, url="https://clinic.example:443/sms")

    check_signature(delivery, twilio, ["12345"], NOW)


def test_the_url_is_needed_where_it_is_signed() -> None:
    """A scheme that signs the URL says so when a delivery has none."""
    square = find_provider("square")
    delivery = replace(signed(square), url=None)

    assert reason_of(delivery, square) == "missing"


def test_signing_without_a_signed_header_is_a_misuse() -> None:
    """Sign names what it was not given."""
    with pytest.raises(ValueError, match="Svix signs the svix-id header, which was not given"):
        sign(b"{}", find_provider("svix"), "whsec_c2VjcmV0", NOW)
