"""`workbench events`: bring events into the project's store, or make one of your own."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.errors import DeliveryError, IntegrationError, Problem
from workbench.faces.cli import corpora, kept_events
from workbench.faces.cli.arguments import assignments, read_time
from workbench.faces.cli.places import StoreOption, known_providers, store_file
from workbench.faces.cli.terminal import complain, results, say, show_lines

if TYPE_CHECKING:
    from workbench.events.delivery import Delivery
    from workbench.flows.pull import Pulled
    from workbench.store.deliveries import EventStore

__all__ = ["import_", "new", "pull", "register", "sign"]


class Source(StrEnum):
    """An API that past events can be asked of."""

    stripe = "stripe"
    okta = "okta"


def register(app: typer.Typer) -> None:
    """Add the commands, as a group."""
    group = typer.Typer(
        help="Keep events in the project's store, look at them, profile and compare them.", no_args_is_help=True
    )
    group.command(name="import")(import_)
    for command in (pull, new, sign):
        group.command()(command)
    kept_events.add_commands(group)
    corpora.add_commands(group)
    app.add_typer(group, name="events", rich_help_panel="Load")


def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders, JSON, NDJSON, HAR or what another tool exported, or - .")
    ],
    provider: Annotated[str | None, typer.Option(help="Whose events they are, where they do not tell.")] = None,
    store: StoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was kept, as one JSON line a path.")] = False,
) -> None:
    """Put recorded deliveries into the store; importing again changes nothing.

    Exit code 1 when a delivery was refused (it is kept all the same) or could not be read.

    [dim]workbench events import sample_events[/dim]
    """
    from workbench.flows.keep import import_events

    file, known, faulty = store_file(store), known_providers(), False
    for path in paths:
        made = import_events(path, file, provider=provider, providers=known)
        counted = f"{made.deliveries} deliveries kept: {made.new_events} new events, {made.duplicates} known already"
        if as_json:
            kept = {"deliveries": made.deliveries, "new_events": made.new_events, "duplicates": made.duplicates}
            show_lines([{"path": str(path), **kept, "problems": len(made.problems)}])
        else:
            results().print(f"{path}: {counted}", markup=False, soft_wrap=True)
        for problem in made.problems:
            complain(problem)
        faulty = faulty or bool(made.problems)
    if faulty:
        raise typer.Exit(1)


def pull(
    source: Annotated[Source, typer.Argument(help="Whose API to ask.")],
    since: Annotated[
        datetime, typer.Option(parser=read_time, metavar="WHEN", help="30d, 36h, a date or an instant (UTC).")
    ],
    base_url: Annotated[
        str | None, typer.Option(help="Another server that speaks Stripe's API, for tests.", hidden=True)
    ] = None,
    store: StoreOption = None,
) -> None:
    """Pull past events from a provider's API into the store; a pull that was broken off goes on where it stopped.

    Keys come from the environment: STRIPE_API_KEY, or OKTA_ORG_URL and OKTA_API_TOKEN. Stripe keeps thirty days of
    events, Okta ninety. What comes from an API was not delivered, so it is kept as unsigned.

    [dim]workbench events pull stripe --since 30d[/dim]
    """
    from workbench.store.deliveries import open_store

    keys = _keys(source, base_url)
    with open_store(store_file(store)) as opened:
        made = _pulled(source, opened, since, keys)
    more = ", went on where an earlier pull stopped" if made.resumed else ""
    results().print(f"{source}: {made.events} events on {made.pages} pages, {made.new_events} of them new{more}")


def new(
    provider: Annotated[str, typer.Argument(help="Whose event to make, as stripe.")],
    event_type: Annotated[str, typer.Argument(help="Its type, as invoice.paid; a sample of it must be there.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="A value in the body, as data.object.amount_due=1299."),
    ] = None,
    variant: Annotated[str | None, typer.Option(help="The sample to start from. [default: the first by name]")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write NAME.body and NAME.json here, instead of a JSON line to stdout.")
    ] = None,
    samples: Annotated[Path | None, typer.Option(help="The samples. [default: the project's sample_events]")] = None,
) -> None:
    """Make a delivery of one's own: a sample with other values, a new id and the present time, signed.

    It is signed with the secret in the environment (STRIPE_WEBHOOK_SECRET), or else the one published with the samples.

    [dim]workbench events new stripe invoice.paid --set data.object.amount_due=1299 | workbench load -[/dim]
    """
    from workbench.events.providers import find_provider
    from workbench.flows.compose import compose_event, find_sample
    from workbench.flows.delivery_files import write_delivery
    from workbench.flows.project import find_project

    folder = samples or find_project(Path.cwd()).samples
    sender = find_provider(provider, known_providers())
    made = compose_event(
        find_sample(folder, sender, event_type, variant),
        sender,
        secret=_signing_secret(provider, folder),
        now=datetime.now(UTC),
        changes=assignments(changes, "--set"),
    )
    if out is None:
        typer.echo(json.dumps(_record(made)))
    else:
        name = f"{event_type}-{made.received_at:%Y%m%dT%H%M%S%f}"
        results().print(str(write_delivery(made, out, name)), markup=False, soft_wrap=True)


def sign(
    samples: Annotated[Path | None, typer.Argument(help="The folder. [default: the project's sample_events]")] = None,
) -> None:
    """Sign samples again after their bodies were edited by hand, each at the time at which it was received.

    Every PROVIDER/TYPE/NAME.body is signed with the secret of the secrets.json beside the providers.

    [dim]workbench events sign sample_events[/dim]
    """
    from workbench.flows.compose import sign_samples
    from workbench.flows.load import read_secrets
    from workbench.flows.project import find_project

    folder = samples or find_project(Path.cwd()).samples
    given = read_secrets(folder).items()
    signed = sign_samples(folder, {name: secret if isinstance(secret, str) else secret[0] for name, secret in given})
    results().print(f"{signed} samples signed", markup=False)


def _record(delivery: Delivery) -> dict[str, object]:
    """Give a delivery as the JSON object that `load` and `events import` read."""
    return {
        "method": delivery.method,
        "url": delivery.url,
        "received_at": delivery.received_at.isoformat(),
        "headers": dict(delivery.headers),
        "body": delivery.body.decode(),
    }


def _signing_secret(provider: str, samples: Path) -> str:
    from workbench.flows.capture import environment_secrets
    from workbench.flows.load import read_secrets

    given = environment_secrets(os.environ, known_providers()).get(provider) or read_secrets(samples).get(provider)
    if not given:
        message = f"no secret to sign with: set {provider.upper()}_WEBHOOK_SECRET, or add it to {samples}/secrets.json"
        raise DeliveryError(message)
    return given if isinstance(given, str) else given[0]


def _keys(source: Source, base_url: str | None) -> dict[str, str]:
    """Give what the API asks for, by the name of the variable, every fault at once; a key travels over TLS only."""
    from workbench.servers.settings import address_problem

    names = {Source.stripe: ("STRIPE_API_KEY",), Source.okta: ("OKTA_ORG_URL", "OKTA_API_TOKEN")}[source]
    found = {name: os.environ.get(name, "").strip() for name in names}
    problems = [
        Problem(message=f"environment: {name} is not set", path=name, remedy="export it")
        for name, value in found.items()
        if not value
    ]
    addresses = {"OKTA_ORG_URL": found.get("OKTA_ORG_URL"), "--base-url": base_url}
    problems += [
        Problem(message=f"{name} {fault}", path=name)
        for name, address in addresses.items()
        if address and (fault := address_problem(address))
    ]
    if problems:
        raise IntegrationError(problems)
    return {**found, "base_url": base_url or ""}


def _pulled(source: Source, store: EventStore, since: datetime, keys: dict[str, str]) -> Pulled:
    from workbench.flows.pull import pull_okta, pull_stripe

    if source is Source.stripe:
        base_url = keys["base_url"] or None
        return pull_stripe(store, since=since, api_key=keys["STRIPE_API_KEY"], base_url=base_url, progress=say)
    return pull_okta(store, since=since, org_url=keys["OKTA_ORG_URL"], token=keys["OKTA_API_TOKEN"], progress=say)
