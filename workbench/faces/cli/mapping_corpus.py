"""`workbench map test`, `coverage`, `diff` and `new`: a mapping held against all the events there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.errors import DeliveryError, Problem
from workbench.faces.cli.places import known_providers
from workbench.faces.cli.problems import FormatOption, ProblemForm, problem_text
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show, show_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.events.delivery import Event
    from workbench.flows.goldens import GoldenCase
    from workbench.mapping.coverage import Coverage

__all__ = ["add_commands", "cover", "diff", "golden", "new"]

RevealOption = Annotated[bool, typer.Option("--reveal", help="Show the values that differ; they may be people's data.")]
SamplesOption = Annotated[
    Path | None, typer.Option(help="Events: a folder, JSON, NDJSON or .db. [default: the project's sample_events]")
]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command(name="test")(golden)
    group.command(name="coverage")(cover)
    group.command()(diff)
    group.command()(new)


def golden(
    mappings: Annotated[Path | None, typer.Option(help="All that the golden files hold. [default: mappings]")] = None,
    samples: Annotated[Path | None, typer.Option(help="A folder of deliveries. [default: sample_events]")] = None,
    expected: Annotated[
        Path | None, typer.Option("--golden", help="The folder of golden files. [default: tests/golden]")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Write what is made now; read the diff.")] = False,
    javascript: Annotated[
        bool, typer.Option("--javascript/--no-javascript", help="Hold the bot's JavaScript against Python as well.")
    ] = True,
    reveal: RevealOption = False,
    form: FormatOption = ProblemForm.text,
) -> None:
    """Hold what the mappings make of every sample against its golden file, in Python and in JavaScript.

    Exit code 1 when something differs, is missing or is left over.

    [dim]workbench map test --update[/dim]
    """
    from workbench.flows.design import load_mappings
    from workbench.flows.goldens import check_goldens
    from workbench.flows.project import find_project

    project = find_project(Path.cwd())
    report = check_goldens(
        load_mappings(mappings or project.mappings),
        samples or project.samples,
        expected or project.root / "tests" / "golden",
        update=update,
        javascript=javascript,
        progress=say,
    )
    for case in report.cases:
        for problem in _golden_problems(case, reveal):
            results().print(problem_text(problem, form), markup=False, soft_wrap=True)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(report.counts().items()))
    say(f"{len(report.cases)} samples: {counts}")
    if not report.ok:
        raise typer.Exit(1)


def cover(
    mapping: Annotated[Path, typer.Argument(help="A mapping file.")],
    events: Annotated[
        Path | None,
        typer.Argument(help="A folder, JSON, NDJSON or .db of events. [default: the project's sample_events]"),
    ] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="The mapping's text, each line with how many events used it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure both ways: event fields that nothing reads, and expressions and branches that never gave anything.

    Also required FHIR elements that were missing, and codes without a translation.

    [dim]workbench map coverage mappings/stripe/stripe-invoice.yaml sample_events --annotate[/dim]
    """
    from workbench.flows.design import coverage, load_mapping

    found = coverage(load_mapping(mapping), _events(events))
    if not found.events:
        message = f"none of the events is one that {found.mapping} takes"
        raise DeliveryError(message)
    if annotate:
        typer.echo(found.annotate(mapping.read_text(encoding="utf-8")), nl=False)
    elif as_json:
        show_lines(_uncovered(found))
    else:
        _show_coverage(found)


