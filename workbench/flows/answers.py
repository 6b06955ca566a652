"""What a bot's HTTP answer says: its result line, wherever it stands, and whether sending again may help.

A bot that settled everything returns its result line. One that asks for a retry throws it, and Medplum answers 400 with
an OperationOutcome whose text it is. Anything else is the server's own word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from workbench.fhir.outcome import describe_outcome
from workbench.servers.quota import wait_seconds

__all__ = ["Answer", "read_answer", "worst_outcome"]

_MOST_SERIOUS_FIRST: Final = ("failed", "refused", "applied", "stale", "duplicate", "unchanged", "ignored")
_LONGEST_WAIT_SECONDS: Final = 65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `pause_seconds` is how long to wait before sending again, None when that would not help."""

    status: int | None
    outcome: str | None = None  # None: as the results say
    results: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None
    pause_seconds: float | None = None
    told: bool = False  # the pause is the server's own


def read_answer(response: httpx.Response, handshake: bytes | None = None) -> Answer:
    """The bot's result, or why there is none; `handshake` is the answer that the delivery asks for, where it asks."""
    body = _json(response.text)
    line = _result_line(body)
    status = response.status_code
    if line is not None:
        results = tuple(line["results"])
        again = any(result.get("retry") for result in results)
        outcome = "handshake" if line.get("handshake") else None
        problem = ", ".join(dict.fromkeys(str(result["problem"]) for result in results if result.get("problem")))
        return Answer(
            status=status,
            outcome=outcome,
            results=results,
            problem=problem or None,
            pause_seconds=0.2 if again else None,
        )
    if handshake is not None and status == httpx.codes.OK and body == _json(handshake.decode()):
        return Answer(status=status, outcome="handshake")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        pause = wait_seconds(response.headers, body)
        problem = "the server's quota is used up"
        patient = pause <= _LONGEST_WAIT_SECONDS
        return Answer(
            status=status, outcome="failed", problem=problem, pause_seconds=pause if patient else None, told=True
        )
    said = describe_outcome(body) if isinstance(body, dict) else "no FHIR answer"
    transient = status >= 500 or _is_conflict(body)
    problem = f"the server answered {status}: {said}"
    return Answer(status=status, outcome="failed", problem=problem, pause_seconds=0.5 if transient else None)


def worst_outcome(results: Sequence[Mapping[str, Any]]) -> str:
    """The most serious outcome among a delivery's events.

    >>> worst_outcome([{"outcome": "ignored"}, {"outcome": "applied"}])
    'applied'
    """
    found = {str(result.get("outcome")) for result in results}
    return next((outcome for outcome in _MOST_SERIOUS_FIRST if outcome in found), "ignored")


def _result_line(body: Any) -> dict[str, Any] | None:
    candidates = [body]
    if isinstance(body, dict) and body.get("resourceType") == "OperationOutcome":
        candidates = [_json((issue.get("details") or {}).get("text")) for issue in body.get("issue") or []]
    for candidate in candidates:
        if (
            isinstance(candidate, dict)
            and candidate.get("workbench") == 1
            and isinstance(candidate.get("results"), list)
        ):
            return candidate
    return None


def _is_conflict(body: Any) -> bool:
    issues = body.get("issue") if isinstance(body, dict) else None
    return any(issue.get("code") == "conflict" for issue in issues or [] if isinstance(issue, dict))


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
