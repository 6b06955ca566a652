"""Prove that a delivery's bytes come from its provider (`check_signature`), and sign bytes as it would (`sign`).

Both interpret a provider's `Signature` entries; nothing here knows a provider by name. The signature is checked before
its time, so a late retry is told from a forgery, and the time is taken as the text that was sent, never re-printed.
Official libraries accept a time any distance in the future (stripe 16) or leak a ValueError, TypeError or
UnicodeDecodeError on hostile headers and bodies; here every such delivery is a `SignatureError` with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from workbench.errors import SignatureError
from workbench.events.causes import likely_cause
from workbench.events.delivery import Delivery
from workbench.events.proofs import DIGEST_BYTES, body_digest_matches, is_encoded, make_proof, proves, signed_bytes
from workbench.events.schemes import Provider, Signature

__all__ = ["check_signature", "sign"]

# Of several schemes' failures the one that says most is reported: a proved but old delivery before an unread header.
_TELLING = ("expired", "future", "mismatched", "malformed", "missing")


def check_signature(
    delivery: Delivery, provider: Provider, secrets: Sequence[str], now: datetime, tolerance_seconds: int | None = None
) -> None:
    """Return when the delivery is proved by any of its signatures with any of the secrets.

    Args:
        delivery: the request, its body exactly as received.
        provider: whose schemes to apply.
        secrets: the signing secrets in force; several while one is being rolled.
        now: the time to judge by; a recorded delivery is judged at its own `received_at`.
        tolerance_seconds: how far the signed time may be from `now`, instead of the provider's own tolerance.

    Raises:
        SignatureError: it is not; `.reason` is missing, malformed, mismatched, expired or future.
        ValueError: no secret was given, or one is empty or not as the provider writes secrets; or `now` is naive.
    """
    _refuse_empty(provider, secrets)
    if now.tzinfo is None:
        message = "give the time to judge by as an aware datetime (UTC)"
        raise ValueError(message)
    failures: list[SignatureError] = []
    for signature in provider.signatures:
        keys = [secret for secret in secrets if signature in _schemes_of(secret, provider)]
        try:
            if keys:
                return _check(delivery, provider, signature, keys, now, tolerance_seconds)
        except SignatureError as failure:
            failures.append(failure)
    if not failures:
        raise _error(provider, "missing", "the provider signs nothing, so its deliveries cannot be proved")
    raise min(failures, key=lambda failure: _TELLING.index(failure.reason))


def sign(
    body: bytes,
    provider: Provider,
    secret: str,
    now: datetime,
    *,
    url: str | None = None,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers that prove `body`, as the provider would send them at `now`; given headers are signed over.

    >>> from datetime import datetime, UTC
    >>> from workbench.events.providers import find_provider
    >>> sign(b"{}", find_provider("okta"), "a shared value", datetime(2026, 11, 23, tzinfo=UTC))
    {'authorization': 'a shared value'}

    Raises:
        ValueError: the provider signs nothing, or signs a header or URL that was not given.
    """
    _refuse_empty(provider, [secret])
    if not provider.signatures:
        message = f"{provider.title} signs nothing, so there is nothing to make"
        raise ValueError(message)
    signature = _schemes_of(secret, provider)[0]
    made = {name.lower(): value for name, value in (headers or {}).items()}
    stamp = None
    if signature.timestamp:
        stamp = str(int(now.timestamp() * (1000 if signature.timestamp.unit == "ms" else 1)))
        if signature.timestamp.header:
            made[signature.timestamp.header] = stamp
    delivery = Delivery(body=body, headers=made, received_at=now, method=method, url=url)
    texts, absent = signed_bytes(signature, delivery, stamp)
    if absent:
        message = f"{provider.title} signs {absent}, which was not given"
        raise ValueError(message)
    parts = [signature.prefix + make_proof(signature, secret, texts[0])]
    if signature.timestamp and signature.timestamp.part:
        parts.insert(0, f"{signature.timestamp.part}{stamp}")
    made[signature.header.replace("-*", "-1")] = (signature.separator or "").join(parts)
    return made


