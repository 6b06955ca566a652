"""A mapping while it is written: its faults, what it makes of one event and of all, what differs from its file.

The file is the truth. A `Draft` holds the text that is being written and what the file held when it was last read or
written; what somebody else wrote to the file meanwhile is noticed and never overwritten unasked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any

from workbench.errors import MappingError, MappingRunError, MappingSpecError, Problem
from workbench.events.delivery import Event
from workbench.events.profile import profile_events
from workbench.flows.design import group_rows
from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.coverage import Coverage, measure_coverage
from workbench.mapping.differences import differences
from workbench.mapping.document import check_mapping, code_map_paths, read_mapping
from workbench.mapping.results import MappingResult
from workbench.mapping.suggestions import Suggestion, suggest
from workbench.mapping.validation import validate_result

__all__ = ["Corpus", "Draft", "Preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the draft makes of one event."""

    event: Event
    result: MappingResult | None = field(repr=False)  # None: it failed
    problems: tuple[Problem, ...]


@dataclass(slots=True, kw_only=True)
class Corpus:
    """What the draft makes of all events, so far."""

    done: int = 0
    total: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)  # by what is said
    first: dict[str, str] = field(default_factory=dict)  # what is said → the first event of which
    changed: int = 0  # of which it makes something else than the saved file does
    changed_paths: Counter[str] = field(default_factory=Counter)


class Draft:
    """A mapping file that is being written, and the events to try it on."""

    def __init__(self, file: str | Path, events: Sequence[Event]) -> None:
        """Read the file; one that is not there begins empty.

        Raises:
            MappingError: the file is there and cannot be read.
        """
        self.file = Path(file)
        self.events = tuple(events)
        self.saved = self._on_disk()
        self.text = self.saved
        self.mapping: EventMapping | None = None
        self.problems: tuple[Problem, ...] = ()
        self._paths: dict[str, str] | None = None
        self._saved_mapping = self._compile(self.saved)
        self.check(self.text)

    def check(self, text: str) -> tuple[Problem, ...]:
        """Take a new text, and give every fault of it; without errors `mapping` is its compiled form."""
        self.text = text
        codes = self._codes(text)
        self.problems = check_mapping(text, file=str(self.file), codes=codes)
        if any(problem.severity == "error" for problem in self.problems):
            self.mapping = None
        else:
            self.mapping = self._compile(text)
        return self.problems

    @property
    def taken(self) -> tuple[Event, ...]:
        """The events that the mapping takes, as it is or as it was saved."""
        mapping = self.mapping or self._saved_mapping
        if mapping is None:
            return self.events
        return tuple(one for one in self.events if one.provider == mapping.provider and mapping.accepts(one.type))

    def preview(self, event: Event) -> Preview | None:
        """Give what the draft makes of an event, with what each expression read; None while it has errors."""
        if self.mapping is None:
            return None
        try:
            result = self.mapping.trace(event.payload, event_id=event.id)
        except MappingRunError as error:
            problem = Problem(message=str(error), path=error.source_path, code=error.code)
            return Preview(event=event, result=None, problems=(problem,))
        faults = validate_result(self.mapping.document, result)
        return Preview(event=event, result=result, problems=(*result.problems, *faults))

    def corpus(self, step: int = 100) -> Iterator[Corpus]:
        """Yield what it makes of all events, after so many each time, so that whoever asks can stop."""
        mapping = self.mapping
        if mapping is None:
            return
        taken = self.taken
        found = Corpus(total=len(taken))
        for number, event in enumerate(taken, start=1):
            self._count(found, mapping, event)
            found.done = number
            if number % step == 0:
                yield found
        yield found

    def coverage(self) -> Coverage | None:
        """Give how much of the events it reads, and how much of it they use."""
        if self.mapping is None:
            return None
        return measure_coverage(self.mapping, (event.payload for event in self.taken))

    def suggest(self, line: int, column: int, text: str | None = None) -> tuple[int, tuple[Suggestion, ...]]:
        """Give what may stand at a place of the text."""
        if self._paths is None:
            kinds = profile_events(self.taken).types.values()
            self._paths = {one.path: one.format or " or ".join(one.types) for kind in kinds for one in kind.fields}
        text = self.text if text is None else text
        return suggest(text, line, column, self._paths, [Path(name).stem for name in code_map_paths(text)])

    def difference(self) -> tuple[str, ...]:
        """Give the lines of a unified diff from the file to the draft; none when they are the same."""
        lines = (self.saved.splitlines(), self.text.splitlines())
        return tuple(unified_diff(*lines, "the file", "this draft", lineterm=""))

    def changed_outside(self) -> bool:
        """Whether the file is another than when it was last read or written here."""
        return self._on_disk() != self.saved

    def save(self, *, over: bool = False) -> None:
        """Write the draft to its file; the file as it was is replaced as a whole.

        Raises:
            MappingError: somebody else changed the file meanwhile, and that was not to be overwritten; or it cannot
                be written.
        """
        if self.changed_outside() and not over:
            message = f"{self.file} was changed by somebody else meanwhile; reload it, or save over it"
            raise MappingError(message)
        unfinished = self.file.with_name(f".{self.file.name}.part")
        try:
            unfinished.write_text(self.text, encoding="utf-8")
            unfinished.replace(self.file)
        except OSError as error:
            message = f"{self.file} cannot be written: {error.strerror}"
            raise MappingError(message) from error
        self.saved = self.text
        self._saved_mapping = self.mapping

    def reload(self) -> str:
        """Take the file's text as the draft, and give it."""
        self.saved = self._on_disk()
        self._saved_mapping = self._compile(self.saved)
        self.check(self.saved)
        return self.saved

    def _count(self, found: Corpus, mapping: EventMapping, event: Event) -> None:
        now: dict[str, Any] = {}
        try:
            result = mapping.map(event.payload, event_id=event.id)
        except MappingRunError as error:
            said = [error.code or "failed"]
            found.outcomes["failed"] += 1
        else:
            said = [problem.message for problem in (*result.problems, *validate_result(mapping.document, result))]
            found.outcomes["with problems" if said else "mapped" if result.as_list() else "nothing"] += 1
            now = group_rows(result.as_list())
        for one in dict.fromkeys(said):
            found.problems[one] += 1
            found.first.setdefault(one, event.id)
        if self._saved_mapping is not None and self._saved_mapping is not mapping:
            different = differences(_made(self._saved_mapping, event), now)
            found.changed += bool(different)
            found.changed_paths.update({one.path for one in different})

    def _on_disk(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            message = f"{self.file} cannot be read ({type(error).__name__}); is it a mapping?"
            raise MappingError(message) from error

    def _codes(self, text: str) -> Mapping[str, str]:
        beside = ((name, self.file.parent / name) for name in code_map_paths(text))
        return {name: place.read_text(encoding="utf-8") for name, place in beside if place.is_file()}

    def _compile(self, text: str) -> EventMapping | None:
        try:
            return compile_mapping(read_mapping(text, file=str(self.file), codes=self._codes(text)))
        except MappingSpecError:
            return None


def _made(mapping: EventMapping, event: Event) -> dict[str, Any]:
    if not mapping.accepts(event.type):
        return {}
    try:
        return group_rows(mapping.map(event.payload).as_list())
    except MappingRunError:
        return {}
