"""Where a node is written and what is known of its value: what the writers hand to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

__all__ = ["Helper", "Scope", "Slot", "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """An expression in the target language, and what is known of its value."""

    code: str
    kind: str | None = None  # "string" | "number" | "boolean" where known; it may still be missing unless `sure`
    sure: bool = False  # never missing
    raw: bool = False  # may hold nulls of the data, inside lists and objects, that count as missing
    absent: bool = False  # missing is null (Python None) here, not MISSING: a field read straight from raw data
    pure: bool = False  # the code is a name or literal whose value never changes
    sequence: bool = False  # may be a sequence that still has to collapse
    loose: bool = False  # may hold sequences as members, so that what surrounds it collapses it again


@dataclass(slots=True)
class Slot:
    """A variable: what its value is called in the target language."""

    code: str
    raw: bool = False
    absent: bool = False
    fixed: bool = True  # bound once, before anything here runs: paths from it can be shared
    assigned: bool = True  # known to be bound at this point of the text
    loose: bool = False  # its value may be a sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a node is written: its context, its variables, and the paths already read."""

    context: str  # the name that holds the context
    this: str  # the name that holds `$`: the context without the wrapping of an input that is a list
    whole: str  # the name that holds `$$`
    raw: bool = False  # the context is data with nulls that count as missing
    variables: Mapping[str, Slot] = field(default_factory=dict)
    bindings: str | None = None  # the name that holds variables given at run time
    paths: dict[str, Value] = field(default_factory=dict)  # what has been read, by path
    fixed_context: bool = True
    tail: bool = False  # the call that is written ends a function
    wrapped: bool = False  # the context is a list made for an array constructor that begins a path

    def branch(self) -> Scope:
        """The same for text that may not run: what it reads is not known afterwards."""
        return replace(self, paths=dict(self.paths))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is written inside may not run: variables that it binds do not count as bound afterwards."""
        before = [(slot, slot.assigned) for slot in self.variables.values()]
        yield
        for slot, assigned in before:
            slot.assigned = assigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A function that the caller adds to the language: `$money(amount, currency)`."""

    runtime: str  # the name that the written text calls, in Python; JavaScript's is given by `javascript`
    javascript: str
    least: int  # fewest arguments
    most: int  # most arguments
    kind: str | None = None
