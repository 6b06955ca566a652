"""`workbench replay`: does it work end to end, twice, in any order?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.places import known_providers
from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import complain, results, say, show_frame

if TYPE_CHECKING:
    from workbench.flows.replay import ReplayRow

__all__ = ["register", "replay"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Replay")(replay)


def replay(
    events: Annotated[
        Path | None, typer.Argument(help="A folder, JSON or NDJSON of deliveries or events. [default: the samples]")
    ] = None,
    integration: Annotated[
        list[Path] | None, typer.Option(help="An integration.yaml, applied before. [default: all of the project]")
    ] = None,
    event: Annotated[list[str] | None, typer.Option(help="Only the deliveries that carry this event id.")] = None,
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Deliveries on their way at once.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per event and mapping.")] = False,
) -> None:
    """Send deliveries to the deployed bot as the provider would, signed anew, their bytes untouched.

    Exit code 1 when something was not settled.

    [dim]workbench replay sample_events --integration mappings/stripe/integration.yaml[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.load import load_events
    from workbench.flows.project import find_project
    from workbench.flows.verbs import replay as send

    project = find_project(Path.cwd())
    deliveries = load_events(events or project.samples, providers=known_providers()).deliveries
    if event:
        wanted = set(event)
        deliveries = tuple(each for each in deliveries if wanted & {carried.id for carried in each.events})
    failed: list[ReplayRow] = []
    with open_server(server, data) as client:
        for path in integration or project.integrations():
            report = send(deliveries, load_integration(path), client, concurrency=concurrency, progress=say)
            failed += report.failed
            if as_json:
                show_frame(report.to_frame())
                continue
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes().items())
            sent = f"{len(report.rows)} deliveries in {report.seconds:.1f} s"
            results().print(f"{path}: {sent}: {outcomes or 'nothing to send'}", markup=False, soft_wrap=True)
    for row in failed:
        complain(f"{row.delivery}: {row.outcome}: {row.problem or 'no reason was given'}")
    if failed:
        raise typer.Exit(1)
