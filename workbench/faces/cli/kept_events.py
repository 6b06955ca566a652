"""`workbench events list`, `show`, `export`, `delete`, `prune`: what the project's store holds."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.errors import StoreError
from workbench.faces.cli.arguments import assignments, read_time
from workbench.faces.cli.places import StoreOption, store_file
from workbench.faces.cli.terminal import JsonOption, results, say, show

if TYPE_CHECKING:
    from workbench.store.filters import EventFilter

__all__ = ["add_commands", "delete", "export", "list_", "prune", "show_event"]


class Kept(StrEnum):
    """A verdict that events of the store have."""

    verified = "verified"
    unsigned = "unsigned"
    refused = "refused"


_WHEN = "30d, 36h, a date or an instant (UTC)."
ProviderOption = Annotated[str | None, typer.Option(help="Only this provider's.")]
TypeOption = Annotated[str | None, typer.Option(help="Only this event type; invoice.* means all that begin so.")]
SinceOption = Annotated[
    datetime | None, typer.Option(parser=read_time, metavar="WHEN", help=f"Only what occurred since: {_WHEN}")
]
UntilOption = Annotated[
    datetime | None, typer.Option(parser=read_time, metavar="WHEN", help=f"Only what occurred before: {_WHEN}")
]
VerdictOption = Annotated[Kept | None, typer.Option(help="Only deliveries of this verdict.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH=VALUE", help="Only with this value in the payload, as data.object.currency=usd."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command(name="list")(list_)
    group.command(name="show")(show_event)
    for command in (export, delete, prune):
        group.command()(command)


def list_(
    provider: ProviderOption = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    since: SinceOption = None,
    until: UntilOption = None,
    verdict: VerdictOption = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0 lists all.")] = 50,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List the events in the store, the newest first; no payloads.

    [dim]workbench events list --type 'invoice.*' --since 7d --where data.object.currency=usd[/dim]
    """
    from workbench.faces.tables import Column, Table, moment
    from workbench.flows.corpora import open_existing

    chosen = _chosen(provider, type, since, until, verdict, where)
    with open_existing(store_file(store)) as opened:
        records = [
            {
                "occurred_at": kept.occurred_at,
                "provider": kept.event.provider,
                "type": kept.event.type,
                "id": kept.event.id,
                "verdict": kept.verdict,
            }
            for kept in opened.events(chosen, limit=limit or None)
        ]
        more = opened.count(chosen) - len(records) if len(records) == limit else 0
    columns = (
        Column(key="occurred_at", heading="occurred (UTC)", show=moment),
        *(Column(key=key, heading=key) for key in ("provider", "type", "id", "verdict")),
    )
    show(Table(title="", columns=columns, records=records, empty="no events"), as_json=as_json)
    if more:
        say(f"and {more} more; --limit 0 lists all")


def show_event(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="The event's id.")],
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the values; they may be people's data.")] = False,
    store: StoreOption = None,
) -> None:
    """Print one event as JSON; values are masked to their outline unless --reveal is given.

    [dim]workbench events show evt_1T9xB2Lm4Qw7Rk[/dim]
    """
    from workbench.events.formats import mask_payload
    from workbench.flows.corpora import open_existing
    from workbench.store.filters import EventFilter

    with open_existing(store_file(store)) as opened:
        found = list(opened.events(EventFilter(id=event_id)))
    if not found:
        message = f"the store holds no event {event_id}; `workbench events list` lists those it holds"
        raise StoreError(message)
    for kept in found:
        received = f"received {kept.received_at:%Y-%m-%d %H:%M:%S} UTC"
        say(f"{kept.event.provider} {kept.event.type}, {kept.verdict}, {received}")
        payload: Any = kept.event.payload if reveal else mask_payload(kept.event.payload)
        typer.echo(json.dumps(payload, indent=2, ensure_ascii=False))


def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made where there is none.")],
    provider: ProviderOption = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    since: SinceOption = None,
    until: UntilOption = None,
    verdict: VerdictOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
) -> None:
    """Write deliveries as files, bytes beside headers, as `load`, `replay` and `demo` read them.

    [dim]workbench events export captured --type 'invoice.*'; workbench replay captured[/dim]
    """
    from workbench.flows.corpora import open_existing
    from workbench.flows.keep import export_deliveries

    file = store_file(store)
    open_existing(file).close()
    written = export_deliveries(file, folder, _chosen(provider, type, since, until, verdict, where))
    results().print(f"{written} deliveries written to {folder}", markup=False, soft_wrap=True)


def delete(
    event_id: Annotated[str | None, typer.Option("--id", help="Only the event of this id.")] = None,
    provider: ProviderOption = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    since: SinceOption = None,
    until: UntilOption = None,
    verdict: VerdictOption = None,
    where: WhereOption = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Delete deliveries from the store, bytes and all: those all of whose events are chosen.

    [dim]workbench events delete --where data.object.customer=cus_QwErTy123 --yes[/dim]
    """
    from dataclasses import replace

    from workbench.flows.corpora import open_existing
    from workbench.store.filters import EventFilter

    chosen = replace(_chosen(provider, type, since, until, verdict, where), id=event_id)
    if chosen == EventFilter():
        message = "say which events: without any choice everything would go (that is `events prune --before 0m`)"
        raise typer.BadParameter(message)
    with open_existing(store_file(store)) as opened:
        count = opened.count(chosen)
        if count and not yes and not typer.confirm(f"delete {count} events for good?", err=True):
            raise typer.Exit(1)
        results().print(f"{opened.delete(chosen)} deliveries deleted")


def prune(
    before: Annotated[datetime, typer.Option(parser=read_time, metavar="WHEN", help=f"Received before: {_WHEN}")],
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Delete every delivery that was received before a time, whatever its verdict.

    [dim]workbench events prune --before 90d --yes[/dim]
    """
    from workbench.flows.corpora import open_existing

    with open_existing(store_file(store)) as opened:
        asked = f"delete every delivery received before {before:%Y-%m-%d %H:%M} UTC for good?"
        if not yes and not typer.confirm(asked, err=True):
            raise typer.Exit(1)
        results().print(f"{opened.prune(before)} deliveries deleted")


def _chosen(
    provider: str | None,
    type_: str | None,
    since: datetime | None,
    until: datetime | None,
    verdict: Kept | None,
    where: list[str] | None,
) -> EventFilter:
    from workbench.store.filters import EventFilter

    return EventFilter(
        provider=provider,
        type=type_,
        since=since,
        until=until,
        verdict=verdict.value if verdict else None,
        where=assignments(where, "--where"),
    )
