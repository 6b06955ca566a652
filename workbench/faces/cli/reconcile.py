"""`workbench reconcile`: was everything that was sent also settled, and is it still there?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.arguments import read_time
from workbench.faces.cli.places import StoreOption, known_providers, store_file
from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import JsonOption, say, show, show_frame

if TYPE_CHECKING:
    from pandas import DataFrame

    from workbench.faces.tables import Table
    from workbench.flows.load import LoadedEvents

__all__ = ["reconcile", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Audit")(reconcile)


def reconcile(
    events: Annotated[
        Path | None, typer.Argument(help="What was sent: a folder, JSON or NDJSON. [default: the project's store]")
    ] = None,
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    since: Annotated[
        datetime | None,
        typer.Option(parser=read_time, metavar="WHEN", help="Only since: 7d, 36h, a date or an instant (UTC)."),
    ] = None,
    late: Annotated[float, typer.Option(min=0, help="Seconds after which a settled event is late.")] = 300,
    resources: Annotated[
        bool, typer.Option("--resources/--no-resources", help="Look whether what was written is still there.")
    ] = True,
    every: Annotated[bool, typer.Option("--all", help="List the events that are ok, too.")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Compare the events that were sent with the runs that were audited and the resources that are on the server.

    An event is ok, missing, failed, lost, duplicate, late or an orphan. Exit codes: 0 all settled, 1 it could not be
    compared, 2 an event is missing, failed or lost.

    [dim]workbench reconcile --since 7d[/dim]
    """
    from workbench.flows.collect import audit_frame
    from workbench.flows.reconcile import read_references
    from workbench.flows.reconcile import reconcile as compare

    sent = _sent(events, store, since)
    with open_server(server, data) as client:
        rows = audit_frame(client, since=since, progress=say)
        references = read_references(client, rows, progress=say) if resources else None
    found = compare(sent, rows, references=references, late_seconds=late)
    frame = found.events if every else found.events[found.events["verdict"] != "ok"]
    if as_json:
        show_frame(frame)
    else:
        typer.echo(str(found))
        if len(frame):
            show(_events_table(frame))
    raise typer.Exit(found.exit_code)


def _sent(events: Path | None, store: Path | None, since: datetime | None) -> LoadedEvents | DataFrame:
    from workbench.flows.corpora import open_existing, sent_events
    from workbench.flows.load import load_events
    from workbench.store.filters import EventFilter

    if events:
        return load_events(events, providers=known_providers())
    with open_existing(store_file(store)) as opened:
        return sent_events(opened, EventFilter(since=since))


def _events_table(frame: DataFrame) -> Table:
    from workbench.faces.tables import Column, frame_table

    keys = {"verdict": "verdict", "provider": "provider", "event_type": "event type", "event_id": "event"}
    return frame_table(frame, "", [Column(key=key, heading=heading) for key, heading in keys.items()])
