"""How calls are written: built-in functions straight where the arguments are right, all else by the runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.functions.signatures import Parameter, Signature
from workbench.mapping.expression.library import LIBRARY, REFUSED_FUNCTIONS, BuiltIn
from workbench.mapping.expression.scopes import Helper, Scope, Value
from workbench.mapping.expression.writer import NODE_WRITERS, Writer

__all__ = ["write_tail_call"]

_KINDS = {"s": "string", "n": "number", "b": "boolean", "o": "object", "f": "function"}
_LOOSE = {"mapped", "filtered", "single", "reduced", "each", "sort", "reverse", "distinct", "append"}
_NO_FUNCTION = (ir.Constant, ir.Path, ir.Binary, ir.ArrayOf, ir.ObjectOf, ir.Negation)


def _call(writer: Writer, node: ir.Call, scope: Scope) -> Value:
    name = _static_name(node.procedure, scope)
    if name is not None and name in writer.helpers:
        return _helper_call(writer, node, name, writer.helpers[name], scope)
    if name is not None and name in REFUSED_FUNCTIONS:
        construct, remedy = REFUSED_FUNCTIONS[name]
        raise refused(node.procedure.span, construct, f"${name} is not portable", remedy)
    arguments = writer.values(node.arguments, replace(scope, tail=False))
    if name is not None and name in LIBRARY:
        return _built_in_call(writer, node, LIBRARY[name], arguments, scope)
    procedure = writer.cleaned(writer.value(node.procedure, scope))
    known = writer.constant(_known(node.procedure, scope))
    code = writer.call(
        "call", "run", procedure.code, known, _context(writer, scope), *[value.code for value in arguments]
    )
    return Value(code=code, sequence=True, loose=True)


def write_tail_call(writer: Writer, node: ir.Call, scope: Scope) -> str:
    """Code of a call that ends a function: of a lambda left to the caller, of a built-in made, not collapsed."""
    name = _static_name(node.procedure, scope)
    if name is not None and (name in writer.helpers or name in LIBRARY or name in REFUSED_FUNCTIONS):
        parameters = Signature(LIBRARY[name].signature).parameters if name in LIBRARY else ()
        uses = any(one.context is not None for one in parameters)
        if uses and not _is_straight(parameters, len(node.arguments)):
            raise refused(
                node.span,
                "tail-context",
                "the context of a call that ends a function is not what it seems",
                "give the argument: $uppercase($)",
            )
        for argument in node.arguments if name in LIBRARY else ():
            if isinstance(argument, ir.Partial) or (_static_name(argument, scope) or "") in LIBRARY:
                message = (
                    "JSONata fails where the call that ends a function is given a built-in or partly applied function"
                )
                raise refused(argument.span, "tail-function", message, "wrap it: function($x) { $string($x) }")
        return writer.cleaned(_call(writer, node, replace(scope, tail=True))).code
    if isinstance(node.procedure, ir.Path):
        return _call(writer, node, scope).code
    arguments = writer.values(node.arguments, scope)
    procedure = writer.cleaned(writer.value(node.procedure, scope))
    return writer.call("tail_call", procedure.code, writer.notation.tuple([value.code for value in arguments]))


def _static_name(procedure: ir.Node, scope: Scope) -> str | None:
    """The name of the function that is called, if no variable of the expression can have taken it."""
    if (
        isinstance(procedure, ir.Variable)
        and procedure.name not in scope.variables
        and not procedure.predicates
        and not procedure.group
    ):
        return procedure.name
    return None


def _known(procedure: ir.Node, scope: Scope) -> bool:
    """Whether `name(…)` was meant as `$name(…)`."""
    if isinstance(procedure, ir.Path) and isinstance(procedure.steps[0].node, ir.Name):
        name = procedure.steps[0].node.value
        return name in LIBRARY or name in REFUSED_FUNCTIONS or name in scope.variables
    return False


def _helper_call(writer: Writer, node: ir.Call, name: str, helper: Helper, scope: Scope) -> Value:
    if not helper.least <= len(node.arguments) <= helper.most:
        count = f"{helper.least}" if helper.least == helper.most else f"{helper.least} to {helper.most}"
        raise refused(
            node.span,
            "arguments",
            f"${name} takes {count} arguments, not {len(node.arguments)}",
            f"see ${name} in the mapping language",
        )
    values = writer.values(node.arguments, scope, clean=False)
    codes = [
        value.code if value.absent or value.sure or writer.notation.close else writer.call("absent", value.code)
        for value in values
    ]
    code = writer.notation.invocation(helper.javascript if writer.notation.close else helper.runtime, codes)
    return Value(code=code, kind=helper.kind, raw=True, absent=True)


def _built_in_call(writer: Writer, node: ir.Call, built_in: BuiltIn, arguments: Sequence[Value], scope: Scope) -> Value:
    known = {"sequence": built_in.result == "sequence", "loose": built_in.runtime in _LOOSE}
    kind = built_in.result if built_in.result in ("string", "number", "boolean") else None
    parameters = Signature(built_in.signature).parameters
    straight = _is_straight(parameters, len(arguments))
    values = [writer.named(value) if not value.pure else value for value in arguments]
    run = ["run"] if built_in.run else []
    if not straight:
        return Value(code=_checked(writer, built_in, values, scope), kind=kind, sure=built_in.always, **known)
    guards: list[str] = []
    codes: list[str] = []
    for node_argument, parameter, value in zip(node.arguments, parameters, values, strict=False):
        code, guard = _argument(writer, node_argument, parameter, value, len(codes))
        codes.append(code)
        if guard:
            guards.append(guard)
    if "never" in guards:
        return Value(code=_checked(writer, built_in, values, scope), kind=kind, sure=built_in.always, **known)
    code = writer.call(built_in.runtime, *run, *codes)
    if guards:
        code = writer.notation.conditional(
            writer.notation.both.join(guards), code, _checked(writer, built_in, values, scope)
        )
    return Value(code=code, kind=kind, sure=built_in.always, **known)


def _checked(writer: Writer, built_in: BuiltIn, values: Sequence[Value], scope: Scope) -> str:
    run = "run" if built_in.run else writer.notation.null
    return writer.call(
        "checked",
        run,
        writer.runtime(built_in.runtime),
        writer.constant(built_in.signature),
        _context(writer, scope) if _may_use_context(built_in, len(values)) else writer.notation.null,
        *[value.code for value in values],
    )


def _context(writer: Writer, scope: Scope) -> str:
    """The context, where a function may take it for an argument; none is known where a call ends a function."""
    if scope.tail:
        return writer.notation.null
    return writer.call("raw_context", scope.context) if scope.raw else scope.context


def _is_straight(parameters: Sequence[Parameter], count: int) -> bool:
    """Whether that many arguments stand for the first that many parameters, whatever they are."""
    if count > len(parameters) or any(one.regex.endswith("+") for one in parameters):
        return False
    needed = [one for one in parameters if one.context is not None or not one.regex.endswith("?")]
    return count >= len(needed) and parameters[: len(needed)] == needed


def _may_use_context(built_in: BuiltIn, count: int) -> bool:
    """Whether the context can stand in for an argument that is left out."""
    parameters = Signature(built_in.signature).parameters
    return any(one.context is not None for one in parameters) and count < len(parameters)


def _argument(writer: Writer, node: ir.Node, parameter: Parameter, value: Value, place: int) -> tuple[str, str | None]:
    """Code of one argument, and the test under which it can be taken as it is."""
    kind = parameter.kind
    if kind == "a":
        if isinstance(node, ir.ArrayOf) and not node.predicates and node.group is None and parameter.subtype is None:
            return value.code, None
        subtype = [writer.constant(parameter.subtype), writer.constant(place)] if parameter.subtype else []
        return writer.call("list_of" if subtype else "as_list", value.code, *subtype), None
    if kind == "x" or (kind == "j" and isinstance(node, _NO_FUNCTION)):
        return value.code, None
    if kind == "j":
        return value.code, writer.notation.inverse(f"({_kind_test(writer, value.code, 'function')})")
    wanted = [_KINDS[sign] for sign in kind.strip("()")]
    if value.sure and value.kind:
        return value.code, None if value.kind in wanted else "never"
    test = writer.notation.either.join(_kind_test(writer, value.code, one) for one in wanted)
    return value.code, f"({test})" if len(wanted) > 1 else test


def _kind_test(writer: Writer, code: str, kind: str) -> str:
    if writer.notation.close and kind in ("object", "function"):
        writer.used.add(f"is_{kind}")
    elif kind == "function":
        writer.used.add("Function")
    return writer.notation.is_kind(code, kind)


def _partial(writer: Writer, node: ir.Partial, scope: Scope) -> Value:
    name = _static_name(node.procedure, scope)
    if name is not None and name in writer.helpers:
        raise refused(
            node.span, "helper-value", f"${name} can only be called", f"wrap it: function($x) {{ ${name}($x) }}"
        )
    if name in LIBRARY:
        message = f"JSONata does not check what a partly applied ${name} is given"
        raise refused(node.span, "partial-built-in", message, f"wrap it: function($x) {{ ${name}($x, …) }}")
    given = [argument for argument in node.arguments if not isinstance(argument, ir.Hole)]
    values = iter(writer.values(given, scope))
    codes = [
        writer.notation.missing if isinstance(argument, ir.Hole) else next(values).code for argument in node.arguments
    ]
    holes = [writer.constant(place) for place, argument in enumerate(node.arguments) if isinstance(argument, ir.Hole)]
    procedure = writer.cleaned(writer.value(node.procedure, scope))
    known = writer.constant(_known(node.procedure, scope))
    code = writer.call("partial", "run", procedure.code, known, writer.notation.tuple(holes), *codes)
    return Value(code=code, kind="function", sure=True)


NODE_WRITERS.update({ir.Call: _call, ir.Partial: _partial})
