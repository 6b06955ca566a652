"""The entries of a batch's answer: what became of each, what each found or made.

A batch answers 200 whatever became of its entries, so each is looked at by itself.

Source: Medplum 5.0.2, observed answers to `POST /fhir/R4` with a Bundle of type batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["issue_text", "known_references", "made_id", "matches_of", "outcome_code", "status_of"]

Entry = Mapping[str, Any]


def known_references(results: Mapping[str, Entry]) -> dict[str, str]:
    """The literal reference for every search that found one resource."""
    alone = {search: matches_of(result) for search, result in results.items()}
    return {search: f"{one[0]['resourceType']}/{one[0]['id']}" for search, one in alone.items() if len(one) == 1}


def status_of(result: Entry) -> int:
    """The HTTP status of one entry, 0 where there is none.

    >>> status_of({"response": {"status": "201"}})
    201
    """
    text = str((result.get("response") or {}).get("status", ""))[:3]
    return int(text) if text.isdecimal() else 0


def matches_of(result: Entry) -> list[dict[str, Any]]:
    """The resources that an entry's search found; an OperationOutcome among them is no match."""
    entries = (result.get("resource") or {}).get("entry") or ()
    found = (entry.get("resource") for entry in entries)
    return [resource for resource in found if resource and resource["resourceType"] != "OperationOutcome"]


def made_id(result: Entry) -> str | None:
    """The id of what an entry wrote, from the resource or its location.

    >>> made_id({"response": {"status": "201", "location": "Invoice/7/_history/1"}})
    '7'
    """
    resource_id = (result.get("resource") or {}).get("id")
    place = re.search(r"[A-Z]\w+/([^/]+)", str((result.get("response") or {}).get("location", "")))
    return str(resource_id) if resource_id else place[1] if place else None


def issue_text(outcome: Any) -> str:
    """The words of an OperationOutcome's first issue, to be compared and never shown: they may quote a payload."""
    return str((_issue(outcome).get("details") or {}).get("text", ""))


def _issue(outcome: Any) -> dict[str, Any]:
    issues = (outcome or {}).get("issue") or [{}]
    return issues[0] if isinstance(issues[0], dict) else {}


def outcome_code(outcome: Any) -> str:
    """The code of an OperationOutcome's first issue: never its text, which may quote a payload."""
    code = _issue(outcome).get("code")
    return code if isinstance(code, str) and code.replace("-", "").isalpha() and len(code) <= 32 else "unknown"
