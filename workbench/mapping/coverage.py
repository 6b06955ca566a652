"""How much of the events a mapping reads, and how much of the mapping the events use.

Both ways: event fields that no expression reads, with how often they are present; expressions and branches that never
gave anything; required FHIR elements that were missing; codes without a translation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import MappingRunError, Problem
from workbench.mapping.blocks import MappingDocument
from workbench.mapping.compile import EventMapping
from workbench.mapping.reads import event_path, reads_of
from workbench.mapping.validation import validate_result
from workbench.mapping.walking import parts_of

__all__ = ["Coverage", "FieldUse", "PartUse", "measure_coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """A field of the events: lists are passed through, so `data.object.lines.data.amount` is each line's."""

    path: str
    present: int  # in how many events it has a value
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUse:
    """An expression or a branch of the mapping."""

    path: str
    line: int
    fired: int  # in how many events it gave something


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a mapping and a corpus of events have in common."""

    mapping: str
    events: int
    fields: tuple[FieldUse, ...]
    parts: tuple[PartUse, ...]
    missing: Mapping[str, int]  # required FHIR element → in how many resources it was not set
    unmapped: Mapping[tuple[str, str], int] = field(repr=False)  # (code map, code of the events) → how often
    failures: tuple[Problem, ...]  # events on which the mapping failed

    @property
    def fields_read(self) -> float:
        """The share of the events' fields that some expression reads, 0 to 1."""
        return _share(sum(1 for found in self.fields if found.read), len(self.fields))

    @property
    def parts_fired(self) -> float:
        """The share of expressions and branches that gave something in some event, 0 to 1."""
        return _share(sum(1 for part in self.parts if part.fired), len(self.parts))

    def annotate(self, text: str) -> str:
        """The mapping's text with, before each line, in how many events its parts fired; `-` where they never did."""
        counts: dict[int, int] = {}
        for part in self.parts:
            counts[part.line] = min(counts.get(part.line, part.fired), part.fired)
        width = max(5, len(str(self.events)))
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            mark = "" if number not in counts else str(counts[number] or "-")
            lines.append(f"{mark:>{width}} | {line}".rstrip())
        return "\n".join(lines) + "\n"


def measure_coverage(mapping: EventMapping, payloads: Iterable[dict[str, Any]]) -> Coverage:
    """The coverage of a mapping over events that it accepts; memory does not grow with their number."""
    meter = _Meter(mapping)
    for payload in payloads:
        meter.add(payload)
    return meter.coverage()


class _Meter:
    def __init__(self, mapping: EventMapping) -> None:
        self._mapping = mapping
        self._document: MappingDocument = mapping.document
        self._events = 0
        self._present: Counter[tuple[str, ...]] = Counter()
        self._fired: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._unmapped: Counter[tuple[str, str]] = Counter()
        self._failures: list[Problem] = []

    def add(self, payload: dict[str, Any]) -> None:
        """Count one event."""
        self._events += 1
        self._present.update(set(_fields(payload, ())))
        try:
            result = self._mapping.trace(payload)
        except MappingRunError as error:
            self._failures.append(Problem(message=str(error), file=self._document.file, code=error.code))
            return
        self._fired.update({step.path for step in result.trace if step.gave != "nothing"})
        self._unmapped.update(result.unmapped)
        problems = validate_result(self._document, result)
        self._missing.update(problem.target or "" for problem in problems if problem.code == "missing-element")

    def coverage(self) -> Coverage:
        """What was counted so far."""
        reads = reads_of(self._document).values()
        read = {names for found in reads for names in found.used}
        asked = {names for found in reads for names in found.asked}
        fields = [
            FieldUse(path=event_path(names), present=count, read=names in asked or _is_read(names, read))
            for names, count in sorted(self._present.items())
        ]
        parts = [
            PartUse(path=at.path, line=at.place.line, fired=self._fired[at.path]) for at in parts_of(self._document)
        ]
        return Coverage(
            mapping=f"{self._mapping.name}@{self._mapping.version}",
            events=self._events,
            fields=tuple(fields),
            parts=tuple(parts),
            missing=dict(self._missing),
            unmapped=dict(self._unmapped),
            failures=tuple(self._failures),
        )


def _fields(value: Any, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of all scalars that have a value."""
    stack = [(value, names)]
    while stack:
        value, names = stack.pop()
        if isinstance(value, dict):
            stack += [(item, (*names, key)) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [(item, names) for item in value]
        elif value is not None and value != "":
            yield names


def _is_read(names: tuple[str, ...], read: set[tuple[str, ...]]) -> bool:
    """Whether the field, or an object around it as a whole, is read."""
    return any(_matches(names, pattern) for pattern in read if pattern)


def _matches(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(names[start:], pattern[1:]) for start in range(len(names) + 1))
    return bool(names) and pattern[0] in ("*", names[0]) and _matches(names[1:], pattern[1:])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
