"""What `workbench replay` and `workbench converge` take, and what is asked for with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.faces.cli.arguments import assignments

if TYPE_CHECKING:
    from workbench.flows.replay_selection import ReplayRequest

__all__ = ["Ordered", "journal_file", "read_request", "read_speed"]


class Ordered(StrEnum):
    """The order in which deliveries are sent."""

    given = "given"
    received = "received"
    occurred = "occurred"
    shuffled = "shuffled"


EventsArgument = Annotated[
    Path | None,
    typer.Argument(help="A folder, JSON or NDJSON of deliveries or events, a store's .db. [default: the samples]"),
]
IntegrationOption = Annotated[
    list[Path] | None, typer.Option(help="An integration.yaml, applied before. [default: all of the project]")
]
ScenarioOption = Annotated[str | None, typer.Option(help="A scenario of the samples by its name, as out-of-order.")]
EventOption = Annotated[list[str] | None, typer.Option(help="Only the deliveries that carry this event id.")]
OrderOption = Annotated[Ordered, typer.Option(help="As given, or by the time received or occurred, or by chance.")]
SpeedOption = Annotated[str, typer.Option(metavar="original|xN|max", help="The pauses as they were, or shorter.")]
DuplicateOption = Annotated[float, typer.Option(min=0.0, max=1.0, help="How many are sent twice, as 0.1.")]
SeedOption = Annotated[int, typer.Option(help="What chance begins with: the same seed, the same order.")]
LocalOption = Annotated[bool, typer.Option("--local", help="Map here and write the resources ourselves; no bot runs.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the replay that was broken off.")]
FailedOption = Annotated[bool, typer.Option("--failed", help="Send the dead letters again.")]
CauseOption = Annotated[int | None, typer.Option(help="Of the dead letters only those of this cause, by its number.")]
ConcurrencyOption = Annotated[int, typer.Option(min=1, max=64, help="Deliveries on their way at once.")]
AttemptsOption = Annotated[int, typer.Option(min=1, max=100, help="How often one delivery is sent at most.")]


def journal_file() -> Path:
    """Give the project's journal of replays; its folder is there."""
    from workbench.flows.project import find_project, prepare_data_folder

    return prepare_data_folder(find_project(Path.cwd()).data / "replays.db")


def read_request(events: Path | None, scenario: str | None, given: Mapping[str, Any]) -> ReplayRequest:
    """Give what the options ask for.

    Raises:
        typer.BadParameter: an option is wrong, or there is no such scenario.
    """
    from workbench.flows.project import find_project
    from workbench.flows.replay_selection import ReplayRequest

    project = find_project(Path.cwd())
    source = events or project.samples
    if scenario is not None:
        folder = project.samples / "scenarios"
        source = folder / f"{scenario}.yaml"
        if not source.is_file():
            known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
            message = f"there is no scenario {scenario}; there are {known}"
            raise typer.BadParameter(message)
    return ReplayRequest(
        events=str(source.resolve()) if str(source) != "-" else "-",
        **{
            **given,
            "speed": read_speed(str(given.get("speed", "max"))),
            "where": assignments(given.get("where"), "--where"),
            "ids": tuple(given.get("ids") or ()),
            "order": given.get("order", Ordered.given),
        },
    )


def read_speed(text: str) -> float | None:
    """Give the factor that a speed means; None as fast as it goes.

    >>> read_speed("x10"), read_speed("original"), read_speed("max")
    (10.0, 1.0, None)
    """
    if text == "max":
        return None
    if text == "original":
        return 1.0
    try:
        factor = float(text.lstrip("x×"))
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        message = "--speed takes original, max, or x and a number above 0, as x10"
        raise typer.BadParameter(message)
    return factor
