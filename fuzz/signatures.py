"""Deliveries with hostile bytes, headers and URLs: of every provider, at everything that looks at them unproved.

Only errors of ours may come out, no message may hold the payload or the secret, and nothing may count as proved that
nobody signed.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fuzz.campaign import BrokenPromiseError, run
from fuzz.hostile import hostile_bytes, hostile_headers, hostile_text
from workbench.errors import WorkbenchError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import answer_handshake, read_events, recognise_provider
from workbench.events.providers import PROVIDERS, Provider
from workbench.events.signatures import check_signature, sign
from workbench.flows.verdicts import judge_delivery

__all__ = ["case"]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTE = "Rosa Roe, gravida"  # stands for what a payload holds, where no message needs it
URL = "https://hooks.clinic.example/in"
SAMPLES = sorted((Path(__file__).parents[1] / "sample_events").glob("*/*/*.body"))
FORM = "application/x-www-form-urlencoded"


def case(chance: random.Random) -> str:
    """Give how one delivery ended: proved, or the name of the error."""
    provider = PROVIDERS[chance.choice(sorted(PROVIDERS))]
    body = f'{{"note": "{NOTE}", '.encode() + chance.choice(SAMPLES).read_bytes().lstrip(b"{")
    secret = _secret(provider)
    sent = _signed(provider, body, secret)
    delivery = _attacked(chance, sent)
    given = [secret] if chance.random() < 0.8 else [secret + "x", _secret(provider)[::-1]]
    now = NOW + timedelta(seconds=chance.choice((0, 0, 200, -200, 10**6, -(10**6))))
    _look_at(delivery, provider, given, now)
    try:
        check_signature(delivery, provider, given, now)
    except WorkbenchError as error:
        _hold_back(str(error), given)
        return type(error).__name__
    except ValueError as error:  # a secret that cannot be used is a misuse of ours, and not of the sender
        if given == [secret]:
            raise
        _hold_back(str(error), given)
        return "unusable secret"
    if given != [secret] or _forged(delivery, sent, provider):
        message = f"{provider.name} proved a delivery that nobody signed"
        raise BrokenPromiseError(message)
    return "proved"


def _attacked(chance: random.Random, sent: Delivery) -> Delivery:
    """Give the delivery as it arrives: whole, or with its body, headers, URL or method changed."""
    changed = sent
    if chance.random() < 0.6:
        changed = replace(changed, body=hostile_bytes(chance, changed.body))
    if chance.random() < 0.6:
        changed = replace(changed, headers=hostile_headers(chance, dict(changed.headers)))
    if chance.random() < 0.2:
        changed = replace(changed, url=chance.choice((None, hostile_text(chance), URL + hostile_text(chance))))
    if chance.random() < 0.1:
        changed = replace(changed, method=chance.choice(("GET", "PUT", "\x00", "")))
    return changed


def _look_at(delivery: Delivery, provider: Provider, secrets: list[str], now: datetime) -> None:
    """Let everything that reads an unproved delivery read it: each gives something, or an error of ours."""
    looks = (
        lambda: recognise_provider(delivery.body, delivery.headers),
        lambda: answer_handshake(delivery, provider, secrets),
        lambda: read_events(delivery, provider),
        lambda: judge_delivery(delivery, provider, secrets, now),
    )
    for look in looks:
        try:
            _hold_back(repr(look()), secrets)
        except WorkbenchError as error:
            _hold_back(str(error), secrets)
    _hold_back(repr(delivery), secrets)


def _hold_back(text: str, secrets: list[str]) -> None:
    """Raise if a message or a repr shows the payload or a secret."""
    if NOTE in text or any(secret in text for secret in secrets):
        message = "a message or a repr shows what a delivery holds, or a secret"
        raise BrokenPromiseError(message)


def _forged(delivery: Delivery, sent: Delivery, provider: Provider) -> bool:
    """Say whether a proved delivery is not the one that was signed, where the provider signs bodies at all."""
    signs_bodies = all(signature.algorithm != "static" for signature in provider.signatures)
    form = delivery.headers.get("content-type", "").startswith(FORM)  # of a form its fields are signed, in any order
    return signs_bodies and not form and delivery.body != sent.body


def _signed(provider: Provider, body: bytes, secret: str) -> Delivery:
    """Give a delivery signed as the provider does it; of one that signs nothing, or by a private key, unsigned."""
    digest = hashlib.sha256(body).hexdigest()
    headers = {"webhook-id": "msg_1", "svix-id": "msg_1", "date": "Mon, 23 Nov 2026 12:00:00 GMT", "x-hg-eventid": "7"}
    url = URL
    if any(signature.digest for signature in provider.signatures):
        headers["digest"], url = digest, f"{URL}?bodySHA256={digest}"
    if provider.signatures and provider.signatures[0].algorithm != "ecdsa-p256":
        headers = sign(body, provider, secret, NOW, url=url, headers=headers)
    return Delivery(body=body, headers=headers, received_at=NOW, url=url)


def _secret(provider: Provider) -> str:
    """Give a secret written as the provider writes them."""
    if not provider.signatures:
        return "unused-by-this-provider"
    if provider.signatures[0].algorithm == "ecdsa-p256":
        return PUBLIC_KEY
    return f"{provider.signatures[0].secret_prefix}c2VjcmV0LXNlY3JldC1zZWNyZXQ="


# A public key of the curve P-256, in DER and base64, as SendGrid shows it; no one kept its private half.
PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETFg+bsm9WtJRZVGEmLuTElzPtW6DgYWM1X"
    "BKRyHcCBLUN4cODh40b3m+ErgmOajfVXimmDfp2iMNvxKQuUdW1g=="
)

if __name__ == "__main__":
    sys.exit(run({"signatures": case}))
