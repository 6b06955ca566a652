"""The arithmetic of signatures: the bytes that are signed, the proof of them, and the comparison in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from workbench.events.delivery import Delivery
from workbench.events.public_keys import sign_with_key, verify_with_key
from workbench.events.schemes import Signature

__all__ = ["DIGEST_BYTES", "body_digest_matches", "is_encoded", "make_proof", "proves", "signed_bytes"]

DIGEST_BYTES = {"hmac-sha1": 20, "hmac-sha256": 32, "hmac-sha512": 64, "ed25519": 64}
MOST_VERIFIED = 10  # public-key signatures of one header that are tried; each costs as much as a proof
PUBLIC_KEY = ("ed25519", "ecdsa-p256")

# The escapes that HubSpot asks to undo before signing; others stay as they were sent.
HUBSPOT_ESCAPES = {
    f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"
}  # Source: developers.hubspot.com, "Validating requests", v3


def signed_bytes(signature: Signature, delivery: Delivery, stamp: str | None) -> tuple[list[bytes], str | None]:
    """Return the texts that may have been signed, and the name of a field they need but the delivery lacks."""
    if signature.signed is None:
        return [b""], None
    texts = [to_bytes(signature.signed.literals[0])]
    for field, literal in zip(signature.signed.fields, signature.signed.literals[1:], strict=True):
        values = _field_values(field, delivery, stamp)
        if not values:
            name = field.removeprefix("header:")
            return [], f"the {name} header" if field.startswith("header:") else f"the {field.partition(':')[0]}"
        texts = [text + value + to_bytes(literal) for text in texts for value in values]
    return texts, None


def make_proof(signature: Signature, secret: str, text: bytes) -> str:
    """Return the proof of a text, encoded as the header holds it."""
    if signature.algorithm == "static":
        return secret
    key = _key(signature, secret)
    if signature.algorithm in PUBLIC_KEY:
        return _encode(signature, sign_with_key(signature.algorithm, key, text))
    return _encode(signature, hmac.digest(key, text, signature.algorithm.removeprefix("hmac-")))


def proves(signature: Signature, secret: str, text: bytes, candidates: Sequence[str]) -> bool:
    """Return whether any candidate from the header is the proof of a text, each compared in constant time.

    The proof is made once, however many candidates a hostile header holds.
    """
    if signature.algorithm in PUBLIC_KEY:
        key = _key(signature, secret)
        decoded = (_decode(signature, candidate) for candidate in candidates[:MOST_VERIFIED])
        return any(verify_with_key(signature.algorithm, key, proof, text) for proof in decoded)
    proof = to_bytes(make_proof(signature, secret, text))
    return any(hmac.compare_digest(proof, to_bytes(candidate)) for candidate in candidates)


def is_encoded(signature: Signature, candidate: str) -> bool:
    """Return whether a candidate has the shape of a proof, so that "malformed" is told from "mismatched"."""
    if signature.algorithm == "static":
        return True
    try:
        raw = _decode(signature, candidate)
    except (ValueError, binascii.Error):
        return False
    size = DIGEST_BYTES.get(signature.algorithm)
    return len(raw) == size if size else bool(raw)


def body_digest_matches(signature: Signature, delivery: Delivery) -> bool:
    """Return whether the signed digest is that of the body; true where the scheme signs the body itself."""
    signs_form = signature.signed is not None and "form" in signature.signed.fields and _is_form(delivery)
    if signature.digest is None or signs_form:
        return True
    kind, _, name = signature.digest.partition(":")
    stated = (delivery.headers if kind == "header" else dict(parse_qsl(_split(delivery.url).query))).get(name, "")
    stated = re.sub(r"^sha-?(256|512)=", "", stated, flags=re.IGNORECASE)
    digests = [hashlib.sha256(delivery.body).digest(), hashlib.sha512(delivery.body).digest()]
    # A digest of what the sender knows is no secret, so a plain comparison gives nothing away.
    return stated in [form for digest in digests for form in (digest.hex(), base64.b64encode(digest).decode("ascii"))]


def to_bytes(text: str) -> bytes:
    """Return a header's text as bytes; a lone surrogate is possible in a header and must not raise."""
    return text.encode("utf-8", "surrogatepass")


