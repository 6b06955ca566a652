"""Our verifier against HubSpot's own library, both ways (signatures of version 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import BODIES, changed, damaged, is_proved

from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("hubspot.utils.signature", reason="`make test` installs the providers' libraries")

SECRET, URL = "hs-oracle", "https://hooks.clinic.example/hubspot?x=a@b"
PROOF, STAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"


def ours(body: bytes, age_seconds: float = 0, method: str = "POST") -> dict[str, str]:
    """Give the headers that we sign."""
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    return sign(body, find_provider("hubspot"), SECRET, at, url=URL, method=method)


def theirs(body: bytes, method: str = "POST") -> dict[str, str]:
    """Give the headers that the library signs."""
    stamp = str(int(datetime.now(UTC).timestamp() * 1000))
    return {STAMP: stamp, PROOF: oracle.Signature.get_signature(SECRET, body.decode(), "v3", URL, method, stamp)}


def theirs_accepts(
    body: bytes, headers: dict[str, str], secret: str = SECRET, url: str = URL, method: str = "POST"
) -> bool:
    """Give whether the library accepts headers."""
    try:
        accepted: bool = oracle.Signature.is_valid(
            headers[PROOF], secret, body.decode(), url, method, "v3", headers[STAMP]
        )
    except (oracle.InvalidSignatureTimestampError, TypeError):  # TypeError: compare_digest on other than ASCII
        return False
    return accepted


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("body", BODIES)
def test_hubspot_accepts_what_we_sign_and_we_what_it_signs(body: bytes, method: str) -> None:
    """Each signs what the other accepts."""
    assert theirs_accepts(body, ours(body, method=method), method=method)
    assert is_proved("hubspot", body, theirs(body, method), SECRET, url=URL, method=method)


def test_an_address_that_a_proxy_escaped_is_accepted() -> None:
    """HubSpot signs the address with some escapes undone; its library leaves that to the caller, ours does it."""
    assert is_proved("hubspot", b"{}", theirs(b"{}"), SECRET, url=URL.replace("@", "%40"))


def test_both_refuse_what_was_tampered_with() -> None:
    """Another body, proof, time, secret, address or method, and a time too long ago, are refused by both."""
    body, headers = BODIES[0], theirs(BODIES[0])
    later = str(int(headers[STAMP]) + 1)
    tampered = [
        (b"{ }", headers, SECRET, URL, "POST"),
        (body, {**headers, PROOF: changed(headers[PROOF])}, SECRET, URL, "POST"),
        (body, {**headers, STAMP: later}, SECRET, URL, "POST"),
        (body, headers, changed(SECRET), URL, "POST"),
        (body, headers, SECRET, URL + "c", "POST"),
        (body, headers, SECRET, URL, "PUT"),
        (body, ours(body, age_seconds=310), SECRET, URL, "POST"),
    ]
    for changed_body, changed_headers, secret, url, method in tampered:
        assert not theirs_accepts(changed_body, changed_headers, secret, url, method)
        assert not is_proved("hubspot", changed_body, changed_headers, secret, url=url, method=method)


@settings(deadline=None)
@given(data=st.data(), body=st.sampled_from([b"{}", b"{} "]), age=st.sampled_from([-400, -200, 0, 200, 400]))
def test_nothing_is_accepted_that_hubspot_refuses(data: st.DataObject, body: bytes, age: int) -> None:
    """Whatever is done to either header, our verifier is at least as strict as the library."""
    headers = ours(b"{}", age)
    name = data.draw(st.sampled_from([PROOF, STAMP]))
    headers = {**headers, name: data.draw(damaged(headers[name]))}
    if is_proved("hubspot", body, headers, SECRET, url=URL):
        # HTTP itself does not count the blanks around a header's value.
        assert theirs_accepts(body, {key: value.strip() for key, value in headers.items()})