def _check(
    delivery: Delivery,
    provider: Provider,
    signature: Signature,
    secrets: Sequence[str],
    now: datetime,
    tolerance_seconds: int | None,
) -> None:
    values = _header_values(delivery, signature.header)
    if not values:
        raise _error(provider, "missing", f"there is no {signature.header} header")
    parts = [part.strip() for value in values for part in _split(value, signature.separator)]
    _refuse_bare(provider, signature, parts)
    candidates = _candidates(provider, signature, parts)
    stamp = _stamp(provider, signature, delivery, parts)
    texts, absent = signed_bytes(signature, delivery, stamp)
    if absent:
        raise _error(provider, "missing", f"the provider signs {absent}, which the delivery does not have")
    if not any(proves(signature, secret, text, candidates) for secret in secrets for text in texts):
        raise _error(provider, "mismatched", likely_cause(delivery, signature, secrets, stamp, candidates))
    if not body_digest_matches(signature, delivery):
        raise _error(provider, "mismatched", f"the body is not the one whose digest is signed in {signature.digest}")
    if signature.timestamp and stamp:
        tolerance = signature.timestamp.tolerance_seconds if tolerance_seconds is None else tolerance_seconds
        age = now.timestamp() - int(stamp) / (1000 if signature.timestamp.unit == "ms" else 1)
        if age > tolerance:
            found = f"rightly signed, but {age:.0f} s ago; the tolerance is {tolerance} s (a late retry, or a replay)"
            raise _error(provider, "expired", found)
        if age < -tolerance:
            found = f"rightly signed, but {-age:.0f} s in the future; the tolerance is {tolerance} s (check the clocks)"
            raise _error(provider, "future", found)


def _refuse_bare(provider: Provider, signature: Signature, parts: Sequence[str]) -> None:
    """Refuse a part that is the name of one of ours without a value, as the official libraries do."""
    named = [signature.prefix, (signature.timestamp.part if signature.timestamp else None) or ""]
    bare = {name.removesuffix("=") for name in named if name.endswith("=")}
    if found := sorted(bare.intersection(parts)):
        raise _error(provider, "malformed", f"part {found[0]} of the {signature.header} header has no value")


def _candidates(provider: Provider, signature: Signature, parts: Sequence[str]) -> list[str]:
    """Return the signatures among a header's parts, without their prefix; those of other schemes are left out."""
    marked = [part.removeprefix(signature.prefix) for part in parts if part.startswith(signature.prefix)]
    if not marked:
        raise _error(provider, "malformed", f"the {signature.header} header has no part that begins {signature.prefix}")
    candidates = [each for each in marked if is_encoded(signature, each)]
    if not candidates:
        size = DIGEST_BYTES.get(signature.algorithm)
        shape = f"{size} bytes in {signature.encoding}" if size else f"{signature.encoding} text"
        raise _error(provider, "malformed", f"the signature in the {signature.header} header is not {shape}")
    return candidates


def _stamp(provider: Provider, signature: Signature, delivery: Delivery, parts: Sequence[str]) -> str | None:
    """Return the signed time as it was sent; None for a scheme without one."""
    where = signature.timestamp
    if where is None:
        return None
    if where.header:
        stamp, place = delivery.headers.get(where.header), f"{where.header} header"
    else:
        prefix = where.part or ""
        stamp = next((part.removeprefix(prefix) for part in parts if part.startswith(prefix)), None)
        place = f"part {prefix} of the {signature.header} header"
    if stamp is None:
        raise _error(provider, "malformed" if where.part else "missing", f"there is no {place}")
    if not re.fullmatch(r"[0-9]{1,15}", stamp):
        raise _error(provider, "malformed", f"the {place} is not a time in {where.unit}")
    return stamp


def _header_values(delivery: Delivery, name: str) -> list[str]:
    if name.endswith("*"):
        return [value for header, value in delivery.headers.items() if header.startswith(name[:-1])]
    return [delivery.headers[name]] if delivery.headers.get(name) else []


def _split(value: str, separator: str | None) -> list[str]:
    return value.split(separator.strip() or separator) if separator else [value]


def _schemes_of(secret: str, provider: Provider) -> list[Signature]:
    """Return the schemes a secret is for: those whose prefix it has, or else those that know no prefix."""

    def prefixes(signature: Signature) -> tuple[str, ...]:
        return tuple(prefix for prefix in (signature.secret_prefix, signature.private_prefix) if prefix)

    named = [each for each in provider.signatures if prefixes(each) and secret.startswith(prefixes(each))]
    return named or [each for each in provider.signatures if not prefixes(each)] or [provider.signatures[0]]


def _refuse_empty(provider: Provider, secrets: Sequence[str]) -> None:
    if isinstance(secrets, str) or not secrets or not all(secrets):
        message = f"give the signing secrets of {provider.title} as a list of at least one text, none of them empty"
        raise ValueError(message)


def _error(provider: Provider, reason: str, found: str) -> SignatureError:
    message = f"the {provider.title} delivery is not proved ({reason}): {found}"
    return SignatureError(message, reason=reason)  # type: ignore[arg-type]
