"""The commonest expressions of mappings, written so that their common case costs next to nothing in Python.

A shortcut is taken for a whole expression or not at all, and gives for every event what the general way gives: where
the data is not of the common kind, the functions it calls go that way. JavaScript always goes it; the tests compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.path_writer import write_middle
from workbench.mapping.expression.writer import Scope, Value, Writer
from workbench.mapping.leaf_facts import type_of

__all__ = ["has_shortcut", "write_shortcut"]

_COMPARISONS: Final[Mapping[str, str]] = {">": "more_than", "<": "less_than", ">=": "least", "<=": "most"}
_ARITHMETIC: Final[Mapping[str, str]] = {"+": "plus", "-": "minus", "*": "times"}
_SURE: Final = frozenset({"=", "in", "and", "or"})  # true or false, never missing


def has_shortcut(node: ir.Node, scope: Scope, helpers: Mapping[str, Any]) -> bool:
    """Whether `write_shortcut` can write the expression."""

    def short(*nodes: ir.Node | None) -> bool:
        return all(one is None or has_shortcut(one, scope, helpers) for one in nodes)

    if not _is_plain(node):
        return False
    if isinstance(node, ir.Constant):
        return _is_text(node) or _is_integer(node)
    if isinstance(node, ir.Block):
        return len(node.items) == 1 and not isinstance(node.items[0], ir.Bind) and short(*node.items)
    if isinstance(node, ir.Variable):
        return _is_known(node, scope)
    if isinstance(node, ir.Path):
        return _way(node, scope) is not None
    if isinstance(node, ir.Negation):
        return short(node.operand)
    if isinstance(node, ir.Choice):
        return short(node.condition, node.then, node.otherwise)
    if isinstance(node, ir.Binary):
        return _has_binary(node, short)
    name = _called(node, scope)
    if name == "lookup" and isinstance(node, ir.Call):
        return len(node.arguments) == 2 and _is_table(node.arguments[0]) and short(node.arguments[1])
    if name in ("exists", "trim") and isinstance(node, ir.Call):
        return len(node.arguments) == 1 and short(*node.arguments)
    if name == "sum" and isinstance(node, ir.Call):
        return len(node.arguments) == 1 and isinstance(node.arguments[0], ir.Path) and short(*node.arguments)
    return name in helpers and isinstance(node, ir.Call) and short(*node.arguments[1 if name == "code" else 0 :])


def write_shortcut(writer: Writer, node: ir.Node, scope: Scope) -> str:
    """The source text of the expression's value, None for missing."""
    if isinstance(node, ir.Constant):
        return writer.constant(node.value)
    if isinstance(node, ir.Variable):
        return writer.leaf(node, scope)
    if isinstance(node, ir.Path):
        return _write_path(writer, node, scope)
    if isinstance(node, ir.Negation):
        return f"opposite({write_shortcut(writer, node.operand, scope)})"
    if isinstance(node, ir.Block):
        return write_shortcut(writer, node.items[0], scope)
    if isinstance(node, ir.Choice):
        return _write_choice(writer, node, scope)
    if isinstance(node, ir.Binary):
        return _write_binary(writer, node, scope)
    assert isinstance(node, ir.Call)
    return _write_call(writer, node, scope)


def _write_choice(writer: Writer, node: ir.Choice, scope: Scope) -> str:
    then = write_shortcut(writer, node.then, scope)
    otherwise = "None" if node.otherwise is None else write_shortcut(writer, node.otherwise, scope)
    condition = node.condition
    is_asked = isinstance(condition, ir.Call) and _called(condition, scope) == "exists"
    if is_asked and isinstance(condition, ir.Call) and condition.arguments == (node.then,) and not then.isidentifier():
        found = writer.fresh("t")
        return f"({found} if ({found} := {then}) is not None else {otherwise})"
    test = write_shortcut(writer, condition, scope)
    if type_of(condition) != "boolean":
        is_itself = f"{test}.__class__ is bool or {test}.__class__ is str"
        test = f"({test} if {is_itself} else holds({test}))" if test.isidentifier() else f"holds({test})"
    return f"({then} if {test} else {otherwise})"


