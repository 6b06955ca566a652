"""FHIR's invariants that simple FHIRPath can say, compiled to functions of a JSON object.

Supported: paths, `exists() empty() not() count() hasValue() startsWith() contains() where() all() isDistinct()
trace()`, literals, `= != in < <= > >=`, `and or xor implies`. An invariant that needs more (`descendants()`,
`resolve()`, `%resource`, type tests, text surgery) is not compiled: `compile_invariant` gives None and Medplum's own
validator must be asked.

A result that is empty in FHIRPath (a comparison with something absent) counts as kept.

Sources: FHIR R4 conformance-rules.html#constraints; FHIRPath 2.0 §5–6.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from workbench.fhir.definitions import children

__all__ = ["Invariant", "compile_invariant"]


class Invariant(NamedTuple):
    """A compiled invariant; of an object that has none of its names the answer is known beforehand."""

    names: frozenset[str]  # the properties it looks at
    kept_when_absent: bool
    is_kept: Callable[[dict[str, Any]], bool]


_Collection = list[Any]
_Node = Callable[[Any], _Collection]  # the focus → a collection

_TOKEN: Final = re.compile(
    r"\s*(?:('(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|(\$this|[A-Za-z_]\w*)|(!=|<=|>=|[=<>().,|&+%-])|(\S))"
)
_COMPARISONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_ZONED: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?")


class _UnsupportedError(Exception):
    """This expression needs more FHIRPath than is compiled here."""


def compile_invariant(type_name: str, expression: str) -> Invariant | None:
    """An invariant of a type, ready to judge JSON objects; None where it cannot be compiled.

    >>> invariant = compile_invariant("Period", "start.hasValue().not() or end.hasValue().not() or (start <= end)")
    >>> invariant.is_kept({"start": "2026-02-01", "end": "2026-01-01"})
    False
    """
    try:
        parser = _Parser(type_name, expression)
        root = parser.implication()
        parser.expect_end()
    except _UnsupportedError:
        return None

    def is_kept(node: dict[str, Any]) -> bool:
        return _truth(root(node)) is not False

    return Invariant(frozenset(parser.names), is_kept({}), is_kept)


class _Parser:
    """Recursive descent over FHIRPath's operators, loosest first; every method gives a `_Node`."""

    def __init__(self, type_name: str, expression: str) -> None:
        self.type_name = type_name
        self.tokens = [match.group().strip() for match in _TOKEN.finditer(expression)]
        self.position = 0
        self.names: set[str] = set()  # first steps of paths

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            return ""
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise _UnsupportedError

    def expect_end(self) -> None:
        if self.peek():
            raise _UnsupportedError

    def implication(self) -> _Node:
        left = self.disjunction()
        while self.take("implies"):
            left = _logic("implies", left, self.disjunction())
        return left

    def disjunction(self) -> _Node:
        left = self.conjunction()
        while word := self.take("or", "xor"):
            left = _logic(word, left, self.conjunction())
        return left

    def conjunction(self) -> _Node:
        left = self.comparison()
        while self.take("and"):
            left = _logic("and", left, self.comparison())
        return left

    def comparison(self) -> _Node:
        left = self.path()
        if word := self.take("=", "!="):
            return _equality(word == "=", left, self.path())
        if word := self.take(*_COMPARISONS):
            return _order(word, left, self.path())
        if self.take("in"):
            return _membership(left, self.listing())
        return left

    def listing(self) -> _Node:
        self.expect("(")
        parts = [self.path()]
        while self.take("|"):
            parts.append(self.path())
        self.expect(")")
        return lambda focus: [value for part in parts for value in part(focus)]

    def path(self) -> _Node:
        node = self.atom()
        while self.take("."):
            name = self.take()
            node = self.function(name, node) if self.peek() == "(" else _step([name], node)
        return node

    def atom(self) -> _Node:
        word = self.take()
        if word == "(":
            inner = self.implication()
            self.expect(")")
            return inner
        if word.startswith("'"):
            text = re.sub(r"\\(.)", r"\1", word[1:-1])
            return lambda _focus: [text]
        if word[:1].isdigit():
            number = float(word)
            return lambda _focus: [number]
        if word in {"true", "false"}:
            return lambda _focus: [word == "true"]
        if word == "$this" and not self.type_name:
            return lambda focus: [focus]
        if re.fullmatch(r"[a-z]\w*", word) is None:
            raise _UnsupportedError
        if self.peek() == "(" and not self.type_name:  # on the whole object it would look at no name
            return self.function(word, lambda focus: [focus])
        names = _json_names(word, self.type_name)
        self.names.update(names)
        return _property(*names) if len(names) == 1 else _step(names, lambda focus: [focus])

    def function(self, name: str, source: _Node) -> _Node:
        self.expect("(")
        criterion = None
        if self.peek() != ")":
            # Inside where() and all() the focus is another type: its names are looked up as they stand.
            outer, self.type_name = self.type_name, ""
            criterion = self.implication()
            self.type_name = outer
        self.expect(")")
        return _call(name, source, criterion)


