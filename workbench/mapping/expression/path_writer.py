"""How paths, filters, orderings, groupings and objects are written.

A path of plain names over objects becomes a row of field reads, one for each prefix, shared by every path that begins
alike; whatever else it meets is left to the runtime.
"""

from __future__ import annotations

from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.lambda_writer import function_of, function_of_node
from workbench.mapping.expression.object_writer import is_object, write_group
from workbench.mapping.expression.scopes import Scope, Value
from workbench.mapping.expression.writer import BEHIND, NODE_WRITERS, Writer

__all__ = ["write_middle", "write_names"]


def write_names(writer: Writer, base: Value, names: tuple[str, ...], scope: Scope) -> Value:
    """The value of a row of field names read from a base; prefixes that are read already are shared."""
    state = base
    for place, name in enumerate(names):
        last = place == len(names) - 1
        key = f"{state.code}\0{name}\0{'last' if last else 'mid'}"
        found = scope.paths.get(key) if state.pure else None
        if found is None:
            found = _read(writer, state, name, last)
            if state.pure:
                scope.paths[key] = found
                if last:
                    scope.paths.setdefault(f"{state.code}\0{name}\0seen", found)
        state = found
    return state


def _read(writer: Writer, state: Value, name: str, last: bool) -> Value:
    state = writer.named(state)
    notation = writer.notation
    slow = writer.call(
        "name_last" if last else "name_mid", state.code, writer.constant(name), writer.constant(state.raw)
    )
    if state.raw:
        slow = slow if notation.missing == "undefined" else writer.call("absent", slow)
    field = notation.field(state.code, name, raw=state.raw)
    if field.startswith("ownField"):
        writer.used.add("own_field")
    code = notation.conditional(is_object(writer, state.code), field, slow)
    return Value(code=writer.let(code), raw=state.raw, absent=state.raw, pure=True)


def _path(writer: Writer, node: ir.Path, scope: Scope) -> Value:
    base, steps = _base(writer, node, scope)
    names = _plain_names(steps)
    special = node.keep_singleton or node.keep_array or node.group is not None
    if names is not None and not special:
        return write_names(writer, base, names, scope) if names else base
    first = steps[0].node if steps else None
    if isinstance(first, ir.ArrayOf | ir.Block) and first.cons and steps is node.steps:
        value = _cons_path(writer, node, scope)
    else:
        value = _steps(writer, base, steps, scope, fresh=steps is node.steps)
    return _path_end(writer, node, value, scope)


def _path_end(writer: Writer, node: ir.Path, value: Value, scope: Scope) -> Value:
    if node.keep_singleton:
        value = replace(value, code=writer.call("keep_path", value.code), sequence=True)
    if node.group is not None:
        return write_group(writer, node.group, value, scope)
    return replace(value, sequence=True)


def _base(writer: Writer, node: ir.Path, scope: Scope) -> tuple[Value, tuple[ir.Step, ...]]:
    """The state that the path begins with, and the steps from there."""
    first = node.steps[0]
    if isinstance(first.node, ir.Variable) and not first.stages and (len(node.steps) > 1):
        value = writer.value(first.node, scope)
        if not _plain_names(node.steps[1:]):
            value = writer.settled(value)
        if isinstance(node.steps[1].node, ir.Name):
            return value, node.steps[1:]
        return replace(
            value, code=writer.call("spread_state", value.code, writer.constant(value.raw)), pure=False
        ), node.steps[1:]
    return Value(code=scope.context, raw=scope.raw, pure=scope.fixed_context), node.steps


def _plain_names(steps: tuple[ir.Step, ...]) -> tuple[str, ...] | None:
    """The names of the steps, if names are all they are."""
    names = tuple(step.node.value for step in steps if isinstance(step.node, ir.Name) and not step.stages)
    return names if len(names) == len(steps) else None


def _steps(writer: Writer, state: Value, steps: tuple[ir.Step, ...], scope: Scope, *, fresh: bool) -> Value:
    """The value of the steps, not yet collapsed."""
    place = 0
    while place < len(steps) - 1 and isinstance(steps[place].node, ir.Name) and not steps[place].stages:
        place += 1
    plain = _plain_names(steps[:place]) or ()
    if plain:
        state = write_middle(writer, state, plain, scope)
    elif fresh and (steps[0].stages or not isinstance(steps[0].node, ir.Name)):
        state = replace(state, code=writer.call("start", writer.settled(state).code), absent=False, pure=False)
    for at, step in enumerate(steps[place:], start=place):
        state = _step(writer, writer.settled(state), step, scope, last=at == len(steps) - 1)
    return state


def write_middle(writer: Writer, state: Value, names: tuple[str, ...], scope: Scope) -> Value:
    """The state after a row of field names that is not the end of a path; what is read already is shared."""
    for name in names:
        key = f"{state.code}\0{name}\0mid"
        found = scope.paths.get(key) if state.pure else None
        if found is None:
            found = _read(writer, state, name, last=False)
            if state.pure:
                scope.paths[key] = found
        state = found
    return state


