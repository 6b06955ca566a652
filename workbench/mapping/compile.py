"""A mapping document → an `EventMapping`: one Python function and one JavaScript function of the same meaning.

The Python is compiled when the mapping is; the JavaScript, and the traced Python that explains itself, when first
asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from workbench.errors import MappingRunError, Problem
from workbench.fhir.writes import WriteRule
from workbench.mapping import functions, shortcut_functions, times
from workbench.mapping.blocks import At, MappingDocument, Reference, Rule
from workbench.mapping.decoding import event_decoder
from workbench.mapping.event_types import type_pattern
from workbench.mapping.expression.python_runtime import runtime_names
from workbench.mapping.javascript import Script, javascript_name, javascript_runtime, runtime_of, write_javascript
from workbench.mapping.needs import needs_of
from workbench.mapping.python_dialect import Python
from workbench.mapping.results import MappingResult
from workbench.mapping.tracing import Tracer
from workbench.mapping.walking import blocks_of
from workbench.mapping.writer import MappingWriter

_REPORTING = """\
    at = 0  # the part that is running, for the place of a problem
    def code(name, value):
        return codes[name](value, at, problems)
"""

Unmapped = tuple[int, str, str]
"""A code that has no translation: the number of the part, the code map, and the code."""

__all__ = ["EventMapping", "compile_mapping", "javascript_runtime"]


class EventMapping:
    """A compiled mapping: give it an event's payload, and it gives the FHIR resources that come of it."""

    def __init__(self, document: MappingDocument) -> None:
        self.document = document
        self.name = document.name
        self.version = document.version
        self.provider = document.provider
        self.events = document.events
        self.writes = tuple(_write_rule(rule) for rule in document.rules)
        self._accepts = type_pattern(document.events).fullmatch
        self._program = _Program(document)

    def __repr__(self) -> str:
        return f"EventMapping({self.name}@{self.version}, events={list(self.events)})"

    def accepts(self, event_type: str) -> bool:
        """Whether events of this type are for this mapping."""
        return self._accepts(event_type) is not None

    def map(self, payload: dict[str, Any], *, event_id: str | None = None) -> MappingResult:
        """The resources that an event makes.

        Args:
            payload: the event as decoded JSON; it is not changed.
            event_id: names the event in an error.

        Raises:
            MappingRunError: an expression failed, or a resource has no identity; it names rule, path and code.
        """
        return self._program.run(payload, event_id)

    def map_json(self, body: bytes, *, event_id: str | None = None) -> MappingResult:
        """The same for an event as JSON text: no more of it is decoded than the mapping needs.

        Raises:
            MappingRunError: as `map`.
            orjson.JSONDecodeError: the text is no JSON.
        """
        return self._program.run(self.decode(body), event_id)

    @cached_property
    def decode(self) -> Callable[[bytes], Any]:
        """Gives of an event as JSON text what the mapping needs; `map` makes the same of it as of the whole event."""
        return event_decoder(needs_of(self.document))

    def trace(self, payload: dict[str, Any], *, event_id: str | None = None) -> MappingResult:
        """The same as `map`, with `trace` saying what each expression read, gave and set; many times slower."""
        return self._traced.run(payload, event_id)

    @property
    def python(self) -> str:
        """The Python function, for reading."""
        return self._program.source

    @cached_property
    def javascript(self) -> str:
        """The JavaScript function `map_<name>(event, problems)`; `javascript_runtime()` must stand before it."""
        return self._script.source

    def javascript_module(self) -> str:
        """The JavaScript function with all that it needs, and nothing else."""
        return f"{runtime_of(self._script)}\n{self.javascript}"

    @cached_property
    def _script(self) -> Script:
        return write_javascript(self.document)

    @cached_property
    def _traced(self) -> _Program:
        return _Program(self.document, traced=True)


def compile_mapping(document: MappingDocument) -> EventMapping:
    """The mapping of a document, ready to run."""
    return EventMapping(document)


