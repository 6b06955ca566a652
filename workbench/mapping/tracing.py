"""What each expression did for one event, for whoever asks why a resource came out as it did."""

from __future__ import annotations

from typing import Any

from workbench.mapping.blocks import At, MappingDocument
from workbench.mapping.reads import event_path, reads_of
from workbench.mapping.results import TraceStep
from workbench.mapping.walking import leaves_of

__all__ = ["Tracer", "kind_of"]


class Tracer:
    """Collects what a traced function tells of its parts."""

    def __init__(self, document: MappingDocument, places: list[tuple[str, At]]) -> None:
        self._places = places
        self._texts = {scoped.leaf.at.path: scoped.leaf.text for scoped in leaves_of(document)}
        self._reads = {
            path: tuple(event_path(names) for names in found.paths) for path, found in reads_of(document).items()
        }
        self._noted: list[tuple[int, Any]] = []

    def note(self, number: int, value: Any) -> None:
        """Take down what a part gave."""
        self._noted.append((number, value))

    def take(self) -> tuple[TraceStep, ...]:
        """The steps noted since the last time, in the order in which they ran."""
        noted, self._noted = self._noted, []
        return tuple(self._step(number, value) for number, value in noted)

    def _step(self, number: int, value: Any) -> TraceStep:
        rule, at = self._places[number]
        return TraceStep(
            rule=rule or None,
            path=at.path,
            line=at.place.line,
            reads=self._reads.get(at.path, ()),
            expression=self._texts.get(at.path, ""),
            gave=kind_of(value),
            target=at.target,
            value=value,
        )


def kind_of(value: Any) -> str:
    """The JSON type of a value, `nothing` for what is missing.

    >>> [kind_of(value) for value in (None, "", True, 1, [], {})]
    ['nothing', 'string', 'boolean', 'number', 'list', 'object']
    """
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object"}
    return "nothing" if value is None else "list" if isinstance(value, list) else kinds.get(type(value), "function")
