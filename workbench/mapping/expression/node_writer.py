"""How each kind of node is written, paths and calls apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.library import LIBRARY, REFUSED_FUNCTIONS
from workbench.mapping.expression.writer import NODE_WRITERS, Scope, Slot, Value, Writer

__all__ = ["bound_names", "native_value", "truth", "write_tail"]

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
        return Value(code=slot.code, raw=slot.raw, absent=slot.absent, pure=slot.fixed, sequence=not slot.fixed or slot.loose)
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
    assigned = _assignments(scope)
    right = truth(writer, writer.value(node.right, inner))
    _restore(assigned)
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


def _choice(writer: Writer, node: ir.Choice, scope: Scope) -> Value:
    test = truth(writer, writer.value(node.condition, scope))
    yes_lines, yes = _in_branch(writer, node.then, scope)
    no_lines, no = _in_branch(writer, node.otherwise, scope)
    yes, no = _alike(writer, yes, no, yes_lines, no_lines)
    known = {
        "kind": yes.kind if yes.kind == no.kind else None,
        "sure": yes.sure and no.sure,
        "raw": yes.raw,
        "absent": yes.absent,
        "loose": yes.loose or no.loose,
        "sequence": yes.loose or no.loose,
    }
    if not yes_lines and not no_lines:
        return Value(code=writer.notation.conditional(test, yes.code, no.code), **known)  # type: ignore[arg-type]
    result = writer.fresh("t")
    if writer.notation.close:
        writer.add(f"let {result};")
    for lines, value, opening in ((yes_lines, yes, writer.when(test)), (no_lines, no, None)):
        with opening or writer.otherwise():
            writer.lines.extend(lines)
            writer.add(writer.notation.again(result, value.code))
    return Value(code=result, pure=True, **known)  # type: ignore[arg-type]


def _alike(writer: Writer, yes: Value, no: Value, yes_lines: list[str], no_lines: list[str]) -> tuple[Value, Value]:
    """Both values in one manner of saying nothing and of holding the data's nulls."""
    if yes.raw == no.raw and yes.absent == no.absent:
        return yes, no
    made = []
    for value, lines in ((yes, yes_lines), (no, no_lines)):
        mark = len(writer.lines)
        writer.depth += 1
        made.append(writer.cleaned(value))
        writer.depth -= 1
        lines.extend(writer.lines[mark:])
        del writer.lines[mark:]
    return made[0], made[1]


def _in_branch(writer: Writer, node: ir.Node | None, scope: Scope) -> tuple[list[str], Value]:
    """The statements and the value of a node that may not run."""
    if node is None:
        return [], Value(code=writer.notation.missing, pure=True)
    mark = len(writer.lines)
    writer.depth += 1
    assigned = _assignments(scope)
    value = writer.value(node, scope.branch())
    _restore(assigned)
    writer.depth -= 1
    lines = writer.lines[mark:]
    del writer.lines[mark:]
    return lines, value


def _assignments(scope: Scope) -> list[tuple[Slot, bool]]:
    return [(slot, slot.assigned) for slot in scope.variables.values()]


def _restore(assigned: list[tuple[Slot, bool]]) -> None:
    for slot, before in assigned:
        slot.assigned = before


# -- blocks, variables, lambdas ------------------------------------------------------------------------------------


def bound_names(nodes: tuple[ir.Node, ...]) -> list[str]:
    """The variables that these nodes bind in the block they stand in, inner blocks and functions apart."""
    names: dict[str, None] = {}
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ir.Bind):
            names[node.name] = None
        if isinstance(node, ir.Block | ir.Lambda):
            waiting.extend(_behind(node))
        else:
            waiting.extend(_children(node))
    return list(names)


def _behind(node: ir.Node) -> Iterator[ir.Node]:
    yield from node.predicates
    if node.group is not None:
        for pair in node.group.pairs:
            yield from pair


def _children(node: ir.Node) -> Iterator[ir.Node]:
    yield from _behind(node)
    for one in fields(node):
        if one.name not in ("predicates", "group", "span"):
            yield from _nodes(getattr(node, one.name))


def _nodes(value: object) -> Iterator[ir.Node]:
    if isinstance(value, ir.Node):
        yield value
    elif isinstance(value, ir.Step):
        yield value.node
        yield from value.stages
    elif isinstance(value, ir.SortTerm):
        yield value.node
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


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
        slot = Slot(code=writer.variable(_identifier(name), start), fixed=False, assigned=False)
        variables[name] = slot
        if outside is not None:
            variables[f"{name} outside {slot.code}"] = outside
    return replace(scope, variables=variables)


