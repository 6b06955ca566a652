"""A server's OperationOutcome → one line that is fit for a log: what is wrong and where, never a payload value.

Servers quote what they were sent ("Conditional reference 'Patient?identifier=…' did not match"). Only sentences that
are known to hold nothing of the sort are repeated; any other is replaced by its issue code.

Sources: FHIR R4 operationoutcome.html; texts of Medplum 5.0.2 as observed.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["describe_outcome", "is_success"]

_SAFE: Final = re.compile(
    r"All OK|Created|Accepted|Not Modified|Not found|Gone|Unauthorized|Token expired|Forbidden|Precondition Failed"
    r"|Too Many Requests|Multiple resources found matching condition|Resource ID did not match resolved ID"
    r"|Missing required property|Invalid null value|Invalid empty (?:non-primitive )?value"
    r"|Expected (?:array of values|single value) for property|Expected number to be [a-z0-9 .-]+"
    r"|String must contain non-whitespace content|String cannot be larger than 1 MB"
    r"|Invalid [A-Za-z0-9]+ (?:format|value)|Invalid numeric value|Invalid JSON type: expected \w+, but got \w+"
    r"|Invalid number of values: expected [0-9.*]+, but found \d+|Unknown resource type|Invalid resource type"
    r"|Incorrect resource type: expected \w+, but found [\w<>]+|Incorrect resource ID|Unknown data type: \w+"
    r"|Unknown search parameter: [\w:-]+|Unrecognized bundle type: [\w-]+|Missing bundle entries"
    r"|Duplicate resource identity found in Bundle|could not serialize access due to [a-z ]+"
    r"|Transaction (?:requires strict isolation but has|contains) [a-z ]+|Content could not be parsed|File too large"
    r"|Bots not enabled|No executable code|Bot missing executable code|exports\.handler is not a function"
    r"|Script execution timed out after \d+ms|Cannot perform create as update with client-assigned ID"
)
_REWRITTEN: Final = (
    (
        re.compile(r"Conditional reference '(\w+)\?[\s\S]*' (did not match any resources|matched multiple resources)"),
        r"conditional reference to \1 \2",
    ),
    (re.compile(r'Invalid additional property "[\s\S]*"'), "unknown element"),
    (re.compile(r"Constraint ([\w-]+) not met: [\s\S]*"), r"invariant \1 is not met"),
    (re.compile(r"Invalid reference \(Not found\)"), "reference to a resource that does not exist"),
)
_CODE: Final = re.compile(r"[a-z][a-z-]*")
_PLACE: Final = re.compile(r"[A-Za-z][\w.\[\]-]*")


def describe_outcome(outcome: dict[str, Any]) -> str:
    """One line with every error of an OperationOutcome, as `text (code) at Invoice.status`; joined by `; `.

    Information is left out when there is an error. Anything that is not an OperationOutcome is said to be none.

    >>> describe_outcome({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "structure",
    ...     "details": {"text": "Missing required property"}, "expression": ["Invoice.status"]}]})
    'Missing required property (structure) at Invoice.status'
    """
    issues = outcome.get("issue") if outcome.get("resourceType") == "OperationOutcome" else None
    if not isinstance(issues, list):
        return "the answer is not an OperationOutcome"
    listed = [issue for issue in issues if isinstance(issue, dict)]
    errors = [issue for issue in listed if issue.get("severity") in {"error", "fatal"}]
    return "; ".join(dict.fromkeys(_describe_issue(issue) for issue in errors or listed)) or "no issue was given"


def is_success(outcome: dict[str, Any]) -> bool:
    """Whether an OperationOutcome holds neither an error nor a fatal issue."""
    issues = outcome.get("issue")
    return (
        outcome.get("resourceType") == "OperationOutcome"
        and isinstance(issues, list)
        and not any(isinstance(issue, dict) and issue.get("severity") in {"error", "fatal"} for issue in issues)
    )


def _describe_issue(issue: dict[str, Any]) -> str:
    code = issue.get("code")
    named = code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown"
    details = issue.get("details")
    text = _safe_text(details.get("text") if isinstance(details, dict) else None)
    described = f"{text} ({named})" if text else f"{named}, its text withheld"
    expressions = issue.get("expression")
    places = [
        place
        for place in (expressions if isinstance(expressions, list) else [])
        if isinstance(place, str) and _PLACE.fullmatch(place)
    ]
    return f"{described} at {', '.join(places)}" if places else described


def _safe_text(text: object) -> str | None:
    if not isinstance(text, str):
        return None
    if _SAFE.fullmatch(text):
        return text
    for pattern, replacement in _REWRITTEN:
        if match := pattern.fullmatch(text):
            return match.expand(replacement)
    return None
