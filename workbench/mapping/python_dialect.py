"""The writer's words in Python. None stands for missing."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from workbench.mapping.dialects import HELPERS, Lines, Value
from workbench.mapping.expression.writer import PythonWriter

__all__ = ["Python"]


class Python(Lines):
    """Writes Python. None stands for missing."""

    is_compact = False
    missing = "None"

    def __init__(self) -> None:
        super().__init__(PythonWriter(helpers=HELPERS))
        self.parts: list[tuple[int, int]] = []  # (count of lines before, number) of each numbered part, in order

    def comment(self, text: str) -> None:
        """Write a comment."""
        self.write(f"# {text}")

    def begin(self, line: int, number: int, title: str, expression: str, *, reports: bool) -> None:
        """Let a numbered part begin at a line that is written already."""
        heading = [f"# {title} = {expression}", *([f"at = {number}"] if reports else [])]
        self.expressions.lines[line:line] = [self.indented(text) for text in heading]
        self.parts.append((line + 1, number))

    def let(self, name: str, text: str) -> None:
        """Give a new local its value."""
        self.write(f"{name} = {text}")

    def prune(self, text: str) -> str:
        """What an expression gave, without nulls and empties."""
        held = text if text.isidentifier() else self.expressions.let(text)
        return f"{held} if {held} is None or {held}.__class__ is str and {held} else pruned({held})"

    def declare(self, name: str) -> None:
        """Make a new local that is missing until it is assigned."""
        self.let(name, "None")

    assign = let

    def variable(self, name: str, taken: Container[str]) -> str:
        """The local that holds a variable of the mapping, other than those taken."""
        return _free(f"v_{name}", taken)

    def is_true(self, local: str) -> str:
        """The condition that a local, a boolean or missing, is true."""
        return f"{local} is True"

    def open_if(self, condition: str) -> None:
        """Begin what is done where a condition holds."""
        self.write(f"if {condition}:")
        self.expressions.depth += 1

    def open_else(self) -> None:
        """End it, and begin what is done otherwise."""
        self.close()
        self.write("else:")
        self.expressions.depth += 1

    def open_loop(self, element: str, index: str | None, source: str) -> None:
        """Begin what is done for each element; the index counts from 1."""
        elements = f"elements_of({source})"
        self.write(f"for {index}, {element} in enumerate({elements}, 1):" if index else f"for {element} in {elements}:")
        self.expressions.depth += 1

    def close(self) -> None:
        """End what was begun last."""
        said = next(line.strip() for line in reversed(self.lines) if not line.strip().startswith("#"))
        if said.endswith(":"):
            self.write("pass")
        self.expressions.depth -= 1

    def literal(self, value: Any) -> str:
        """A JSON value."""
        return repr(value)

    def object_of(self, entries: list[tuple[str, str]]) -> str:
        """An object with these entries."""
        return "{" + ", ".join(f"{key!r}: {text}" for key, text in entries) + "}"

    def list_of(self, items: list[str]) -> str:
        """A list of these items."""
        return f"[{', '.join(items)}]"

    def put(self, name: str, key: str, value: Value) -> None:
        """Set a property, unless the value is missing."""
        assignment = f"{name}[{key!r}] = {value.text}"
        self.write(assignment if value.kind == "always" else f"if {self._held(value)}: {assignment}")

    def append(self, name: str, value: Value) -> None:
        """Add to a list; a `json` or `list` value is spliced, a missing one is not added."""
        if value.kind == "list":
            self.write(f"{name} += {value.text}")
            return
        addition = f"{name}.append({value.text})"
        if value.kind != "json":
            self.write(addition if value.kind == "always" else f"if {self._held(value)}: {addition}")
            return
        self.write(f"if {value.text}.__class__ is list: {name} += {value.text}")
        self.write(f"elif {value.text} is not None: {addition}")

    def optional(self, value: Value) -> str:
        """The value with every kind of empty turned into missing."""
        return value.text if value.kind in ("always", "some", "json") else f"{value.text} or None"

    def all_present(self, values: list[Value]) -> str:
        """The condition that none of these locals is missing."""
        return " and ".join(self._held(value) for value in values)

    def note(self, number: int, local: str) -> None:
        """Tell the trace what a part gave."""
        self.write(f"trace({number}, {local})")

    def _held(self, value: Value) -> str:
        text = value.text
        if value.kind == "always":
            return "True"
        return f"{text} is not None" if value.kind in ("some", "json") else text


def _free(name: str, taken: Container[str]) -> str:
    number = 2
    while name in taken:
        name, number = f"{name.rstrip('0123456789')}{number}", number + 1
    return name
