"""What a mapping writes, and the stamp by which an older event never overwrites a newer one.

The event's time is kept in the resource's `meta.extension`. It has a fixed width, so two of them compare as text: in
Python, in the Bot's JavaScript, and in the FHIRPath of an AccessPolicy's `writeConstraint`, where the server itself
refuses a stale write.

Sources: FHIR R4 resource.html#Meta, datatypes.html#instant; Medplum access policies (writeConstraint).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

__all__ = [
    "EVENT_TIME_URL",
    "INTEGRATION_SYSTEM",
    "WriteMode",
    "WriteRule",
    "event_time_of",
    "format_instant",
    "is_stale",
    "stamp_event_time",
    "tag_integration",
]

EVENT_TIME_URL: Final = "https://integration-workbench.org/fhir/StructureDefinition/event-time"
"""The extension in `meta` that holds the time of the event last applied."""

INTEGRATION_SYSTEM: Final = "https://integration-workbench.org/fhir/CodeSystem/integration"
"""The system of the `meta.tag` that marks what an integration manages on a server."""

WriteMode = Literal["merge", "replace", "create-if-missing"]

_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule:
    """What one rule of a mapping does to a server: all that an access policy needs to know of it."""

    name: str  # of the rule, such as `invoice`
    resource_type: str
    parameter: str  # the search parameter of its identity
    system: str | None  # the identity's system where it is literal, so that a policy can confine writes to it
    mode: WriteMode
    ordered: bool  # resources carry the event-time stamp and a stale one is refused
    references: tuple[str, ...] = ()  # resource types its conditional references search, sorted


def format_instant(moment: datetime) -> str:
    """The instant in UTC with milliseconds, always 24 characters; finer digits are cut off.

    Raises:
        ValueError: the moment has no time zone.

    >>> format_instant(datetime(2026, 11, 23, 8, 30, tzinfo=UTC))
    '2026-11-23T08:30:00.000Z'
    """
    if moment.tzinfo is None:
        message = "format_instant: the moment has no time zone; give an aware datetime"
        raise ValueError(message)
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{utc.microsecond // 1000:03d}Z"


def stamp_event_time(resource: dict[str, Any], instant: str) -> dict[str, Any]:
    """A copy of the resource whose `meta` says that the event of this instant was applied last.

    Other parts of `meta` are kept, an earlier stamp is replaced, the argument is not changed.

    Raises:
        ValueError: the instant is not written as `YYYY-MM-DDTHH:MM:SS.mmmZ`.

    >>> event_time_of(stamp_event_time({"resourceType": "Invoice"}, "2026-11-23T08:30:00.000Z"))
    '2026-11-23T08:30:00.000Z'
    """
    if not _INSTANT.fullmatch(instant):
        message = f"stamp: an instant has 24 characters as 2026-01-31T12:00:00.000Z, found {len(instant)}"
        raise ValueError(message)
    meta = dict(resource.get("meta") or {})
    others = [extension for extension in meta.get("extension", ()) if extension.get("url") != EVENT_TIME_URL]
    meta["extension"] = [*others, {"url": EVENT_TIME_URL, "valueInstant": instant}]
    return {**resource, "meta": meta}


def event_time_of(resource: dict[str, Any]) -> str | None:
    """The instant of the event last applied to a resource, None where it was never stamped."""
    for extension in (resource.get("meta") or {}).get("extension", ()):
        if extension.get("url") == EVENT_TIME_URL:
            instant = extension.get("valueInstant")
            return instant if isinstance(instant, str) else None
    return None


def is_stale(instant: str, existing: dict[str, Any]) -> bool:
    """Whether an event of this instant is older than the one last applied to the existing resource.

    An event of the same instant is not stale: providers stamp whole seconds and send several events in one.
    """
    stamped = event_time_of(existing)
    return stamped is not None and instant < stamped


def tag_integration(resource: dict[str, Any], integration: str) -> dict[str, Any]:
    """A copy of the resource marked in `meta.tag` as managed by this integration; marking twice changes nothing."""
    meta = dict(resource.get("meta") or {})
    tag = {"system": INTEGRATION_SYSTEM, "code": integration}
    tags = list(meta.get("tag", ()))
    meta["tag"] = tags if tag in tags else [*tags, tag]
    return {**resource, "meta": meta}
