"""Resources with identities → FHIR Bundles that a server may be sent more than once.

Every entry is conditional on an identity, so replaying a bundle changes nothing. Medplum runs a batch in the order
deletes, creates, updates, whatever the order of the entries, so a bundle must not rely on it.

Sources: FHIR R4 bundle.html, http.html#cond-update, http.html#ccreate; Medplum 5.0.2 (a batch may hold 1 MB; a
transaction with conditional entries at most 8 of them).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from workbench.fhir.identity import Identity
from workbench.fhir.writes import WriteMode

__all__ = ["LARGEST_BATCH_BYTES", "conditional_entry", "make_bundle", "split_entries"]

LARGEST_BATCH_BYTES: Final = 1_000_000
"""Medplum's default `maxJsonSize`, the limit of one synchronous batch."""


def conditional_entry(resource: dict[str, Any], identity: Identity, mode: WriteMode) -> dict[str, Any]:
    """The Bundle entry that writes a resource under its identity: a conditional create or a conditional update.

    A `merge` becomes a conditional update, because a batch cannot read first: send it only what is whole.

    Raises:
        ValueError: the identity is of another resource type.
    """
    if identity.resource_type != resource.get("resourceType"):
        message = f"bundle: an identity of {identity.resource_type} given for a {resource.get('resourceType')}"
        raise ValueError(message)
    request = {"method": "PUT", "url": identity.reference()}
    if mode == "create-if-missing":
        request = {"method": "POST", "url": identity.resource_type, "ifNoneExist": identity.search()}
    return {"resource": resource, "request": request}


def make_bundle(entries: Iterable[dict[str, Any]], kind: Literal["batch", "transaction"] = "batch") -> dict[str, Any]:
    """A Bundle of this type with these entries; without entries the element is left out, as FHIR demands.

    >>> make_bundle([])
    {'resourceType': 'Bundle', 'type': 'batch'}
    """
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if listed := list(entries):
        bundle["entry"] = listed
    return bundle


def split_entries(
    entries: Iterable[dict[str, Any]], largest_bytes: int = LARGEST_BATCH_BYTES, most: int = 200
) -> Iterator[dict[str, Any]]:
    """Batches that each stay below a size in bytes and a number of entries; order is kept, memory is one batch.

    An entry larger than the limit travels alone, for the server to judge.
    """
    held: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        length = len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()) + 1
        if held and (size + length > largest_bytes - 64 or len(held) == most):  # 64: the Bundle around the entries
            yield make_bundle(held)
            held, size = [], 0
        held.append(entry)
        size += length
    if held:
        yield make_bundle(held)
