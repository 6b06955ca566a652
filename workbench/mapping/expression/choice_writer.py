"""How a choice between two expressions is written."""

from __future__ import annotations

from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.operator_writer import truth
from workbench.mapping.expression.scopes import Scope, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["write_choice"]


def write_choice(writer: Writer, node: ir.Choice, scope: Scope) -> Value:
    """The value of `condition ? then : otherwise`."""
    test = truth(writer, writer.value(node.condition, scope))
    yes_lines, yes = _in_branch(writer, node.then, scope)
    no_lines, no = _in_branch(writer, node.otherwise, scope)
    yes, no = _alike(writer, yes, no, yes_lines, no_lines)
    loose = yes.loose or no.loose
    known = Value(
        code="",
        kind=yes.kind if yes.kind == no.kind else None,
        sure=yes.sure and no.sure,
        raw=yes.raw,
        absent=yes.absent,
        sequence=loose,
        loose=loose,
    )
    if not yes_lines and not no_lines:
        return replace(known, code=writer.notation.conditional(test, yes.code, no.code))
    result = writer.fresh("t")
    if writer.notation.close:
        writer.add(f"let {result};")
    for lines, value, opening in ((yes_lines, yes, writer.when(test)), (no_lines, no, None)):
        with opening or writer.otherwise():
            writer.lines.extend(lines)
            writer.add(writer.notation.again(result, value.code))
    return replace(known, code=result, pure=True)


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
    with scope.apart():
        value = writer.value(node, scope.branch())
    writer.depth -= 1
    lines = writer.lines[mark:]
    del writer.lines[mark:]
    return lines, value


NODE_WRITERS[ir.Choice] = write_choice
