"""Python and JavaScript, as the writer of a mapping needs them: a few statements and literals each.

A text in a value has one of these kinds, which say how to see that it is missing:
`always` (never missing), `text` (missing or empty), `some` (missing), `object` and `list` (a local that may be empty),
`json` (missing; else any JSON without nulls and empties, a list of which is spliced into a list).
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

from workbench.mapping.compact import write_compact
from workbench.mapping.expression.ir import Node
from workbench.mapping.expression.node_writer import framed
from workbench.mapping.expression.writer import Helper, JavaScriptWriter, PythonWriter, Scope, Writer
from workbench.mapping.shortcuts import has_shortcut, write_shortcut

__all__ = ["HELPERS", "Dialect", "Kind", "Lines", "Value", "write_leaf"]

Kind = Literal["always", "text", "some", "object", "list", "json"]


class Value(NamedTuple):
    """The source text of a value, and how to see that it is missing."""

    text: str
    kind: Kind


def write_leaf(writer: Writer, node: Node, scope: Scope) -> str:
    """The source text of what an expression gives, with what is missing as None or undefined.

    Raises:
        FaultError: the expression lies outside the portable profile.
    """
    if isinstance(writer, PythonWriter) and has_shortcut(node, scope, writer.helpers):
        return write_shortcut(writer, node, scope)
    if isinstance(writer, JavaScriptWriter) and (text := write_compact(writer, node, scope)) is not None:
        return text
    return writer.leaf(node, framed(writer, (node,), scope))


class Dialect(Protocol):
    """What differs between the two languages; the writer says the rest once."""

    missing: str
    is_compact: bool  # an expression is one text, which may stand where it is used
    expressions: Writer

    def comment(self, text: str) -> None:
        """Write a comment."""

    def begin(self, line: int, number: int, title: str, expression: str, *, reports: bool) -> None:
        """Let a numbered part begin at a line that is written already, so that a fault can be placed.

        `reports` where the part may find a problem as well.
        """

    def let(self, name: str, text: str) -> None:
        """Give a new local its value."""

    def prune(self, text: str) -> str:
        """What an expression gave, without nulls and empties."""

    def declare(self, name: str) -> None:
        """Make a new local that is missing until it is assigned."""

    def assign(self, name: str, text: str) -> None:
        """Give a declared local another value."""

    def variable(self, name: str, taken: Container[str]) -> str:
        """The local that holds a variable of the mapping, other than those taken."""

    def is_true(self, local: str) -> str:
        """The condition that a local, a boolean or missing, is true."""

    def open_if(self, condition: str) -> None:
        """Begin what is done where a condition holds."""

    def open_else(self) -> None:
        """End it, and begin what is done otherwise."""

    def open_loop(self, element: str, index: str | None, source: str) -> None:
        """Begin what is done for each element; the index, where one is wanted, counts from 1."""

    def close(self) -> None:
        """End what was begun last."""

    def literal(self, value: Any) -> str:
        """A JSON value."""

    def object_of(self, entries: list[tuple[str, str]]) -> str:
        """An object with these entries."""

    def list_of(self, items: list[str]) -> str:
        """A list of these items."""

    def put(self, name: str, key: str, value: Value) -> None:
        """Set a property, unless the value is missing."""

    def append(self, name: str, value: Value) -> None:
        """Add to a list; a `json` or `list` value is spliced, a missing one is not added."""

    def optional(self, value: Value) -> str:
        """The value with every kind of empty turned into missing."""

    def all_present(self, values: list[Value]) -> str:
        """The condition that none of these locals is missing."""

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of the run-time functions, by its Python name."""

    def note(self, number: int, local: str) -> None:
        """Tell the trace what a part gave."""


_RUN: Final = re.compile(r"[(,] ?run[,)]")

HELPERS: Final[Mapping[str, Helper]] = {
    "money": Helper(runtime="money", javascript="money", least=2, most=2),
    "instant": Helper(runtime="instant", javascript="instant", least=1, most=1, kind="string"),
    "date": Helper(runtime="date", javascript="date", least=1, most=1, kind="string"),
    "code": Helper(runtime="code", javascript="code", least=2, most=2, kind="string"),
    "id": Helper(runtime="id_of", javascript="idOf", least=1, most=1, kind="string"),
}
"""The helpers of the language: what calls of them are written as."""


class Lines:
    """The lines of a function; the expression writer adds its own to the same."""

    def __init__(self, expressions: Writer) -> None:
        self.expressions = expressions

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        return self.expressions.lines

    def uses_run(self) -> bool:
        """Whether the lines use `run`, the budget of one run."""
        return any(_RUN.search(line) for line in self.lines if not line.lstrip().startswith(("#", "//")))

    def write(self, text: str) -> None:
        """Add a line at the present depth."""
        self.expressions.add(text)

    def indented(self, text: str) -> str:
        """A line at the present depth, not yet added."""
        self.expressions.add(text)
        return self.expressions.lines.pop()

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of the run-time functions, by its Python name."""
        notation = self.expressions.notation
        return notation.invocation(notation.runtime(function), arguments)
