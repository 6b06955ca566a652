"""`workbench audit` and `audit pull`: what happened in production?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.faces.cli.arguments import read_time
from workbench.faces.cli.audit_drift import drift
from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import results, say, show_frame, show_lines

if TYPE_CHECKING:
    from pandas import DataFrame

    from workbench.flows.measure import Measures

__all__ = ["audit", "pull", "register"]

_DATA = Path(".workbench/sandbox")
_MOST_IDS = 10  # on one line; the measures as JSON have up to a hundred
_WHEN = "7d, 36h, a date or an instant (UTC)."
SinceOption = Annotated[datetime | None, typer.Option(parser=read_time, metavar="WHEN", help=_WHEN)]
TrailOption = Annotated[Path | None, typer.Option(help="A folder that `audit pull` keeps, read instead of a server.")]
LogOption = Annotated[
    Path | None, typer.Option(help="AuditEvents as NDJSON, a file or a folder, read instead of a server.")
]
SearchOption = Annotated[
    str | None, typer.Option(help="The address of a search saved in the Medplum app: AuditEvent?…")
]
RowsOption = Annotated[
    bool, typer.Option("--rows", help="The audit rows themselves as JSON, one a line, instead of measures.")
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(help="name=expression: one more column of --rows, by JSONata over the AuditEvent; with --reveal."),
]
RevealOption = Annotated[
    bool, typer.Option("--reveal", help="With --rows: show console output as it is, patients' names and all.")
]
BotOption = Annotated[str | None, typer.Option(help="Only this bot's runs: Bot/<id>.")]


def register(app: typer.Typer) -> None:
    """Add the commands: a group that also works by itself."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(audit)
    group.command()(pull)
    group.command()(drift)
    app.add_typer(group, name="audit", rich_help_panel="Audit")


def audit(
    ctx: typer.Context,
    server: ServerOption = Where.sandbox,
    data: DataOption = _DATA,
    since: SinceOption = None,
    until: SinceOption = None,
    bot: BotOption = None,
    trail: TrailOption = None,
    log: LogOption = None,
    search: SearchOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The measures as JSON instead of a table.")] = False,
    as_rows: RowsOption = False,
    column: ColumnOption = None,
    reveal: RevealOption = False,
) -> None:
    """Read the AuditEvents of bot runs and print event type × outcome with latency, and what went wrong.

    The verdict is by the `report:` of the project's integration files, the strictest of them.

    [dim]workbench audit --since 7d[/dim]
    """
    if ctx.invoked_subcommand:
        return
    from workbench.flows.measure import measures
    from workbench.flows.watching import find_targets

    if (column or reveal) and not as_rows:
        message = "--column and --reveal are for --rows"
        raise typer.BadParameter(message)
    given = {"since": since, "until": until, "bot": bot, "progress": say, "reveal": reveal, "extra": _columns(column)}
    rows, bots = _read(_Source(server=server, data=data, trail=trail, log=log, search=search), given)
    if as_rows:
        show_frame(rows)
        return
    found = measures(rows, since=since, until=until, thresholds=find_targets(), bots=bots)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        _show_measures(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where AuditEvents are read: one of a kept folder, a log, a saved search and all runs on a server."""

    server: Where
    data: Path
    trail: Path | None
    log: Path | None
    search: str | None


def _read(source: _Source, given: dict[str, Any]) -> tuple[DataFrame, list[dict[str, Any]]]:
    """Give the audit rows, and of a server its bots, which may hide runs."""
    from workbench.flows.collect import audit_frame
    from workbench.flows.watching import read_bots

    if sum(place is not None for place in (source.trail, source.log, source.search)) > 1:
        message = "give one of --trail, --log and --search"
        raise typer.BadParameter(message)
    try:
        if source.trail or source.log:
            return audit_frame(source.log, data=source.trail, **given), []
        with open_server(source.server, source.data) as client:
            return audit_frame(client, search=source.search, **given), read_bots(client)
    except ValueError as error:  # arguments that do not go together, a search for something else
        raise typer.BadParameter(str(error)) from None


def _columns(pairs: list[str] | None) -> dict[str, str]:
    """Read `name=expression` texts."""
    columns = {}
    for pair in pairs or ():
        name, equals, expression = pair.partition("=")
        if not (name and equals and expression):
            message = "--column takes name=expression, as observer=source.observer.display"
            raise typer.BadParameter(message)
        columns[name] = expression
    return columns


def pull(
    trail: Annotated[Path, typer.Option(help="The folder that keeps what is pulled.")] = Path(".workbench/audit"),
    server: ServerOption = Where.sandbox,
    data: DataOption = _DATA,
    since: SinceOption = None,
    bot: BotOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was read, as one JSON line.")] = False,
) -> None:
    """Bring a folder of Parquet up to date with the server's trail: only what is new is fetched, no row twice.

    The first pull begins at --since, or with the trail; a later one goes on where the last ended.

    [dim]workbench audit pull --server environment --since 30d; workbench audit --trail .workbench/audit[/dim]
    """
    from workbench.flows.collect import pull as bring
    from workbench.flows.project import prepare_data_folder
    from workbench.store.audit_store import AuditStore

    store = AuditStore(prepare_data_folder(trail))
    with open_server(server, data) as client:
        made = bring(client, store, since=since, bot=bot, progress=say)
    if as_json:
        show_lines([{"trail": str(trail), "since": made.since, "read": made.fetched, "new": made.new}])
        return
    begun = f"from {made.since:%Y-%m-%d %H:%M} UTC" if made.since else "from the beginning"
    said = f"{trail}: {made.fetched:,} AuditEvents read {begun}, {made.new:,} rows new"
    results().print(said, markup=False, soft_wrap=True)


def _show_measures(found: Measures) -> None:
    """Print the verdict, the table of event types, and the incidents with the events to replay."""
    from workbench.faces.board import unmapped_table
    from workbench.faces.cli.latency import latency_table
    from workbench.faces.tables import Column, count, frame_table, moment, words

    results().print(str(found), markup=False, soft_wrap=True)
    results().print(latency_table(found.by_type))
    if len(found.unmapped):
        results().print()
        results().print(unmapped_table(found).rich())
    if len(found.incidents):
        columns = (
            Column(key="what", heading="what"),
            Column(key="events", heading="events", show=count, right=True),
            Column(key="first", heading="first (UTC)", show=moment),
            Column(key="last", heading="last (UTC)", show=moment),
            Column(key="event_types", heading="event types", show=words),
        )
        results().print()
        results().print(frame_table(found.incidents, "Incidents", columns).rich())
        for ids in found.incidents["event_ids"]:
            _show_replay(list(ids))


def _show_replay(event_ids: list[str]) -> None:
    """Print the command that sends the events of an incident again, once their cause is mended."""
    if event_ids:
        chosen = " ".join(f"--event {event_id}" for event_id in event_ids[:_MOST_IDS])
        rest = len(event_ids) - _MOST_IDS
        more = f"  # and {rest} more: --json lists them" if rest > 0 else ""
        results().print(f"workbench replay {chosen}{more}", markup=False, soft_wrap=True)