def _write_truth(writer: Writer, node: ir.Node, scope: Scope) -> str:
    """What `$boolean` says of an expression."""
    text = write_shortcut(writer, node, scope)
    if type_of(node) != "boolean":
        return f"holds({text})"
    is_sure = (isinstance(node, ir.Binary) and node.operator in _SURE) or _called(node, scope) == "exists"
    return text if is_sure else f"({text} is True)"


def _has_binary(node: ir.Binary, short: Callable[..., bool]) -> bool:
    sides = (node.left, node.right)
    if node.operator == "&":
        return short(*sides) and all(_is_text(side) for side in sides if isinstance(side, ir.Constant))
    if node.operator == "=":
        is_text = isinstance(node.right, ir.Constant) and _is_plain(node.right) and _is_text(node.right)
        return is_text and isinstance(node.left, ir.Path) and short(node.left)
    if node.operator == "in":
        return _is_list_of_texts(node.right) and not isinstance(node.left, ir.Constant) and short(node.left)
    if node.operator in ("and", "or") or node.operator in _ARITHMETIC:
        return short(*sides)
    value = node.right.value if isinstance(node.right, ir.Constant) and _is_plain(node.right) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return node.operator in _COMPARISONS and is_number and short(node.left)


def _write_binary(writer: Writer, node: ir.Binary, scope: Scope) -> str:
    if node.operator in ("and", "or"):
        return f"({_write_truth(writer, node.left, scope)} {node.operator} {_write_truth(writer, node.right, scope)})"
    left = write_shortcut(writer, node.left, scope)
    if node.operator in _COMPARISONS:
        assert isinstance(node.right, ir.Constant)
        return f"{_COMPARISONS[node.operator]}({left}, {writer.constant(node.right.value)})"
    if isinstance(node.right, ir.ArrayOf):
        texts = [writer.constant(item.value) for item in node.right.items if isinstance(item, ir.Constant)]
        return f"one_of({left}, [{', '.join(texts)}])"
    right = write_shortcut(writer, node.right, scope)
    if node.operator in _ARITHMETIC:
        return f"{_ARITHMETIC[node.operator]}({left}, {right})"
    if node.operator == "=":
        return f"({left} == {right})"
    return f"text_after({left}, {right})" if isinstance(node.left, ir.Constant) else f"text_joined({left}, {right})"


def _write_call(writer: Writer, node: ir.Call, scope: Scope) -> str:
    name = _called(node, scope)
    if name == "exists":
        return f"({write_shortcut(writer, node.arguments[0], scope)} is not None)"
    if name == "sum":
        return _write_sum(writer, node.arguments[0], scope)
    if name == "trim":
        return f"trimmed({write_shortcut(writer, node.arguments[0], scope)})"
    if name == "lookup":
        return f"looked_up({_write_table(writer, node)}, {write_shortcut(writer, node.arguments[1], scope)})"
    assert name is not None
    arguments = [
        writer.constant(one.value) if isinstance(one, ir.Constant) else write_shortcut(writer, one, scope)
        for one in node.arguments
    ]
    return f"{writer.helpers[name].runtime}({', '.join(arguments)})"


def _write_sum(writer: Writer, node: ir.Node, scope: Scope) -> str:
    assert isinstance(node, ir.Path)
    way = _way(node, scope)
    assert way is not None
    base, names, index = way
    if index is not None or len(names) < 2:
        return f"total({write_shortcut(writer, node, scope)})"
    state = write_middle(writer, _base(writer, base, scope), names[:-1], scope)
    return f"total_in({state.code}, {names[-1]!r})"


def _is_table(node: ir.Node) -> bool:
    """Whether it is an object of constants, each name once."""
    if not isinstance(node, ir.ObjectOf) or not _is_plain(node):
        return False
    names = [key.value for key, _ in node.pairs if isinstance(key, ir.Constant) and _is_plain(key)]
    is_named = len({*names}) == len(node.pairs) and all(isinstance(name, str) and name.isidentifier() for name in names)
    return is_named and all(
        isinstance(value, ir.Constant) and (_is_text(value) or _is_integer(value)) for _, value in node.pairs
    )