def _key(signature: Signature, secret: str) -> bytes:
    if signature.secret == "text":  # noqa: S105 - the kind of secret
        return to_bytes(secret)
    written = secret.removeprefix(signature.secret_prefix).removeprefix(signature.private_prefix)
    try:
        key = base64.b64decode(to_bytes(written + "=" * (-len(written) % 4)), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key:
        message = f"this signing secret must be {signature.secret_prefix}… in base64; copy it again from the provider"
        raise ValueError(message)
    return key


def _encode(signature: Signature, raw: bytes) -> str:
    return raw.hex() if signature.encoding == "hex" else base64.b64encode(raw).decode("ascii")


def _decode(signature: Signature, candidate: str) -> bytes:
    if signature.encoding == "base64":
        return base64.b64decode(to_bytes(candidate), validate=True)
    if not re.fullmatch(r"(?:[0-9a-f]{2})*", candidate):
        message = "not lower-case hex"
        raise ValueError(message)
    return bytes.fromhex(candidate)


def _field_values(field: str, delivery: Delivery, stamp: str | None) -> list[bytes]:
    """Return the values a field of the signed text may have; several only where a proxy may have changed the URL."""
    if field.startswith("header:"):
        value = delivery.headers.get(field.removeprefix("header:"))
        return [to_bytes(value)] if value else []
    readers: dict[str, Callable[[], list[bytes]]] = {
        "body": lambda: [delivery.body],
        "timestamp": lambda: [to_bytes(stamp)] if stamp else [],
        "method": lambda: [to_bytes(delivery.method)],
        "url": lambda: [to_bytes(delivery.url)] if delivery.url else [],
        "url:decoded": lambda: [to_bytes(url) for url in _unescaped(delivery.url)],
        "url:ports": lambda: [to_bytes(url) for url in _with_ports(delivery.url)],
        "form": lambda: [_sorted_form(delivery)],
    }
    return readers[field]() if field in readers else []


def _unescaped(url: str | None) -> list[str]:
    """Return a URL with the escapes undone that HubSpot undoes, and as it was sent."""
    decoded = re.sub(r"%[0-9A-Fa-f]{2}", lambda found: HUBSPOT_ESCAPES.get(found[0].upper(), found[0]), url or "")
    return list(dict.fromkeys([decoded, url])) if url else []


def _with_ports(url: str | None) -> list[str]:
    """Return a URL as sent, and without its port or, where it has none, with its scheme's: a proxy may show either."""
    parts = _split(url)
    if not url or not parts.hostname:
        return [url] if url else []
    login, at, host = parts.netloc.rpartition("@")
    bare = re.sub(r":\d*$", "", host)
    other = f"{host}:{443 if parts.scheme == 'https' else 80}" if host == bare else bare
    return [url, parts._replace(netloc=f"{login}{at}{other}").geturl()]


def _split(url: str | None) -> SplitResult:
    try:
        return urlsplit(url or "")
    except ValueError:  # such as an unclosed IPv6 bracket: nothing in it can be found
        return urlsplit("")


def _is_form(delivery: Delivery) -> bool:
    return "form" in delivery.headers.get("content-type", "")


def _sorted_form(delivery: Delivery) -> bytes:
    """Return a form's names and values, sorted and run together, as Twilio signs them; empty for another body."""
    if not _is_form(delivery):
        return b""
    pairs = parse_qsl(delivery.body.decode("utf-8", "replace"), keep_blank_values=True)
    return to_bytes("".join(name + value for name, value in sorted(set(pairs))))
