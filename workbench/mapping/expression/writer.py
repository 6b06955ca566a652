"""IR → source text, in either language: statements collect in `lines`, and each node gives an expression to use.

Both printers are this one class with another `Notation`, so what they write means the same by construction; the
functions that the text calls (`functions/*.py`, `runtime/*.js`) are the only part written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.notation import JAVASCRIPT, PYTHON, Notation
from workbench.mapping.expression.scopes import Helper, Scope, Slot, Value

__all__ = ["BEHIND", "NODE_WRITERS", "Helper", "JavaScriptWriter", "PythonWriter", "Scope", "Slot", "Value", "Writer"]


NodeWriter = Callable[["Writer", Any, Scope], Value]
NODE_WRITERS: Final[dict[type, NodeWriter]] = {}  # each writing module puts its own in
BEHIND: Final[
    list[Callable[[Writer, ir.Node, Value, Scope], Value]]
] = []  # what hangs behind a node: filters, a grouping


class Writer:
    """Writes nodes into one function body.

    `nulls="missing"` in a scope is its `raw`. `used` collects the runtime functions that the text calls.
    """

    def __init__(self, notation: Notation, *, helpers: Mapping[str, Helper] | None = None, indent: int = 1) -> None:
        self.notation = notation
        self.helpers = dict(helpers or {})
        self.lines: list[str] = []
        self.used: set[str] = set()
        self.depth = indent
        self._count = 0
        self._functions: list[tuple[set[str], set[str]]] = [
            (set(), set())
        ]  # names declared and outer names set, by function

    # -- values ---------------------------------------------------------------------------------------------------

    def value(self, node: ir.Node, scope: Scope) -> Value:
        """The value of a node, collapsed, with whatever hangs behind it applied."""
        value = self.open_value(node, scope)
        for write in BEHIND:
            value = write(self, node, value, scope)
        return self.collapsed(value, node.keep_array)

    def open_value(self, node: ir.Node, scope: Scope) -> Value:
        """The value of the node itself, which may still be a sequence."""
        return NODE_WRITERS[type(node)](self, node, scope)

    def clean(self, node: ir.Node, scope: Scope) -> str:
        """Code of the node's value with nothing as MISSING (undefined) and no null of the data left in it."""
        return self.cleaned(self.value(node, scope)).code

    def leaf(self, node: ir.Node, scope: Scope) -> str:
        """Code of the node's value with nothing as None (undefined), which is what a mapping wants at a leaf."""
        value = self.value(node, scope)
        said = value.absent or value.sure or self.notation.missing == "undefined"
        return value.code if said else self.call("absent", value.code)

    def collapsed(self, value: Value, keep: bool = False) -> Value:
        """The value with a sequence of one as its member, of none as nothing."""
        if not value.sequence:
            return value
        return replace(value, code=self.call("kept" if keep else "collapse", value.code), sequence=False, pure=False)

    def settled(self, value: Value) -> Value:
        """The value with nothing as MISSING."""
        if not value.absent:
            return value
        return replace(self.named(value), code=self.notation.settled(self.named(value).code), absent=False, pure=False)

    def cleaned(self, value: Value) -> Value:
        """The value with nothing as MISSING and the data's nulls gone from inside it."""
        if not value.raw:
            return self.settled(value)
        if value.kind:
            return replace(self.settled(value), raw=False)
        return replace(value, code=self.call("clean", value.code), raw=False, absent=False, pure=False)

    def named(self, value: Value) -> Value:
        """The value under a name, so that its code can be used more than once."""
        if value.pure:
            return value
        return replace(value, code=self.let(value.code), pure=True)

    def then(self, first: Value, write: Callable[[], Value]) -> tuple[Value, Value]:
        """Two values in the order in which JSONata evaluates them."""
        mark = len(self.lines)
        second = write()
        if len(self.lines) > mark and not first.pure:
            name = self.fresh("t")
            self.lines.insert(mark, self._indented(self.notation.let(name, first.code)))
            first = replace(first, code=name, pure=True)
        return first, second

    def values(self, nodes: Iterable[ir.Node], scope: Scope, *, clean: bool = True) -> list[Value]:
        """The values of nodes in the order in which JSONata evaluates them, the data's nulls gone if `clean`."""
        done: list[Value] = []
        marks: list[int] = []
        for node in nodes:
            before = len(self.lines)
            value = self.value(node, scope)
            value = self.cleaned(value) if clean else value
            if len(self.lines) > before:
                self._name_earlier(done, marks, before)
            done.append(value)
            marks.append(len(self.lines))
        return done

    def _name_earlier(self, done: list[Value], marks: list[int], end: int) -> None:
        """Gives a name to each value whose code would otherwise run after statements that follow it."""
        for place in reversed(range(len(done))):
            if not done[place].pure:
                name = self.fresh("t")
                self.lines.insert(min(marks[place], end), self._indented(self.notation.let(name, done[place].code)))
                done[place] = replace(done[place], code=name, pure=True)

    # -- text -----------------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: str) -> str:
        """A call of a runtime function."""
        return self.notation.invocation(self.runtime(name), arguments)

    def runtime(self, name: str) -> str:
        """The name of a runtime function, noted as used."""
        self.used.add(name)
        return self.notation.runtime(name)

    def constant(self, value: Any) -> str:
        """A literal."""
        return self.notation.constant(value)

    def fresh(self, prefix: str) -> str:
        """A name not used before."""
        self._count += 1
        return f"{prefix}{self._count}"

    def let(self, code: str, prefix: str = "t") -> str:
        """A new name for the value of some code."""
        name = self.fresh(prefix)
        self.add(self.notation.let(name, code))
        return name

    def add(self, line: str) -> None:
        """Appends a statement."""
        self.lines.append(self._indented(line))

    def _indented(self, line: str) -> str:
        return "    " * self.depth + line if self.notation.missing == "MISSING" else "  " * self.depth + line

    def _open(self, line: str) -> None:
        self.add(line)
        self.depth += 1

    def _close(self) -> None:
        self.depth -= 1
        if self.notation.close:
            self.add(self.notation.close)

    @contextmanager
    def when(self, test: str) -> Iterator[None]:
        """The lines written inside run only if the test holds."""
        self._open(self.notation.when(test))
        mark = len(self.lines)
        yield
        if len(self.lines) == mark and not self.notation.close:
            self.add("pass")
        self._close()

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """The lines written inside run if the test of the `when` before did not hold."""
        if self.notation.close:
            self.lines.pop()
            self._open("} else {")
        else:
            self._open("else:")
        mark = len(self.lines)
        yield
        if len(self.lines) == mark and not self.notation.close:
            self.add("pass")
        self._close()

    @contextmanager
    def function(self, name: str, parameters: list[str]) -> Iterator[None]:
        """The lines written inside are the body of a function."""
        self._open(self.notation.function(name, parameters))
        mark = len(self.lines)
        self._functions.append((set(), set()))
        yield
        declared, outer = self._functions.pop()
        if foreign := sorted(outer - declared):
            if not self.notation.close:
                self.lines.insert(mark, self._indented(f"nonlocal {', '.join(foreign)}"))
            self._functions[-1][1].update(set(foreign) - self._functions[-1][0])
        self.depth -= 1
        if self.notation.close:
            self.add("};")

    def give(self, code: str) -> None:
        """Ends a function with a value."""
        self.add(self.notation.give(code))

    def variable(self, prefix: str, code: str) -> str:
        """A new name that can be set again."""
        name = self.fresh(prefix)
        self._functions[-1][0].add(name)
        self.add(self.notation.variable(name, code))
        return name

    def set(self, name: str, code: str) -> None:
        """Sets a name made by `variable`."""
        self._functions[-1][1].add(name)
        self.add(self.notation.again(name, code))


class PythonWriter(Writer):
    """A writer of Python."""

    def __init__(self, *, helpers: Mapping[str, Helper] | None = None, indent: int = 1) -> None:
        super().__init__(PYTHON, helpers=helpers, indent=indent)


class JavaScriptWriter(Writer):
    """A writer of JavaScript."""

    def __init__(self, *, helpers: Mapping[str, Helper] | None = None, indent: int = 1) -> None:
        super().__init__(JAVASCRIPT, helpers=helpers, indent=indent)
