"""What differs between the two languages a writer can write: signs, names, and how a statement looks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

__all__ = ["JAVASCRIPT", "PYTHON", "Notation", "is_plain_name"]

# names that every JavaScript object answers to, so that the plain field is not enough
_PROTOTYPE: Final = frozenset(
    ["__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor",
     "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf"]
)  # fmt: skip
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def is_plain_name(key: str) -> bool:
    """Whether `object.key` is right in JavaScript, and only ever an object's own field."""
    return key not in _PROTOTYPE and _IDENTIFIER.fullmatch(key) is not None


class Notation(Protocol):
    """How one language writes what both can say; each method gives source text."""

    missing: str
    null: str
    both: str
    either: str
    open: str
    close: str

    def runtime(self, name: str) -> str:
        """The name of a runtime function, given in Python's manner."""
        ...

    def constant(self, value: Any) -> str:
        """A literal."""
        ...

    def conditional(self, test: str, yes: str, no: str) -> str:
        """One value or another."""
        ...

    def inverse(self, test: str) -> str:
        """A test the other way round."""
        ...

    def is_missing(self, code: str) -> str:
        """Whether a value is nothing."""
        ...

    def is_absent(self, code: str) -> str:
        """Whether a value is null or nothing, as a field of raw data is."""
        ...

    def is_kind(self, code: str, kind: str) -> str:
        """Whether a value is of a JSON kind, or a function."""
        ...

    def same_text(self, code: str, text: str) -> str:
        """Whether a value is this very text."""
        ...

    def field(self, name: str, key: str, *, raw: bool) -> str:
        """The field of an object; raw data gives null for nothing."""
        ...

    def put(self, name: str, key: str, code: str) -> str:
        """A statement that sets a field."""
        ...

    def settled(self, name: str) -> str:
        """A field of raw data with nothing as nothing."""
        ...

    def let(self, name: str, code: str) -> str:
        """A statement that names a value for good."""
        ...

    def variable(self, name: str, code: str) -> str:
        """A statement that names a value which will change."""
        ...

    def again(self, name: str, code: str) -> str:
        """A statement that changes it."""
        ...

    def when(self, test: str) -> str:
        """The line that opens a conditional block."""
        ...

    def function(self, name: str, parameters: Sequence[str]) -> str:
        """The line that opens a function."""
        ...

    def give(self, code: str) -> str:
        """A statement that ends a function."""
        ...

    def array(self, items: Sequence[str]) -> str:
        """A list."""
        ...

    def tuple(self, items: Sequence[str]) -> str:
        """A fixed list."""
        ...

    def invocation(self, function: str, arguments: Sequence[str]) -> str:
        """A call."""
        ...


class _Python:
    """Python 3.11."""

    missing = "MISSING"
    null = "None"
    both = " and "
    either = " or "
    open = ":"
    close = ""
    _classes: Final = {"string": "str", "boolean": "bool", "object": "dict", "function": "Function"}

    def runtime(self, name: str) -> str:
        return name

    def constant(self, value: Any) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return ascii(value)

    def conditional(self, test: str, yes: str, no: str) -> str:
        return f"({yes} if {test} else {no})"

    def inverse(self, test: str) -> str:
        return f"not {test}"

    def is_missing(self, code: str) -> str:
        return f"{code} is MISSING"

    def is_absent(self, code: str) -> str:
        return f"{code} is None"

    def is_kind(self, code: str, kind: str) -> str:
        if kind == "number":
            return f"({code}.__class__ is int or {code}.__class__ is float)"
        return f"isinstance({code}, list)" if kind == "array" else f"{code}.__class__ is {self._classes[kind]}"

    def same_text(self, code: str, text: str) -> str:
        return f"({code} == {text!a})"

    def field(self, name: str, key: str, *, raw: bool) -> str:
        return f"{name}.get({key!a})" if raw else f"{name}.get({key!a}, MISSING)"

    def put(self, name: str, key: str, code: str) -> str:
        return f"{name}[{key!a}] = {code}"

    def settled(self, name: str) -> str:
        return f"(MISSING if {name} is None else {name})"

    def let(self, name: str, code: str) -> str:
        return f"{name} = {code}"

    variable = let
    again = let

    def when(self, test: str) -> str:
        return f"if {test}:"

    def function(self, name: str, parameters: Sequence[str]) -> str:
        return f"def {name}({', '.join(parameters)}):"

    def give(self, code: str) -> str:
        return f"return {code}"

    def array(self, items: Sequence[str]) -> str:
        return f"[{', '.join(items)}]"

    def tuple(self, items: Sequence[str]) -> str:
        return f"({''.join(f'{item}, ' for item in items)})"

    def invocation(self, function: str, arguments: Sequence[str]) -> str:
        return f"{function}({', '.join(arguments)})"


