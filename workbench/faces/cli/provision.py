"""`workbench provision`, `prove` and `destroy`: what may the sender and the bot touch, and exactly that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.servers import DataOption, IntegrationArgument, TargetOption, open_target
from workbench.faces.cli.terminal import JsonOption, results, say, show, show_lines

if TYPE_CHECKING:
    from workbench.access.plan import Plan

__all__ = ["destroy", "prove", "provision", "register"]

_DATA = Path(".workbench/sandbox")
ConfirmOption = Annotated[str | None, typer.Option(help="The checksum of the plan that was reviewed.")]
PlanJsonOption = Annotated[bool, typer.Option("--json", help="The plan as JSON, with its checksum.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Apply without asking.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this verb."""
    for command in (provision, prove, destroy):
        app.command(rich_help_panel="Provision")(command)


def provision(
    integration: IntegrationArgument,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    confirm: ConfirmOption = None,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    allow_delete: Annotated[bool, typer.Option("--allow-delete", help="Let the plan delete.")] = False,
    adopt: Annotated[
        list[str] | None, typer.Option(help="Bot/ID or the like, of our name but not our mark: to be ours from now on.")
    ] = None,
    as_json: PlanJsonOption = False,
) -> None:
    """Plan what an integration needs on a server, show it, and apply it when it is confirmed.

    [dim]workbench provision mappings/stripe/integration.yaml[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import apply_integration, plan_integration
    from workbench.flows.secrets import signing_secrets

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        secrets = signing_secrets(client, loaded)
        plan = plan_integration(client, loaded, secrets, adopt=adopt or ())
        _show_plan(plan, as_json=as_json)
        if dry_run or plan.is_empty:
            return
        made = apply_integration(
            client,
            loaded,
            secrets,
            confirm=_confirmed(plan, confirm, yes=yes),
            adopt=adopt or (),
            allow_delete=allow_delete,
            progress=say,
        )
    said = f"webhook URL: {made.webhook_url()}"
    say(said) if as_json else results().print(said, markup=False, soft_wrap=True)


def prove(
    integration: IntegrationArgument,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    as_json: JsonOption = False,
) -> None:
    """Try on the live server what must be refused and what must work; exit code 1 when a door is open.

    [dim]workbench prove mappings/stripe/integration.yaml[/dim]
    """
    from dataclasses import asdict

    from workbench.faces.tables import Column, Table
    from workbench.flows.integrations import load_integration
    from workbench.flows.proving import prove_access
    from workbench.flows.provision import find_provisioned

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        probes = prove_access(client, loaded, find_provisioned(client, loaded))
    columns = (
        Column(key="ok", heading="", show=lambda ok: "✓" if ok else "✗"),
        Column(key="actor", heading="as"),
        Column(key="tried", heading="tried"),
        Column(key="expected", heading="must be"),
        Column(key="found", heading="was"),
    )
    show(Table(title="", columns=columns, records=[asdict(probe) for probe in probes]), as_json=as_json)
    if not all(probe.ok for probe in probes):
        raise typer.Exit(1)


def destroy(
    integration: IntegrationArgument,
    server: TargetOption = "sandbox",
    data: DataOption = _DATA,
    confirm: ConfirmOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")] = False,
    as_json: PlanJsonOption = False,
) -> None:
    """Take everything of an integration off a server: the sender's access first, then the bot, policies and secrets.

    What the bot wrote stays, and so does everything that does not bear the integration's mark.

    [dim]workbench destroy mappings/stripe/integration.yaml --dry-run[/dim]
    """
    from workbench.flows.integrations import load_integration
    from workbench.flows.provision import remove_integration

    loaded = load_integration(integration)
    with open_target(server, data, loaded) as client:
        plan = remove_integration(client, loaded)
        _show_plan(plan, as_json=as_json)
        if dry_run or plan.is_empty:
            return
        checksum = _confirmed(plan, confirm, yes=yes)
        remove_integration(client, loaded, confirm=checksum, allow_delete=True, progress=say)


def _confirmed(plan: Plan, confirm: str | None, *, yes: bool) -> str:
    """Give the checksum to apply: the one given, or the shown plan's once a person agreed."""
    if not (confirm or yes) and not typer.confirm(f"apply plan {plan.checksum}?", err=True):
        raise typer.Exit(1)
    return confirm or plan.checksum


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        show_lines([{"checksum": plan.checksum, **plan.to_dict()}])
    else:
        from workbench.faces.cli.plan_text import plan_text

        results().print(plan_text(plan), soft_wrap=True)
