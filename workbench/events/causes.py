"""Say why a signature does not match, from the most certain finding to the least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import orjson

from workbench.events.delivery import Delivery
from workbench.events.proofs import proves, signed_bytes
from workbench.events.schemes import Signature

__all__ = ["likely_cause"]


def likely_cause(
    delivery: Delivery, signature: Signature, secrets: Sequence[str], stamp: str | None, candidates: Sequence[str]
) -> str:
    """Return the cause that is proved or most likely, in words fit for a log: no body, no signature, no secret."""
    if signature.algorithm == "static":
        return f"the {signature.header} header is not the configured value; compare it with the provider's settings"

    def matches(body: bytes, secret: str) -> bool:
        texts, _ = signed_bytes(signature, replace(delivery, body=body), stamp)
        return any(proves(signature, secret, text, candidates) for text in texts)

    for secret in secrets:
        if secret.strip() != secret and secret.strip() and matches(delivery.body, secret.strip()):
            return "the secret has blanks or line ends around it; without them the signature matches"
        for how, body in _other_serialisations(delivery.body):
            if matches(body, secret):
                return f"the signature matches the same JSON {how}: something re-serialised the body on the way"
    length = delivery.headers.get("content-length", "")
    if length.isdecimal() and int(length[:15]) != len(delivery.body):
        return f"the body has {len(delivery.body)} bytes, but {length[:15]} were sent: it was cut or changed on the way"
    if not _is_json(delivery.body):
        return "the body is not whole JSON, so it was probably truncated on the way"
    return (
        f"none of the {len(secrets)} secret(s) made it; likely the secret of another endpoint or mode (test or live), "
        "or a body that was changed on the way"
    )


def _other_serialisations(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the body's JSON as other software would have written it, with words for how."""
    if body.rstrip() != body:
        yield "without the line end after it", body.rstrip()
    yield "with a line end after it", body + b"\n"
    try:
        data = orjson.loads(body)
        compact = orjson.dumps(data)
        indented = orjson.dumps(data, option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return
    yield "indented by two spaces", indented
    yield "without blanks", compact


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:1] not in b"{["
    return True
