"""Sample deliveries with mappings → what is expected of each, kept in a file and compared on every run.

A golden file holds, for each event of one delivery, the rows that each mapping makes of it: in Python, and held
against the JavaScript that runs in the bot. When a mapping changes on purpose, `update` rewrites them and a person
reads the diff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.errors import DeliveryError, MappingRunError
from workbench.events.delivery import Event
from workbench.flows.design import group_rows
from workbench.flows.javascript import JavaScriptProcess
from workbench.flows.load import load_events
from workbench.flows.verdicts import JudgedDelivery
from workbench.mapping.compile import EventMapping
from workbench.mapping.differences import Difference, differences

__all__ = ["GoldenCase", "GoldenReport", "backend_differences", "check_goldens"]

State = Literal["same", "different", "missing", "left over", "written"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """One delivery held against its golden file."""

    name: str  # as stripe/invoice.paid/membership
    file: Path
    state: State  # left over: there is a golden file and no delivery
    differences: tuple[Difference, ...] = field(default=(), repr=False)  # golden → what Python makes now
    backends: tuple[Difference, ...] = field(default=(), repr=False)  # what Python makes → what JavaScript makes

    @property
    def ok(self) -> bool:
        """Whether nothing is to be done."""
        return self.state in ("same", "written") and not self.backends


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenReport:
    """All deliveries of a samples folder held against their golden files."""

    cases: tuple[GoldenCase, ...]

    @property
    def ok(self) -> bool:
        """Whether every case is."""
        return all(case.ok for case in self.cases)

    def counts(self) -> dict[str, int]:
        """How many cases are in each state."""
        found: dict[str, int] = {}
        for case in self.cases:
            state = "backends differ" if case.backends else case.state
            found[state] = found.get(state, 0) + 1
        return found


def check_goldens(
    mappings: Sequence[EventMapping],
    samples: str | Path,
    goldens: str | Path,
    *,
    update: bool = False,
    javascript: bool = True,
    progress: Callable[[str], None] | None = None,
) -> GoldenReport:
    """Every delivery of a folder against its golden file.

    Args:
        mappings: run on every event that they take.
        samples: the folder of deliveries.
        goldens: the folder of golden files, laid out alike.
        update: write what is made now, and remove what is left over, instead of comparing.
        javascript: hold the JavaScript of each mapping against its Python as well.
        progress: called with a line of text now and then.

    Raises:
        DeliveryError: the samples cannot be read.
    """
    source, target = Path(samples), Path(goldens)
    deliveries = load_events(source, progress=progress).deliveries
    if unread := [judged for judged in deliveries if judged.problem and not judged.events]:
        message = f"{len(unread)} of the samples cannot be used, first {unread[0].source}: {unread[0].problem}"
        raise DeliveryError(message)
    with ExitStack() as stack:
        process = stack.enter_context(JavaScriptProcess()) if javascript else None
        if process:
            for mapping in mappings:
                process.load_mapping(mapping)
        judge = _Judge(mappings, process, target, update)
        cases = [judge.check(judged, source) for judged in deliveries if judged.events]
    return GoldenReport(cases=(*cases, *_left_over(target, {case.file for case in cases}, update)))


def backend_differences(mappings: Sequence[EventMapping], events: Iterable[Event]) -> list[Difference]:
    """Give where a mapping's JavaScript makes something else of an event than its Python, by event id and path."""
    found: list[Difference] = []
    with JavaScriptProcess() as process:
        for mapping in mappings:
            process.load_mapping(mapping)
        for event in events:
            taking = [one for one in mappings if one.provider == event.provider and one.accepts(event.type)]
            made = {one.name: _in_python(one, event) for one in taking}
            found += differences(made, {one.name: _in_javascript(one, event, process) for one in taking}, event.id)
    return found


class _Judge:
    def __init__(
        self, mappings: Sequence[EventMapping], process: JavaScriptProcess | None, goldens: Path, update: bool
    ) -> None:
        self._mappings = mappings
        self._process = process
        self._goldens = goldens
        self._update = update

    def check(self, judged: JudgedDelivery, samples: Path) -> GoldenCase:
        """One delivery against its golden file."""
        name = Path(judged.source).relative_to(samples).with_suffix("").as_posix()
        file = self._goldens / f"{name}.json"
        made, backends = self._made(judged.events)
        state, found = self._compare(file, made)
        return GoldenCase(name=name, file=file, state=state, differences=found, backends=tuple(backends))

    def _made(self, events: Iterable[Event]) -> tuple[dict[str, Any], list[Difference]]:
        made: dict[str, Any] = {}
        backends: list[Difference] = []
        for event in events:
            taking = [one for one in self._mappings if one.provider == event.provider and one.accepts(event.type)]
            made[event.id] = {one.name: _in_python(one, event) for one in taking}
            if self._process:
                other = {one.name: _in_javascript(one, event, self._process) for one in taking}
                backends += differences(made[event.id], other, event.id)
        return made, backends

    def _compare(self, file: Path, made: dict[str, Any]) -> tuple[State, tuple[Difference, ...]]:
        golden = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        if golden == made:
            return "same", ()
        if self._update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            return "written", differences(golden or {}, made)
        return ("missing", ()) if golden is None else ("different", differences(golden, made))


def _left_over(goldens: Path, known: set[Path], update: bool) -> list[GoldenCase]:
    cases: list[GoldenCase] = []
    for file in sorted(goldens.rglob("*.json")):
        if file in known:
            continue
        if update:
            file.unlink()
        name = file.relative_to(goldens).with_suffix("").as_posix()
        cases.append(GoldenCase(name=name, file=file, state="written" if update else "left over"))
    return cases


def _in_python(mapping: EventMapping, event: Event) -> dict[str, Any]:
    try:
        return group_rows(mapping.map(event.payload, event_id=event.id).as_list())
    except MappingRunError as error:
        return {"failed": error.code, "rule": error.rule, "path": error.source_path}


def _in_javascript(mapping: EventMapping, event: Event, process: JavaScriptProcess) -> dict[str, Any]:
    try:
        return group_rows(process.map(mapping, event.payload))
    except MappingRunError as error:
        return {"failed": error.code, "rule": error.rule, "path": error.source_path}
