"""Read a delivery's body as events, answer the questions providers ask, and recognise whose delivery it is.

Everything provider-specific comes from the provider's `Envelope` and `HandshakeRule` entries.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

import orjson

from workbench.errors import EnvelopeError
from workbench.events.delivery import Delivery, Event
from workbench.events.locators import Locator, describe_shape, find_path, matches
from workbench.events.providers import PROVIDERS
from workbench.events.schemes import Envelope, Provider

__all__ = ["Handshake", "answer_handshake", "read_events", "read_instant", "recognise_provider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The answer to a provider's question. Where `signed`, check the signature before sending it."""

    signed: bool  # an answer may be made with the secret: to a forged question it would forge the next delivery
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


def read_events(delivery: Delivery, provider: Provider) -> tuple[Event, ...]:
    """Return the events that a delivery carries, in the order it carries them.

    Raises:
        EnvelopeError: the body cannot be parsed, is no envelope of this provider, or an event lacks its id or type.
    """
    data = _parse(delivery, provider)
    find = _finder(data, delivery.headers)
    rule = next((rule for rule in provider.envelope.events if matches(rule.when, find)), None)
    found = find_path(data, rule.at) if rule else None
    if not isinstance(found, dict | list):
        message = f"{_where(delivery)} is not a delivery of {provider.title}: the body is {describe_shape(data)}"
        raise EnvelopeError(message)
    items = found if isinstance(found, list) else [found]
    return tuple(
        _event(item, delivery, provider, place=f"event {position} of {len(items)}" if len(items) > 1 else "the event")
        for position, item in enumerate(items, start=1)
    )


def answer_handshake(delivery: Delivery, provider: Provider, secrets: Sequence[str] = ()) -> Handshake | None:
    """Return the answer to a handshake, or None for any other delivery.

    An answer field `hmac:PATH` is the hex HMAC-SHA256 of the value at that path, made with the first secret.
    """
    if not provider.handshakes:
        return None
    data = _try_parse(delivery, provider)
    find = _finder(data, delivery.headers)
    rule = next((rule for rule in provider.handshakes if matches(rule.when, find)), None)
    if rule is None:
        return None

    def fill(name: str) -> Any:
        if not name.startswith("hmac:"):
            return find(name)
        value = find(name.removeprefix("hmac:"))
        if not secrets or not isinstance(value, str):
            return None
        return hmac.new(secrets[0].encode(), value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    answer = {key: locator.fill(fill) for key, locator in rule.answer.items()}
    if any(value is None for value in answer.values()):
        return None
    body = orjson.dumps(answer) if answer else b""
    return Handshake(signed=rule.signed, headers={"content-type": "application/json"} if answer else {}, body=body)


def recognise_provider(
    body: bytes | Any, headers: Mapping[str, str] | None = None, providers: Mapping[str, Provider] = PROVIDERS
) -> Provider | None:
    """Return the provider a delivery is from, told by its signature header or else by the shape of its body.

    Args:
        body: the bytes, or what they were parsed to.
        headers: of the delivery, names in lower case; none for an event kept without them.
        providers: those to choose from.
    """
    headers = headers or {}
    data = body
    if isinstance(body, bytes):
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            data = None
    by_header = [each for each in providers.values() if headers and _has_own_header(each, headers)]
    find = _finder(data, headers)
    by_shape = [
        provider
        for provider in providers.values()
        if any(rule.when and matches(rule.when, find) for rule in provider.envelope.events)
    ]
    both = [provider for provider in by_header if provider in by_shape]
    return next(iter(both or by_header or by_shape), None)


def read_instant(value: Any, where: str) -> datetime | None:
    """Return epoch seconds, epoch milliseconds or an ISO 8601 text as a UTC time.

    Raises:
        EnvelopeError: it is none of them; `where` says in its text where it stood.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str) and not value.isdecimal():
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= 1e11 else seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        message = f"the time of {where} is neither epoch seconds, epoch milliseconds nor ISO 8601"
        raise EnvelopeError(message) from None


def _event(item: Any, delivery: Delivery, provider: Provider, *, place: str) -> Event:
    if not isinstance(item, dict):
        message = f"{place} in {_where(delivery)} must be a JSON object, not {describe_shape(item)}"
        raise EnvelopeError(message)
    envelope = provider.envelope
    find = _finder(item, delivery.headers, delivery.body)
    event_id, event_type = _first(envelope.id, find), _first(envelope.type, find)
    for name, value, locators in (("id", event_id, envelope.id), ("type", event_type, envelope.type)):
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            looked = " or ".join(locator.text for locator in locators)
            message = f"{place} in {_where(delivery)} has no {name}: looked for {looked} in {describe_shape(item)}"
            raise EnvelopeError(message)
    dedupe = _first(envelope.dedupe, find) or event_id
    return Event(
        provider=provider.name,
        id=str(event_id),
        type=str(event_type),
        payload=item,
        delivery_id=delivery.name or hashlib.sha256(delivery.body).hexdigest(),
        occurred_at=read_instant(_first(envelope.time, find), f"{place} in {_where(delivery)}"),
        dedupe_key=f"{provider.name}:{dedupe}",
    )


def _parse(delivery: Delivery, provider: Provider) -> Any:
    if _is_form(delivery, provider.envelope):
        fields = parse_qs(delivery.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    try:
        return orjson.loads(delivery.body)
    except orjson.JSONDecodeError as error:
        message = (
            f"{_where(delivery)} is not JSON: {error.msg} at line {error.lineno}, column {error.colno} "
            f"of {len(delivery.body)} bytes"
        )
        raise EnvelopeError(message) from None


def _try_parse(delivery: Delivery, provider: Provider) -> Any:
    """Return the parsed body, or None: a handshake may come without one."""
    try:
        return _parse(delivery, provider)
    except EnvelopeError:
        return None


def _is_form(delivery: Delivery, envelope: Envelope) -> bool:
    sent_as = delivery.headers.get("content-type") or ("json" if delivery.body[:1] in (b"{", b"[") else "form")
    return envelope.format == "form" and "form" in sent_as


def _finder(data: Any, headers: Mapping[str, str], body: bytes = b"") -> Callable[[str], Any]:
    """Return what a locator's fields mean in a delivery: a header, the body's digest, or a path."""

    def find(name: str) -> Any:
        if name.startswith("header:"):
            return headers.get(name.removeprefix("header:"))
        if name == "body-sha256":
            return hashlib.sha256(body).hexdigest()
        return find_path(data, name)

    return find


def _first(locators: Sequence[Locator], find: Callable[[str], Any]) -> Any:
    return next((value for locator in locators if (value := locator.fill(find)) is not None), None)


def _has_own_header(provider: Provider, headers: Mapping[str, str]) -> bool:
    """Return whether a header stands there that no other kind of request has; `authorization` is everybody's."""
    names = [signature.header for signature in provider.signatures if signature.header != "authorization"]
    names += [name.removeprefix("header:") for rule in provider.handshakes for name in rule.when if ":" in name]
    return any(fnmatchcase(header, name) for header in headers for name in names)


def _where(delivery: Delivery) -> str:
    return f"the delivery {delivery.name}" if delivery.name else "the delivery"
