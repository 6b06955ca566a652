"""How objects and groupings are written."""

from __future__ import annotations

from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.lambda_writer import function_of_node
from workbench.mapping.expression.scopes import Scope, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["is_object", "write_group"]


def _object(writer: Writer, node: ir.ObjectOf, scope: Scope) -> Value:
    keys = [key.value if isinstance(key, ir.Constant) else None for key, _ in node.pairs]
    plain = all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)
    if not plain or any(str(key).startswith("_jsonata_") for key in keys):
        context = Value(code=scope.context, raw=scope.raw, pure=True)
        return write_group(writer, ir.Group(pairs=node.pairs, span=node.span), context, scope)
    inner = _object_scope(writer, scope)
    name = writer.let("{}", "o")
    for key, (_, value_node) in zip(keys, node.pairs, strict=True):
        _put(writer, name, str(key), value_node, inner)
    return Value(code=name, sure=True, pure=True)


def _put(writer: Writer, name: str, key: str, node: ir.Node, scope: Scope) -> None:
    value = writer.cleaned(writer.value(node, scope))
    line = writer.notation.put(name, key, value.code)
    if line.startswith("putField"):
        writer.used.add("put_field")
    if value.sure:
        writer.add(line)
        return
    value = writer.named(value)
    line = writer.notation.put(name, key, value.code)
    with writer.when(writer.notation.inverse(f"({writer.notation.is_missing(value.code)})")):
        writer.add(line)


def _object_scope(writer: Writer, scope: Scope) -> Scope:
    """The context of an object's values: of a list, its items together."""
    if scope.context == scope.this == scope.whole:
        return scope
    if scope.this != scope.context:
        return replace(scope, context=scope.this)
    key = f"{scope.context}\0together"
    if key not in scope.paths:
        code = writer.notation.conditional(
            is_object(writer, scope.context),
            scope.context,
            writer.call("group_context", scope.context, writer.constant(scope.raw)),
        )
        scope.paths[key] = Value(code=writer.let(code, "c"), raw=scope.raw, pure=True)
    name = scope.paths[key].code
    return replace(scope, context=name, this=name)


def write_group(writer: Writer, group: ir.Group, value: Value, scope: Scope) -> Value:
    """The value of a grouping behind a value."""
    value = writer.named(value)
    pairs = []
    for pair in group.pairs:
        functions = [function_of_node(writer, part, scope, raw=value.raw) for part in pair]
        pairs.append(writer.notation.array(functions))
    code = writer.call("group_by", "run", value.code, writer.notation.array(pairs), writer.constant(value.raw))
    return Value(code=code, sure=True)


def is_object(writer: Writer, code: str) -> str:
    """Code of whether some code's value is an object."""
    if writer.notation.close:
        writer.used.add("is_object")
    return writer.notation.is_kind(code, "object")


NODE_WRITERS[ir.ObjectOf] = _object
