"""Which variables a block binds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from workbench.mapping.expression import ir

__all__ = ["bound_names"]


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
