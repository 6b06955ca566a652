"""What is wrong with an expression's text: JSONata's own syntax codes, and what lies outside the portable profile.

Positions are code points from the start of the text; `Fault.problem` turns them into line and column.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import Problem

__all__ = ["Fault", "FaultError", "Span", "refused"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the text: [start, end), in code points."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with the text."""

    span: Span
    code: str  # JSONata's own (`S0201`), or `profile-…` for what is right JSONata but not portable
    message: str
    remedy: str | None = None

    def problem(self, text: str) -> Problem:
        """The fault with line and column, both 1-based."""
        before = text[: self.span.start]
        return Problem(
            message=self.message,
            line=before.count("\n") + 1,
            column=len(before) - (before.rfind("\n") + 1) + 1,
            length=max(1, self.span.end - self.span.start),
            code=self.code,
            remedy=self.remedy,
        )


class FaultError(Exception):
    """Raised inside the compiler at the first fault of a kind that stops reading; callers see `MappingSpecError`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def refused(span: Span, construct: str, message: str, remedy: str) -> FaultError:
    """The error for JSONata that is right but outside the portable profile; `construct` names it in the code."""
    return FaultError(Fault(span=span, code=f"profile-{construct}", message=message, remedy=remedy))
