"""How variables are written, and the blocks that bind them."""

from __future__ import annotations

from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.frames import bound_names
from workbench.mapping.expression.library import LIBRARY, REFUSED_FUNCTIONS
from workbench.mapping.expression.scopes import Scope, Slot, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["framed", "identifier", "native_value", "run_node"]


def _variable(writer: Writer, node: ir.Variable, scope: Scope) -> Value:
    if node.name == "":
        return Value(code=scope.this, raw=scope.raw, pure=True, sequence=scope.this != scope.whole)
    if node.name == "$":
        return Value(code=scope.whole, raw=scope.raw, pure=True)
    slot = scope.variables.get(node.name)
    outer = None if slot is not None and slot.assigned else _unbound(writer, node, scope)
    if slot is None:
        assert outer is not None
        return outer
    if slot.assigned:
        return Value(
            code=slot.code, raw=slot.raw, absent=slot.absent, pure=slot.fixed, sequence=not slot.fixed or slot.loose
        )
    assert outer is not None
    test = (
        writer.notation.is_missing(slot.code)
        if outer.code == writer.notation.missing
        else f"{slot.code} {'is' if writer.notation.missing == 'MISSING' else '==='} {writer.runtime('UNBOUND')}"
    )
    return Value(code=writer.notation.conditional(test, outer.code, slot.code), sequence=True)


def _unbound(writer: Writer, node: ir.Variable, scope: Scope) -> Value:
    """What the name means outside the block that binds it."""
    slot = scope.variables.get(node.name)
    outer = scope.variables.get(f"{node.name} outside {slot.code}") if slot is not None else None
    if outer is not None and slot is not None:
        return _variable(writer, ir.Variable(name=f"{node.name} outside {slot.code}", span=node.span), scope)
    name = node.name.partition(" ")[0]
    if name in LIBRARY:
        return native_value(writer, name)
    if name in REFUSED_FUNCTIONS:
        construct, remedy = REFUSED_FUNCTIONS[name]
        raise refused(node.span, construct, f"${name} is not portable", remedy)
    if name in writer.helpers:
        raise refused(
            node.span, "helper-value", f"${name} can only be called", f"wrap it: function($x) {{ ${name}($x) }}"
        )
    if scope.bindings is None:
        return Value(code=writer.notation.missing, pure=True)
    return Value(code=writer.call("binding", scope.bindings, writer.constant(name)))


def native_value(writer: Writer, name: str) -> Value:
    """A built-in function as a value."""
    built_in = LIBRARY[name]
    run = "run" if built_in.run else writer.notation.null
    code = writer.call(
        "native",
        "run",
        writer.runtime(built_in.runtime),
        writer.constant(built_in.signature),
        writer.constant(built_in.arity),
        run,
    )
    return Value(code=code, kind="function", sure=True)


def framed(
    writer: Writer, nodes: tuple[ir.Node, ...], scope: Scope, parameters: dict[str, Slot] | None = None
) -> Scope:
    """The scope of a block: its own variables over those around it."""
    variables = dict(scope.variables)
    for name, slot in (parameters or {}).items():
        variables[name] = slot
    for name in bound_names(nodes):
        outside = variables.get(name)
        if parameters and name in parameters:
            variables[name].fixed = False
            continue
        start = (
            writer.notation.missing
            if outside is None and name not in LIBRARY and scope.bindings is None
            else writer.runtime("UNBOUND")
        )
        slot = Slot(code=writer.variable(identifier(name), start), fixed=False, assigned=False)
        variables[name] = slot
        if outside is not None:
            variables[f"{name} outside {slot.code}"] = outside
    return replace(scope, variables=variables)


def identifier(name: str) -> str:
    """The beginning of a name for a variable, in either language."""
    return "v_" + "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name) + "_"


def _block(writer: Writer, node: ir.Block, scope: Scope) -> Value:
    if not node.items:
        return Value(code=writer.notation.missing, pure=True)
    inner = framed(writer, node.items, scope)
    for item in node.items[:-1]:
        run_node(writer, item, inner)
    value = writer.value(node.items[-1], inner)
    return replace(value, sequence=value.loose)


def run_node(writer: Writer, node: ir.Node, scope: Scope) -> None:
    """Evaluates a node for what it does: a variable it binds, or an error it raises."""
    value = writer.value(node, scope)
    if not value.pure:
        writer.let(value.code)


def _bind(writer: Writer, node: ir.Bind, scope: Scope) -> Value:
    value = writer.named(writer.cleaned(writer.value(node.value, scope)))
    slot = scope.variables[node.name]
    writer.set(slot.code, value.code)
    slot.assigned = True
    return replace(value, sequence=value.loose)


NODE_WRITERS.update({ir.Variable: _variable, ir.Block: _block, ir.Bind: _bind})