def _step(writer: Writer, state: Value, step: ir.Step, scope: Scope, *, last: bool) -> Value:
    if isinstance(step.node, ir.Sort):
        return _sorted(writer, state, step, scope)
    if isinstance(step.node, ir.Name) and not step.stages:
        # only where the last name's sequence is still needed: [] or a grouping follows, or a sort went before
        code = writer.call(
            "name_open" if last else "name_mid",
            state.code,
            writer.constant(step.node.value),
            writer.constant(state.raw),
        )
        return replace(state, code=code, pure=False)
    function, raw = function_of(writer, lambda inner: _stepped(writer, step, inner), scope, raw=state.raw)
    code = writer.call(
        "step_last" if last else "step_mid",
        "run",
        state.code,
        function,
        writer.constant(state.raw),
        writer.constant(raw),
    )
    return Value(code=code, raw=raw)


def _stepped(writer: Writer, step: ir.Step, scope: Scope) -> Value:
    if isinstance(step.node, ir.Name):
        context = Value(code=scope.context, raw=scope.raw, pure=True)
        code = writer.call(
            "collapse",
            writer.call("lookup", context.code, writer.constant(step.node.value), writer.constant(scope.raw)),
        )
        value = Value(code=code, raw=scope.raw)
    else:
        value = writer.settled(writer.value(step.node, scope))
    return _filtered(writer, step.stages, value, scope)


def _filtered(writer: Writer, filters: tuple[ir.Node, ...], value: Value, scope: Scope) -> Value:
    for condition in filters:
        value = _filter(writer, condition, writer.settled(value), scope)
    return value


def _filter(writer: Writer, condition: ir.Node, value: Value, scope: Scope) -> Value:
    raw = writer.constant(value.raw)
    if (
        isinstance(condition, ir.Constant)
        and isinstance(condition.value, int | float)
        and not isinstance(condition.value, bool)
    ):
        place = int(condition.value // 1)
        return Value(
            code=writer.call("filter_at", value.code, writer.constant(place), raw), raw=value.raw, sequence=True
        )
    value = writer.named(value)
    function, _ = function_of(
        writer, lambda inner: writer.cleaned(writer.value(condition, inner)), scope, raw=value.raw
    )
    return Value(code=writer.call("filter_by", "run", value.code, function, raw), raw=value.raw, sequence=True)


def _write_behind(writer: Writer, node: ir.Node, value: Value, scope: Scope) -> Value:
    """The value with the filters and the grouping that hang behind a node that is no path."""
    if node.predicates:
        value = _filtered(writer, node.predicates, value, scope)
    if node.group is not None and not isinstance(node, ir.Path):
        value = write_group(writer, node.group, writer.settled(value), scope)
    return value


def _sorted(writer: Writer, state: Value, step: ir.Step, scope: Scope) -> Value:
    assert isinstance(step.node, ir.Sort)
    state = writer.named(state)
    terms = []
    for term in step.node.terms:
        function = function_of_node(writer, term.node, scope, raw=state.raw)
        terms.append(writer.notation.array([function, writer.constant(term.descending)]))
    code = writer.call("sort_by", "run", state.code, writer.notation.array(terms), writer.constant(state.raw))
    value = Value(code=code, raw=state.raw)
    return _filtered(writer, step.stages, value, scope)


def _cons_path(writer: Writer, node: ir.Path, scope: Scope) -> Value:
    """A path that begins with an array constructor: the array itself is what the next step goes through."""
    context = writer.let(writer.call("single_context", scope.context), "c")
    inner = replace(scope, context=context, wrapped=True)
    value = writer.settled(writer.value(node.steps[0].node, inner))
    value = writer.named(_filtered(writer, node.steps[0].stages, value, inner))
    if len(node.steps) == 1:
        return value
    state = writer.named(replace(value, code=writer.call("cons_state", value.code), pure=False))
    rest = _steps(writer, state, node.steps[1:], scope, fresh=False)
    return replace(rest, code=writer.call("cons_path", value.code, rest.code), pure=False)


def _wildcard(writer: Writer, node: ir.Wildcard, scope: Scope) -> Value:
    if scope.wrapped:
        message = "JSONata finds flags of its own with * in an array that begins a path"
        raise refused(node.span, "wrapped-wildcard", message, "bind it first: ($all := *; [$all].…)")
    return Value(code=writer.call("wildcard", scope.context, writer.constant(scope.raw)), raw=scope.raw, sequence=True)


def _descendants(writer: Writer, node: ir.Descendants, scope: Scope) -> Value:
    return Value(
        code=writer.call("descendants", "run", scope.context, writer.constant(scope.raw)), raw=scope.raw, sequence=True
    )


BEHIND.append(_write_behind)
NODE_WRITERS.update({ir.Path: _path, ir.Wildcard: _wildcard, ir.Descendants: _descendants})
