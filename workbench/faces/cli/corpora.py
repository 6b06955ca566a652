"""`workbench events profile` and `diff`: what a provider really sends, and what of it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.errors import DeliveryError
from workbench.faces.cli.places import StoreOption, known_providers, store_file
from workbench.faces.cli.terminal import JsonOption, complain, results, show, show_lines

if TYPE_CHECKING:
    from workbench.events.delivery import Event
    from workbench.events.profile import EventProfile, FieldProfile, TypeProfile
    from workbench.faces.tables import Table

__all__ = ["add_commands", "diff", "profile"]

_EVENTS = "A folder, JSON or NDJSON of events, or a store's .db file."
TypeOption = Annotated[str | None, typer.Option(help="Only this event type; invoice.* means all that begin so.")]
ProviderOption = Annotated[str | None, typer.Option(help="Whose events they are, where they do not tell.")]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    for command in (profile, diff):
        group.command()(command)


def profile(
    events: Annotated[Path | None, typer.Argument(help=f"{_EVENTS} [default: the project's store]")] = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    provider: ProviderOption = None,
    schema: Annotated[bool, typer.Option("--schema", help="A JSON Schema (2020-12) per event type instead.")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Infer what is really sent: each field's types, presence, formats, codes, and what may identify a person.

    Examples are masked. Without --type, --json or --schema, several event types are listed with their counts only.

    [dim]workbench events profile sample_events --type invoice.paid[/dim]
    """
    from workbench.events.json_schema import event_schema

    found = _profiled(events or store_file(store), type, provider)
    if schema:
        show_lines(event_schema(each) for each in found.types.values())
    elif as_json:
        show_lines(_record(field) for field in found.fields())
    elif type is None and len(found.types) > 1:
        show(_types(found))
    else:
        for each in found.types.values():
            results().print(_tree(each))


def diff(
    before: Annotated[Path, typer.Argument(help=_EVENTS)],
    after: Annotated[Path | None, typer.Argument(help=f"The corpus to compare with it. {_EVENTS}")] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="Only what this mapping reads; of one corpus, what it reads and no event has."),
    ] = None,
    versions: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Two API versions, or how they begin: of one corpus, the events of the one and of the other."
        ),
    ] = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    provider: ProviderOption = None,
    presence: Annotated[float, typer.Option(min=0, max=1, help="How far a field's presence must move.")] = 0.1,
    as_json: JsonOption = False,
) -> None:
    """Compare two corpora: new and vanished types and fields, changed types, new codes, changed presence.

    Exit code 1 when something differs.

    [dim]workbench events diff last-month.ndjson this-month.ndjson[/dim]
    [dim]workbench events diff this-month.ndjson --mapping mappings/stripe/stripe-invoice.yaml[/dim]
    [dim]workbench events diff sample_events --versions 2024 2026 --type invoice.paid[/dim]
    """
    from workbench.faces.tables import Column, Table

    if after or versions:
        old, new = versions or (None, None)
        first = _profiled(before, type, provider, old)
        records = _drift(first, _profiled(after or before, type, provider, new), mapping, presence)
    elif mapping:
        records = _unread(mapping, before, type, provider)
    else:
        message = "give a second corpus, --versions or --mapping"
        raise typer.BadParameter(message)
    headings = {"event_type": "event type", "kind": "what", "path": "path", "before": "before", "after": "after"}
    columns = tuple(
        Column(key=key, heading=heading)
        for key, heading in headings.items()
        if any(record.get(key) for record in records)
    )
    show(Table(title="", columns=columns, records=records, empty="nothing differs"), as_json=as_json)
    if records:
        raise typer.Exit(1)


def _events(path: Path, type_: str | None, provider: str | None, version: str | None = None) -> Iterator[Event]:
    from workbench.flows.corpora import stream_events
    from workbench.mapping.event_types import accepts_type

    for event in stream_events(path, provider=provider, providers=known_providers(), report=complain):
        meant = type_ is None or accepts_type([type_], event.type)
        if meant and (version is None or str(event.payload.get("api_version")).startswith(version)):
            yield event


def _profiled(path: Path, type_: str | None, provider: str | None, version: str | None = None) -> EventProfile:
    from workbench.events.profile import profile_events

    found = profile_events(_events(path, type_, provider, version))
    if not found.count:
        meant = f"{f' of type {type_}' if type_ else ''}{f' of API version {version}' if version else ''}"
        message = f"{path} holds no event{meant} that may be used"
        raise DeliveryError(message)
    return found


def _drift(before: EventProfile, after: EventProfile, mapping: Path | None, presence: float) -> list[dict[str, Any]]:
    from workbench.events.drift import compare_profiles
    from workbench.flows.corpora import is_read
    from workbench.flows.design import load_mapping

    found = compare_profiles(before, after, presence=presence)
    if mapping:
        reading = load_mapping(mapping)
        found = tuple(each for each in found if is_read(each, reading))
    names = ("event_type", "kind", "path", "before", "after")
    return [{name: getattr(each, name) for name in names} for each in found]


def _unread(mapping: Path, events: Path, type_: str | None, provider: str | None) -> list[dict[str, Any]]:
    from workbench.flows.corpora import find_unread
    from workbench.flows.design import load_mapping

    paths = find_unread(load_mapping(mapping), _events(events, type_, provider))
    return [{"kind": "read by the mapping, in no event", "path": path} for path in paths]


def _types(found: EventProfile) -> Table:
    from workbench.faces.tables import Column, Table, count

    records = [
        {
            "provider": each.provider,
            "type": name,
            "events": each.count,
            "fields": len(each.fields),
            "personal": sum(1 for field in each.fields if field.personal),
            "first": each.first,
            "last": each.last,
        }
        for name, each in found.types.items()
    ]
    columns = (
        Column(key="provider", heading="provider"),
        Column(key="type", heading="event type"),
        *(Column(key=key, heading=key, show=count, right=True) for key in ("events", "fields", "personal")),
        *(Column(key=key, heading=key, show=lambda at: f"{at:%Y-%m-%d}" if at else "") for key in ("first", "last")),
    )
    return Table(title="", columns=columns, records=records)


def _tree(found: TypeProfile) -> Any:
    """Draw the fields of an event type, each under the one it is in."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.title = Text(f"{found.provider} {found.type}: {found.count} events")
    for heading in ("field", "types", "in", "what it is", "seen"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "in" else "left")
    for field in found.fields:
        name = "".join(field.keys[-2:]) if field.keys[-1] == "[]" else field.keys[-1]
        depth = sum(1 for key in field.keys[:-1] if key != "[]")
        present = f"{field.presence:.0%}"
        table.add_row(Text("  " * depth + name), "|".join(sorted(field.types)), present, *map(Text, _told(field)))
    return table


def _told(field: FieldProfile) -> tuple[str, str]:
    """Say what a field is, and what was seen in it, masked."""
    told = [field.format or "", "id or object" if field.expandable else ""]
    told += [f"identifier: {field.identifier}" if field.identifier and not field.format else ""]
    told += [f"personal: {field.personal}" if field.personal else ""]
    told += [f"null in {field.null_share:.0%}" if 0 < field.null_share < 1 else ""]
    seen = field.enum or field.examples
    return "; ".join(filter(None, told)), ", ".join(seen)


def _record(field: FieldProfile) -> dict[str, Any]:
    names = (
        "event_type path types presence null_share distinct distinct_is_exact format enum examples identifier personal"
        " expandable"
    )
    return {name: json.loads(json.dumps(getattr(field, name), default=dict)) for name in names.split()}
