"""What is right JSONata but not portable, found in the IR: each with the nearest form that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import Fault, FaultError, refused
from workbench.mapping.expression.frames import bound_names
from workbench.mapping.expression.functions.picture_reader import unsupported
from workbench.mapping.expression.functions.values import LARGEST_SEQUENCE
from workbench.mapping.expression.patterns import checked_pattern

__all__ = ["check", "walk"]


def walk(node: Any) -> Iterator[ir.Node]:
    """The node and every node inside it."""
    if isinstance(node, ir.Node):
        yield node
    if isinstance(node, ir.Node | ir.Step | ir.Group | ir.SortTerm):
        for one in fields(node):
            if one.name != "span":
                yield from walk(getattr(node, one.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from walk(item)


def check(node: ir.Node) -> list[Fault]:
    """All that the profile refuses in an expression and that one node alone shows."""
    faults = []
    for part in walk(node):
        try:
            _check(part)
        except FaultError as error:
            faults.append(error.fault)
    return faults


def _check(node: ir.Node) -> None:
    if isinstance(node, ir.ArrayOf) and len(node.items) > 1:
        _check_binds(node.items)
    if isinstance(node, ir.ObjectOf) and (
        len(node.pairs) > 1 or any(not isinstance(key, ir.Constant) for key, _ in node.pairs)
    ):
        _check_binds(tuple(part for pair in node.pairs for part in pair))
    if node.group is not None:
        _check_binds(tuple(part for pair in node.group.pairs for part in pair))
    if isinstance(node, ir.Regex):
        checked_pattern(node)
    elif isinstance(node, ir.Binary) and node.operator == "..":
        ends = [
            end.value for end in (node.left, node.right) if isinstance(end, ir.Constant) and isinstance(end.value, int)
        ]
        if len(ends) == 2 and LARGEST_SEQUENCE <= ends[1] - ends[0] < 10_000_000:
            raise refused(
                node.span, "size", f"a list has at most {LARGEST_SEQUENCE} members here", "take a smaller range"
            )
    elif (
        isinstance(node, ir.Call)
        and isinstance(node.procedure, ir.Variable)
        and node.procedure.name in ("fromMillis", "toMillis")
    ):
        _check_picture(node, node.procedure.name)


def _check_binds(nodes: tuple[ir.Node, ...]) -> None:
    """Refuses a variable that one of several parts binds: JSONata evaluates them at the same time."""
    for node in nodes:
        if names := bound_names((node,)):
            way = "JSONata evaluates the parts of an array or object at the same time"
            message = f"{way}, so ${names[0]} may be bound too late"
            raise refused(node.span, "parallel-bind", message, f"bind it before: (${names[0]} := …; […])")


def _check_picture(node: ir.Call, name: str) -> None:
    """Refuses a picture that is no literal, or that has parts which are not portable."""
    if len(node.arguments) < 2:
        return
    picture = node.arguments[1]
    if not isinstance(picture, ir.Constant):
        raise refused(
            picture.span, "date-picture", "a picture must be written out", 'give it as a text: "[Y0001]-[M01]-[D01]"'
        )
    if isinstance(picture.value, str) and (reason := unsupported(picture.value, parsing=name == "toMillis")):
        remedy = "use Y M D d H h P m s f Z z with digits, and N n Nn names of months and days"
        raise refused(picture.span, "date-picture", f"this picture is not portable: {reason}", remedy)
