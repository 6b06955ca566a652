"""Expressions of mappings as one readable JavaScript expression each; the one temporary is what fields are read of.

Covered are paths of names, variables, constants, operators, `?:`, `??`, and calls of helpers and built-in functions:
they call the runtime functions that the general text calls, in the same order. Any other expression goes the general
way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.library import LIBRARY
from workbench.mapping.expression.notation import is_plain_name
from workbench.mapping.expression.writer import Scope, Value, Writer

__all__ = ["or_null", "write_compact"]

_OPERATORS: Final = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo", "=": "equal", "!=": "unequal",
    "<": "less", "<=": "less_equal", ">": "more", ">=": "more_equal", "in": "inside",
}  # fmt: skip
_SURE: Final = frozenset({"=", "!=", "in"})
_OWN_NAMES: Final = {"sum": "total", "append": "joinedLists", "lookup": "lookupIn"}  # as functions.js has them
_COUNTS: Final = {"exists": 1, "not": 1, "boolean": 1, "sum": 1, "append": 2, "lookup": 2, "contains": 2, "count": 1}


_OR_MISSING: Final = " ?? undefined"  # null counts as missing
_FIELD: Final = re.compile(r"\(?([\w$]+\.[\w$]+) \?\? undefined\)?")


class _Uncovered(Exception):  # noqa: N818 - ends the attempt, is no error of its own
    pass


@dataclass(frozen=True, slots=True)
class _Code:
    text: str
    clean: bool = False  # no null of the data in it
    boolean: bool = False  # true, false or missing
    sure: bool = False  # never missing


def write_compact(writer: Writer, node: ir.Node, scope: Scope) -> str | None:
    """The source text of the expression's value, undefined for missing; None where it goes the general way."""
    used, lines, paths = set(writer.used), len(writer.lines), dict(scope.paths)
    try:
        text = _Compact(writer, scope).value(node).text
    except _Uncovered:
        writer.used = used
        del writer.lines[lines:]
        scope.paths.clear()
        scope.paths.update(paths)
        return None
    return _bare(text)


