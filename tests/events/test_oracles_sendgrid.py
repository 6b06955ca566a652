"""Our verifier against SendGrid's own library, both ways."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import BODIES, changed, damaged, is_proved

from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("sendgrid.helpers.eventwebhook", reason="`make test` installs the providers' libraries")

PROOF, STAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
KEY, OTHER_KEY = (ec.derive_private_key(number, ec.SECP256R1()) for number in (20261123, 20261124))


def public_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Give a public key as SendGrid shows it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


PUBLIC, OTHER_PUBLIC = public_of(KEY), public_of(OTHER_KEY)


def ours(body: bytes) -> dict[str, str]:
    """Give the headers that we sign."""
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private = base64.b64encode(KEY.private_bytes(serialization.Encoding.DER, *form)).decode()
    return sign(body, find_provider("sendgrid"), private, datetime.now(UTC))


def by_hand(body: bytes) -> dict[str, str]:
    """Give headers made with `cryptography` alone: the library verifies, it does not sign."""
    stamp = str(int(datetime.now(UTC).timestamp()))
    proof = KEY.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {STAMP: stamp, PROOF: base64.b64encode(proof).decode()}


def theirs_accepts(body: bytes, headers: dict[str, str], public: str = PUBLIC) -> bool:
    """Give whether the library accepts headers."""
    try:
        accepted: bool = oracle.EventWebhook(public).verify_signature(body.decode(), headers[PROOF], headers[STAMP])
    except (binascii.Error, ValueError):  # what it says to a signature that is no base64
        return False
    return accepted


@pytest.mark.parametrize("body", BODIES)
def test_sendgrid_accepts_what_we_sign_and_we_what_it_accepts(body: bytes) -> None:
    """Ours is accepted by its verifier; headers made with `cryptography` alone are accepted by both."""
    for headers in (ours(body), by_hand(body)):
        assert theirs_accepts(body, headers)
        assert is_proved("sendgrid", body, headers, PUBLIC)


def test_both_refuse_what_was_tampered_with() -> None:
    """Another body (its CRLF counts), proof, time or key is refused by both."""
    body = b'[{"event":"delivered"}]\r\n'
    headers = ours(body)
    tampered = [
        (body.rstrip(), headers, PUBLIC),
        (body, {**headers, PROOF: changed(headers[PROOF])}, PUBLIC),
        (body, {**headers, STAMP: str(int(headers[STAMP]) + 1)}, PUBLIC),
        (body, headers, OTHER_PUBLIC),
    ]
    for changed_body, changed_headers, public in tampered:
        assert not theirs_accepts(changed_body, changed_headers, public)
        assert not is_proved("sendgrid", changed_body, changed_headers, public)


@settings(deadline=None)
@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]))
def test_nothing_is_accepted_that_sendgrid_refuses(data: st.DataObject, body: bytes) -> None:
    """Whatever is done to either header, our verifier is at least as strict as the library."""
    headers = ours(b"{}")
    name = data.draw(st.sampled_from([PROOF, STAMP]))
    headers = {**headers, name: data.draw(damaged(headers[name]))}
    if is_proved("sendgrid", body, headers, PUBLIC):
        # HTTP itself does not count the blanks around a header's value.
        assert theirs_accepts(body, {key: value.strip() for key, value in headers.items()})
