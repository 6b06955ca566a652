"""The intermediate form of an expression: what both printers, and every analysis, read.

Paths are flat: a row of steps, each with its own filters. A node also carries what JSONata attaches to any expression:
`predicates` ([…] behind something that is no path), `group` ({…} behind it) and `keep_array` ([] behind it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.mapping.expression.faults import Span

__all__ = [
    "Apply",
    "ArrayOf",
    "Binary",
    "Bind",
    "Block",
    "Call",
    "Choice",
    "Constant",
    "Descendants",
    "Group",
    "Hole",
    "Lambda",
    "Name",
    "Negation",
    "Node",
    "ObjectOf",
    "Partial",
    "Path",
    "Regex",
    "Sort",
    "SortTerm",
    "Step",
    "Variable",
    "Wildcard",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Any part of an expression."""

    span: Span = field(compare=False)
    predicates: tuple[Node, ...] = ()
    group: Group | None = None
    keep_array: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`{key: value, …}` behind an expression: its items, gathered by key."""

    pairs: tuple[tuple[Node, Node], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Node):
    """A text, number, boolean or null."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """The field of that name; stands only as a step of a path."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcard(Node):
    """`*`, the values of all fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descendants(Node):
    """`**`, the value itself and everything inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable(Node):
    """`$name`; the empty name is the context `$`, and `$` is the whole input `$$`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex(Node):
    """`/pattern/flags`, flags of i and m."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a path and the filters right behind it."""

    node: Node
    stages: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Node):
    """`a.b.c`; `keep_singleton` where a `[]` in it keeps a single result a list."""

    steps: tuple[Step, ...]
    keep_singleton: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTerm:
    """One key of an ordering."""

    node: Node
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Node):
    """`^(…)`; stands only as a step of a path."""

    terms: tuple[SortTerm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation(Node):
    """`-x`."""

    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayOf(Node):
    """`[a, b]`; `cons` where it is the first or last step of a path, which then does not flatten it."""

    items: tuple[Node, ...]
    cons: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOf(Node):
    """`{key: value, …}`."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """`left operator right`; operators + - * / % = != < <= > >= & and or in .. ."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Node):
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Node):
    """`(a; b; c)`, the value of the last, with a scope of its own for variables."""

    items: tuple[Node, ...]
    cons: bool = False  # holds a path that begins with an array constructor


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind(Node):
    """`$name := value`."""

    name: str
    value: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """`procedure(arguments)`; `piped` where the first argument came from the left of `~>`."""

    procedure: Node
    arguments: tuple[Node, ...]
    piped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole(Node):
    """`?` among the arguments of a partial application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Node):
    """`procedure(?, 2)`, a function of what stands at the holes."""

    procedure: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda(Node):
    """`function($a, $b) { body }`."""

    parameters: tuple[str, ...]
    body: Node
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Node):
    """`left ~> function`, where the right side is no call."""

    left: Node
    right: Node
