"""The tree that the parser builds, as the text has it; `lowering` turns it into the IR."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.mapping.expression.faults import Span

__all__ = ["Syntax"]


@dataclass(slots=True, eq=False)
class Syntax:
    """One piece of the text; which fields are set depends on `kind`.

    kinds: name, variable, string, number, value, regex, operator, end, binary, unary, condition, function, partial,
    lambda, block, transform, wildcard, descendant, parent; `lowering` adds path, bind, apply and sort.
    """

    kind: str
    value: Any
    span: Span
    left: Any = None  # Syntax, or pairs of an object constructor
    right: Any = None  # Syntax, pairs of a grouping, or terms of a sort
    items: list[Any] = field(default_factory=list)  # arguments, expressions of a block or array, steps of a path
    condition: Syntax | None = None
    then: Syntax | None = None
    otherwise: Syntax | None = None
    keep_array: bool = False
    # what lowering adds
    predicates: list[Any] = field(default_factory=list)
    stages: list[Any] = field(default_factory=list)
    group: Any = None
    cons: bool = False
    keep_singleton: bool = False
