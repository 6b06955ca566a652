"""What every command says things with: results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Step", "complain", "results", "say", "step"]


def results() -> Console:
    """Give the console for results: stdout, plain where it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def complain(error: object) -> None:
    """Print one error, all its lines, to stderr, the first marked as an error."""
    first, *rest = str(error).splitlines() or [type(error).__name__]
    print(f"error: {first}", *(f"       {line}" for line in rest), sep="\n", file=sys.stderr)


def say(text: str) -> None:
    """Print one line of progress to stderr."""
    print(text, file=sys.stderr)


class Step:
    """One timed line of progress; what it found is said when it ends."""

    def __init__(self) -> None:
        self.found = ""

    def says(self, text: str) -> None:
        """Set what stands behind the step's name when it is done."""
        self.found = text


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Time a block and print `name  seconds  what it found`; a block that raises prints nothing as done.

    Units: seconds of wall time.
    """
    console, current, start = results(), Step(), time.perf_counter()
    yield current
    console.print(f"[bold]{name:<10}[/bold] [dim]{time.perf_counter() - start:5.1f} s[/dim]  {current.found}")
