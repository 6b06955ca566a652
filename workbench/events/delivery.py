"""The two values everything else is about: a `Delivery` (one HTTP request) and an `Event` (one thing that happened).

A delivery is kept as bytes because a signature covers bytes: parsed and written again it can no longer be proved.
One delivery may carry several events (Okta batches them), so the two are never the same object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

__all__ = ["Delivery", "Event", "Verdict"]

# What became of a delivery: proved; not proved, and why; kept without a proof; a question to answer; not readable.
Verdict = Literal["verified", "refused", "unsigned", "handshake", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One HTTP request as a provider sent it.

    >>> from datetime import datetime, UTC
    >>> Delivery(body=b"{}", headers={"Stripe-Signature": "t=1"}, received_at=datetime(2026, 11, 23, tzinfo=UTC))
    Delivery(method='POST', body=<2 bytes>, headers=['stripe-signature'], received_at=2026-11-23T00:00:00+00:00)
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # names are lower-cased here; HTTP does not distinguish them
    received_at: datetime  # aware; kept in UTC
    method: str = "POST"
    url: str | None = None  # as the provider knows it; some schemes sign it
    exact: bool = True  # false where a tool kept the body only as parsed JSON, so that no signature can match it
    name: str | None = None  # where it came from, for messages: a file, a line, a row of the store

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            message = "received_at must be an aware datetime (UTC); a naive one has no place on the time line"
            raise ValueError(message)
        object.__setattr__(self, "headers", {name.lower(): value for name, value in self.headers.items()})
        object.__setattr__(self, "method", self.method.upper())
        object.__setattr__(self, "received_at", self.received_at.astimezone(UTC))

    def __repr__(self) -> str:
        """Show sizes and header names: a body is a payload, and a header may be a secret."""
        name = f"name={self.name!r}, " if self.name else ""
        return (
            f"Delivery({name}method={self.method!r}, body=<{len(self.body)} bytes>, "
            f"headers={sorted(self.headers)}, received_at={self.received_at.isoformat()})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened at a provider.

    >>> Event(provider="stripe", id="evt_1", type="invoice.paid", payload={"id": "evt_1"}, delivery_id="a.body")
    Event(provider='stripe', type='invoice.paid', id='evt_1')
    """

    provider: str
    id: str
    type: str
    payload: dict[str, Any] = field(repr=False)  # the event itself; of an Okta batch, this one event
    delivery_id: str = field(repr=False)  # the delivery that carried it: its name, or the digest of its body
    occurred_at: datetime | None = field(default=None, repr=False)  # UTC, by the provider's clock
    dedupe_key: str = field(default="", repr=False)  # equal for every form and every retry of the same event

    def __post_init__(self) -> None:
        if not self.dedupe_key:
            object.__setattr__(self, "dedupe_key", f"{self.provider}:{self.id}")

    def __repr__(self) -> str:
        """Show what names the event, never what it carries."""
        return f"Event(provider={self.provider!r}, type={self.type!r}, id={self.id!r})"
