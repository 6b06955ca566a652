"""What the workbench knows of a provider, as values: how it signs, what its envelope is, what it asks of a receiver.

A provider is data, not a class: a YAML entry that `entries.read_entry` turns into a `Provider`, and that `signatures`,
`envelopes` and the capture server interpret. The shipped entries and a user's own differ in nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.events.locators import Locator

__all__ = ["Algorithm", "Envelope", "EventRule", "HandshakeRule", "Provider", "Signature", "Timestamp"]

Algorithm = Literal["hmac-sha256", "hmac-sha512", "hmac-sha1", "static", "ecdsa-p256", "ed25519"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """Where a signature's time stands and how far it may be from now, in either direction."""

    header: str | None = None  # a header of its own ...
    part: str | None = None  # ... or the part of the signature header that begins so, as `t=`
    unit: Literal["s", "ms"] = "s"
    tolerance_seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature scheme: the header, what is signed, by what algorithm, with what kind of secret."""

    algorithm: Algorithm
    header: str  # lower case; `name-*` stands for numbered headers, any of which may match
    signed: Locator | None = None  # over {body} {timestamp} {url} {method} {form} {header:NAME}; None for static
    encoding: Literal["hex", "base64"] = "hex"
    separator: str | None = None  # between several signatures in one header
    prefix: str = ""  # what stands before each signature, as `v1=`; parts without it are other schemes'
    timestamp: Timestamp | None = None
    secret: Literal["text", "base64"] = "text"  # noqa: S105 - how a secret is written, not one
    secret_prefix: str = ""  # taken off before a base64 secret is decoded, as `whsec_`
    private_prefix: str = ""  # the same for the key that signs, where it is not the one that verifies
    digest: str | None = None  # the field that holds the body's digest, where the body is signed only through it


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """Where the events are in a body of one shape: a list holds several, an object is one."""

    at: str
    when: Mapping[str, str]  # locator -> pattern; all must match


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Where an event's id, type, time and object stand. Of several locators the first that finds something counts."""

    events: tuple[EventRule, ...]
    id: tuple[Locator, ...]
    type: tuple[Locator, ...]
    time: tuple[Locator, ...] = ()
    object: str | None = None  # the path of what the event is about
    dedupe: tuple[Locator, ...] = ()  # when the id alone does not tell a repetition
    format: Literal["json", "form"] = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeRule:
    """A question a provider asks before or between deliveries, and its answer."""

    when: Mapping[str, str]
    answer: Mapping[str, Locator]  # members of the JSON object to answer; empty: an empty 200
    signed: bool = True  # check the signature before answering; only Okta asks unsigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """All that is known of one provider."""

    name: str
    title: str
    proof: str  # how the entry was proved: an official library, a published vector, or documentation only
    sources: tuple[str, ...]  # the pages it follows
    signatures: tuple[Signature, ...]  # any of them may prove a delivery; none: the provider signs nothing
    envelope: Envelope
    handshakes: tuple[HandshakeRule, ...] = ()
    notes: str = ""  # what a receiver must know: retries, order, duplicates
