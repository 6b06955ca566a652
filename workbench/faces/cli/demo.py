"""`workbench demo`: the whole story in one screenful."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.faces.cli.latency import latency_table
from workbench.faces.cli.terminal import complain, results

if TYPE_CHECKING:
    from workbench.flows.demo import Demo

__all__ = ["demo", "register"]

_LINES = 12  # of the table of event types; all of them are in the report
_SETTLED = {"applied", "unchanged", "stale", "duplicate", "ignored", "handshake"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Start here")(demo)


def demo(
    events: Annotated[
        Path | None, typer.Option(help="Your own events: JSON, NDJSON or a folder. [default: the project's samples]")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The demo's own folder, emptied first. [default: .workbench/demo]")
    ] = None,
) -> None:
    """Run the whole story on a fresh embedded Medplum: load, map, provision, replay, audit, report.

    Exit code 1 when a step fails, or when an event was refused or could not be settled.

    [dim]workbench demo --events my-events.ndjson[/dim]
    """
    from rich.padding import Padding

    from workbench.flows.demo import Demo
    from workbench.flows.project import find_project

    story = Demo(find_project(Path.cwd()), events=events, data=data)
    console = results()
    for step in story.run():
        console.print(f"[bold]{step.name:<10}[/bold][dim]{step.seconds:6.1f} s[/dim]  {step.found}")
        for detail in step.details:
            console.print(f"{'':20}{detail}", markup=False)
        if story.latency is not None and step.name == "audit":
            console.print(Padding(latency_table(story.latency, most=_LINES), (0, 0, 0, 20), expand=False))
    if events:
        console.print(_accounts(story))
    unsettled = [account for account in story.accounts if account.outcome not in _SETTLED]
    for account in unsettled:
        complain(f"{account.source}: {account.outcome}: {account.why or 'no reason was given'}")
    if unsettled:
        raise typer.Exit(1)
    console.print(f"\nOpen {story.page} for the report, and run `make lab` for the notebooks.", markup=False)


def _accounts(story: Demo) -> Any:
    from rich.table import Table

    table = Table("event type", "event", "outcome", "why", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for account in story.accounts:
        table.add_row(account.type or "", account.id or account.source, account.outcome, account.why or "")
    return table
