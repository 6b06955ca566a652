"""`workbench load` and `workbench providers`: what do this provider's events look like, and are they authentic?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.faces.cli.places import known_providers
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show, show_frame

__all__ = ["load", "providers", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this verb."""
    app.command(rich_help_panel="Load")(load)
    app.command(rich_help_panel="Load")(providers)


def load(
    path: Annotated[Path, typer.Argument(help="A folder of deliveries or JSON files, a JSON or NDJSON file, or - .")],
    provider: Annotated[str | None, typer.Option(help="Whose events they are, where they do not tell.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per delivery instead of a table.")] = False,
) -> None:
    """Read events and check each delivery's signature on its raw bytes.

    Exit code 1 when a delivery was refused or could not be read.

    [dim]workbench load sample_events[/dim]
    """
    from workbench.flows.load import load_events

    loaded = load_events(path, provider=provider, providers=known_providers(), progress=say)
    if as_json:
        show_frame(loaded.to_frame())
    else:
        results().print(_verdicts(loaded))
    for problem in loaded.problems:
        complain(problem)
    if loaded.problems:
        raise typer.Exit(1)


def providers(as_json: JsonOption = False) -> None:
    """List the providers whose signatures, handshakes and envelopes are known: the shipped ones and the project's own.

    A project describes its own in providers/NAME.yaml, in the grammar of the shipped entries.

    [dim]workbench providers[/dim]
    """
    from workbench.events.providers import PROVIDERS
    from workbench.faces.tables import Column, Table

    records = [
        {
            "provider": name,
            "signs_with": ", ".join(dict.fromkeys(each.algorithm for each in provider.signatures)) or "nothing",
            "proved_by": provider.proof,
            "from": "shipped" if PROVIDERS.get(name) is provider else "this project",
        }
        for name, provider in sorted(known_providers().items())
    ]
    columns = (
        Column(key="provider", heading="provider"),
        Column(key="signs_with", heading="signs with"),
        Column(key="proved_by", heading="proved by"),
        Column(key="from", heading="from"),
    )
    show(Table(title="", columns=columns, records=records), as_json=as_json)


def _verdicts(loaded: Any) -> Any:
    """Draw how many deliveries of each event type met each verdict."""
    from rich.table import Table

    frame = loaded.to_frame()
    table = Table("provider", "event type", "verdict", box=None, header_style="bold")
    table.add_column("events", justify="right")
    for key, count in frame.groupby(["provider", "type", "verdict"], dropna=False, sort=True).size().items():
        table.add_row(*("" if part is None or part != part else str(part) for part in key), str(count))
    return table
