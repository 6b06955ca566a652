"""Our verifier against Square's own library, both ways."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import BODIES, changed, damaged, is_proved

from workbench.errors import EnvelopeError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("square.utils.webhooks_helper", reason="`make test` installs the providers' libraries")

SECRET, URL, HEADER = "sq-oracle", "https://hooks.clinic.example/square?x=1", "x-square-hmacsha256-signature"


def ours(body: bytes, url: str = URL) -> str:
    """Give the header that we sign."""
    return sign(body, find_provider("square"), SECRET, datetime.now(UTC), url=url)[HEADER]


def theirs_accepts(body: bytes, header: str, secret: str = SECRET, url: str = URL) -> bool:
    """Give whether the library accepts a header."""
    accepted: bool = oracle.verify_signature(
        request_body=body.decode(), signature_header=header, signature_key=secret, notification_url=url
    )
    return accepted


@pytest.mark.parametrize("body", BODIES)
def test_square_accepts_what_we_sign_and_we_what_it_accepts(body: bytes) -> None:
    """Ours is accepted by its verifier; a header made with the standard library is accepted by both."""
    by_hand = base64.b64encode(hmac.new(SECRET.encode(), URL.encode() + body, hashlib.sha256).digest()).decode()

    for header in (ours(body), by_hand):
        assert theirs_accepts(body, header)
        assert is_proved("square", body, {HEADER: header}, SECRET, url=URL)


def test_both_refuse_what_was_tampered_with() -> None:
    """Another body, proof, key or address is refused by both."""
    body, header = BODIES[0], ours(BODIES[0])
    tampered = [
        (b"{ }", header, SECRET, URL),
        (body, changed(header), SECRET, URL),
        (body, header, changed(SECRET), URL),
        (body, header, SECRET, URL + "&y=2"),
    ]
    for changed_body, changed_header, secret, url in tampered:
        assert not theirs_accepts(changed_body, changed_header, secret, url)
        assert not is_proved("square", changed_body, {HEADER: changed_header}, secret, url=url)


def test_an_empty_body_is_an_event_to_neither() -> None:
    """The library refuses an empty body before it looks at the signature; here it is proved, but holds no event."""
    header = ours(b"")
    delivery = Delivery(body=b"", headers={HEADER: header}, received_at=datetime.now(UTC), url=URL)

    assert not theirs_accepts(b"", header)
    with pytest.raises(EnvelopeError, match="JSON"):
        read_events(delivery, find_provider("square"))


@settings(deadline=None)
@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]), url=st.sampled_from([URL, URL + "{", URL[:-1]]))
def test_nothing_is_accepted_that_square_refuses(data: st.DataObject, body: bytes, url: str) -> None:
    """Whatever is done to a signed delivery, our verifier is at least as strict as the library."""
    header = data.draw(damaged(ours(b"{}")))
    if is_proved("square", body, {HEADER: header}, SECRET, url=url):
        # HTTP itself does not count the blanks around a header's value.
        assert theirs_accepts(body, header.strip(), url=url)
