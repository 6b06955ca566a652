"""`workbench replay`: does it work end to end, twice, in any order?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import complain, results, say

__all__ = ["register", "replay"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Replay")(replay)


def replay(
    integration: Annotated[Path, typer.Argument(help="The integration.yaml, applied before.")],
    events: Annotated[Path, typer.Argument(help="A folder, JSON or NDJSON of deliveries or events.")],
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Deliveries on their way at once.")] = 4,
) -> None:
    """Send deliveries to the deployed bot as the provider would, signed anew, their bytes untouched.

    Exit code 1 when something was not settled.

    [dim]workbench replay mappings/stripe/integration.yaml sample_events[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.load import load_events
    from workbench.flows.verbs import replay as send

    loaded = load_integration(integration)
    found = load_events(events)
    with open_server(server, data) as client:
        report = send(found, loaded, client, concurrency=concurrency, progress=say)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes().items())
    results().print(f"{len(report.rows)} deliveries in {report.seconds:.1f} s: {outcomes or 'nothing to send'}")
    for row in report.failed:
        complain(f"{row.delivery}: {row.outcome}: {row.problem or 'no reason was given'}")
    if report.failed:
        raise typer.Exit(1)
