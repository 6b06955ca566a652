"""Our verifier against Twilio's own library, both ways: forms, JSON bodies, and addresses with and without a port."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented.deliveries import changed, damaged, is_proved

from workbench.events.providers import find_provider
from workbench.events.signatures import sign

oracle = pytest.importorskip("twilio.request_validator", reason="`make test` installs the providers' libraries")
formparser = pytest.importorskip("werkzeug.formparser", reason="`make test` installs the providers' libraries")

SECRET, URL, HEADER = "12345", "https://hooks.clinic.example/sms?x=1", "x-twilio-signature"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ALGORITHMS = [oracle.HMAC_SHA1, oracle.HMAC_SHA256]
FORMS: list[list[tuple[str, str]]] = [
    [("To", "+15035550142"), ("Body", "a & b = c"), ("Empty", ""), ("From", "+15035550100")],
    [("Body", "Göran 田中"), ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b")],
    [("b", "1"), ("B", "2"), ("bb", "0")],
    [],
]


def params_of(body: bytes, content_type: str) -> Any:
    """Give what a web framework hands the library: a form's fields, or the text of another body."""
    if content_type != FORM:
        return body.decode()
    _, fields, _ = formparser.FormDataParser().parse(BytesIO(body), FORM, len(body))
    return fields


def theirs(body: bytes, content_type: str = FORM, url: str = URL, algorithm: str = oracle.HMAC_SHA1) -> dict[str, str]:
    """Give the headers that the library signs; of a body other than a form only the address."""
    params = params_of(body, content_type) if content_type == FORM else {}
    proof = oracle.RequestValidator(SECRET).compute_signature(url, params, algorithm)
    return {"content-type": content_type, HEADER: proof}


def ours(body: bytes, content_type: str = FORM, url: str = URL) -> dict[str, str]:
    """Give the headers that we sign."""
    at = datetime.now(UTC)
    return sign(body, find_provider("twilio"), SECRET, at, url=url, headers={"content-type": content_type})


def theirs_accepts(
    body: bytes, headers: dict[str, str], secret: str = SECRET, url: str = URL, algorithm: str = oracle.HMAC_SHA1
) -> bool:
    """Give whether the library accepts a delivery."""
    params = params_of(body, headers["content-type"])
    if isinstance(params, str) and "bodySHA256" not in parse_qs(urlsplit(url).query):
        return False  # the library ends in a TypeError
    accepted: bool = oracle.RequestValidator(secret).validate(url, params, headers[HEADER], algorithm)
    return accepted


def with_digest(body: bytes, url: str = URL) -> str:
    """Give an address with the digest of a body, as Twilio adds it for JSON."""
    return f"{url}&bodySHA256={hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize("pairs", FORMS)
def test_twilio_accepts_the_form_that_we_sign_and_we_what_it_signs(pairs: list[tuple[str, str]]) -> None:
    """Each signs what the other accepts, by token and by shared key, whatever the order and number of the fields."""
    body = urlencode(pairs).encode()

    assert theirs_accepts(body, ours(body))
    for algorithm in ALGORITHMS:
        assert is_proved("twilio", body, theirs(body, algorithm=algorithm), SECRET, url=URL)


@pytest.mark.parametrize("body", [b"{}", '{"Body":"hej å"}'.encode()])
def test_twilio_accepts_the_json_that_we_sign_and_we_what_it_signs(body: bytes) -> None:
    """Of JSON the address is signed, with the body's digest in it."""
    url = with_digest(body)

    assert theirs_accepts(body, ours(body, JSON, url), url=url)
    for algorithm in ALGORITHMS:
        assert is_proved("twilio", body, theirs(body, JSON, url, algorithm), SECRET, url=url)


@pytest.mark.parametrize(
    ("signed", "shown"),
    [
        (URL, URL.replace(".example", ".example:443")),
        (URL.replace(".example", ".example:443"), URL),
        (URL, URL.replace(".example", ".example:8443")),
        (URL.replace("https", "http"), URL.replace("https", "http").replace(".example", ".example:80")),
    ],
)
def test_both_accept_the_port_that_a_proxy_shows_or_hides(signed: str, shown: str) -> None:
    """Twilio signs an address with its port or without; either proves the delivery."""
    headers = theirs(b"A=1", url=signed)

    assert theirs_accepts(b"A=1", headers, url=shown)
    assert is_proved("twilio", b"A=1", headers, SECRET, url=shown)


def test_both_refuse_what_was_tampered_with() -> None:
    """Another field, proof, token, address, port or JSON body is refused by both."""
    body, headers = b"A=1&B=2", theirs(b"A=1&B=2")
    url = with_digest(b"{}")
    elsewhere = theirs(body, url=URL.replace(".example", ".example:443"))
    tampered = [
        (b"A=1&B=3", headers, SECRET, URL),
        (b"A=1&B=2&C=", headers, SECRET, URL),
        (body, {**headers, HEADER: changed(headers[HEADER])}, SECRET, URL),
        (body, headers, changed(SECRET), URL),
        (body, headers, SECRET, URL + "2"),
        (body, elsewhere, SECRET, URL.replace(".example", ".example:8443")),
        (b"{ }", theirs(b"{}", JSON, url), SECRET, url),
        (b"{}", theirs(b"{}", JSON), SECRET, URL),
    ]
    for changed_body, changed_headers, secret, address in tampered:
        assert not theirs_accepts(changed_body, changed_headers, secret, address)
        assert not is_proved("twilio", changed_body, changed_headers, secret, url=address)


KINDS = st.sampled_from([FORM, JSON])
BODIES = st.sampled_from(
    [b"{}", b"{} ", b"A=1&B=2", b"B=2&A=1&A=1", b"A=1B2", b"", b"&&", b"A=%C3%A5", b"A=%FF", b"A+B=1"]
)
ADDRESSES = st.builds(
    "{}://hooks.clinic.example{}/sms{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["", "?x=1", f"?bodySHA256={hashlib.sha256(b'{}').hexdigest()}"]),
)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), kind=KINDS, body=BODIES, url=ADDRESSES, algorithm=st.sampled_from(ALGORITHMS))
def test_nothing_is_accepted_that_twilio_refuses(
    data: st.DataObject, kind: str, body: bytes, url: str, algorithm: str
) -> None:
    """Whatever becomes of a delivery's body, kind, address or header, we are at least as strict as the library.

    The library is told the algorithm by another header; we try both, so it is asked by both.
    """
    headers = theirs(body, kind, url, algorithm)
    match data.draw(st.sampled_from(["body", "kind", "url", "header"])):
        case "body":
            body = data.draw(BODIES)
        case "kind":
            body, headers["content-type"] = data.draw(BODIES), data.draw(KINDS)
        case "url":
            url = data.draw(ADDRESSES)
        case _:
            headers[HEADER] = data.draw(damaged(headers[HEADER]))
    if is_proved("twilio", body, headers, SECRET, url=url):
        # HTTP itself does not count the blanks around a header's value.
        headers[HEADER] = headers[HEADER].strip()
        assert any(theirs_accepts(body, headers, url=url, algorithm=each) for each in ALGORITHMS)
