"""The writer's words in JavaScript. `undefined` stands for missing."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

from workbench.mapping.compact import or_null
from workbench.mapping.dialects import HELPERS, Lines, Value
from workbench.mapping.expression.writer import JavaScriptWriter

__all__ = ["JavaScript"]


class JavaScript(Lines):
    """Writes JavaScript. `undefined` stands for missing."""

    is_compact = True
    missing = "undefined"

    def __init__(self) -> None:
        super().__init__(JavaScriptWriter(helpers=HELPERS, indent=2))

    def comment(self, text: str) -> None:
        """Write a comment."""
        self.write(f"// {text}")

    def begin(self, line: int, number: int, title: str, expression: str, *, reports: bool) -> None:
        """Let a numbered part begin at a line that is written already; what took statements shows its expression."""
        is_long = any("= fieldsOf(" not in written for written in self.expressions.lines[line:])
        shown = f"{title} = {expression}" if is_long else title
        self.expressions.lines.insert(line, self.indented(f"at = {number}; // {shown}"))

    def let(self, name: str, text: str) -> None:
        """Give a new local its value."""
        self.write(f"const {name} = {text};")

    def prune(self, text: str) -> str:
        """What an expression gave, without nulls and empties."""
        return f"pruned({or_null(text)})"

    def declare(self, name: str) -> None:
        """Make a new local that is missing until it is assigned."""
        self.write(f"let {name};")

    def assign(self, name: str, text: str) -> None:
        """Give a declared local another value."""
        self.write(f"{name} = {text};")

    def variable(self, name: str, taken: Container[str]) -> str:
        """The local that holds a variable of the mapping, other than those taken."""
        local, number = f"${name}", 2
        while local in taken:
            local, number = f"${name}_{number}", number + 1
        return local

    def is_true(self, local: str) -> str:
        """The condition that a local, a boolean or missing, is true."""
        return local  # true, false or undefined

    def open_if(self, condition: str) -> None:
        """Begin what is done where a condition holds."""
        self.write(f"if ({condition}) {{")
        self.expressions.depth += 1

    def open_else(self) -> None:
        """End it, and begin what is done otherwise."""
        self.expressions.depth -= 1
        self.write("} else {")
        self.expressions.depth += 1

    def open_loop(self, element: str, index: str | None, source: str) -> None:
        """Begin what is done for each element; the index, where one is wanted, counts from 1."""
        if index is None:
            self.write(f"for (const {element} of elementsOf({source})) {{")
            self.expressions.depth += 1
            return
        self.write(f"for (const [place, {element}] of elementsOf({source}).entries()) {{")
        self.expressions.depth += 1
        self.write(f"const {index} = place + 1;")

    def close(self) -> None:
        """End what was begun last."""
        self.expressions.depth -= 1
        self.write("}")

    def literal(self, value: Any) -> str:
        """A JSON value."""
        text = json.dumps(value, ensure_ascii=False)
        return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

    def object_of(self, entries: list[tuple[str, str]]) -> str:
        """An object with these entries."""
        inner = ", ".join(f"{_key(key)}: {text}" for key, text in entries)
        return f"{{ {inner} }}" if inner else "{}"

    def list_of(self, items: list[str]) -> str:
        """A list of these items."""
        return f"[{', '.join(items)}]"

    def put(self, name: str, key: str, value: Value) -> None:
        """Set a property, unless the value is missing."""
        assignment = (
            f"{name}.{key} = {value.text};" if key.isidentifier() else f"{name}[{json.dumps(key)}] = {value.text};"
        )
        self.write(assignment if value.kind == "always" else f"if ({self._held(value)}) {assignment}")

    def append(self, name: str, value: Value) -> None:
        """Add to a list; a `json` or `list` value is spliced, a missing one is not added."""
        if value.kind == "list":
            self.write(self._splice(name, value))
            return
        addition = f"{name}.push({value.text});"
        if value.kind != "json":
            self.write(addition if value.kind == "always" else f"if ({self._held(value)}) {addition}")
            return
        self.write(f"if (Array.isArray({value.text})) {self._splice(name, value)}")
        self.write(f"else if ({value.text} !== undefined) {addition}")

    def _splice(self, name: str, value: Value) -> str:
        return f"for (const item of {value.text}) {name}.push(item);"  # push(...) puts them on the stack: not 200,000

    def optional(self, value: Value) -> str:
        """The value with every kind of empty turned into missing."""
        texts = {
            "text": f"{value.text} || undefined",
            "object": f"filled({value.text})",
            "list": f"{value.text}.length ? {value.text} : undefined",
        }
        return texts.get(value.kind, value.text)

    def all_present(self, values: list[Value]) -> str:
        """The condition that none of these locals is missing."""
        return " && ".join(self._held(value) for value in values)

    def note(self, number: int, local: str) -> None:
        """Tell the trace what a part gave."""
        self.write(f"trace({number}, {local});")

    def _held(self, value: Value) -> str:
        texts = {
            "always": "true",
            "text": value.text,
            "some": f"{value.text} !== undefined",
            "object": f"filled({value.text})",
            "list": f"{value.text}.length",
            "json": f"{value.text} !== undefined",
        }
        return texts[value.kind]


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key)
