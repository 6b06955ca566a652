"""What a Medplum server says of its limits: the `RateLimit` headers, and how long a refused call must wait.

Medplum sends one header line for requests and, on FHIR routes, a second for FHIR interactions; httpx joins the two with
a comma. There is no `Retry-After`: the wait stands in `t` and, finer, in the OperationOutcome's diagnostics.

Source: observed answers of Medplum 5.0.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Quota", "read_quota", "wait_seconds"]

_LIMIT: Final = re.compile(r'"(requests|fhirInteractions)";r=(\d+);t=(\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What is left of a server's limits in the running minute; None where the server did not say."""

    requests_left: int | None = None
    points_left: int | None = None  # FHIR points: a write costs 100, a search 20, a read 1
    reset_seconds: int | None = None  # until the later of the two is filled up again


def read_quota(headers: Mapping[str, str]) -> Quota | None:
    """What an answer's `RateLimit` headers say, None where it has none.

    >>> read_quota({"ratelimit": '"requests";r=59999;t=60, "fhirInteractions";r=49900;t=58'})
    Quota(requests_left=59999, points_left=49900, reset_seconds=60)
    """
    found = {name: (int(left), int(reset)) for name, left, reset in _LIMIT.findall(headers.get("ratelimit", ""))}
    if not found:
        return None
    return Quota(
        requests_left=found["requests"][0] if "requests" in found else None,
        points_left=found["fhirInteractions"][0] if "fhirInteractions" in found else None,
        reset_seconds=max(reset for _, reset in found.values()),
    )


def wait_seconds(headers: Mapping[str, str], body: Any) -> float:
    """How long a call refused with 429 should wait, by the server's own word; one second where it says nothing.

    >>> outcome = {"issue": [{"diagnostics": '{"_remainingPoints":0,"_msBeforeNext":1500}'}]}
    >>> wait_seconds({"ratelimit": '"requests";r=0;t=60'}, outcome)
    1.5
    """
    milliseconds = _milliseconds_before_next(body)
    if milliseconds is not None:
        return milliseconds / 1000
    exhausted = [int(reset) for _, left, reset in _LIMIT.findall(headers.get("ratelimit", "")) if left == "0"]
    if exhausted:
        return float(max(exhausted))
    after = headers.get("retry-after", "")  # a proxy before Medplum may send it
    return float(after) if after.isdecimal() else 1.0


def _milliseconds_before_next(body: Any) -> int | None:
    issues = body.get("issue") if isinstance(body, dict) else None
    for issue in issues if isinstance(issues, list) else ():
        diagnostics = issue.get("diagnostics") if isinstance(issue, dict) else None
        if isinstance(diagnostics, str) and diagnostics.startswith("{"):
            try:
                milliseconds = json.loads(diagnostics).get("_msBeforeNext")
            except ValueError:
                continue
            if isinstance(milliseconds, int) and milliseconds >= 0:
                return milliseconds
    return None
