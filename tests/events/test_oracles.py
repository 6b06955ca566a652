"""Our verifier against the providers' own libraries, both ways, and against the vectors they publish."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import standardwebhooks
import stripe
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from invented.deliveries import damaged
from slack_sdk.signature import SignatureVerifier

from workbench.errors import SignatureError
from workbench.events.delivery import Delivery
from workbench.events.providers import find_provider
from workbench.events.signatures import check_signature, sign

BODIES = [b"{}", '{"name": "Göran 田中"}'.encode(), b'{\n  "id": "evt_1"\n}', b"not json", b""]
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))


def now() -> datetime:
    """Give the time: the libraries read the clock, our own calls are given it."""
    return datetime.now(UTC)


@pytest.mark.parametrize("body", BODIES)
def test_stripe_agrees(body: bytes) -> None:
    """What stripe signs we accept, and what we sign stripe accepts."""
    provider, secret = find_provider("stripe"), "whsec_oracle"
    theirs = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(now().timestamp()))
    delivery = Delivery(body=body, headers={"Stripe-Signature": theirs}, received_at=now())

    check_signature(delivery, provider, [secret], now())

    ours = sign(body, provider, secret, now())["stripe-signature"]
    assert stripe.WebhookSignature.verify_header(body, ours, secret, 300)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ["standard-webhooks", "stedi", "svix"])
def test_standardwebhooks_agrees(name: str, body: bytes) -> None:
    """What standardwebhooks signs we accept, and what we sign it accepts; Svix differs in header names only."""
    provider, secret = find_provider(name), "whsec_" + base64.b64encode(b"oracle-oracle-oracle").decode()
    prefix = "svix" if name == "svix" else "webhook"
    library, at = standardwebhooks.Webhook(secret), now()
    theirs = {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": str(int(at.timestamp())),
        f"{prefix}-signature": library.sign("msg_1", at, body.decode()),
    }
    check_signature(Delivery(body=body, headers=theirs, received_at=now()), provider, [secret], now())

    ours = sign(body, provider, secret, now(), headers={f"{prefix}-id": "msg_2"})
    renamed = {name.replace(prefix, "webhook"): value for name, value in ours.items()}
    assert library.verify(body, renamed, json_parse=False) is None


@given(data=st.data(), body=st.sampled_from([b"{}", b"{} ", b'{"a": 1}']))
def test_nothing_is_accepted_that_stripe_refuses(data: st.DataObject, body: bytes) -> None:
    """Whatever is done to a signed delivery, our verifier is at least as strict as the official one."""
    provider, secret = find_provider("stripe"), "whsec_oracle"
    header = data.draw(damaged(sign(b"{}", provider, secret, now())["stripe-signature"]))
    try:
        check_signature(
            Delivery(body=body, headers={"stripe-signature": header}, received_at=now()), provider, [secret], now()
        )
    except SignatureError:
        return
    # Blanks around commas, which we allow, the library does not; a part that is not ASCII ends it in a TypeError.
    tight = ",".join(part.strip() for part in header.split(",") if part.isascii())
    assert stripe.WebhookSignature.verify_header(body, tight, secret, 300)


@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]))
def test_nothing_is_accepted_that_standardwebhooks_refuses(data: st.DataObject, body: bytes) -> None:
    """The same for Standard Webhooks, with any of its three headers damaged."""
    provider, secret = find_provider("standard-webhooks"), "whsec_" + base64.b64encode(b"oracle-oracle-oracle").decode()
    headers = sign(b"{}", provider, secret, now(), headers={"webhook-id": "msg_1"})
    name = data.draw(st.sampled_from(sorted(headers)))
    headers = {**headers, name: data.draw(damaged(headers[name]))}
    try:
        check_signature(Delivery(body=body, headers=headers, received_at=now()), provider, [secret], now())
    except SignatureError:
        return
    tight = {name: value if name == "webhook-id" else " ".join(value.split()) for name, value in headers.items()}
    assert standardwebhooks.Webhook(secret).verify(body, tight, json_parse=False) is None


@pytest.mark.parametrize("body", BODIES)
def test_slack_sdk_agrees(body: bytes) -> None:
    """What slack_sdk signs we accept, and what we sign it accepts."""
    provider, secret, stamp = find_provider("slack"), "8f742231b10e8888abcd99yyyzzz85a5", str(int(now().timestamp()))
    library = SignatureVerifier(secret)
    theirs = library.generate_signature(timestamp=stamp, body=body.decode())
    assert theirs is not None
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": theirs}
    check_signature(Delivery(body=body, headers=headers, received_at=now()), provider, [secret], now())

    ours = sign(body, provider, secret, now())
    assert library.is_valid(body, ours["x-slack-request-timestamp"], ours["x-slack-signature"])


def test_ed25519_agrees_with_cryptography() -> None:
    """A v1a signature made by another implementation is proved by the public key, and ours by its verifier."""
    provider, private = (
        find_provider("standard-webhooks"),
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    )
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    at = now()
    stamp = str(int(at.timestamp()))
    theirs = "v1a," + base64.b64encode(private.sign(f"msg_1.{stamp}.{{}}".encode())).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA {theirs}"}
    check_signature(Delivery(body=b"{}", headers=headers, received_at=at), provider, [public], at)

    ours = sign(b"{}", provider, "whsk_" + base64.b64encode(bytes(range(32))).decode(), at, headers={"webhook-id": "a"})
    proof = base64.b64decode(ours["webhook-signature"].removeprefix("v1a,"))
    private.public_key().verify(proof, f"a.{stamp}.{{}}".encode())


def test_ecdsa_agrees_with_cryptography() -> None:
    """SendGrid's scheme: what our private key signs our public key proves, CRLF and all."""
    provider, private = find_provider("sendgrid"), ec.generate_private_key(ec.SECP256R1())
    der = serialization.Encoding.DER
    pkcs8 = private.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = b'[{"event":"delivered"}]\r\n'
    headers = sign(body, provider, base64.b64encode(pkcs8).decode(), now())

    delivery = Delivery(body=body, headers=headers, received_at=now())
    check_signature(delivery, provider, [base64.b64encode(public).decode()], now())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_published_vectors_are_proved(vector: dict[str, Any]) -> None:
    """Deliveries that others signed and published are accepted, and refused with one character changed."""
    provider = find_provider(vector["provider"])
    received = datetime.fromtimestamp(vector["time"], UTC)
    body = urlencode(vector["form"]).encode() if "form" in vector else vector["body"].encode()
    delivery = Delivery(body=body, headers=vector["headers"], received_at=received, url=vector.get("url"))

    check_signature(delivery, provider, [vector["secret"]], received)

    with pytest.raises(Exception, match=r"mismatched"):
        check_signature(delivery, provider, [vector["secret"][:-2] + "Zg"], received)
