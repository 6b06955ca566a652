"""Text → a compiled expression: Python that runs here, JavaScript that runs in a bot, of one meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from workbench.errors import MappingSpecError
from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import FaultError, Span, refused
from workbench.mapping.expression.functions.values import Run, fault
from workbench.mapping.expression.javascript_runtime import runtime_source
from workbench.mapping.expression.library import LIBRARY
from workbench.mapping.expression.lowering import lower
from workbench.mapping.expression.node_writer import framed
from workbench.mapping.expression.parser import parse_syntax
from workbench.mapping.expression.profile import check
from workbench.mapping.expression.python_runtime import runtime_names
from workbench.mapping.expression.writer import JavaScriptWriter, PythonWriter, Scope, Writer

__all__ = ["Expression", "compile_expression", "parse"]

Nulls = Literal["value", "missing"]

_JAVASCRIPT = """\
(() => {{
"use strict";
{runtime}
return (data, bindings) => {{
  const given = checkBindings(bindings);
  const run = newRun();
  return guarded(() => {{
{body}
  }});
}};
}})()"""


def parse(text: str) -> ir.Node:
    """The intermediate form of an expression.

    Raises:
        MappingSpecError: the text is no JSONata, or lies outside the portable profile; every problem has its place.
    """
    try:
        node = lower(parse_syntax(text))
    except FaultError as error:
        raise MappingSpecError([error.fault.problem(text)]) from None
    except RecursionError:
        raise _too_deep(text) from None
    if faults := check(node):
        raise MappingSpecError([one.problem(text) for one in faults])
    return node


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A compiled expression."""

    text: str
    nulls: Nulls
    python: str = field(repr=False)  # source of `def evaluate(data, bindings)`
    node: ir.Node = field(repr=False)
    function: Callable[[Any, Mapping[str, Any], Run], Any] = field(repr=False, compare=False)

    def evaluate(self, data: Any, bindings: Mapping[str, Any] | None = None) -> Any:
        """The value of the expression for some data; `MISSING` for nothing.

        `bindings` are variables by name, without the `$`; they cannot replace a built-in function.

        Raises:
            MappingRunError: the data does not allow it; `code` is JSONata's own (`T2001`), U1001 for too long.
        """
        given = bindings or {}
        _check_bindings(given)
        try:
            return self.function(data, given, Run())
        except RecursionError:
            raise fault(code="U1001", message="the expression or its data is nested too deep") from None

    @cached_property
    def javascript(self) -> str:
        """Source of a synchronous `(input, bindings) => value` of the same meaning; it needs nothing around it.

        Nothing is `undefined`; a fault throws an Error with `code`.
        """
        writer = JavaScriptWriter(indent=2)
        _write_body(writer, self.node, self.nulls == "missing")
        runtime = runtime_source(writer.used | {"root", "finish", "new_run", "check_bindings"})
        return _JAVASCRIPT.format(runtime=runtime, body="\n".join(writer.lines))


def compile_expression(text: str, *, nulls: Nulls = "value") -> Expression:
    """The compiled form of a JSONata expression of the portable profile.

    With `nulls="missing"` the meaning is JSONata run on the data without its nulls: fields whose value is null are left
    out and nulls in lists are left out, at every depth. A null that the expression itself writes stays null.

    >>> compile_expression("price * quantity").evaluate({"price": 2.5, "quantity": 4})
    10

    Raises:
        MappingSpecError: the text is no JSONata, or lies outside the portable profile.
    """
    node = parse(text)
    writer = PythonWriter()
    try:
        _write_body(writer, node, nulls == "missing")
        source = python_source(writer)
        program = compile(source, "<expression>", "exec")
    except FaultError as error:
        raise MappingSpecError([error.fault.problem(text)]) from None
    except (RecursionError, SyntaxError, MemoryError):  # all three are how Python says that brackets nest too deep
        raise _too_deep(text) from None
    names = runtime_names()
    exec(program, names)  # noqa: S102 - the text is ours, written above
    return Expression(text=text, nulls=nulls, python=source, node=node, function=names["evaluate"])


def _too_deep(text: str) -> MappingSpecError:
    """The error for an expression that neither language's own compiler would take."""
    span = Span(0, len(text))
    return MappingSpecError(
        [
            refused(span, "nesting", "the expression is nested too deep", "bind its parts to variables").fault.problem(
                text
            )
        ]
    )


def python_source(writer: Writer) -> str:
    """The text of `evaluate(data, given, run)` with the lines of a writer as its body."""
    return "def evaluate(data, given, run):\n" + "\n".join(writer.lines) + "\n"


def _write_body(writer: Writer, node: ir.Node, raw: bool) -> None:
    data = writer.let(writer.notation.settled("data"), "d") if raw else "data"
    context = writer.let(writer.call("root", data), "c")
    scope = Scope(context=context, this=data, whole=data, raw=raw, bindings="given")
    scope = framed(writer, (node,), scope)
    value = writer.cleaned(writer.value(node, scope))
    writer.give(writer.call("finish", "run", value.code))


def _check_bindings(bindings: Mapping[str, Any]) -> None:
    for name in bindings:
        if name in LIBRARY:
            message = f"the variable ${name} has the name of a built-in function; call it otherwise"
            raise ValueError(message)
