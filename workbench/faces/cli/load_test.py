"""`workbench load-test`: how many events a second does one's own server take?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from workbench.faces.cli.servers import DataOption, IntegrationArgument, TargetOption, Where, open_target
from workbench.faces.cli.terminal import JsonOption, complain, results, show_lines

if TYPE_CHECKING:
    from workbench.events.delivery import Delivery
    from workbench.flows.integrations import LoadedIntegration
    from workbench.flows.load_test import LoadReport

__all__ = ["load_test", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="load-test", rich_help_panel="Replay")(load_test)


def load_test(
    integration: IntegrationArgument,
    rate: Annotated[float, typer.Option(min=0.1, help="New events a second.")],
    duration: Annotated[str, typer.Option("--for", help="How long: 60s or 5m.")] = "60s",
    server: TargetOption = "sandbox",
    host: Annotated[
        str | None, typer.Option(help="The server's host name once more: it is your own, and may be loaded.")
    ] = None,
    type: Annotated[str, typer.Option(help="The event type to send, of which there are samples.")] = "*",  # noqa: A002
    connections: Annotated[int, typer.Option(min=1, max=256, help="Events on their way at once.")] = 64,
    data: DataOption = Path(".workbench/sandbox"),
    as_json: JsonOption = False,
) -> None:
    """Send new events to the deployed bot at a steady rate, and say how long each took from when it was due.

    It writes resources: use it on a server of your own. Any server but the embedded one must be named twice, by
    --server and by --host. Exit code 1 when events failed.

    [dim]workbench load-test mappings/stripe/integration.yaml --rate 20 --for 30s[/dim]
    """
    from workbench.faces.cli.progress import stages
    from workbench.flows.integrations import load_integration
    from workbench.flows.load_test import load_test as test
    from workbench.flows.provision import find_provisioned
    from workbench.flows.secrets import signing_secrets

    loaded = load_integration(integration)
    samples = _samples(loaded, integration, type)
    with open_target(server, data, loaded) as client, stages() as advance:
        _confirm(client.base_url, server, host)
        report = test(
            samples,
            find_provisioned(client, loaded),
            loaded,
            next(iter(signing_secrets(client, loaded).values())),
            rate=rate,
            seconds=read_duration(duration),
            connections=connections,
            progress=lambda done, total: advance("loading", done, total),
        )
    _tell(report, as_json=as_json)
    if report.errors:
        raise typer.Exit(1)


def read_duration(text: str) -> float:
    """Give the seconds that a text means.

    >>> read_duration("90s"), read_duration("2m")
    (90.0, 120.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m)?", text)
    if not found:
        message = "--for takes seconds or minutes, as 60s or 5m"
        raise typer.BadParameter(message)
    return float(found[1]) * (60 if found[2] == "m" else 1)


def _samples(loaded: LoadedIntegration, integration: Path, event_type: str) -> list[Delivery]:
    """Give the project's samples that a mapping takes."""
    from workbench.flows.project import find_project
    from workbench.flows.replay_selection import ReplayRequest, select_deliveries

    folder, provider = find_project(integration.parent).samples, loaded.provider.name
    selected = select_deliveries(ReplayRequest(events=str(folder), provider=provider, type=event_type))
    types = {each.key: {event.type for event in each.events} for each in selected}
    taken = [each.delivery for each in selected if any(m.accepts(t) for t in types[each.key] for m in loaded.mappings)]
    if not taken:
        message = f"no sample of {provider} is of type {event_type} and taken by a mapping"
        raise typer.BadParameter(message)
    return taken


def _confirm(base_url: str, server: str, host: str | None) -> None:
    """Refuse a server that was not named twice; the embedded one is this machine's own."""
    name = urlsplit(base_url).hostname
    if server == Where.sandbox and host in (None, name):
        return
    if host != name:
        complain(f"a load test of {name} was not confirmed: name it again with --host {name}, if it is your own")
        raise typer.Exit(1)


def _tell(report: LoadReport, *, as_json: bool) -> None:
    if as_json:
        told = {name: getattr(report, name) for name in report.__slots__}
        show_lines([{**told, "answered_rate": round(report.answered_rate, 1)}])
        return
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in report.outcomes.items())
    lines = [
        f"{report.sent:,} events in {report.seconds:.1f} s: {outcomes}",
        f"{report.answered_rate:.1f} of {report.rate:g} events/s settled; client CPU {report.client_cpu:.0%} of a core",
        *(
            f"{name}: " + ", ".join(f"{key} {value:,.0f} ms" for key, value in each.items())
            for name, each in (("latency from when due", report.latency), ("from when sent", report.service))
        ),
        f"limited by {report.limit}",
    ]
    for line in lines:
        results().print(line, markup=False, soft_wrap=True)
    for error, count in report.errors.items():
        complain(f"{count:,}: {error}")
