"""What every command says things with: results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["complain", "results", "say"]


def results() -> Console:
    """Give the console for results: stdout, plain where it is not a terminal."""
    from rich.console import Console

    # what is read by a program or kept in a file has no edge that a table would have to fit into
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def complain(error: object) -> None:
    """Print one error, all its lines, to stderr, the first marked as an error."""
    notes: list[str] = getattr(error, "__notes__", [])
    first, *rest = [*(str(error).splitlines() or [type(error).__name__]), *notes]
    print(f"error: {first}", *(f"       {line}" for line in rest), sep="\n", file=sys.stderr)


def say(text: str) -> None:
    """Print one line of progress to stderr."""
    print(text, file=sys.stderr)
