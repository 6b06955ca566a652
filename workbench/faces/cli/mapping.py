"""`workbench map`: which FHIR resources come out, and do they for every event we have?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli import mapping_corpus
from workbench.faces.cli.places import known_providers
from workbench.faces.cli.problems import FormatOption, ProblemForm, problem_text
from workbench.faces.cli.terminal import complain, results, say, show_frame

if TYPE_CHECKING:
    from workbench.errors import Problem
    from workbench.flows.design import MappedEvents
    from workbench.mapping.compile import EventMapping
    from workbench.mapping.results import MappingResult

__all__ = ["check", "register", "run"]


class Form(StrEnum):
    """How mapped resources are printed."""

    ndjson = "ndjson"
    bundle = "bundle"
    table = "table"


def register(app: typer.Typer) -> None:
    """Add the commands of this verb, as a group."""
    group = typer.Typer(help="Write mappings, check and test them, and run them over events.", no_args_is_help=True)
    for command in (check, run):
        group.command()(command)
    mapping_corpus.add_commands(group)
    app.add_typer(group, name="map", rich_help_panel="Map")


def check(
    files: Annotated[list[Path], typer.Argument(help="Mapping files, or folders of them.")],
    form: FormatOption = ProblemForm.text,
) -> None:
    """Report every fault of mapping files at once: YAML, schema, expressions, FHIR, identity, what is never used.

    Exit code 1 when there is an error; warnings alone are 0.

    [dim]workbench map check mappings[/dim]
    """
    from workbench.flows.design import check_files

    problems = check_files(files)
    for problem in problems:
        results().print(problem_text(problem, form), markup=False, soft_wrap=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)
    if not problems and form is ProblemForm.text:
        results().print("no problems")


def run(
    mapping: Annotated[Path, typer.Argument(help="A mapping file, or a folder of them.")],
    events: Annotated[Path, typer.Argument(help="A folder, JSON or NDJSON of deliveries or events, or - .")],
    form: Annotated[Form, typer.Option("--format", help="What is printed of the resources.")] = Form.table,
    explain: Annotated[
        bool, typer.Option("--explain", help="For each leaf: what it read, its expression, the type it gave.")
    ] = False,
    authoritative: Annotated[
        bool, typer.Option("--authoritative", help="Ask Medplum's own validator as well, on a fresh sandbox.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The table's rows as JSON lines.")] = False,
) -> None:
    """Map events to FHIR resources.

    Exit code 1 when an event cannot be mapped, or its resources break FHIR's rules.

    [dim]workbench map run mappings/stripe/stripe-invoice.yaml sample_events --format ndjson[/dim]
    """
    from workbench.flows.design import load_mappings, map_event, map_events
    from workbench.flows.load import load_events

    mappings = load_mappings(mapping)
    mapped = map_events(mappings, load_events(events, providers=known_providers()).events)
    if as_json:
        show_frame(mapped.to_frame())
    elif explain:
        by_name = {f"{one.name}@{one.version}": one for one in mappings}
        for row in mapped:
            if row.mapping and row.outcome != "failed":
                _explain(row.event.type, map_event(by_name[row.mapping], row.event, explain=True))
    elif form is Form.bundle:
        results().print(json.dumps(mapped.bundle(), ensure_ascii=False), markup=False, soft_wrap=True)
    elif form is Form.ndjson:
        for made in mapped.resources:
            results().print(json.dumps(made.resource, ensure_ascii=False), markup=False, soft_wrap=True)
    else:
        results().print(mapped.to_frame().drop(columns="first_problem").to_string(index=False), markup=False)
    problems = [*mapped.problems, *(_on_a_server(mapped, mappings) if authoritative else ())]
    for problem in problems:
        complain(problem)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def _on_a_server(mapped: MappedEvents, mappings: Sequence[EventMapping]) -> tuple[Problem, ...]:
    from workbench.flows.connect import sandbox
    from workbench.flows.server_validation import validate_on_server

    with sandbox() as server:
        return validate_on_server(mapped, mappings, server, progress=say)


def _explain(event_type: str, result: MappingResult) -> None:
    from rich.table import Table

    table = Table("line", "sets", "expression", "read", "gave", title=event_type, title_justify="left", box=None)
    for step in result.trace:
        table.add_row(str(step.line), step.target, step.expression, ", ".join(step.reads), step.gave)
    results().print(table)
