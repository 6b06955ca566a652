"""Syntax tree → IR: paths made flat, filters and groupings put where they belong, what is not portable refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import Fault, FaultError, Span, refused
from workbench.mapping.expression.syntax_tree import Syntax

__all__ = ["lower"]

_REFUSED: Final = {
    "transform": ("transform", "the transform |…|…| is not portable", "build the new object with { }"),
    "parent": ("parent", "the parent operator % is not portable", "bind the parent to a variable: a.($p := $; b.{…})"),
    "@": ("join", "joins with @ are not portable", "nest two $map calls, or filter by a variable"),
    "#": ("join", "positions with # are not portable", "use the second parameter of $map: function($item, $i)"),
}


def lower(tree: Syntax) -> ir.Node:
    """The IR of a syntax tree.

    Raises:
        FaultError: JSONata itself refuses the tree, or the portable profile does.
    """
    return _frozen(_processed(tree))


def _processed(node: Syntax) -> Syntax:
    if node.kind == "binary":
        made = _BINARY.get(node.value, _operator)(node)
    elif node.kind in ("transform", "parent"):
        raise refused(node.span, *_REFUSED[node.kind])
    elif node.kind == "name":
        made = Syntax("path", None, node.span, items=[node], keep_singleton=node.keep_array)
    elif node.kind == "end":
        raise FaultError(
            Fault(span=node.span, code="S0207", message="the expression ends too early", remedy="complete it")
        )
    else:
        made = _inside(node)
    made.keep_array = made.keep_array or node.keep_array
    return made


def _inside(node: Syntax) -> Syntax:
    """The node with its parts processed in place."""
    if node.kind == "unary" and node.value == "-":
        node.left = _processed(node.left)
        if node.left.kind == "number":
            node.left.value = _negative(node.left.value)
            negated: Syntax = node.left
            return negated
    elif node.kind == "unary" and node.value == "{":
        node.left = [(_processed(key), _processed(value)) for key, value in node.left]
    elif node.kind in ("function", "partial"):
        node.items = [_processed(item) for item in node.items]
        node.left = _processed(node.left)
    elif node.kind == "lambda":
        node.right = _processed(node.right)
    elif node.kind == "condition":
        _twice_readable(node)
        node.condition, node.then = _processed(_needed(node.condition)), _processed(_needed(node.then))
        node.otherwise = _processed(node.otherwise) if node.otherwise else None
    elif node.kind in ("block", "unary"):
        node.items = [_processed(item) for item in node.items]
        if node.kind == "block":
            node.cons = any(item.cons or (item.kind == "path" and item.items[0].cons) for item in node.items)
    return node


def _negative(value: Any) -> Any:
    return -0.0 if value == 0 else -value


def _needed(node: Syntax | None) -> Syntax:
    assert node is not None
    return node


def _twice_readable(node: Syntax) -> None:
    """JSONata 2.2 copies the left side of ?: and ?? as JSON, which loses regular expressions and signatures."""
    if node.value == "?":
        return
    for part in _walk(_needed(node.condition)):
        if part.kind == "regex" or (part.kind == "lambda" and part.value != "("):
            what = "a regular expression" if part.kind == "regex" else "a function signature"
            raise refused(
                part.span,
                "copied-regex",
                f"{what} left of {node.value} is damaged by JSONata itself",
                f"bind it first: ($m := …; $m {node.value} …)",
            )


def _walk(node: Any) -> Iterator[Syntax]:
    if isinstance(node, list | tuple):
        for item in node:
            yield from _walk(item)
    elif isinstance(node, Syntax):
        yield node
        for part in (node.left, node.right, node.items, node.condition, node.then, node.otherwise):
            yield from _walk(part)


# -- binary signs -------------------------------------------------------------------------------------------------


def _operator(node: Syntax) -> Syntax:
    node.left, node.right = _processed(node.left), _processed(node.right)
    return node


def _map(node: Syntax) -> Syntax:
    left = _processed(node.left)
    path = left if left.kind == "path" else Syntax("path", None, left.span, items=[left])
    right = _processed(node.right)
    if right.kind == "path":
        path.items.extend(right.items)
    else:
        right.stages, right.predicates = right.predicates, []
        path.items.append(right)
    for step in path.items:
        if step.kind in ("number", "value"):
            raise FaultError(
                Fault(
                    span=step.span,
                    code="S0213",
                    message="a number, true, false or null is no step of a path",
                    remedy='quote it: a."7"',
                )
            )
        if step.kind == "string":
            step.kind = "name"
    path.keep_singleton = path.keep_singleton or any(step.keep_array for step in path.items)
    for step in (path.items[0], path.items[-1]):
        if step.kind == "unary" and step.value == "[":
            step.cons = True
    path.span = Span(path.span.start, max(path.span.end, right.span.end))
    return path


def _predicate(node: Syntax) -> Syntax:
    made = _processed(node.left)
    step = made.items[-1] if made.kind == "path" else made
    if step.group is not None:
        raise FaultError(
            Fault(
                span=node.span,
                code="S0209",
                message="a filter cannot follow a grouping",
                remedy="put the grouping in ( )",
            )
        )
    (step.stages if made.kind == "path" else step.predicates).append(_processed(node.right))
    return made


def _group(node: Syntax) -> Syntax:
    made = _processed(node.left)
    if made.group is not None:
        raise FaultError(
            Fault(
                span=node.span, code="S0210", message="a step has one grouping at most", remedy="put the first in ( )"
            )
        )
    made.group = ([(_processed(key), _processed(value)) for key, value in node.right], node.span)
    return made


def _sort(node: Syntax) -> Syntax:
    left = _processed(node.left)
    path = left if left.kind == "path" else Syntax("path", None, left.span, items=[left])
    path.items.append(Syntax("sort", None, node.span, right=[(down, _processed(term)) for down, term in node.right]))
    return path


def _bind(node: Syntax) -> Syntax:
    node.right = _processed(node.right)
    node.kind = "bind"
    return node


def _apply(node: Syntax) -> Syntax:
    node.left, node.right = _processed(node.left), _processed(node.right)
    node.kind = "apply"
    node.keep_array = node.keep_array or node.left.keep_array or node.right.keep_array
    if node.right.kind == "function" and (node.right.predicates or node.right.group):
        raise refused(
            node.right.span,
            "chained-filter",
            "JSONata drops a filter behind the right side of ~>",
            "put the whole chain in ( ) before the filter",
        )
    return node


def _join(node: Syntax) -> Syntax:
    raise refused(node.span, *_REFUSED[node.value])


_BINARY: Final[dict[str, Callable[[Syntax], Syntax]]] = {
    ".": _map, "[": _predicate, "{": _group, "^": _sort, ":=": _bind, "~>": _apply, "@": _join, "#": _join,
}  # fmt: skip


# -- freezing -----------------------------------------------------------------------------------------------------


def _frozen(node: Syntax) -> ir.Node:
    common: dict[str, Any] = {
        "span": node.span,
        "predicates": tuple(_frozen(item) for item in node.predicates),
        "group": _frozen_group(node.group),
        "keep_array": node.keep_array,
    }
    return _FREEZERS[node.kind](node, common)


def _frozen_group(group: Any) -> ir.Group | None:
    return None if group is None else ir.Group(pairs=_frozen_pairs(group[0]), span=group[1])


def _frozen_pairs(pairs: Any) -> tuple[tuple[ir.Node, ir.Node], ...]:
    return tuple((_frozen(key), _frozen(value)) for key, value in pairs)


def _all(nodes: Any) -> tuple[ir.Node, ...]:
    return tuple(_frozen(node) for node in nodes)


def _freeze_unary(node: Syntax, common: dict[str, Any]) -> ir.Node:
    if node.value == "[":
        return ir.ArrayOf(items=_all(node.items), cons=node.cons, **common)
    if node.value == "{":
        return ir.ObjectOf(pairs=_frozen_pairs(node.left), **common)
    return ir.Negation(operand=_frozen(node.left), **common)


def _freeze_path(node: Syntax, common: dict[str, Any]) -> ir.Node:
    steps = tuple(ir.Step(node=_frozen(item), stages=_all(item.stages)) for item in node.items)
    return ir.Path(steps=steps, keep_singleton=node.keep_singleton, **common)


def _freeze_sort(node: Syntax, common: dict[str, Any]) -> ir.Node:
    return ir.Sort(terms=tuple(ir.SortTerm(node=_frozen(term), descending=down) for down, term in node.right), **common)


def _freeze_condition(node: Syntax, common: dict[str, Any]) -> ir.Node:
    otherwise = _frozen(node.otherwise) if node.otherwise else None
    return ir.Choice(
        condition=_frozen(_needed(node.condition)), then=_frozen(_needed(node.then)), otherwise=otherwise, **common
    )


def _freeze_lambda(node: Syntax, common: dict[str, Any]) -> ir.Node:
    names = tuple(item.value for item in node.items)
    return ir.Lambda(
        parameters=names, body=_frozen(node.right), signature=None if node.value == "(" else node.value, **common
    )


def _freeze_apply(node: Syntax, common: dict[str, Any]) -> ir.Node:
    left, right = _frozen(node.left), _frozen(node.right)
    if isinstance(right, ir.Call):
        return ir.Call(procedure=right.procedure, arguments=(left, *right.arguments), piped=True, **common)
    return ir.Apply(left=left, right=right, **common)


_FREEZERS: Final[dict[str, Callable[[Syntax, dict[str, Any]], ir.Node]]] = {
    "string": lambda node, common: ir.Constant(value=node.value, **common),
    "number": lambda node, common: ir.Constant(value=node.value, **common),
    "value": lambda node, common: ir.Constant(value=node.value, **common),
    "name": lambda node, common: ir.Name(value=node.value, **common),
    "wildcard": lambda node, common: ir.Wildcard(**common),
    "descendant": lambda node, common: ir.Descendants(**common),
    "variable": lambda node, common: ir.Variable(name=node.value, **common),
    "regex": lambda node, common: ir.Regex(pattern=node.value[0], flags=node.value[1], **common),
    "operator": lambda node, common: ir.Hole(**common),
    "unary": _freeze_unary,
    "path": _freeze_path,
    "sort": _freeze_sort,
    "condition": _freeze_condition,
    "lambda": _freeze_lambda,
    "apply": _freeze_apply,
    "function": lambda node, common: ir.Call(procedure=_frozen(node.left), arguments=_all(node.items), **common),
    "partial": lambda node, common: ir.Partial(procedure=_frozen(node.left), arguments=_all(node.items), **common),
    "block": lambda node, common: ir.Block(items=_all(node.items), cons=node.cons, **common),
    "bind": lambda node, common: ir.Bind(name=node.left.value, value=_frozen(node.right), **common),
    "binary": lambda node, common: ir.Binary(
        operator=node.value, left=_frozen(node.left), right=_frozen(node.right), **common
    ),
}
