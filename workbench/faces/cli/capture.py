"""`workbench capture`: receive deliveries on this machine and keep each before it is acknowledged."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.places import StoreOption, known_providers, store_file
from workbench.faces.cli.terminal import results, say

if TYPE_CHECKING:
    from workbench.flows.receiver import Received

__all__ = ["capture", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Load")(capture)


def capture(
    provider: Annotated[
        str | None, typer.Option(help="Who sends. [default: each delivery tells by its headers or its shape]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8400,
    host: Annotated[str, typer.Option(help="A loopback address; a tunnel brings deliveries to it.")] = "127.0.0.1",
    forward: Annotated[str | None, typer.Option(help="A URL that gets each accepted delivery, byte for byte.")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="The address that the provider was given, where it signs that.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Receive deliveries until Ctrl-C: answer handshakes, verify, keep, then acknowledge; print a line for each.

    Signing secrets are those in the environment, STRIPE_WEBHOOK_SECRET for stripe; several apart by a blank. Without
    any, deliveries are kept as unsigned. The page at the address shows them as they come. Payloads are not printed.

    [dim]workbench capture --provider stripe --port 8400[/dim]
    """
    from workbench.flows.capture import capture_deliveries

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with capture_deliveries(
        store_file(store),
        provider=provider,
        providers=known_providers(),
        host=host,
        port=port,
        public_url=public_url,
        forward=forward,
        watch=lambda received: results().print(_line(received), markup=False, soft_wrap=True),
    ) as capturing:
        say(f"listening at {capturing.url}; Ctrl-C ends it")
        try:
            capturing.wait()
        except KeyboardInterrupt:
            capturing.stop()
        say(", ".join(f"{count} {verdict}" for verdict, count in sorted(capturing.counts.items())) or "nothing came")


def _line(received: Received) -> str:
    """Say in a line what came, what became of it and what was answered; no payload."""
    judged = received.judged
    came = ", ".join(f"{event.type} {event.id}" for event in judged.events) or "no event"
    again = " again" if received.added and received.added.repeated else ""
    why = f": {judged.problem.message}" if judged.problem and judged.verdict not in ("verified", "unsigned") else ""
    passed = f"; {received.forwarded}" if received.forwarded else ""
    whose = judged.provider or "unknown"
    return f"{datetime.now(UTC):%H:%M:%S}  {received.status}  {whose}  {judged.verdict}{again}  {came}{why}{passed}"