def _write_table(writer: Writer, node: ir.Call) -> str:
    table = node.arguments[0]
    assert isinstance(table, ir.ObjectOf)
    pairs = [[writer.constant(one.value) for one in pair if isinstance(one, ir.Constant)] for pair in table.pairs]
    return "{" + ", ".join(f"{name}: {value}" for name, value in pairs) + "}"


def _write_path(writer: Writer, node: ir.Path, scope: Scope) -> str:
    way = _way(node, scope)
    assert way is not None
    base, names, index = way
    state = write_middle(writer, _base(writer, base, scope), names[:-1], scope)
    if index is None:
        return _write_field(writer, state, names[-1], scope)
    return f"item_in({state.code}, {names[-1]!r}, {index})"


def _write_field(writer: Writer, state: Value, name: str, scope: Scope) -> str:
    """A local with a field of an object; what the object is, is asked once for all its fields."""
    state = writer.named(state)
    fields = scope.paths.get(f"{state.code}\0fields")
    if fields is None:
        code = f"{state.code} if {state.code}.__class__ is dict else fields_of({state.code})"
        fields = scope.paths[f"{state.code}\0fields"] = Value(code=writer.let(code, "o"), pure=True)
    key = f"{fields.code}\0{name}\0field"
    if key not in scope.paths:
        scope.paths[key] = Value(code=writer.let(f"{fields.code}.get({name!r})"), pure=True)
    return scope.paths[key].code


def _base(writer: Writer, variable: ir.Variable | None, scope: Scope) -> Value:
    if variable is None:
        return Value(code=scope.context, raw=scope.raw, pure=scope.fixed_context)
    return writer.value(variable, scope)


def _way(node: ir.Path, scope: Scope) -> tuple[ir.Variable | None, tuple[str, ...], int | None] | None:
    """The variable a path starts from (None for the context), its names, and the constant index behind them."""
    first = node.steps[0]
    base = first.node if isinstance(first.node, ir.Variable) else None
    steps = node.steps if base is None else node.steps[1:]
    if (
        node.keep_singleton
        or not steps
        or (base and (first.stages or not _is_plain(base) or not _is_known(base, scope)))
    ):
        return None
    names = tuple(step.node.value for step in steps if isinstance(step.node, ir.Name) and _is_plain(step.node))
    if len(names) < len(steps) or any(step.stages for step in steps[:-1]) or len(steps[-1].stages) > 1:
        return None
    if not steps[-1].stages:
        return base, names, None
    stage = steps[-1].stages[0]
    index = stage.value if isinstance(stage, ir.Constant) and _is_plain(stage) else None
    return (base, names, index) if type(index) is int and abs(index) < 2**31 else None


def _called(node: ir.Node, scope: Scope) -> str | None:
    """The name of the function that is called, unless a variable has taken it."""
    procedure = node.procedure if isinstance(node, ir.Call) and not node.piped else None
    if isinstance(procedure, ir.Variable) and _is_plain(procedure) and procedure.name not in scope.variables:
        return procedure.name
    return None


def _is_known(node: ir.Variable, scope: Scope) -> bool:
    slot = scope.variables.get(node.name)
    return node.name in ("", "$") or (slot is not None and slot.assigned and slot.fixed and slot.raw)


def _is_list_of_texts(node: ir.Node) -> bool:
    is_list = isinstance(node, ir.ArrayOf) and _is_plain(node) and not node.cons
    items = node.items if isinstance(node, ir.ArrayOf) else ()
    return is_list and all(isinstance(item, ir.Constant) and _is_plain(item) and _is_text(item) for item in items)


def _is_integer(node: ir.Constant) -> bool:
    return type(node.value) is int and abs(node.value) < 2**53


def _is_text(node: ir.Constant) -> bool:
    return isinstance(node.value, str) and not any("\ud800" <= sign <= "\udfff" for sign in node.value)


def _is_plain(node: ir.Node) -> bool:
    """Whether the node is just itself: JSONata lets filters, groupings and [] follow anything."""
    return not node.predicates and node.group is None and not node.keep_array
