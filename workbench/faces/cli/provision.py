"""`workbench provision`, `prove` and `url`: what may the sender and the bot touch, and exactly that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import results, say

if TYPE_CHECKING:
    from workbench.access.plan import Plan

__all__ = ["prove", "provision", "register", "url"]

IntegrationArgument = Annotated[Path, typer.Argument(help="The integration.yaml.")]
_DATA = Path(".workbench/sandbox")


def register(app: typer.Typer) -> None:
    """Add the commands of this verb."""
    for command in (provision, prove, url):
        app.command(rich_help_panel="Provision")(command)


def provision(
    integration: IntegrationArgument,
    server: ServerOption = Where.sandbox,
    data: DataOption = _DATA,
    confirm: Annotated[str | None, typer.Option(help="The checksum of the plan that was reviewed.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking.")] = False,
    allow_delete: Annotated[bool, typer.Option("--allow-delete", help="Let the plan delete.")] = False,
) -> None:
    """Plan what an integration needs on a server, show it, and apply it when it is confirmed.

    [dim]workbench provision mappings/stripe/integration.yaml[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import apply_integration, plan_integration
    from workbench.flows.secrets import signing_secrets

    loaded = load_integration(integration)
    with open_server(server, data) as client:
        secrets = signing_secrets(client, loaded)
        plan = plan_integration(client, loaded, secrets)
        results().print(_plan(plan))
        if plan.is_empty:
            return
        if not (confirm or yes) and not typer.confirm(f"apply plan {plan.checksum}?", err=True):
            raise typer.Exit(1)
        made = apply_integration(
            client, loaded, secrets, confirm=confirm or plan.checksum, allow_delete=allow_delete, progress=say
        )
        results().print(f"webhook URL: {made.webhook_url()}", markup=False)


def prove(integration: IntegrationArgument, server: ServerOption = Where.sandbox, data: DataOption = _DATA) -> None:
    """Try on the live server what must be refused and what must work; exit code 1 when a door is open.

    [dim]workbench prove mappings/stripe/integration.yaml[/dim]
    """
    from rich.table import Table

    from workbench.flows.integrations import load_integration
    from workbench.flows.proving import prove_access
    from workbench.flows.provision import find_provisioned

    loaded = load_integration(integration)
    with open_server(server, data) as client:
        probes = prove_access(client, loaded, find_provisioned(client, loaded))
    table = Table("", "as", "tried", "must be", "was", box=None, header_style="bold")
    for probe in probes:
        table.add_row("✓" if probe.ok else "✗", probe.actor, probe.tried, probe.expected, probe.found)
    results().print(table)
    if not all(probe.ok for probe in probes):
        raise typer.Exit(1)


def url(
    integration: IntegrationArgument,
    server: ServerOption = Where.sandbox,
    data: DataOption = _DATA,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the secret in the URL.")] = False,
) -> None:
    """Print the webhook URL to give to the provider; its secret is masked unless --reveal is given.

    [dim]workbench url mappings/stripe/integration.yaml[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import find_provisioned

    loaded = load_integration(integration)
    with open_server(server, data) as client:
        results().print(find_provisioned(client, loaded).webhook_url(reveal=reveal), markup=False)


def _plan(plan: Plan) -> Any:
    """Draw a plan: one line a change, and below it what differs."""
    from rich.text import Text

    if plan.is_empty:
        return Text(f"{plan.integration}: the server is as it should be; nothing to change")
    text = Text(f"{plan.integration}: {len(plan.changes)} changes, plan {plan.checksum}\n")
    colours = {"create": "green", "deploy": "green", "set": "green", "delete": "red", "remove": "red"}
    for change in plan.changes:
        text.append(f"  {change.action:<7}", style=colours.get(change.action, "yellow"))
        text.append(f"{change.kind} {change.name}\n")
        for difference in change.differences:
            text.append(f"            {difference}\n", style="dim")
    return text
