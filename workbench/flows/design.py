"""The second verb: which FHIR resources come out of an event, and do they, for every event there is?

`load_mapping` reads a mapping file with its code maps, `check_files` finds all that is wrong with files, `map_event`
and `map_events` run, `coverage` says what a mapping leaves out, `compare_mappings` what a new version changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import MappingRunError, MappingSpecError, Problem
from workbench.events.delivery import Event
from workbench.fhir.bundle import conditional_entry, make_bundle
from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.coverage import Coverage, measure_coverage
from workbench.mapping.differences import Difference, differences
from workbench.mapping.document import check_mapping, code_map_paths, read_mapping
from workbench.mapping.results import MappedResource, MappingResult
from workbench.mapping.validation import validate_result

if TYPE_CHECKING:
    import pandas

__all__ = [
    "MappedEvent",
    "MappedEvents",
    "check_files",
    "compare_mappings",
    "coverage",
    "group_rows",
    "load_mapping",
    "load_mappings",
    "map_event",
    "map_events",
    "mapping_files",
]

Outcome = Literal["mapped", "nothing", "ignored", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedEvent:
    """One event, and what one mapping made of it; without a mapping the event is ignored."""

    event: Event
    mapping: str | None  # as stripe-invoice@3
    outcome: Outcome  # nothing: the mapping takes the event, and no rule applied
    result: MappingResult | None = None
    problems: tuple[Problem, ...] = ()  # unmapped codes, FHIR faults, or why it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedEvents:
    """The events of a run in their order, each once for every mapping that takes it."""

    rows: tuple[MappedEvent, ...] = field(repr=False)

    @property
    def resources(self) -> tuple[MappedResource, ...]:
        """Every resource that was made."""
        return tuple(made for row in self.rows if row.result for made in row.result.resources)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem that was met."""
        return tuple(problem for row in self.rows for problem in row.problems)

    def counts(self) -> dict[str, int]:
        """How many events met each outcome, as `{"mapped": 40, "ignored": 3}`."""
        return dict(Counter(row.outcome for row in self.rows))

    def bundle(self) -> dict[str, Any]:
        """One FHIR batch Bundle with a conditional entry for each resource, in the order of the events."""
        return make_bundle(conditional_entry(made.resource, made.identity, made.write) for made in self.resources)

    def to_frame(self) -> pandas.DataFrame:
        """One row per event and mapping; no payloads."""
        import pandas

        return pandas.DataFrame(
            [
                {
                    "event": row.event.id,
                    "type": row.event.type,
                    "mapping": row.mapping,
                    "outcome": row.outcome,
                    "resources": ", ".join(r["resource"]["resourceType"] for r in row.result.as_list())
                    if row.result
                    else "",
                    "problems": len(row.problems),
                    "first_problem": str(row.problems[0]) if row.problems else "",
                }
                for row in self.rows
            ]
        )

    def __iter__(self) -> Iterator[MappedEvent]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        found = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.counts().items()))
        return f"MappedEvents({found}; {len(self.resources)} resources, {len(self.problems)} problems)"


def mapping_files(path: str | Path) -> tuple[Path, ...]:
    """The mapping files at a path: the file itself, or every one in the folder and the folders in it, sorted.

    A YAML file that is no mapping (`integration.yaml`) has no `mapping:` key and is left out.
    """
    place = Path(path)
    if not place.is_dir():
        return (place,)
    found = (file for pattern in ("*.yaml", "*.yml") for file in place.rglob(pattern))
    return tuple(sorted(file for file in found if _names_a_mapping(file)))


def load_mapping(path: str | Path) -> EventMapping:
    """The compiled mapping of a file, its code maps read from beside it.

    Raises:
        MappingSpecError: the file cannot be read, or has faults; `problems` holds all of them.
    """
    text, codes = _read(Path(path))
    return compile_mapping(read_mapping(text, file=str(path), codes=codes))


def load_mappings(path: str | Path) -> tuple[EventMapping, ...]:
    """Every mapping of a file or folder.

    Raises:
        MappingSpecError: with the faults of all the files at once.
    """
    loaded: list[EventMapping] = []
    problems: list[Problem] = []
    for file in mapping_files(path):
        try:
            loaded.append(load_mapping(file))
        except MappingSpecError as error:
            problems += error.problems
    if problems:
        raise MappingSpecError(problems)
    return tuple(loaded)