def _identifier(name: str) -> str:
    return "v_" + "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name) + "_"


def _block(writer: Writer, node: ir.Block, scope: Scope) -> Value:
    if not node.items:
        return Value(code=writer.notation.missing, pure=True)
    inner = framed(writer, node.items, scope)
    for item in node.items[:-1]:
        _run(writer, item, inner)
    value = writer.value(node.items[-1], inner)
    return replace(value, sequence=value.loose)


def _run(writer: Writer, node: ir.Node, scope: Scope) -> None:
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


def _lambda(writer: Writer, node: ir.Lambda, scope: Scope) -> Value:
    name = writer.fresh("f")
    parameters: dict[str, Slot] = {}
    for parameter in node.parameters:
        parameters[parameter] = Slot(code=writer.fresh(_identifier(parameter)), loose=True)
    python = not writer.notation.close
    declared = [f"{slot.code}=MISSING" if python else slot.code for slot in _declared(writer, node, parameters)]
    with writer.function(name, [*declared, *(["*_"] if python else [])]):
        assigned = _assignments(scope)
        write_tail(writer, node.body, framed(writer, (node.body,), scope.branch(), parameters))
        _restore(assigned)
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


def write_tail(writer: Writer, node: ir.Node, scope: Scope) -> None:
    """Writes a node whose value ends the function; a call there is left to the caller, so that it takes no depth."""
    from workbench.mapping.expression.call_writer import write_tail_call

    decorated = bool(node.predicates or node.group)
    if isinstance(node, ir.Choice):
        test = truth(writer, writer.value(node.condition, scope))
        for branch, opening in ((node.then, writer.when(test)), (node.otherwise, None)):
            with opening or writer.otherwise():
                assigned = _assignments(scope)
                if branch is None:
                    writer.give(writer.notation.missing)
                else:
                    write_tail(writer, branch, scope.branch())
                _restore(assigned)
        return
    if isinstance(node, ir.Call) and not node.piped and not node.predicates:
        if node.group:
            raise refused(
                node.span,
                "tail-group",
                "JSONata drops a grouping behind the call that ends a function",
                "put the call in ( )",
            )
        writer.give(write_tail_call(writer, node, scope))
        return
    if isinstance(node, ir.Block) and node.items:
        if decorated and _ends_in_call(node.items[-1]):
            raise refused(
                node.span,
                "tail-filter",
                "JSONata loses a filter behind the block that ends a function",
                "bind the block to a variable first",
            )
        if not decorated:
            inner = framed(writer, node.items, scope)
            for item in node.items[:-1]:
                _run(writer, item, inner)
            write_tail(writer, node.items[-1], inner)
            return
    writer.give(writer.cleaned(writer.value(node, scope)).code)


def _ends_in_call(node: ir.Node) -> bool:
    if isinstance(node, ir.Block):
        return bool(node.items) and _ends_in_call(node.items[-1])
    if isinstance(node, ir.Choice):
        return _ends_in_call(node.then) or (node.otherwise is not None and _ends_in_call(node.otherwise))
    return isinstance(node, ir.Call) and not node.piped and not node.predicates


def _apply(writer: Writer, node: ir.Apply, scope: Scope) -> Value:
    left, right = writer.then(
        writer.cleaned(writer.value(node.left, scope)), lambda: writer.cleaned(writer.value(node.right, scope))
    )
    return Value(code=writer.call("apply_to", "run", left.code, right.code), sequence=True, loose=True)


def _array(writer: Writer, node: ir.ArrayOf, scope: Scope) -> Value:
    values = writer.all([_item(writer, item, scope) for item in node.items])
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


def _item(writer: Writer, node: ir.Node, scope: Scope) -> Callable[[], Value]:
    return lambda: writer.cleaned(writer.value(node, scope))


def _regex(writer: Writer, node: ir.Regex, scope: Scope) -> Value:
    from workbench.mapping.expression.patterns import checked_pattern

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
        ir.Variable: _variable,
        ir.Negation: _negation,
        ir.Binary: _binary,
        ir.Choice: _choice,
        ir.Block: _block,
        ir.Bind: _bind,
        ir.Lambda: _lambda,
        ir.Apply: _apply,
        ir.ArrayOf: _array,
        ir.Regex: _regex,
    }
)
