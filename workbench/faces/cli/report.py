"""`workbench report`: what do I send my team every Monday, and what fails the build?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from workbench.errors import ReportError, WorkbenchError
from workbench.faces.cli.terminal import complain, results, say, show_lines

__all__ = ["register", "report"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Report")(report)


def report(
    notebook: Annotated[Path, typer.Option(help="The notebook to run.")] = Path("notebooks/06_report.ipynb"),
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value, a parameter of the notebook.")
    ] = None,
    reports: Annotated[Path, typer.Option(help="The folder that is written to.")] = Path("reports"),
    junit: Annotated[bool, typer.Option("--junit", help="Write junit.xml too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Where it is and what it says, as one JSON line.")] = False,
) -> None:
    """Run a notebook as a report: one HTML page that makes no network request, and metrics.json.

    Exit codes: 0 healthy, 1 warning, 2 breach, 3 could not tell, a report that could not be made included.

    [dim]workbench report -p since=7d[/dim]
    """
    from workbench.flows.report import report as make

    try:
        made = make(notebook, parameters=_given(parameter or []), reports=reports, junit=junit, progress=say)
    except WorkbenchError as error:
        complain(error)
        raise typer.Exit(3) from None
    if as_json:
        files = {"page": made.page, "notebook": made.notebook, "metrics": made.metrics, "junit": made.junit}
        told = {name: str(file) for name, file in files.items() if file}
        show_lines([{**told, "level": made.level, "findings": [asdict(finding) for finding in made.findings]}])
    else:
        results().print(str(made), markup=False)
    raise typer.Exit(made.exit_code)


def _given(pairs: list[str]) -> dict[str, str]:
    """Read `name=value` texts; the first without a value is refused."""
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            message = f"parameter {name} has no value; write it as {name}=value"
            raise ReportError(message)
        given[name] = value
    return given