def _json_names(name: str, type_name: str) -> list[str]:
    """The JSON names of an element: `value` of a type with `value[x]` stands for `valueString` and its kin."""
    return [child.name for child in children(type_name).values() if child.choice == f"{name}[x]"] or [name]


def _property(name: str) -> _Node:
    def look(focus: Any) -> _Collection:
        child = focus.get(name) if isinstance(focus, dict) else None
        return child if isinstance(child, list) else [] if child is None else [child]

    return look


def _step(names: list[str], source: _Node) -> _Node:
    wanted = frozenset(names)

    def step(focus: Any) -> _Collection:
        found: _Collection = []
        for value in source(focus):
            for key in wanted & value.keys() if isinstance(value, dict) else ():
                child = value[key]
                found.extend(child if isinstance(child, list) else [] if child is None else [child])
        return found

    return step


def _call(name: str, source: _Node, criterion: _Node | None) -> _Node:
    plain: dict[str, Callable[[_Collection], _Collection]] = {
        "exists": lambda values: [bool(values)],
        "empty": lambda values: [not values],
        "count": lambda values: [len(values)],
        "hasValue": lambda values: [len(values) == 1 and not isinstance(values[0], dict)],
        "not": lambda values: [] if _truth(values) is None else [not _truth(values)],
        "isDistinct": lambda values: [all(value not in values[:index] for index, value in enumerate(values))],
    }
    if criterion is None and name in plain:
        apply = plain[name]
        return lambda focus: apply(source(focus))
    if name == "trace":  # FHIR's own debugging aid: gives back what it is called on
        return source
    if criterion is not None and name == "where":
        return lambda focus: [value for value in source(focus) if _truth(criterion(value))]
    if criterion is not None and name == "all":
        return lambda focus: [all(_truth(criterion(value)) is not False for value in source(focus))]
    if criterion is not None and name in {"startsWith", "contains"}:
        test = str.startswith if name == "startsWith" else str.__contains__
        return lambda focus: [test(text, criterion(focus)[0]) for text in source(focus) if isinstance(text, str)]
    raise _UnsupportedError


def _truth(values: _Collection) -> bool | None:
    """FHIRPath's reading of a collection as a condition: empty is None, one value that is no boolean is true."""
    if not values:
        return None
    return values[0] if isinstance(values[0], bool) else True


def _logic(word: str, left: _Node, right: _Node) -> _Node:
    def join(focus: Any) -> _Collection:
        first, second = _truth(left(focus)), _truth(right(focus))
        if word == "xor":
            return [] if first is None or second is None else [first is not second]
        if word == "implies":
            first, second = (None if first is None else not first), second
        if word == "and":
            return [False] if first is False or second is False else [] if None in (first, second) else [True]
        return [True] if first is True or second is True else [] if None in (first, second) else [False]

    return join


def _equality(equal: bool, left: _Node, right: _Node) -> _Node:
    def compare(focus: Any) -> _Collection:
        first, second = left(focus), right(focus)
        return [] if not first or not second else [(first == second) is equal]

    return compare


def _order(word: str, left: _Node, right: _Node) -> _Node:
    test = _COMPARISONS[word]

    def compare(focus: Any) -> _Collection:
        first, second = left(focus), right(focus)
        return [test(first[0], second[0])] if first and second and _comparable(first[0], second[0]) else []

    return compare


def _comparable(first: Any, second: Any) -> bool:
    """Numbers, and dates of one form: of two precisions or zones the order of their texts says nothing."""
    if isinstance(first, str) and isinstance(second, str):
        return (
            len(first) == len(second) and _ZONED.fullmatch(first) is not None and _ZONED.fullmatch(second) is not None
        )
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in (first, second))


def _membership(left: _Node, right: _Node) -> _Node:
    def contained(focus: Any) -> _Collection:
        first = left(focus)
        return [first[0] in right(focus)] if first else []

    return contained