class _JavaScript:
    """JavaScript as Node 20, Deno and a bare vm context run it."""

    missing = "undefined"
    null = "null"
    both = " && "
    either = " || "
    open = " {"
    close = "}"

    def runtime(self, name: str) -> str:
        first, *rest = name.split("_")
        return name if name.isupper() else first + "".join(part.capitalize() for part in rest)

    def constant(self, value: Any) -> str:
        if isinstance(value, float):
            if not math.isfinite(value):
                return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
            return (
                repr(int(value))
                if value.is_integer() and value and abs(value) < 1e21
                else "-0"
                if value == 0
                else repr(value)
            )
        return json.dumps(value)

    def conditional(self, test: str, yes: str, no: str) -> str:
        return f"({test} ? {yes} : {no})"

    def inverse(self, test: str) -> str:
        return (
            f"!{test}"
            if test.isidentifier() or test.startswith("(") or (test.endswith(")") and " " not in test.partition("(")[0])
            else f"!({test})"
        )

    def is_missing(self, code: str) -> str:
        return f"{code} === undefined"

    def is_absent(self, code: str) -> str:
        return f"{code} == null"

    def is_kind(self, code: str, kind: str) -> str:
        if kind in ("array", "object", "function"):
            return f"{ {'array': 'Array.isArray', 'object': 'isObject', 'function': 'isFunction'}[kind] }({code})"
        return f'typeof {code} === "{kind}"'

    def same_text(self, code: str, text: str) -> str:
        return f"({code} === {json.dumps(text)})"

    def field(self, name: str, key: str, *, raw: bool) -> str:
        if key in _PROTOTYPE:
            return f"ownField({name}, {json.dumps(key)})"
        return f"{name}.{key}" if _IDENTIFIER.fullmatch(key) else f"{name}[{json.dumps(key)}]"

    def put(self, name: str, key: str, code: str) -> str:
        if key == "__proto__":
            return f"putField({name}, {json.dumps(key)}, {code});"
        return f"{name}.{key} = {code};" if _IDENTIFIER.fullmatch(key) else f"{name}[{json.dumps(key)}] = {code};"

    def settled(self, name: str) -> str:
        return f"({name} ?? undefined)"

    def let(self, name: str, code: str) -> str:
        return f"const {name} = {code};"

    def variable(self, name: str, code: str) -> str:
        return f"let {name} = {code};"

    def again(self, name: str, code: str) -> str:
        return f"{name} = {code};"

    def when(self, test: str) -> str:
        return f"if ({test}) {{"

    def function(self, name: str, parameters: Sequence[str]) -> str:
        return f"const {name} = ({', '.join(parameters)}) => {{"

    def give(self, code: str) -> str:
        return f"return {code};"

    def array(self, items: Sequence[str]) -> str:
        return f"[{', '.join(items)}]"

    tuple = array

    def invocation(self, function: str, arguments: Sequence[str]) -> str:
        return f"{function}({', '.join(arguments)})"


PYTHON: Final[Notation] = _Python()
JAVASCRIPT: Final[Notation] = _JavaScript()
