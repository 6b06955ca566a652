"""`workbench bot build` and `workbench policy explain`: what is made of an integration, no server of yours needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.servers import IntegrationArgument
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show, show_lines

if TYPE_CHECKING:
    from workbench.events.delivery import Delivery
    from workbench.flows.integrations import LoadedIntegration

__all__ = ["build", "explain", "register"]

_USABLE = ("verified", "unsigned")


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
    project: Annotated[
        bool, typer.Option("--project", help="The TypeScript project: the bot, its types, a test for each sample.")
    ] = False,
    samples: Annotated[Path | None, typer.Option(help="What proves it. [default: the project's sample_events]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as one JSON line a file.")] = False,
) -> None:
    """Write the bot as one CommonJS file without dependencies, proved first: the bytes that `provision` deploys.

    Every sample of the provider must give in JavaScript, and by the bot on a fresh sandbox, exactly what the mappings
    give in Python; else nothing is written, the differences are shown and the exit code is 1.

    [dim]workbench bot build mappings/stripe/integration.yaml --out build --project[/dim]
    """
    from workbench.flows.bot_files import write_bot
    from workbench.flows.integrations import load_integration

    loaded = load_integration(integration)
    out.mkdir(parents=True, exist_ok=True)  # what cannot be written is told before it is proved
    _prove(loaded, samples)
    if project:
        from workbench.flows.bot_project import write_project

        written = write_project(loaded, _own_samples(loaded, samples), out)
        if as_json:
            show_lines({"file": str(file), "bytes": file.stat().st_size} for file in written)
            return
        said = f"{out}: {len(written)} files; npm install, then npm test and npm run check"
        results().print(said, markup=False, soft_wrap=True)
        return
    file = write_bot(loaded, out)
    if as_json:
        show_lines([{"file": str(file), "bytes": file.stat().st_size, "sha256": loaded.desired.code_digest}])
        return
    said = f"{file}: {file.stat().st_size:,} bytes, SHA-256 {loaded.desired.code_digest}"
    results().print(said, markup=False, soft_wrap=True)


def _prove(loaded: LoadedIntegration, samples: Path | None) -> None:
    from workbench.flows.bot_proof import prove_bot
    from workbench.flows.project import find_project

    folder = samples or find_project(loaded.folder).samples
    if not folder.is_dir():
        say(f"not proved: there are no samples at {folder}")
        return
    proof = prove_bot(loaded, folder, progress=say)
    for line in proof.differences[:50]:
        complain(line)
    if not proof.ok:
        complain(f"{loaded.name}: {len(proof.differences)} differences from what the mappings give; nothing is written")
        raise typer.Exit(1)
    say(f"proved: {proof.events} events in {proof.deliveries} samples, in JavaScript and on a sandbox")


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


def _own_samples(loaded: LoadedIntegration, samples: Path | None) -> list[Delivery]:
    """Give the deliveries of the integration's provider that may be used."""
    from workbench.flows.load import load_events
    from workbench.flows.project import find_project

    found = load_events(samples or find_project(loaded.folder).samples).deliveries
    usable = (each for each in found if each.provider == loaded.provider.name and each.verdict in _USABLE)
    return [each.delivery for each in usable if each.delivery]
