"""Problems of files that people wrote, as text, as JSON lines or as GitHub's annotations."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workbench.errors import Problem

__all__ = ["FormatOption", "ProblemForm", "problem_text"]


class ProblemForm(StrEnum):
    """How problems are printed."""

    text = "text"
    json = "json"
    github = "github"


FormatOption = Annotated[
    ProblemForm, typer.Option("--format", help="How problems are printed; github annotates a pull request.")
]


def problem_text(problem: Problem, form: ProblemForm) -> str:
    """Give a problem on one line."""
    if form is ProblemForm.json:
        fields = ("severity", "file", "line", "column", "length", "code", "path", "target", "message", "remedy")
        return json.dumps({name: getattr(problem, name) for name in fields})
    if form is ProblemForm.github:
        place = f"file={problem.file},line={problem.line or 1},col={problem.column or 1}"
        text = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
        return f"::{problem.severity} {place}::{text}"
    return f"{problem.severity}: {problem}"