class _Program:
    """The Python function of a mapping, and where each of its lines comes from."""

    def __init__(self, document: MappingDocument, *, traced: bool = False) -> None:
        dialect = Python()
        writer = MappingWriter(document, dialect, traced=traced)
        writer.write()
        name = javascript_name(document.name)
        run = ["    run = Run()"] if dialect.uses_run() else []
        top = [
            f"def {name}(event, problems):",
            "    rows = []",
            *run,
            *(_REPORTING.splitlines() if document.codes else ()),
        ]
        last = ["    return merge_rows(rows)" if document.may_repeat else "    return rows", ""]
        self.source = "\n".join([*top, *dialect.lines, *last])
        self._document = document
        self._places = writer.places
        self._first = len(top) + 1  # the lines above belong to no part
        self._parts = [(line + len(top) + 1, number) for line, number in dialect.parts]  # (first line, number of part)
        self._tracer = Tracer(document, writer.places) if traced else None
        self._file = f"<mapping {document.name}@{document.version}{' traced' if traced else ''}>"
        self._function = self._compiled(name)

    def run(self, payload: dict[str, Any], event_id: str | None) -> MappingResult:
        problems: list[Unmapped] = []
        try:
            rows = self._function(payload, problems)
        except MappingRunError as error:
            raise self._placed(error, event_id) from error
        except RecursionError as error:
            deep = MappingRunError("the event is nested too deep for this expression", code="depth")
            raise self._placed(deep.with_traceback(error.__traceback__), event_id) from error
        trace = self._tracer.take() if self._tracer else ()
        if not problems and self._tracer is None:
            return MappingResult(rows)
        told = [self._unmapped(number, name) for number, name, _ in problems]
        return MappingResult(rows, told, trace, [(name, code) for _, name, code in problems])

    def _compiled(self, name: str) -> Callable[[dict[str, Any], list[Unmapped]], list[dict[str, Any]]]:
        namespace = run_time(self._document)
        if self._tracer:
            namespace["trace"] = self._tracer.note
        exec(compile(self.source, self._file, "exec"), namespace)  # noqa: S102 - source of our own making
        made: Callable[[dict[str, Any], list[Unmapped]], list[dict[str, Any]]] = namespace[name]
        return made

    def _placed(self, error: MappingRunError, event_id: str | None) -> MappingRunError:
        """The error with rule and paths: the last part that begins before the line that was running."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._file and trace.tb_lineno >= self._first:
                line = trace.tb_lineno
            trace = trace.tb_next
        number = max((number for first, number in self._parts if first <= line), default=None)
        rule, at = self._places[number] if number is not None else ("", None)
        return place_fault(error, self._document, rule, at, event_id)

    def _unmapped(self, number: int, name: str) -> Problem:
        rule, at = self._places[number]
        return Problem(
            message=f"{self._document.name}, rule {rule}: {name} has no translation for a code of this event",
            file=self._document.file,
            line=at.place.line,
            column=at.place.column,
            path=at.path,
            target=at.target or None,
            code="unmapped-code",
            remedy="add the code to the code map, or an unmapped rule",
        )


def place_fault(
    error: MappingRunError, document: MappingDocument, rule: str, at: At | None, event_id: str | None
) -> MappingRunError:
    """The error, with the place in the mapping where it happened in its text and its attributes."""
    where = f"{document.file}:{at.place.line}" if at else document.file
    text = f"{document.name}, rule {rule or 'vars'}, {at.path if at else 'vars'} ({where}): {error}"
    return MappingRunError(
        text,
        code=error.code,
        event_id=event_id,
        rule=rule or None,
        source_path=at.path if at else None,
        target_path=(at.target or None) if at else None,
    )


def run_time(document: MappingDocument) -> dict[str, Any]:
    """The names that the Python of a mapping uses."""
    own = {name: getattr(module, name) for module in (functions, times, shortcut_functions) for name in module.__all__}
    translators = {name: functions.code_translator(code_map) for name, code_map in document.codes.items()}
    return {**runtime_names(), **own, "money": functions.money_of_provider(document.provider), "codes": translators}


def _write_rule(rule: Rule) -> WriteRule:
    references = {block.resource_type for block in blocks_of(rule.resource) if isinstance(block, Reference)}
    return WriteRule(
        name=rule.name,
        resource_type=rule.resource_type,
        parameter=rule.identity.parameter,
        system=rule.identity.system,
        mode=rule.write,
        ordered=rule.order is not None,
        references=tuple(sorted(references)),
    )
