"""`workbench url`, `verify-setup`, `rotate-secret`: what stands between the provider and the bot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.errors import DeliveryError
from workbench.faces.cli.clipboard import copy_text
from workbench.faces.cli.servers import DataOption, IntegrationArgument, TargetOption, open_target
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show, show_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.events.delivery import Delivery
    from workbench.flows.integrations import LoadedIntegration

__all__ = ["register", "rotate_secret", "url", "verify_setup"]

_DATA = Path(".workbench/sandbox")
RevealOption = Annotated[bool, typer.Option("--reveal", help="Show the secret in the URL.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Provision")(url)
    app.command(name="verify-setup", rich_help_panel="Provision")(verify_setup)
    app.command(name="rotate-secret", rich_help_panel="Provision")(rotate_secret)


def url(
    integration: IntegrationArgument,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    reveal: RevealOption = False,
    steps: Annotated[
        bool, typer.Option("--steps", help="What to do at the provider: where it goes, which events to tick.")
    ] = False,
    copy: Annotated[bool, typer.Option("--copy", help="Put the whole URL on the clipboard; it is not shown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the webhook URL to give to the provider; its secret is masked unless --reveal is given.

    [dim]workbench url mappings/stripe/integration.yaml --steps --copy[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import find_provisioned
    from workbench.flows.webhooks import describe_webhook

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        made = find_provisioned(client, loaded)
    address = made.webhook_url(reveal=reveal)
    told = describe_webhook(loaded, made, reveal=reveal) if steps else ()
    if as_json:
        show_lines([{"integration": loaded.name, "url": address, **({"steps": told} if steps else {})}])
    else:
        for line in told or (address,):
            results().print(line, markup=False, soft_wrap=True)
    if copy:
        by = copy_text(made.webhook_url(reveal=True))
        if by is None:
            complain("there is no clipboard to reach: no program for it, and stderr is no terminal; use --reveal")
            raise typer.Exit(1)
        say(f"copied by {by}")


def verify_setup(
    integration: IntegrationArgument,
    sample: Annotated[
        str | None, typer.Option(help="TYPE or TYPE/VARIANT of a sample. [default: the first that is mapped]")
    ] = None,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    as_json: JsonOption = False,
) -> None:
    """Send a test event and follow it: webhook, bot, AuditEvent, resources; it writes what the sample writes.

    Exit code 1 when it does not come all the way; the first station marked ✗ is where to look.

    [dim]workbench verify-setup mappings/stripe/integration.yaml --sample invoice.paid[/dim]
    """
    from workbench.faces.tables import Column, Table
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import find_provisioned
    from workbench.flows.secrets import signing_secrets
    from workbench.flows.verification import verify_setup as follow

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        secrets = signing_secrets(client, loaded)
        steps = follow(client, loaded, find_provisioned(client, loaded), secrets, _test_event(loaded, sample, secrets))
    records = [{"ok": step.ok, "station": step.name, "found": step.found} for step in steps]
    columns = (
        Column(key="ok", heading="", show=lambda ok: "✓" if ok else "✗"),
        Column(key="station", heading="station"),
        Column(key="found", heading="found"),
    )
    show(Table(title="", columns=columns, records=records), as_json=as_json)
    if not all(step.ok for step in steps):
        raise typer.Exit(1)


def rotate_secret(
    integration: IntegrationArgument,
    retire: Annotated[
        bool, typer.Option("--retire", help="The second step: take the old client away, its URL with it.")
    ] = False,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    reveal: RevealOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="The new URL, or what was retired, as JSON.")] = False,
) -> None:
    """Change the secret in the webhook URL without losing an event: the old URL works until it is retired.

    Without --retire a second client is made and its URL printed: paste that at the provider, see events arrive, then
    run it again with --retire. Medplum's own $rotate-secret would kill the live URL at once.

    [dim]workbench rotate-secret mappings/stripe/integration.yaml --reveal[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.secrets import signing_secrets
    from workbench.flows.webhooks import retire_sender, rotate_sender

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        if retire:
            gone = retire_sender(client, loaded)
            told: dict[str, object] = {"integration": loaded.name, "retired": list(gone)}
            said = f"retired {', '.join(gone)}; the old URL is dead" if gone else "no older client is there"
        else:
            made = rotate_sender(client, loaded, signing_secrets(client, loaded))
            told = {"integration": loaded.name, "url": made.webhook_url(reveal=reveal)}
            said = f"webhook URL: {told['url']}"
    if as_json:
        show_lines([told])
    else:
        results().print(said, markup=False, soft_wrap=True)


def _test_event(loaded: LoadedIntegration, sample: str | None, secrets: Mapping[str, str]) -> Delivery:
    """Make a new event of a sample, of the first whose type a mapping takes where none is named."""
    from workbench.flows.compose import compose_event, find_sample
    from workbench.flows.project import find_project

    samples = find_project(loaded.folder).samples
    kinds = sorted(each.name for each in (samples / loaded.provider.name).glob("*") if each.is_dir())
    taken = (kind for kind in kinds if any(mapping.accepts(kind) for mapping in loaded.mappings))
    named, _, variant = (sample or next(taken, "")).partition("/")
    if not named:
        message = f"no sample in {samples / loaded.provider.name} is of a type that {loaded.name} maps; name one"
        raise DeliveryError(message)
    found = find_sample(samples, loaded.provider, named, variant or None)
    secret = next(iter(secrets.values()), "")
    return compose_event(found, loaded.provider, secret=secret, now=datetime.now(UTC))
