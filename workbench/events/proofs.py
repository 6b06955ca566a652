"""The arithmetic of signatures: the bytes that are signed, the proof of them, and the comparison in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from workbench.events.delivery import Delivery
from workbench.events.schemes import Signature

__all__ = ["DIGEST_BYTES", "body_digest_matches", "is_encoded", "make_proof", "proves", "signed_bytes"]

DIGEST_BYTES = {"hmac-sha1": 20, "hmac-sha256": 32, "hmac-sha512": 64, "ed25519": 64}


def signed_bytes(signature: Signature, delivery: Delivery, stamp: str | None) -> tuple[list[bytes], str | None]:
    """Return the texts that may have been signed, and the name of a field they need but the delivery lacks."""
    if signature.signed is None:
        return [b""], None
    texts = [to_bytes(signature.signed.literals[0])]
    for field, literal in zip(signature.signed.fields, signature.signed.literals[1:], strict=True):
        values = _field_values(field, delivery, stamp)
        if not values:
            return [], f"the {field.removeprefix('header:')} header" if field.startswith("header:") else f"its {field}"
        texts = [text + value + to_bytes(literal) for text in texts for value in values]
    return texts, None


def make_proof(signature: Signature, secret: str, text: bytes) -> str:
    """Return the proof of a text, encoded as the header holds it."""
    if signature.algorithm == "static":
        return secret
    digest = hmac.digest(_key(signature, secret), text, signature.algorithm.removeprefix("hmac-"))
    return _encode(signature, digest)


def proves(signature: Signature, secret: str, text: bytes, candidate: str) -> bool:
    """Return whether a candidate from the header is the proof of a text, compared in constant time."""
    return hmac.compare_digest(to_bytes(make_proof(signature, secret, text)), to_bytes(candidate))


def is_encoded(signature: Signature, candidate: str) -> bool:
    """Return whether a candidate has the shape of a proof, so that "malformed" is told from "mismatched"."""
    if signature.algorithm == "static":
        return True
    try:
        if signature.encoding == "hex":
            raw = bytes.fromhex(candidate) if re.fullmatch(r"[0-9a-f]*", candidate) else b""
        else:
            raw = base64.b64decode(to_bytes(candidate), validate=True)
    except (ValueError, binascii.Error):
        return False
    size = DIGEST_BYTES.get(signature.algorithm)
    return len(raw) == size if size else bool(raw)


def body_digest_matches(field: str, delivery: Delivery) -> bool:
    """Return whether a field of the delivery (`header:NAME`, `query:NAME`) holds the SHA-256 or SHA-512 of its body."""
    kind, _, name = field.partition(":")
    query = dict(parse_qsl(urlsplit(delivery.url or "").query))
    stated = (delivery.headers if kind == "header" else query).get(name, "")
    stated = re.sub(r"^sha-?(256|512)=", "", stated, flags=re.IGNORECASE)
    digests = [hashlib.sha256(delivery.body).digest(), hashlib.sha512(delivery.body).digest()]
    written = [form for digest in digests for form in (digest.hex().encode(), base64.b64encode(digest))]
    return to_bytes(stated) in written  # a digest of what the sender knows is no secret


def to_bytes(text: str) -> bytes:
    """Return a header's text as bytes; a lone surrogate is possible in a header and must not raise."""
    return text.encode("utf-8", "surrogatepass")


def _key(signature: Signature, secret: str) -> bytes:
    if signature.secret == "text":  # noqa: S105 - the kind of secret
        return to_bytes(secret)
    try:
        written = secret.removeprefix(signature.secret_prefix)
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key:
        message = f"this signing secret must be {signature.secret_prefix or 'a key'} in base64; copy it again"
        raise ValueError(message)
    return key


def _encode(signature: Signature, raw: bytes) -> str:
    return raw.hex() if signature.encoding == "hex" else base64.b64encode(raw).decode("ascii")


def _field_values(field: str, delivery: Delivery, stamp: str | None) -> list[bytes]:
    """Return the values a field of the signed text may have; several only where a proxy may have changed a port."""
    if field.startswith("header:"):
        value = delivery.headers.get(field.removeprefix("header:"))
        return [to_bytes(value)] if value else []
    readers: dict[str, Callable[[], list[bytes]]] = {
        "body": lambda: [delivery.body],
        "timestamp": lambda: [to_bytes(stamp)] if stamp else [],
        "method": lambda: [to_bytes(delivery.method)],
        "url": lambda: [to_bytes(delivery.url)] if delivery.url else [],
        "form": lambda: [_sorted_form(delivery)],
    }
    return readers[field]() if field in readers else []


def _sorted_form(delivery: Delivery) -> bytes:
    """Return a form's names and values, sorted and run together, as Twilio signs them; empty for another body."""
    if "form" not in delivery.headers.get("content-type", ""):
        return b""
    pairs = parse_qsl(delivery.body.decode("utf-8", "replace"), keep_blank_values=True)
    return to_bytes("".join(name + value for name, value in sorted(set(pairs))))
