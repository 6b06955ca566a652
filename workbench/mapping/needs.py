"""Which parts of an event the expressions of a mapping can need: what they do not is not worth decoding.

`reads` tells people what an expression looks at; here nothing may be forgotten. What is understood is followed from
name to name; where that ends, the value counts whole, with all inside it, and an expression that this module does not
understand needs everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workbench.mapping.blocks import Block, Each, Leaf, MappingDocument
from workbench.mapping.dialects import HELPERS
from workbench.mapping.expression import ir
from workbench.mapping.expression.library import LIBRARY
from workbench.mapping.leaf_facts import Paths, children_of
from workbench.mapping.walking import inside

__all__ = ["Needs", "needs_of", "needs_of_expression"]

_ROOT: Final[Paths] = frozenset({()})
_NOTHING: Final[Paths] = frozenset()
_KNOWN_CALLS: Final = frozenset({*LIBRARY, *HELPERS})
_PASSING_ON: Final = frozenset({"append", "reverse", "filter"})
_COUNTING: Final = frozenset({"count", "exists"})
_OF_ELEMENTS: Final = frozenset({"filter", "map"})


@dataclass(slots=True)
class Needs:
    """Event paths, as names from the root; `()` is the event itself."""

    whole: set[tuple[str, ...]] = field(default_factory=set)  # with all that is inside
    passed: set[tuple[str, ...]] = field(default_factory=set)  # what kind of value it is, and how many elements

    def below(self, names: tuple[str, ...]) -> Needs:
        """The same needs of an event that stands at these names."""
        return Needs({(*names, *path) for path in self.whole}, {(*names, *path) for path in self.passed})

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.whole | other.whole, self.passed | other.passed)


def needs_of(document: MappingDocument) -> Needs:
    """What the expressions of a document need together."""
    tracer = _Tracer()
    known: dict[str, Paths] = {"": _ROOT, "$": _ROOT}
    for name, value in document.variables:
        known[name] = tracer.pass_on(value.node, known) if isinstance(value, Leaf) else _NOTHING
    for rule in document.rules:
        scope = dict(known)
        if rule.each is not None:
            scope |= {rule.element: tracer.pass_on(rule.each.node, known), "index": _NOTHING}
        for leaf in (rule.when, rule.identity.value, rule.order):
            if isinstance(leaf, Leaf):
                tracer.use(leaf.node, scope)
        _follow(rule.resource, scope, tracer)
    return tracer.needs


def needs_of_expression(node: ir.Node) -> Needs:
    """What one expression needs of its input.

    >>> from workbench.mapping.expression import compile_expression
    >>> sorted(needs_of_expression(compile_expression("a.b[c > 1].d & $$.e").node).whole)
    [('a', 'b', 'c'), ('a', 'b', 'd'), ('e',)]
    """
    tracer = _Tracer()
    tracer.use(node, {"": _ROOT, "$": _ROOT})
    return tracer.needs


def _follow(block: Block, known: dict[str, Paths], tracer: _Tracer) -> None:
    if isinstance(block, Leaf):
        tracer.use(block.node, known)
    elif isinstance(block, Each):
        counts = {name: _NOTHING for name in ("index", block.index) if name}
        elements = tracer.pass_on(block.source.node, known)
        _follow(block.item, {**known, block.name: elements, **counts}, tracer)
    else:
        for child in inside(block):
            _follow(child, known, tracer)


class _Tracer:
    """Follows names from the event. `known` is the origin of each variable; "" is the context."""

    def __init__(self) -> None:
        self.needs = Needs()

    def use(self, node: ir.Node, known: Mapping[str, Paths]) -> None:
        """Note that the value of an expression counts whole."""
        self.needs.whole |= self._origin(node, known)

    def pass_on(self, node: ir.Node, known: Mapping[str, Paths]) -> Paths:
        """Note that a value goes on under a name, and give where in the event it comes from."""
        origin = self._origin(node, known)
        self.needs.passed |= origin
        return origin

    def _origin(self, node: ir.Node, known: Mapping[str, Paths]) -> Paths:
        """Where in the event a value comes from; all that is needed beside it is noted."""
        found = self._own(node, known)
        self.needs.passed |= found
        within = {**known, "": found}
        for predicate in node.predicates:
            self.use(predicate, within)
        if node.group is None:
            return found
        for part in (part for pair in node.group.pairs for part in pair):
            self.use(part, within)
        return _NOTHING

    def _own(self, node: ir.Node, known: Mapping[str, Paths]) -> Paths:
        match node:
            case ir.Variable(name=name):
                return known.get(name, _NOTHING)
            case ir.Name(value=name):
                return frozenset((*path, name) for path in known[""])
            case ir.Path():
                return self._path(node, known)
            case ir.Choice(condition=condition, then=then, otherwise=otherwise):
                self.use(condition, known)
                other = _NOTHING if otherwise is None else self._origin(otherwise, known)
                return self._origin(then, known) | other
            case ir.Block(items=(*before, last)) if not isinstance(last, ir.Bind):
                for item in before:
                    self.use(item, known)
                return self._origin(last, known)
            case ir.ArrayOf(items=items):
                return _NOTHING.union(*(self._origin(item, known) for item in items))
            case ir.Call(procedure=ir.Variable(name=name)) if name in _KNOWN_CALLS:
                return self._call(name, node, known)
            case ir.Wildcard() | ir.Descendants():
                self.needs.whole |= known[""]
            case ir.Lambda(parameters=parameters, signature=None) if not _KNOWN_CALLS & {*parameters}:
                self.use(node.body, known)
            case ir.Bind(name=name, value=value) if name not in _KNOWN_CALLS:
                self.use(value, known)
            case ir.Constant() | ir.Regex() | ir.Negation() | ir.Binary() | ir.ObjectOf() | ir.Block():
                for child in children_of(node):
                    self.use(child, known)
            case _:  # a function that is itself a value: what it takes and who calls it is not followed
                self.needs.whole.add(())
        return _NOTHING

    def _path(self, node: ir.Path, known: Mapping[str, Paths]) -> Paths:
        here = known[""]
        for step in node.steps:
            if isinstance(step.node, ir.Sort):
                for term in step.node.terms:
                    self.use(term.node, {**known, "": here})
            else:
                here = self._origin(step.node, {**known, "": here})
            for stage in step.stages:
                self.use(stage, {**known, "": here})
        return here

    def _call(self, name: str, node: ir.Call, known: Mapping[str, Paths]) -> Paths:
        if name in LIBRARY and "-" in LIBRARY[name].signature and _may_take_context(name, len(node.arguments)):
            self.needs.whole |= known[""]
        first, *others = node.arguments or (None,)
        function = others[0] if others else None
        if name in _OF_ELEMENTS and isinstance(function, ir.Lambda) and len(function.parameters) == 1 and first:
            elements = self._origin(first, known)
            self.use(function, {**known, function.parameters[0]: elements})
            return elements if name in _PASSING_ON else _NOTHING
        origins = [self._origin(argument, known) for argument in node.arguments]
        if name in _COUNTING or (name in _PASSING_ON and name not in _OF_ELEMENTS):
            return _NOTHING if name in _COUNTING else _NOTHING.union(*origins)
        if name == "id":  # of an object it asks for its id alone
            origins = [frozenset((*path, "id") for path in origin) for origin in origins]
        self.needs.whole.update(*origins)
        return _NOTHING


def _may_take_context(name: str, arguments: int) -> bool:
    """Whether a built-in may take the context for an argument, and look into it: a text or number it takes is known."""
    takes_any = LIBRARY[name].signature[1] in "xo"
    return arguments == 0 or (takes_any and name != "string" and arguments < LIBRARY[name].arity)
