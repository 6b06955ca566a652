"""`workbench audit`: what happened in production?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import results, say

__all__ = ["audit", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Audit")(audit)


def audit(
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    since: Annotated[str | None, typer.Option(help="7d, 36h, a date or an instant (UTC).")] = None,
    bot: Annotated[str | None, typer.Option(help="Only this bot's runs: Bot/<id>.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The measures as JSON instead of a table.")] = False,
) -> None:
    """Pull the AuditEvents of bot runs and print event type × outcome with latency.

    [dim]workbench audit --since 7d[/dim]
    """
    import json

    from workbench.faces.cli.latency import latency_table
    from workbench.flows.collect import audit_frame
    from workbench.flows.measure import measures

    with open_server(server, data) as client:
        found = measures(audit_frame(client, since=since, bot=bot, progress=say))
    if as_json:
        results().print(json.dumps(found.to_dict()), markup=False)
        return
    results().print(str(found), markup=False)
    results().print(latency_table(found.by_type))
