"""Make a delivery of one's own: a sample with other values, a new id and the present time, signed like the provider's.

`scenarios` plays several of them, in an order and with faults that a receiver must survive.
"""

from __future__ import annotations

import json
import re
import secrets as chance
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson

from workbench.errors import DeliveryError
from workbench.events.delivery import Delivery
from workbench.events.locators import find_path, matches
from workbench.events.providers import Provider, find_provider
from workbench.events.signatures import sign
from workbench.flows.delivery_files import write_delivery
from workbench.flows.provider_files import project_providers
from workbench.flows.sources import read_deliveries

__all__ = ["compose_event", "find_sample", "resign", "sign_samples"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def compose_event(
    sample: Delivery, provider: Provider, *, secret: str, now: datetime, changes: Mapping[str, Any] | None = None
) -> Delivery:
    """Return a delivery like a sample, with the changes made, of a new event that happened now, signed.

    Args:
        sample: the delivery to start from.
        provider: whose delivery it is.
        secret: what to sign with.
        now: when it happens.
        changes: path in the body -> value, as `{"data.object.amount_due": 1299}`; the path must be there, unless it
            is a key of `metadata`.

    Raises:
        DeliveryError: a path is not in the sample; the message names the keys that are.
    """
    body = orjson.loads(sample.body)
    for path, value in (changes or {}).items():
        _set(body, path, value, sample.name or "the sample")
    rule = next(rule for rule in provider.envelope.events if matches(rule.when, lambda field: find_path(body, field)))
    found = find_path(body, rule.at)
    for event in found if isinstance(found, list) else [found]:
        _renew(event, provider, now, changes or {})
    indented = b'{\n  "' in sample.body[:8]
    written = json.dumps(body, ensure_ascii=False, **({"indent": 2} if indented else {"separators": (",", ":")}))
    return resign(replace(sample, body=written.encode()), provider, secret, now)


def resign(delivery: Delivery, provider: Provider, secret: str, now: datetime) -> Delivery:
    """Return the delivery as the provider would send it now: a signature's time is part of what is signed."""
    sent = sign(
        delivery.body, provider, secret, now, url=delivery.url, method=delivery.method, headers=delivery.headers
    )
    length = {"content-length": str(len(delivery.body))} if "content-length" in sent else {}
    return replace(delivery, headers={**sent, **length}, received_at=now)


def sign_samples(folder: Path, secrets: Mapping[str, str]) -> int:
    """Return how many samples were signed again, each at the time it was received: after editing their bodies by hand.

    Raises:
        DeliveryError: a body lacks its `.json`, or a folder names no provider that a secret was given for.
    """
    signed, known = 0, project_providers(folder)
    for file in sorted(folder.glob("*/*/*.body")):
        item = next(iter(read_deliveries(file, datetime.fromisoformat("1970-01-01T00:00:00Z"))))
        name = file.parts[-3]
        if not isinstance(item, Delivery) or not item.headers or name not in secrets:
            message = f"{file} cannot be signed: it needs a .json with its headers beside it, and a secret of {name}"
            raise DeliveryError(message)
        again = resign(item, find_provider(name, known), secrets[name], item.received_at)
        write_delivery(again, file.parent, file.stem)
        signed += 1
    return signed


def find_sample(samples: Path, provider: Provider, event_type: str, variant: str | None = None) -> Delivery:
    """Return a sample of an event type, by default the first by name.

    Raises:
        DeliveryError: there is no such type or variant; the message names the nearest types, or every variant.
    """
    folder = samples / provider.name / event_type
    found = sorted(folder.glob("*.body"))
    if not found:
        there = sorted(each.name for each in (samples / provider.name).glob("*") if each.is_dir())
        near = get_close_matches(event_type, there, n=5) or there[:5]
        message = f"there is no sample of {provider.name} {event_type} among {len(there)} types"
        raise DeliveryError(f"{message}; the nearest are {', '.join(near)}" if near else message)
    chosen = next((file for file in found if variant in (None, file.stem)), None)
    if chosen is None:
        message = f"{event_type} has no sample {variant}; there are {', '.join(file.stem for file in found)}"
        raise DeliveryError(message)
    item = next(iter(read_deliveries(chosen, datetime.fromisoformat("1970-01-01T00:00:00Z"))))
    if not isinstance(item, Delivery):
        raise DeliveryError(str(item))
    return item


def _set(body: Any, path: str, value: Any, where: str) -> None:
    *around, key = path.split(".")
    parent = find_path(body, ".".join(around)) if around else body
    if isinstance(parent, list) and key.isdecimal() and int(key) < len(parent):
        parent[int(key)] = value
    elif isinstance(parent, dict) and (key in parent or (around and around[-1] == "metadata")):
        parent[key] = value
    else:
        keys = ", ".join(sorted(parent)[:20]) if isinstance(parent, dict) else "no keys"
        message = f"{where} has no {path}; at {'.'.join(around) or 'its root'} there are {keys}"
        raise DeliveryError(message)


def _renew(event: dict[str, Any], provider: Provider, now: datetime, changes: Mapping[str, Any]) -> None:
    """Give an event an id and a time of its own, in the form of those it has, unless they were chosen."""
    for locators, fresh in ((provider.envelope.id, _like), (provider.envelope.time, lambda old: _moment(old, now))):
        for locator in locators:
            key = locator.fields[0]
            if locator.text == key and isinstance(event.get(key), str | int) and key not in changes:
                event[key] = fresh(event[key])
                break


def _like(old: Any) -> Any:
    """Return another id of the same form."""
    if isinstance(old, int):
        return chance.randbelow(10 ** len(str(old)))
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", old):
        return str(uuid.uuid4())
    prefix, underscore, rest = old.rpartition("_")
    return prefix + underscore + "".join(chance.choice(LETTERS) for _ in rest)


def _moment(old: Any, now: datetime) -> Any:
    """Return the time in the form of another: seconds, milliseconds or ISO 8601."""
    if isinstance(old, int):
        return int(now.timestamp() * (1000 if old > 10**11 else 1))
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
