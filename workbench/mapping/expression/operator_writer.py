"""How constants, operators, arrays and regular expressions are written."""

from __future__ import annotations

from typing import Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.patterns import checked_pattern
from workbench.mapping.expression.scopes import Scope, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["truth"]

_ARITHMETIC: Final = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_COMPARISONS: Final = {
    "=": "equal",
    "!=": "unequal",
    "<": "less",
    "<=": "less_equal",
    ">": "more",
    ">=": "more_equal",
    "in": "inside",
}


def truth(writer: Writer, value: Value) -> str:
    """Code of whether the value counts as true."""
    if value.kind == "boolean" and value.sure:
        return value.code
    if value.kind == "boolean":
        return f"{value.code} is True" if writer.notation.missing == "MISSING" else f"{value.code} === true"
    return writer.call("truthy", writer.cleaned(value).code)


def _constant(writer: Writer, node: ir.Constant, scope: Scope) -> Value:
    kinds = {str: "string", int: "number", float: "number", bool: "boolean"}
    return (
        Value(code=writer.constant(node.value), kind=kinds.get(type(node.value)), sure=True, pure=True)
        if node.value is not None
        else Value(code=writer.notation.null, sure=True, pure=True)
    )


def _negation(writer: Writer, node: ir.Negation, scope: Scope) -> Value:
    return Value(code=writer.call("negative", writer.clean(node.operand, scope)), kind="number")


def _binary(writer: Writer, node: ir.Binary, scope: Scope) -> Value:
    sign = node.operator
    if sign in ("and", "or"):
        return _logical(writer, node, scope)
    left, right = writer.then(
        writer.cleaned(writer.value(node.left, scope)), lambda: writer.cleaned(writer.value(node.right, scope))
    )
    if sign in _ARITHMETIC:
        return Value(code=writer.call(_ARITHMETIC[sign], left.code, right.code), kind="number")
    if sign == "&":
        return _concat(writer, node, left, right)
    if sign == "..":
        return Value(code=writer.call("range_of", "run", left.code, right.code), sequence=True)
    if sign == "=" and (plain := _equal_to_text(writer, node, left, right)):
        return plain
    return Value(
        code=writer.call(_COMPARISONS[sign], left.code, right.code), kind="boolean", sure=sign in ("=", "!=", "in")
    )


def _equal_to_text(writer: Writer, node: ir.Binary, left: Value, right: Value) -> Value | None:
    """`x = "text"`, where the language's own comparison does."""
    for constant, other in ((node.right, left), (node.left, right)):
        if isinstance(constant, ir.Constant) and isinstance(constant.value, str):
            return Value(code=writer.notation.same_text(other.code, constant.value), kind="boolean", sure=True)
    return None


def _concat(writer: Writer, node: ir.Binary, left: Value, right: Value) -> Value:
    return Value(code=writer.call("concat", left.code, right.code), kind="string", sure=True)


def _logical(writer: Writer, node: ir.Binary, scope: Scope) -> Value:
    left = truth(writer, writer.value(node.left, scope))
    mark = len(writer.lines)
    inner = scope.branch()
    result = writer.fresh("t")
    writer.depth += 1
    with scope.apart():
        right = truth(writer, writer.value(node.right, inner))
    writer.depth -= 1
    if len(writer.lines) == mark:
        joint = writer.notation.both if node.operator == "and" else writer.notation.either
        return Value(code=f"({left}{joint}{right})", kind="boolean", sure=True)
    tail = writer.lines[mark:]
    del writer.lines[mark:]
    writer.add(writer.notation.variable(result, left))
    with writer.when(result if node.operator == "and" else writer.notation.inverse(result)):
        writer.lines.extend(tail)
        writer.add(writer.notation.again(result, right))
    return Value(code=result, kind="boolean", sure=True, pure=True)


def _apply(writer: Writer, node: ir.Apply, scope: Scope) -> Value:
    left, right = writer.then(
        writer.cleaned(writer.value(node.left, scope)), lambda: writer.cleaned(writer.value(node.right, scope))
    )
    return Value(code=writer.call("apply_to", "run", left.code, right.code), sequence=True, loose=True)


def _array(writer: Writer, node: ir.ArrayOf, scope: Scope) -> Value:
    values = writer.values(node.items, scope)
    parts = []
    for item, value in zip(node.items, values, strict=True):
        if value.sure and (value.kind or isinstance(item, ir.ArrayOf)):
            parts.append(value.code)
        else:
            spread = "*" if not writer.notation.close else "..."
            parts.append(spread + writer.call("one_of" if isinstance(item, ir.ArrayOf) else "items_of", value.code))
    code = writer.notation.array(parts)
    if any(part.startswith(("*", "...")) for part in parts):
        code = writer.call("limited", code)
    return Value(code=writer.call("cons_of", code) if node.cons else code, sure=True)


def _regex(writer: Writer, node: ir.Regex, scope: Scope) -> Value:
    pattern = checked_pattern(node)
    if writer.notation.close:
        source = f"new RegExp({writer.constant(pattern.javascript)}, {writer.constant(pattern.flags + chr(103))})"
        code = writer.call("regex_of", "run", source, writer.constant(pattern.most))
    else:
        code = writer.call("regex_of", "run", writer.constant(pattern.python), writer.constant(pattern.most))
    return Value(code=code, kind="function", sure=True)


NODE_WRITERS.update(
    {
        ir.Constant: _constant,
        ir.Negation: _negation,
        ir.Binary: _binary,
        ir.Apply: _apply,
        ir.ArrayOf: _array,
        ir.Regex: _regex,
    }
)
