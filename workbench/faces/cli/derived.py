"""`workbench bot build` and `workbench policy explain`: what is made of an integration, no server needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.faces.cli.servers import IntegrationArgument
from workbench.faces.cli.terminal import JsonOption, results, show, show_lines

__all__ = ["build", "explain", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands, each in its group."""
    bot = typer.Typer(help="Build the bot of an integration.", no_args_is_help=True)
    bot.command()(build)
    app.add_typer(bot, name="bot", rich_help_panel="Provision")
    policy = typer.Typer(help="Say what an integration may touch, and why.", no_args_is_help=True)
    policy.command()(explain)
    app.add_typer(policy, name="policy", rich_help_panel="Provision")


def build(
    integration: IntegrationArgument,
    out: Annotated[Path, typer.Option(help="The folder to write to; made where there is none.")],
) -> None:
    """Write the bot as one CommonJS file without dependencies: the bytes that `provision` deploys.

    [dim]workbench bot build mappings/stripe/integration.yaml --out build[/dim]
    """
    from workbench.flows.bot_files import write_bot
    from workbench.flows.integrations import load_integration

    loaded = load_integration(integration)
    file = write_bot(loaded, out)
    said = f"{file}: {file.stat().st_size:,} bytes, SHA-256 {loaded.desired.code_digest}"
    results().print(said, markup=False, soft_wrap=True)


def explain(integration: IntegrationArgument, as_json: JsonOption = False) -> None:
    """Say for each line of the sender's and the bot's access policies which mapping rules need it, and why.

    [dim]workbench policy explain mappings/stripe/integration.yaml[/dim]
    """
    from dataclasses import asdict
    from itertools import groupby

    from workbench.faces.tables import Column, Table
    from workbench.flows.integrations import load_integration

    records = [asdict(reason) for reason in load_integration(integration).desired.reasons]
    if as_json:
        show_lines(records)
        return
    headings = {"grants": "grants", "rules": "needed by the rules", "why": "why"}
    columns = tuple(Column(key=key, heading=heading) for key, heading in headings.items())
    for (policy, resource), lines in groupby(records, key=lambda line: (line["policy"], line["resource_type"])):
        show(Table(title=f"{policy}: {resource}", columns=columns, records=list(lines)))
        results().print()
