"""How functions are written: lambdas, calls that end them, and the functions of one context that paths need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.call_writer import write_tail_call
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.node_writer import framed, identifier, run_node
from workbench.mapping.expression.operator_writer import truth
from workbench.mapping.expression.scopes import Scope, Slot, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["function_of", "function_of_node"]


def function_of(writer: Writer, write: Callable[[Scope], Value], scope: Scope, *, raw: bool) -> tuple[str, bool]:
    """The name of a new function of one context, and whether what it gives may hold nulls of the data."""
    name, context = writer.fresh("f"), writer.fresh("c")
    with writer.function(name, [context]):
        inner = replace(scope.branch(), context=context, this=context, raw=raw, fixed_context=True, wrapped=False)
        with scope.apart():
            value = writer.settled(write(inner))
        writer.give(value.code)
    return name, value.raw


def function_of_node(writer: Writer, node: ir.Node, scope: Scope, *, raw: bool) -> str:
    """The name of a new function of one context that gives the node's value, the data's nulls gone."""
    return function_of(writer, lambda inner: writer.cleaned(writer.value(node, inner)), scope, raw=raw)[0]


def _lambda(writer: Writer, node: ir.Lambda, scope: Scope) -> Value:
    name = writer.fresh("f")
    parameters: dict[str, Slot] = {}
    for parameter in node.parameters:
        parameters[parameter] = Slot(code=writer.fresh(identifier(parameter)), loose=True)
    python = not writer.notation.close
    declared = [f"{slot.code}=MISSING" if python else slot.code for slot in _declared(writer, node, parameters)]
    with writer.function(name, [*declared, *(["*_"] if python else [])]), scope.apart():
        _write_tail(writer, node.body, framed(writer, (node.body,), scope.branch(), parameters))
    signature = [writer.call("signature_of", writer.constant(node.signature))] if node.signature else []
    code = writer.call("function_of", name, writer.constant(len(node.parameters)), *signature)
    return Value(code=code, kind="function", sure=True)


def _declared(writer: Writer, node: ir.Lambda, parameters: dict[str, Slot]) -> list[Slot]:
    """The parameters in their order; of two with one name the last counts, as in JSONata."""
    last = {name: place for place, name in enumerate(node.parameters)}
    return [
        parameters[name] if last[name] == place else Slot(code=writer.fresh("unused"))
        for place, name in enumerate(node.parameters)
    ]


def _write_tail(writer: Writer, node: ir.Node, scope: Scope) -> None:
    """Writes a node whose value ends the function; a call there is left to the caller, so that it takes no depth."""
    if isinstance(node, ir.Choice):
        _write_tail_choice(writer, node, scope)
    elif isinstance(node, ir.Call) and _ends_in_call(node):
        if node.group:
            message = "JSONata drops a grouping behind the call that ends a function"
            raise refused(node.span, "tail-group", message, "put the call in ( )")
        writer.give(write_tail_call(writer, node, scope))
    elif isinstance(node, ir.Block) and node.items and not (node.predicates or node.group):
        inner = framed(writer, node.items, scope)
        for item in node.items[:-1]:
            run_node(writer, item, inner)
        _write_tail(writer, node.items[-1], inner)
    elif isinstance(node, ir.Block) and _ends_in_call(node):
        message = "JSONata loses a filter behind the block that ends a function"
        raise refused(node.span, "tail-filter", message, "bind the block to a variable first")
    else:
        writer.give(writer.cleaned(writer.value(node, scope)).code)


def _write_tail_choice(writer: Writer, node: ir.Choice, scope: Scope) -> None:
    test = truth(writer, writer.value(node.condition, scope))
    for branch, opening in ((node.then, writer.when(test)), (node.otherwise, None)):
        with opening or writer.otherwise(), scope.apart():
            if branch is None:
                writer.give(writer.notation.missing)
            else:
                _write_tail(writer, branch, scope.branch())


def _ends_in_call(node: ir.Node) -> bool:
    if isinstance(node, ir.Block):
        return bool(node.items) and _ends_in_call(node.items[-1])
    if isinstance(node, ir.Choice):
        return _ends_in_call(node.then) or (node.otherwise is not None and _ends_in_call(node.otherwise))
    return isinstance(node, ir.Call) and not node.piped and not node.predicates


NODE_WRITERS[ir.Lambda] = _lambda
