"""`workbench converge`: does any order, and any event twice, leave the same resources?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.kept_events import ProviderOption, SinceOption, TypeOption, UntilOption, WhereOption
from workbench.faces.cli.replay_arguments import (
    EventOption,
    EventsArgument,
    IntegrationOption,
    ScenarioOption,
    SeedOption,
    read_request,
)
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show_lines

if TYPE_CHECKING:
    from workbench.flows.converge import Convergence

__all__ = ["converge", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Replay")(converge)


def converge(
    events: EventsArgument = None,
    scenario: ScenarioOption = None,
    integration: IntegrationOption = None,
    provider: ProviderOption = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    since: SinceOption = None,
    until: UntilOption = None,
    where: WhereOption = None,
    event: EventOption = None,
    most: Annotated[int, typer.Option(min=2, help="Orders to try where there are more than six deliveries.")] = 500,
    confirm: Annotated[
        int, typer.Option(min=0, help="Orders to send through the bot too, each to a fresh sandbox.")
    ] = 2,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Try deliveries in many orders and twice: every order must leave the same resources.

    All orders of up to six, as many by chance as --most says beyond. They are settled here by the bot's rules; some
    are sent through the bot itself, and every order that leaves something else is. Exit code 1 then, with the first
    two deliveries whose order matters and the mapping line at fault.

    [dim]workbench converge --scenario out-of-order[/dim]

    [dim]workbench converge sample_events/stripe --type 'invoice.*' --confirm 3[/dim]
    """
    from workbench.flows.converge import converge as check
    from workbench.flows.integrations import load_integration
    from workbench.flows.project import find_project
    from workbench.flows.replay_selection import select_deliveries

    given = {"provider": provider, "type": type, "since": since, "until": until, "where": where, "ids": event}
    selected = select_deliveries(read_request(events, scenario, given))
    faulty, checked = False, 0
    for path in integration or find_project(Path.cwd()).integrations():
        loaded = load_integration(path)
        if any(each.judged.provider == loaded.provider.name for each in selected):
            found = check(selected, loaded, confirm=confirm, seed=seed, most=most, progress=say)
            _tell(loaded.name, found, as_json=as_json)
            faulty, checked = faulty or not found.ok, checked + 1
    if not checked:
        complain("nothing to try: no delivery is of the provider of an integration")
    if faulty or not checked:
        raise typer.Exit(1)


def _tell(name: str, found: Convergence, *, as_json: bool) -> None:
    if as_json:
        told = {key: value for key, value in asdict(found).items() if key not in {"divergence", "deliveries"}}
        show_lines([{"integration": name, "ok": found.ok, "deliveries": len(found.deliveries), **told}])
        return
    tried = f"all {found.orders}" if found.exhaustive else f"{found.orders}"
    verdict = "converge" if found.ok else "DO NOT converge"
    results().print(
        f"{name}: {len(found.deliveries)} deliveries in {tried} orders {verdict}: {found.resources} resources; "
        f"{found.confirmed} orders confirmed by the bot on fresh sandboxes",
        markup=False,
        soft_wrap=True,
    )
    if found.divergence:
        complain(
            f"the order of {found.pair[0]} and {found.pair[1]} matters\n"
            f"{found.divergence.resource_type} differs at {', '.join(found.paths)}\n"
            f"set by {', '.join(found.places)}; give the rule an order, or a finer one"
        )
    for disagreement in found.disagreements:
        complain(f"by the bot otherwise than here: {disagreement}")
