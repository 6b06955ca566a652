"""Our verifier against Svix's own library, both ways."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import BODIES, changed, damaged, is_proved

from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("svix.webhooks", reason="`make test` installs the providers' libraries")

SECRET, OTHER_SECRET = ("whsec_" + base64.b64encode(text).decode() for text in (b"oracle" * 4, b"others" * 4))


def ours(body: bytes, age_seconds: float = 0) -> dict[str, str]:
    """Give the headers that we sign."""
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    return sign(body, find_provider("svix"), SECRET, at, headers={"svix-id": "msg_1"})


def theirs(body: bytes) -> dict[str, str]:
    """Give the headers that the library signs."""
    at = datetime.now(UTC)
    proof = oracle.Webhook(SECRET).sign("msg_1", at, body.decode())
    return {"svix-id": "msg_1", "svix-timestamp": str(int(at.timestamp())), "svix-signature": proof}


def theirs_accepts(body: bytes, headers: dict[str, str], secret: str = SECRET) -> bool:
    """Give whether the library accepts headers."""
    try:
        oracle.Webhook(secret).verify(body, headers)
    except (oracle.WebhookVerificationError, ValueError):  # ValueError: what it says to a part without a comma
        return False
    return True


@pytest.mark.parametrize("body", BODIES)
def test_svix_accepts_what_we_sign_and_we_what_it_signs(body: bytes) -> None:
    """Each signs what the other accepts."""
    assert theirs_accepts(body, ours(body))
    assert is_proved("svix", body, theirs(body), SECRET)


def test_both_refuse_what_was_tampered_with() -> None:
    """Another body, id, proof or secret, and a time beyond five minutes on either side, are refused by both."""
    body, headers = BODIES[0], theirs(BODIES[0])
    tampered = [
        (b"{ }", headers, SECRET),
        (body, {**headers, "svix-id": "msg_2"}, SECRET),
        (body, {**headers, "svix-signature": changed(headers["svix-signature"])}, SECRET),
        (body, headers, OTHER_SECRET),
        (body, ours(body, age_seconds=310), SECRET),
        (body, ours(body, age_seconds=-310), SECRET),
    ]
    for changed_body, changed_headers, secret in tampered:
        assert not theirs_accepts(changed_body, changed_headers, secret)
        assert not is_proved("svix", changed_body, changed_headers, secret)


@settings(deadline=None)
@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]), age=st.sampled_from([-400, -200, 0, 200, 400]))
def test_nothing_is_accepted_that_svix_refuses(data: st.DataObject, body: bytes, age: int) -> None:
    """Whatever is done to any of its three headers, our verifier is at least as strict as the library."""
    headers = ours(b"{}", age)
    name = data.draw(st.sampled_from(sorted(headers)))
    headers = {**headers, name: data.draw(damaged(headers[name]))}
    if is_proved("svix", body, headers, SECRET):
        # More blanks than one between signatures, which we allow, the library does not.
        proofs = " ".join(headers["svix-signature"].split())
        assert theirs_accepts(body, {**headers, "svix-signature": proofs})
