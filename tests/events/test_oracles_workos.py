"""Our verifier against WorkOS's own library, both ways."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import BODIES, changed, damaged, is_proved

from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("workos.webhooks._verification", reason="`make test` installs the providers' libraries")

SECRET = "wk_oracle"


def ours(body: bytes, age_seconds: float = 0) -> str:
    """Give the header that we sign."""
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    return sign(body, find_provider("workos"), SECRET, at)["workos-signature"]


def theirs_accepts(body: bytes, header: str, secret: str = SECRET) -> bool:
    """Give whether the library accepts a header."""
    try:
        oracle.verify_header(event_body=body, event_signature=header, secret=secret)
    except (ValueError, TypeError):  # TypeError: what it says to a signature that is not ASCII
        return False
    return True


@pytest.mark.parametrize("body", BODIES)
def test_workos_accepts_what_we_sign_and_we_what_it_accepts(body: bytes) -> None:
    """Ours is accepted by its verifier; a header made with the standard library is accepted by both."""
    stamp = int(datetime.now(UTC).timestamp() * 1000)
    proof = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    by_hand = f"t={stamp}, v1={proof}"

    for header in (ours(body), by_hand):
        assert theirs_accepts(body, header)
        assert is_proved("workos", body, {"WorkOS-Signature": header}, SECRET)


def test_both_refuse_what_was_tampered_with() -> None:
    """Another body, proof or secret, and a time beyond three minutes on either side, are refused by both."""
    body, header = BODIES[0], ours(BODIES[0])
    tampered = [
        (b"{ }", header, SECRET),
        (body, header[:-1] + ("0" if header[-1] != "0" else "1"), SECRET),
        (body, header, changed(SECRET)),
        (body, ours(body, age_seconds=200), SECRET),
        (body, ours(body, age_seconds=-200), SECRET),
        (body, header.replace("t=1", "t=2"), SECRET),
    ]
    for changed_body, changed_header, secret in tampered:
        assert not theirs_accepts(changed_body, changed_header, secret)
        assert not is_proved("workos", changed_body, {"workos-signature": changed_header}, secret)


@settings(deadline=None)
@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]), age=st.sampled_from([-300, -100, 0, 100, 300]))
def test_nothing_is_accepted_that_workos_refuses(data: st.DataObject, body: bytes, age: int) -> None:
    """Whatever is done to a signed delivery, what proves it to us proves it to the library.

    The library knows one signature and one form of blanks; we take any of several, so each is put to it by itself.
    """
    header = data.draw(damaged(ours(b"{}", age)))
    if not is_proved("workos", body, {"workos-signature": header}, SECRET):
        return
    parts = [part.strip() for part in header.split(",")]
    stamp = next(part for part in parts if part.startswith("t="))
    assert any(theirs_accepts(body, f"{stamp}, {part}") for part in parts if part.startswith("v1="))
