"""Judge a delivery: whose it is, whether it is authentic, which events it carries; in loading and capturing alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workbench.errors import DeliveryError, EnvelopeError, Problem, SignatureError, SignatureReason
from workbench.events.delivery import Delivery, Event, Verdict
from workbench.events.envelopes import Handshake, answer_handshake, read_events
from workbench.events.schemes import Provider
from workbench.events.signatures import check_signature

__all__ = ["JudgedDelivery", "judge_delivery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDelivery:
    """What became of one delivery, or of a place in a file where one should have been."""

    verdict: Verdict
    source: str  # file, or file:line
    provider: str | None = None
    delivery: Delivery | None = field(default=None, repr=False)  # None where nothing could be read
    events: tuple[Event, ...] = field(default=(), repr=False)  # of a refused delivery too: what it claims to be
    reason: SignatureReason | None = None  # why it was refused
    problem: Problem | None = None  # why it is not verified, in words
    handshake: Handshake | None = field(default=None, repr=False)


def judge_delivery(
    delivery: Delivery, provider: Provider, secrets: Sequence[str], now: datetime, *, source: str | None = None
) -> JudgedDelivery:
    """Return the verdict on a delivery and the events it carries.

    Args:
        delivery: as received; without headers it was kept without its proof, so it is unsigned, not refused.
        provider: whose delivery it is.
        secrets: the signing secrets in force; none: nothing can be proved and the verdict is unsigned.
        now: the time to judge a signed time by.
        source: where it came from, for messages.

    Raises:
        DeliveryError: a secret is not written as the provider writes secrets.
    """
    place = source or delivery.name or "the delivery"

    def judged(verdict: Verdict, message: str | None = None, reason: SignatureReason | None = None) -> JudgedDelivery:
        # The place is the problem's own; said twice it would only be longer.
        problem = Problem(message=message.replace(f" {place}", ""), file=place) if message else None
        return JudgedDelivery(
            verdict=verdict,
            source=place,
            provider=provider.name,
            delivery=delivery,
            events=events,
            reason=reason,
            problem=problem,
            handshake=handshake if verdict == "handshake" else None,
        )

    events, fault = _events(delivery, provider)
    handshake = answer_handshake(delivery, provider, secrets)
    if handshake and not handshake.signed:
        return judged("handshake")
    unproved = _unproved(delivery, provider, secrets)
    if unproved is None:
        try:
            check_signature(delivery, provider, secrets, now)
        except SignatureError as error:
            return judged("refused", str(error), error.reason)
        except ValueError as error:
            message = f"the signing secret of {provider.title} cannot be used: {error}"
            raise DeliveryError(message) from error
    if handshake:
        return judged("handshake")
    if fault:
        return judged("unreadable", fault)
    return judged("unsigned", unproved) if unproved else judged("verified")


def _unproved(delivery: Delivery, provider: Provider, secrets: Sequence[str]) -> str | None:
    """Return why no proof can be asked for, or None when one can."""
    if not delivery.headers:
        return "kept without its headers, so nothing proves it"
    if not delivery.exact:
        return "kept as parsed JSON and not as the bytes that were sent, so nothing proves it"
    if not provider.signatures:
        return f"{provider.title} signs nothing, so nothing proves it"
    if not secrets:
        return f"not checked: no signing secret of {provider.title} was given"
    return None


def _events(delivery: Delivery, provider: Provider) -> tuple[tuple[Event, ...], str | None]:
    try:
        return read_events(delivery, provider), None
    except EnvelopeError as error:
        return (), str(error)
