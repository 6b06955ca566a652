"""Every error the workbench raises, and the `Problem` they are made of.

```
WorkbenchError
├─ DeliveryError          a request could not be read as events
│   ├─ SignatureError     .reason: missing | malformed | mismatched | expired | future
│   └─ EnvelopeError      the envelope lacks what its provider promises
├─ MappingError
│   ├─ MappingSpecError   .problems: every fault of the document, at once
│   └─ MappingRunError    .code .event_id .rule .source_path .target_path
├─ IntegrationError       .problems: every fault of integration.yaml or of a profile, at once
├─ PlanError
│   ├─ UnsafePlanError    would delete or change more than was allowed
│   └─ StalePlanError     the server changed since the plan was made
├─ ServerError            .status .path_template .outcome (the FHIR OperationOutcome)
├─ SandboxError           the embedded Medplum could not start, or ended
├─ StoreError             a data folder or file of ours is missing, locked or damaged
└─ ReportError            unknown, missing or secret parameters; a notebook that failed
```

A message says what failed, where, what was found (a type, a key, a count; never a payload value or a secret)
and what to do. A misuse of the API is a `TypeError` or `ValueError` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "DeliveryError",
    "EnvelopeError",
    "IntegrationError",
    "MappingError",
    "MappingRunError",
    "MappingSpecError",
    "PlanError",
    "Problem",
    "ReportError",
    "SandboxError",
    "ServerError",
    "SignatureError",
    "SignatureReason",
    "StalePlanError",
    "StoreError",
    "UnsafePlanError",
    "WorkbenchError",
]

SignatureReason = Literal["missing", "malformed", "mismatched", "expired", "future"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding about a file that a person wrote.

    >>> print(Problem(message="unknown element", file="invoice.yaml", line=3, column=7, remedy="did you mean status?"))
    invoice.yaml:3:7: unknown element; did you mean status?
    """

    message: str  # what is wrong; names keys and types, never a payload value
    file: str | None = None
    line: int | None = None  # 1-based
    column: int | None = None  # 1-based, in code points
    length: int | None = None  # how many code points are at fault
    path: str | None = None  # where in the document, as `resources.invoice.resource.status`
    target: str | None = None  # where in the result, as `Invoice.status`
    code: str | None = None  # stable name of the rule that found it: `unknown-element`, or JSONata's own `S0201`
    remedy: str | None = None  # what to do, or the nearest form that is right
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{self.message}; {self.remedy}" if self.remedy else self.message
        return f"{place}: {text}" if place else text


class WorkbenchError(Exception):
    """Root of the tree: catch this to catch everything the workbench itself raises."""


class DeliveryError(WorkbenchError):
    """A request could not be read as events."""


class SignatureError(DeliveryError):
    """A delivery is not proved to come from its provider; `reason` says in which way."""

    def __init__(self, message: str, *, reason: SignatureReason) -> None:
        super().__init__(message)
        self.reason = reason


class EnvelopeError(DeliveryError):
    """A body is not the envelope that its provider documents."""


class MappingError(WorkbenchError):
    """A mapping could not be read or run."""


class _ProblemsError(WorkbenchError):
    """An error that is a list of problems; its text is one problem a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class MappingSpecError(_ProblemsError, MappingError):
    """A mapping document is wrong; `problems` holds every fault of it."""


class MappingRunError(MappingError):
    """A mapping met an event it cannot map; `code` is JSONata's own where there is one."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        event_id: str | None = None,
        rule: str | None = None,
        source_path: str | None = None,
        target_path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.event_id = event_id
        self.rule = rule
        self.source_path = source_path
        self.target_path = target_path


class IntegrationError(_ProblemsError):
    """An integration file, a server profile or the environment is wrong; `problems` holds every fault."""


class PlanError(WorkbenchError):
    """A plan could not be made or applied."""


class UnsafePlanError(PlanError):
    """A plan would delete or change more than was allowed."""


class StalePlanError(PlanError):
    """The server changed since the plan was made, or another plan was confirmed."""


class ServerError(WorkbenchError):
    """A server refused a call, or could not be reached (then `status` is None)."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        path_template: str | None = None,
        outcome: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.path_template = path_template
        self.outcome = outcome


class SandboxError(WorkbenchError):
    """The embedded Medplum could not start, or ended."""


class StoreError(WorkbenchError):
    """A data folder or a file of ours is missing, locked or damaged."""


class ReportError(WorkbenchError):
    """A report was asked for with wrong parameters, or its notebook failed."""
