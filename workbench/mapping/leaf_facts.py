"""What can be said of an expression without running it: which variables it uses, what it reads, what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, NamedTuple

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import Span
from workbench.mapping.expression.library import LIBRARY

__all__ = [
    "Origins",
    "Use",
    "children_of",
    "code_map_of",
    "constant_truth",
    "is_certain",
    "origins_of",
    "type_of",
    "uses_of",
]

_HELPER_TYPES: Final[Mapping[str, str]] = {
    "money": "Money",
    "instant": "instant",
    "date": "date",
    "code": "string",
    "id": "string",
}
_BOOLEAN: Final = frozenset({"=", "!=", "<", "<=", ">", ">=", "and", "or", "in"})
_NUMBER: Final = frozenset({"+", "-", "*", "/", "%"})
_ELEMENT_FUNCTIONS: Final = frozenset({"map", "filter", "single", "each", "sift", "reduce", "sort"})

Paths = frozenset[tuple[str, ...]]
"""Where in the event a value may come from: names from the root, `*` for any field, `**` for anything below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place where an expression uses a variable that it does not bind itself: `$name`, or a call of `$name(…)`."""

    name: str
    span: Span
    called: bool
    argument: ir.Node | None = None  # the first argument of a call
    arguments: int = 0  # how many a call has


@lru_cache(maxsize=4096)
def uses_of(node: ir.Node) -> tuple[Use, ...]:
    """The free variables of an expression, functions among them, in the order of the text; `$` and `$$` left out."""
    return tuple(_uses(node, frozenset()))


def type_of(node: ir.Node) -> str | None:
    """What an expression gives, if anything: string, number, boolean, Money, instant or date; None if unknown."""
    if node.predicates or node.group or node.keep_array:
        return None
    if isinstance(node, ir.Constant):
        kinds: dict[type, str] = {str: "string", int: "number", float: "number", bool: "boolean"}
        return kinds.get(type(node.value))
    if isinstance(node, ir.Binary):
        return "string" if node.operator == "&" else _operator_type(node.operator)
    if isinstance(node, ir.Negation):
        return "number"
    if isinstance(node, ir.Choice):
        kinds_of = {type_of(branch) for branch in (node.then, node.otherwise) if branch is not None}
        return kinds_of.pop() if len(kinds_of) == 1 else None
    if isinstance(node, ir.Block):
        return type_of(node.items[-1]) if node.items else None
    if isinstance(node, ir.Call) and isinstance(node.procedure, ir.Variable):
        return _HELPER_TYPES.get(node.procedure.name) or _library_type(node.procedure.name)
    return None


def is_certain(node: ir.Node) -> bool:
    """Whether an expression gives something not empty for every event: constants, and texts with a constant part."""
    if node.predicates or node.group or node.keep_array:
        return False
    if isinstance(node, ir.Constant):
        return node.value is not None and node.value != ""
    if isinstance(node, ir.Binary) and node.operator == "&":
        return any(isinstance(side, ir.Constant | ir.Binary) and is_certain(side) for side in (node.left, node.right))
    if isinstance(node, ir.Choice):
        return node.otherwise is not None and is_certain(node.then) and is_certain(node.otherwise)
    return isinstance(node, ir.Variable) and node.name == "index"  # nothing else may be named so


def code_map_of(node: ir.Node) -> str | None:
    """The code map whose translation an expression gives, where it is `$code("name", …)` as a whole."""
    if isinstance(node, ir.Call) and isinstance(node.procedure, ir.Variable) and node.procedure.name == "code":
        first = node.arguments[0] if node.arguments else None
        return str(first.value) if isinstance(first, ir.Constant) else None
    return None


def constant_truth(node: ir.Node) -> bool | None:
    """Whether a condition that needs no event holds; None where the event decides."""
    return bool(node.value) if isinstance(node, ir.Constant) else None


class Origins(NamedTuple):
    """Event paths that an expression has to do with."""

    value: Paths  # where its value may come from
    read: Paths  # all that is read to work it out, the value's own among them
    asked: Paths  # of which only presence counts: the argument of $exists


def origins_of(node: ir.Node, known: Mapping[str, Paths]) -> Origins:
    """Where in the event the value comes from, and every path that is read to work it out.

    Args:
        node: the expression.
        known: the origin of each variable; "" is the context.
    """
    tracer = _Tracer()
    origin = tracer.origin(node, dict(known))
    return Origins(origin, frozenset(tracer.reads) | origin, frozenset(tracer.asked))


def _library_type(name: str) -> str | None:
    built_in = LIBRARY.get(name)
    return built_in.result if built_in and built_in.result in ("string", "number", "boolean") else None


def _operator_type(operator: str) -> str | None:
    return "boolean" if operator in _BOOLEAN else "number" if operator in _NUMBER else None


def children_of(node: ir.Node | ir.Group | ir.Step | ir.SortTerm) -> Iterator[ir.Node]:
    """The parts of a node, in the order of its fields."""
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value: object) -> Iterator[ir.Node]:
    if isinstance(value, ir.Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, ir.Group | ir.Step | ir.SortTerm):
        yield from children_of(value)


def _uses(node: ir.Node, bound: frozenset[str]) -> Iterator[Use]:
    if isinstance(node, ir.Variable) and node.name not in ("", "$") and node.name not in bound:
        yield Use(name=node.name, span=node.span, called=False)
    if isinstance(node, ir.Lambda):
        bound |= set(node.parameters)
    if isinstance(node, ir.Block):
        bound |= {item.name for item in node.items if isinstance(item, ir.Bind)}
    called = node.procedure if isinstance(node, ir.Call | ir.Partial) else None
    if isinstance(node, ir.Call | ir.Partial) and isinstance(called, ir.Variable) and called.name not in bound:
        first = node.arguments[0] if node.arguments else None
        yield Use(name=called.name, span=called.span, called=True, argument=first, arguments=len(node.arguments))
    for child in children_of(node):
        if child is not called or not isinstance(child, ir.Variable):
            yield from _uses(child, bound)


class _Tracer:
    """Follows names from the event; what it cannot follow it notes as read."""

    def __init__(self) -> None:
        self.reads: set[tuple[str, ...]] = set()
        self.asked: set[tuple[str, ...]] = set()

    def origin(self, node: ir.Node, known: dict[str, Paths]) -> Paths:
        found = self._own(node, known)
        inside = {**known, "": found}
        for predicate in node.predicates:
            self._read(predicate, inside)
        if node.group is None:
            return found
        for pair in node.group.pairs:
            for part in pair:
                self._read(part, inside)
        return frozenset()

    def _own(self, node: ir.Node, known: dict[str, Paths]) -> Paths:
        if isinstance(node, ir.Path):
            return self._path(node, known)
        if isinstance(node, ir.Variable):
            return known.get("$$" if node.name == "$" else node.name, frozenset())
        if isinstance(node, ir.Name):
            return _below(known.get("", frozenset()), node.value)
        if isinstance(node, ir.Wildcard):
            return _below(known.get("", frozenset()), "*")
        if isinstance(node, ir.Descendants):
            return _below(known.get("", frozenset()), "**")
        if isinstance(node, ir.Choice):
            self._read(node.condition, known)
            branches = [node.then] if node.otherwise is None else [node.then, node.otherwise]
            return frozenset().union(*(self.origin(branch, known) for branch in branches))
        if isinstance(node, ir.Block):
            return self._block(node, dict(known))
        if isinstance(node, ir.ArrayOf):
            return frozenset().union(*(self.origin(item, known) for item in node.items))
        if isinstance(node, ir.Call):
            return self._call(node, known)
        for child in children_of(node):
            self._read(child, known)
        return frozenset()

    def _path(self, node: ir.Path, known: dict[str, Paths]) -> Paths:
        here = known.get("", frozenset())
        for step in node.steps:
            if isinstance(step.node, ir.Sort):
                for term in step.node.terms:
                    self._read(term.node, {**known, "": here})
            else:
                here = self.origin(step.node, {**known, "": here})
            for stage in step.stages:
                self._read(stage, {**known, "": here})
        return here

    def _block(self, node: ir.Block, known: dict[str, Paths]) -> Paths:
        origin: Paths = frozenset()
        for item in node.items:
            if isinstance(item, ir.Bind):
                known[item.name] = origin = self.origin(item.value, known)
            else:
                origin = self.origin(item, known)
        return origin

    def _call(self, node: ir.Call, known: dict[str, Paths]) -> Paths:
        name = node.procedure.name if isinstance(node.procedure, ir.Variable) else ""
        values = [argument for argument in node.arguments if not isinstance(argument, ir.Lambda)]
        origins = [self.origin(value, known) for value in values]
        first = origins[0] if origins else frozenset()
        for argument in node.arguments:
            if isinstance(argument, ir.Lambda):
                names = argument.parameters
                elements = first if name in _ELEMENT_FUNCTIONS else frozenset()
                self._read(argument.body, {**known, **dict.fromkeys(names[:1], elements)})
        if name in ("filter", "single", "sort", "reverse", "distinct"):
            return first
        for origin in origins:
            (self.asked if name == "exists" else self.reads).update(origin)
        return frozenset()

    def _read(self, node: ir.Node, known: dict[str, Paths]) -> None:
        self.reads |= self.origin(node, known)


def _below(origins: Paths, name: str) -> Paths:
    return frozenset((*origin, name) for origin in origins)
