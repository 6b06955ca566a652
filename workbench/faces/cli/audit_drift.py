"""`workbench audit drift`: what does production send that the mappings were not made for?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.arguments import read_time
from workbench.faces.cli.places import StoreOption, known_providers, store_file
from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import JsonOption, show, show_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.events.delivery import Event

__all__ = ["drift"]


def drift(
    integration: Annotated[Path, typer.Argument(help="The integration.yaml.")],
    events: Annotated[
        Path | None, typer.Option(help="What came lately: a folder, JSON or NDJSON. [default: the project's store]")
    ] = None,
    samples: Annotated[Path, typer.Option(help="What the mappings were designed with.")] = Path("sample_events"),
    since: Annotated[
        datetime | None,
        typer.Option(parser=read_time, metavar="WHEN", help="Only since: 7d, 36h, a date or an instant (UTC)."),
    ] = None,
    policies: Annotated[
        bool, typer.Option("--policies", help="Ask the server too whether its access policies were changed.")
    ] = False,
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what production sends that the mappings do not read or translate, and what was changed on the server.

    New event types, fields, JSON types, values and API versions, and codes without translation. Exit codes: 0 nothing,
    1 something.

    [dim]workbench audit drift mappings/stripe/integration.yaml --since 7d --policies[/dim]
    """
    from workbench.faces.tables import Column, frame_table
    from workbench.flows.corpora import stream_events
    from workbench.flows.integrations import load_integration
    from workbench.flows.production_drift import changed_policies, production_drift

    loaded = load_integration(integration)
    designed_with = stream_events(samples, providers=known_providers())
    found = production_drift(_lately(events, store, since), designed_with, loaded.mappings)
    changed: tuple[str, ...] = ()
    if policies:
        with open_server(server, data) as client:
            changed = changed_policies(client, [loaded])
    if as_json:
        show_frame(found)
    else:
        columns = [Column(key=name, heading=name.replace("_", " ")) for name in found.columns]
        show(frame_table(found, "", columns, empty="nothing came that the mappings were not made for"))
    for sentence in changed:
        typer.echo(sentence, err=as_json)
    if len(found) or changed:
        raise typer.Exit(1)


def _lately(events: Path | None, store: Path | None, since: datetime | None) -> Iterator[Event]:
    from workbench.flows.corpora import stream_events
    from workbench.store.filters import EventFilter

    chosen = EventFilter(since=since)
    return stream_events(events or store_file(store), chosen=chosen, providers=known_providers())
