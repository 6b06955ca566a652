"""Findings about one mapping file: collected while it is read, told all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from workbench.errors import Problem

__all__ = ["Findings", "Place", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stretch of one line of a file."""

    line: int  # 1-based
    column: int  # 1-based, in code points
    length: int = 1


@dataclass(slots=True)
class Findings:
    """The problems of one file, in the order they were found."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    _known: set[Problem] = field(default_factory=set)

    def add(
        self,
        code: str,
        message: str,
        place: Place | None = None,
        *,
        path: str | None = None,
        target: str | None = None,
        remedy: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Note one problem; without a place it is the file's as a whole."""
        problem = Problem(
            message=message,
            file=self.file,
            line=place.line if place else 1,
            column=place.column if place else 1,
            length=place.length if place else None,
            path=path or None,
            target=target or None,
            code=code,
            remedy=remedy,
            severity=severity,
        )
        if problem not in self._known:  # an alias is read once for every place that uses it
            self._known.add(problem)
            self.problems.append(problem)

    def sorted(self) -> list[Problem]:
        """The problems in the order of the file, errors before warnings of the same place."""
        return sorted(self.problems, key=lambda found: (found.line or 0, found.column or 0, found.severity))


def nearest(word: str, known: Iterable[str]) -> str:
    """The remedy for a misspelt word: the known one most like it, or all of them where none is and they are few.

    >>> nearest("statsu", ["status", "subject"])
    'did you mean status?'
    >>> nearest("x", ["a", "b"])
    'use one of a, b'
    """
    names = sorted(set(known))
    if close := get_close_matches(word, names, n=1, cutoff=0.7):
        return f"did you mean {close[0]}?"
    return f"use one of {', '.join(names)}" if 0 < len(names) <= 12 else "remove it"