class _Compact:
    def __init__(self, writer: Writer, scope: Scope) -> None:
        self._writer = writer
        self._scope = scope
        self._writers: dict[type[ir.Node], Callable[[Any], _Code]] = {
            ir.Constant: self._constant,
            ir.Variable: self._variable,
            ir.Path: self._path,
            ir.Negation: lambda node: _Code(self._call("negative", self._clean(node.operand)), clean=True),
            ir.Binary: self._binary,
            ir.Choice: self._choice,
            ir.ArrayOf: self._array,
            ir.ObjectOf: self._object,
            ir.Block: self._block,
            ir.Call: self._function,
        }

    def value(self, node: ir.Node) -> _Code:
        """The code of a node."""
        if node.predicates or node.group is not None or node.keep_array or type(node) not in self._writers:
            raise _Uncovered
        return self._writers[type(node)](node)

    def _clean(self, node: ir.Node) -> str:
        code = self.value(node)
        return code.text if code.clean else self._call("clean", or_null(code.text))

    def _truth(self, node: ir.Node) -> str:
        code = self.value(node)
        if code.boolean:
            return code.text if code.sure else f"({code.text} === true)"
        return self._call("truthy", code.text if code.clean else self._call("clean", or_null(code.text)))

    def _call(self, name: str, *arguments: str) -> str:
        return self._writer.call(name, *(_bare(one) for one in arguments))

    def _constant(self, node: ir.Constant) -> _Code:
        if node.value is None or isinstance(node.value, float):
            raise _Uncovered
        return _Code(json.dumps(node.value), clean=True, boolean=isinstance(node.value, bool), sure=True)

    def _variable(self, node: ir.Variable) -> _Code:
        if node.name in ("", "$"):
            return _Code("event")
        slot = self._scope.variables.get(node.name)
        if slot is None or not slot.assigned or not slot.fixed:
            raise _Uncovered
        return _Code(slot.code)

    def _path(self, node: ir.Path) -> _Code:
        base, names, index = self._way(node)
        for name in names[:-1]:
            base = self._step(base, name)
        if index is None:
            return self._field(base, names[-1])
        return _Code(f"itemIn({_bare(base)}, {json.dumps(names[-1])}, {index})")

    def _way(self, node: ir.Path) -> tuple[str, list[str], int | None]:
        """What a path starts from, its names, and the constant index behind them."""
        first, *rest = node.steps
        if isinstance(first.node, ir.Name):
            base, rest = "event", [first, *rest]
        elif isinstance(first.node, ir.Variable) and rest and not first.stages:
            base = self.value(first.node).text
        else:
            raise _Uncovered
        names = [step.node.value for step in rest if isinstance(step.node, ir.Name) and not step.node.predicates]
        if node.keep_singleton or len(names) < len(rest) or any(step.stages for step in rest[:-1]):
            raise _Uncovered
        if not rest[-1].stages:
            return base, names, None
        stage, *others = rest[-1].stages
        index = stage.value if isinstance(stage, ir.Constant) and not stage.predicates and stage.group is None else None
        if others or type(index) is not int or abs(index) >= 2**31:
            raise _Uncovered
        return base, names, index

    def _step(self, base: str, name: str) -> str:
        """What a path has reached behind a name in its middle."""
        return f"step({_bare(base)}, {json.dumps(name)})"

    def _field(self, base: str, name: str) -> _Code:
        """A field at the end of a path; what the object is, is asked once for all its fields."""
        if not is_plain_name(name):
            return _Code(f"field({_bare(base)}, {json.dumps(name)})")
        known = self._scope.paths.get(f"{base}\0fields")
        if known is None:
            known = Value(code=self._writer.let(f"fieldsOf({_bare(base)})", "o"), pure=True)
            self._scope.paths[f"{base}\0fields"] = known
        return _Code(f"({known.code}.{name}{_OR_MISSING})")

    def _binary(self, node: ir.Binary) -> _Code:
        sign = node.operator
        if sign in ("and", "or"):
            text = f"({self._truth(node.left)} {'&&' if sign == 'and' else '||'} {self._truth(node.right)})"
            return _Code(text, clean=True, boolean=True, sure=True)
        if sign == "=" and isinstance(node.right, ir.Constant) and isinstance(node.right.value, str):
            left = or_null(self.value(node.left).text)
            return _Code(f"({left} === {self.value(node.right).text})", True, True, True)
        left, right = self._clean(node.left), self._clean(node.right)
        if sign == "&":
            return _Code(self._call("concat", left, right), clean=True, sure=True)
        if sign not in _OPERATORS:
            raise _Uncovered
        is_boolean = _OPERATORS[sign] not in ("add", "subtract", "multiply", "divide", "modulo")
        return _Code(self._call(_OPERATORS[sign], left, right), True, is_boolean, sign in _SURE)

    def _choice(self, node: ir.Choice) -> _Code:
        condition = node.condition
        asks = isinstance(condition, ir.Call) and _name(condition) == "exists" and "exists" not in self._scope.variables
        if (
            asks
            and isinstance(condition, ir.Call)
            and condition.arguments == (node.then,)
            and node.otherwise is not None
        ):
            first, second = self.value(node.then), self.value(node.otherwise)
            first = replace(first, text=or_null(first.text))
            rest = _bare(second.text) if " ?? " in second.text and " ? " not in second.text else second.text
            return _Code(f"({first.text} ?? {rest})", first.clean and second.clean)
        test, then = self._truth(condition), self.value(node.then)
        otherwise = _Code("undefined", True, then.boolean) if node.otherwise is None else self.value(node.otherwise)
        known = _Code(
            "", then.clean and otherwise.clean, then.boolean and otherwise.boolean, then.sure and otherwise.sure
        )
        return replace(known, text=f"({_bare(test)} ? {_bare(then.text)} : {_bare(otherwise.text)})")

    def _array(self, node: ir.ArrayOf) -> _Code:
        if node.cons or not all(isinstance(item, ir.Constant) for item in node.items):
            raise _Uncovered
        return _Code(f"[{', '.join(self.value(item).text for item in node.items)}]", clean=True, sure=True)

    def _object(self, node: ir.ObjectOf) -> _Code:
        keys = [key.value for key, _ in node.pairs if isinstance(key, ir.Constant) and isinstance(key.value, str)]
        values = [value for _, value in node.pairs if isinstance(value, ir.Constant)]
        if not len(node.pairs) == len(keys) == len(values) == len(set(keys)):
            raise _Uncovered
        if any(key == "__proto__" or key.startswith("_jsonata_") for key in keys):
            raise _Uncovered
        pairs = (f"{_key(key)}: {self.value(item).text}" for key, item in zip(keys, values, strict=True))
        return _Code(f"{{ {', '.join(pairs)} }}", clean=True, sure=True)

    def _block(self, node: ir.Block) -> _Code:
        if len(node.items) != 1 or isinstance(node.items[0], ir.Bind):
            raise _Uncovered
        return self.value(node.items[0])

    def _function(self, node: ir.Call) -> _Code:
        name = _name(node)
        if name is None or node.piped or name in self._scope.variables:
            raise _Uncovered
        if name in self._writer.helpers:
            given = [_bare(or_null(self.value(one).text)) for one in node.arguments]
            helper = self._writer.helpers[name]
            if not helper.least <= len(given) <= helper.most:
                raise _Uncovered
            return _Code(f"{helper.javascript}({', '.join(given)})")
        if name not in LIBRARY or _COUNTS.get(name) != len(node.arguments):
            raise _Uncovered
        return self._built_in(name, node.arguments)

    def _built_in(self, name: str, arguments: tuple[ir.Node, ...]) -> _Code:
        if name == "exists":
            found = self.value(arguments[0]).text
            asked = or_null(found)
            return _Code(f"({found} !== undefined)" if asked == found else f"({asked} != null)", True, True, True)
        if name == "sum" and isinstance(arguments[0], ir.Path):
            base, names, index = self._way(arguments[0])
            if index is None and len(names) > 1:
                for middle in names[:-1]:
                    base = self._step(base, middle)
                return _Code(f"totalIn({_bare(base)}, {json.dumps(names[-1])})", clean=True)
        given = [self._clean(one) for one in arguments]
        if name in _OWN_NAMES:
            first = ["run"] if name == "append" else []
            return _Code(f"{_OWN_NAMES[name]}({', '.join([*first, *map(_bare, given)])})", clean=True)
        built_in = LIBRARY[name]
        run, signature = ("run" if built_in.run else "null"), json.dumps(built_in.signature)
        call = self._call("checked", run, self._writer.runtime(built_in.runtime), signature, "null", *given)
        if built_in.result in ("any", "sequence"):
            call = self._call("collapse", call)
        return _Code(call, True, built_in.result == "boolean", built_in.always)


def or_null(text: str) -> str:
    """The text where null may stand for missing, as it is in the event."""
    found = _FIELD.fullmatch(text)
    return found[1] if found else text


def _name(node: ir.Call) -> str | None:
    procedure = node.procedure
    plain = isinstance(procedure, ir.Variable) and not procedure.predicates and procedure.group is None
    return procedure.name if plain and isinstance(procedure, ir.Variable) else None


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key)


def _bare(text: str) -> str:
    """The text without parentheses around the whole of it."""
    return text[1:-1] if text.startswith("(") and _closes_last(text) else text


def _closes_last(text: str) -> bool:
    """Whether the parenthesis that opens the text is closed by its last sign; quoted signs do not count."""
    depth, quoted, place = 0, False, 0
    while place < len(text):
        sign = text[place]
        if quoted:
            place += sign == "\\"
            quoted = sign != '"'
        elif sign == '"':
            quoted = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if depth == 0:
                return place == len(text) - 1
        place += 1
    return False
