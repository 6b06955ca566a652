"""What every command says things with: results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

    from workbench.faces.tables import Table

__all__ = ["JsonOption", "complain", "results", "say", "show", "show_frame", "show_lines"]

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON line per row instead of a table.")]


def results() -> Console:
    """Give the console for results: stdout, plain where it is not a terminal."""
    from rich.console import Console

    # what is read by a program or kept in a file has no edge that a table would have to fit into
    return Console(highlight=False, width=None if sys.stdout.isatty() else 1000)


def show(table: Table, *, as_json: bool = False) -> None:
    """Print a table, or its records as JSON lines; an empty table says so."""
    if as_json:
        show_lines(table.records)
    elif table.records:
        results().print(table.rich())
    else:
        results().print(table.empty, markup=False)


def show_lines(records: Iterable[Mapping[Any, Any]]) -> None:
    """Print records as JSON, one a line; times as ISO 8601."""
    for record in records:
        sys.stdout.write(json.dumps(record, default=_plain) + "\n")


def show_frame(frame: DataFrame) -> None:
    """Print the rows of a DataFrame as JSON, one a line; what is missing is null."""
    if len(frame):
        sys.stdout.write(frame.to_json(orient="records", lines=True, date_format="iso", date_unit="ms"))


def complain(error: object) -> None:
    """Print one error, all its lines, to stderr, the first marked as an error."""
    notes: list[str] = getattr(error, "__notes__", [])
    first, *rest = [*(str(error).splitlines() or [type(error).__name__]), *notes]
    print(f"error: {first}", *(f"       {line}" for line in rest), sep="\n", file=sys.stderr)


def say(text: str) -> None:
    """Print one line of progress to stderr."""
    print(text, file=sys.stderr)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