def diff(
    old: Annotated[Path, typer.Argument(help="The mapping file as it was.")],
    new: Annotated[Path, typer.Argument(help="The mapping file as it shall be.")],
    events: SamplesOption = None,
    reveal: RevealOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show of which events a new version of a mapping makes something else, by rule and FHIR path.

    Exit code 1 when something differs.

    [dim]workbench map diff before.yaml mappings/stripe/stripe-invoice.yaml --events captured.ndjson[/dim]
    """
    from workbench.faces.tables import Column, Table
    from workbench.flows.design import compare_mappings, load_mapping

    changed = compare_mappings(load_mapping(old), load_mapping(new), _events(events))
    records = [
        {
            "type": event.type,
            "event": event.id,
            "change": found.kind,
            "path": found.path,
            **({"before": found.before, "after": found.after} if reveal else {}),
        }
        for event, differences in changed
        for found in differences
    ]
    keys = ("type", "event", "change", "path", *(("before", "after") if reveal else ()))
    columns = tuple(Column(key=key, heading=key, show=_shown) for key in keys)
    show(Table(title="", columns=columns, records=records, empty="nothing differs"), as_json=as_json)
    if records:
        say(f"{len(records)} differences in {len(changed)} events")
        raise typer.Exit(1)


def new(
    provider: Annotated[str, typer.Option(help="Whose events to map.")],
    events: Annotated[
        list[str], typer.Option(help="Event types: invoice.*; again for more, !invoice.upcoming to exclude one.")
    ],
    resource: Annotated[str, typer.Option(help="The FHIR resource type to make.")],
    samples: SamplesOption = None,
    name: Annotated[str | None, typer.Option(help="[default: provider and resource type]")] = None,
    out: Annotated[Path | None, typer.Option(help="The file. [default: mappings/PROVIDER/NAME.yaml]")] = None,
) -> None:
    """Write a first mapping from samples: what FHIR requires, and what a field of a like name can fill.

    Nothing that is there is overwritten. `map check` accepts what it writes.

    [dim]workbench map new --provider stripe --events 'invoice.*' --resource Invoice[/dim]
    """
    from workbench.flows.drafts import draft_mapping, write_draft
    from workbench.flows.project import find_project

    chosen = name or f"{provider}-{resource.lower()}"
    found = list(_events(samples))
    draft = draft_mapping(found, provider=provider, patterns=events, resource=resource, name=chosen)
    file = out or find_project(Path.cwd()).mappings / provider / f"{chosen}.yaml"
    for written in write_draft(draft, file):
        results().print(str(written), markup=False, soft_wrap=True)


def _events(path: Path | None) -> Iterator[Event]:
    from workbench.flows.corpora import stream_events
    from workbench.flows.project import find_project

    place = path or find_project(Path.cwd()).samples
    return stream_events(place, providers=known_providers(), report=complain)


def _golden_problems(case: GoldenCase, reveal: bool) -> Iterator[Problem]:
    """Yield what is to be done about a sample; nothing where it is as its golden file says."""
    remedy = "`workbench map test --update` writes it"
    if case.state in ("missing", "left over"):
        yield Problem(message=f"{case.name}: the golden file is {case.state}", file=str(case.file), remedy=remedy)
    if case.state == "written":
        yield Problem(message=f"{case.name}: written", file=str(case.file), severity="warning")
    for title, differences in (("", case.differences), ("JavaScript makes something else: ", case.backends)):
        for found in differences if case.state != "written" or title else ():
            told = found.show() if reveal else str(found)
            yield Problem(message=f"{case.name}: {title}{told}", file=str(case.file), path=found.path)


def _uncovered(found: Coverage) -> Iterator[dict[str, Any]]:
    """Yield a record of each field, part, element and code, covered or not."""
    for field in found.fields:
        yield {"kind": "field", "path": field.path, "events": field.present, "covered": field.read}
    for part in found.parts:
        yield {"kind": "part", "path": part.path, "line": part.line, "events": part.fired, "covered": part.fired > 0}
    for element, count in found.missing.items():
        yield {"kind": "element", "path": element, "events": count, "covered": False}
    for (table, code), count in found.unmapped.items():
        yield {"kind": "code", "path": table, "code": code, "events": count, "covered": False}
    for problem in found.failures:
        yield {"kind": "failure", "path": problem.file, "problem": problem.message, "covered": False}


def _show_coverage(found: Coverage) -> None:
    """Print the shares, and a table of each kind of gap."""
    from workbench.faces.tables import Column, Table, count

    parts = f"{found.parts_fired:.0%} of {len(found.parts)} expressions and branches gave something"
    fields = f"{found.fields_read:.0%} of {len(found.fields)} event fields are read"
    results().print(f"{found.mapping} on {found.events} events: {parts}; {fields}", markup=False, soft_wrap=True)
    gaps: tuple[tuple[str, list[dict[str, Any]]], ...] = (
        ("never gave anything", [{"what": f"line {p.line}: {p.path}"} for p in found.parts if not p.fired]),
        ("required by FHIR, not set", [{"what": path, "events": n} for path, n in found.missing.items()]),
        ("codes without a translation", [{"what": f"{t}: {c}", "events": n} for (t, c), n in found.unmapped.items()]),
        ("failed", [{"what": str(problem)} for problem in found.failures]),
        ("not read", [{"what": f.path, "events": f.present} for f in found.fields if not f.read]),
    )
    for title, records in gaps:
        if records:
            columns = [Column(key="what", heading="what")]
            if "events" in records[0]:
                columns.append(Column(key="events", heading="in events", show=count, right=True))
            results().print()
            show(Table(title=title, columns=tuple(columns), records=records))


def _shown(value: Any) -> str:
    import json

    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