def check_files(paths: Iterable[str | Path]) -> tuple[Problem, ...]:
    """Every fault and warning of mapping files, or of the files in folders, in the order of the files."""
    problems: list[Problem] = []
    for path in paths:
        for file in mapping_files(path):
            try:
                text, codes = _read(file)
            except MappingSpecError as error:
                problems += error.problems
            else:
                problems += check_mapping(text, file=str(file), codes=codes)
    return tuple(problems)


def map_event(mapping: EventMapping, event: Event | dict[str, Any], *, explain: bool = False) -> MappingResult:
    """What a mapping makes of one event, given as an `Event` or as its payload.

    Args:
        mapping: from `load_mapping`.
        event: it is not changed.
        explain: fill `trace` with what each expression read, gave and set.

    Raises:
        MappingRunError: the mapping failed on this event.
    """
    payload, event_id = (event.payload, event.id) if isinstance(event, Event) else (event, None)
    run = mapping.trace if explain else mapping.map
    return run(payload, event_id=event_id)


def map_events(
    mappings: EventMapping | Sequence[EventMapping],
    events: Iterable[Event],
    *,
    validate: bool = True,
    progress: Callable[[str], None] | None = None,
) -> MappedEvents:
    """What mappings make of many events; a failure of one event is its row's problem and stops nothing.

    Args:
        mappings: each takes the events of its provider whose type it names.
        events: in the order to map them.
        validate: judge each resource by FHIR's definitions as well.
        progress: called with a line of text now and then.
    """
    chosen = [mappings] if isinstance(mappings, EventMapping) else list(mappings)
    rows: list[MappedEvent] = []
    for number, event in enumerate(events, 1):
        taking = [one for one in chosen if one.provider == event.provider and one.accepts(event.type)]
        rows += [_map(one, event, validate) for one in taking]
        if not taking:
            rows.append(MappedEvent(event=event, mapping=None, outcome="ignored"))
        if progress and number % 10_000 == 0:
            progress(f"mapped {number} events")
    return MappedEvents(rows=tuple(rows))


def coverage(mapping: EventMapping, events: Iterable[Event]) -> Coverage:
    """How much of the events the mapping reads, and how much of the mapping they use; other events are passed over."""
    taken = (one for one in events if one.provider == mapping.provider and mapping.accepts(one.type))
    return measure_coverage(mapping, (event.payload for event in taken))


def compare_mappings(
    old: EventMapping, new: EventMapping, events: Iterable[Event]
) -> tuple[tuple[Event, tuple[Difference, ...]], ...]:
    """The events of which the new version makes something else, each with what differs, by rule and FHIR path."""
    changed = []
    for event in events:
        before, after = (_outcome(mapping, event) for mapping in (old, new))
        if found := differences(before, after):
            changed.append((event, found))
    return tuple(changed)


def _map(mapping: EventMapping, event: Event, validate: bool) -> MappedEvent:
    name = f"{mapping.name}@{mapping.version}"
    try:
        result = mapping.map(event.payload, event_id=event.id)
    except MappingRunError as error:
        problem = Problem(message=str(error), path=error.source_path, code=error.code)  # the text names file and line
        return MappedEvent(event=event, mapping=name, outcome="failed", problems=(problem,))
    faults = validate_result(mapping.document, result) if validate else ()
    outcome: Outcome = "mapped" if result.as_list() else "nothing"
    return MappedEvent(event=event, mapping=name, outcome=outcome, result=result, problems=(*result.problems, *faults))


def _outcome(mapping: EventMapping, event: Event) -> dict[str, Any]:
    """What comes of an event, by rule, in a form that can be compared."""
    if mapping.provider != event.provider or not mapping.accepts(event.type):
        return {}
    row = _map(mapping, event, validate=False)
    if row.result is None:
        return {"failed": row.problems[0].code}
    return group_rows(row.result.as_list())


def group_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows of a result by rule name, one or a list, so that a path of a difference begins with the rule."""
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row["rule"], []).append({key: value for key, value in row.items() if key != "rule"})
    return {rule: made[0] if len(made) == 1 else made for rule, made in grouped.items()}


def _read(file: Path) -> tuple[str, dict[str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problem = Problem(
            message=f"the file cannot be read: {why}", file=str(file), code="file", remedy="check the path"
        )
        raise MappingSpecError([problem]) from error
    beside = ((name, file.parent / name) for name in code_map_paths(text))
    return text, {name: place.read_text(encoding="utf-8") for name, place in beside if place.is_file()}


def _names_a_mapping(file: Path) -> bool:
    """Whether the file has a `mapping:` key, or cannot be told from one that lost it."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith(("mapping:", "resources:")) for line in lines)
