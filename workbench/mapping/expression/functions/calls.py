"""Calling functions that are values: depth, tail calls, signatures, partial application."""

from __future__ import annotations

from typing import Any

from workbench.mapping.expression.functions.values import MISSING, Function, Run, TailCall, fault

__all__ = ["apply_to", "call", "invoke", "partial", "raise_assertion", "raise_error", "tail_call"]


def invoke(run: Run, function: Any, arguments: tuple[Any, ...], context: Any = None) -> Any:
    """What the function gives for the arguments; a call it ends in is made here, without going deeper.

    Raises:
        MappingRunError: T1006, it is no function; T0410, the arguments are not what its signature says.
    """
    run.enter()
    while True:
        if function.__class__ is not Function:
            raise fault(code="T1006", message="only a function can be called")
        run.spend(1)
        if function.signature is not None:
            arguments = function.signature.validate(arguments, context)
        result = function.call(*arguments)
        if result.__class__ is not TailCall:
            run.calls += 1
            return result
        function, arguments = result.function, result.arguments


def call(run: Run, function: Any, known: bool, context: Any, *arguments: Any) -> Any:
    """`f(…)`; `known` says that a function of the same name with a `$` exists, for a better error."""
    if function is MISSING and known:
        raise fault(code="T1005", message="only a function can be called; its name begins with $")
    return invoke(run, function, arguments, context)


def tail_call(function: Any, arguments: tuple[Any, ...]) -> TailCall:
    """A call left to be made when the function that ends in it has returned."""
    return TailCall(function, arguments)


def apply_to(run: Run, left: Any, function: Any) -> Any:
    """`left ~> function`; of two functions, their chain."""
    if function.__class__ is not Function:
        raise fault(code="T2006", message="the right side of ~> must be a function")
    if left.__class__ is Function:
        return Function(lambda value=MISSING, *_: invoke(run, function, (invoke(run, left, (value,)),)), 1)
    return invoke(run, function, (left,))


def partial(run: Run, function: Any, known: bool, holes: tuple[int, ...], *arguments: Any) -> Function:
    """`f(?, 2)`: a function of what stands at the holes."""
    if function.__class__ is not Function:
        if function is MISSING and known:
            raise fault(code="T1007", message="only a function can be applied partially; its name begins with $")
        raise fault(code="T1008", message="only a function can be applied partially")
    if function.signature is not None and function.signature.native:
        raise fault(code="U1002", message="a built-in function cannot be applied partly; wrap it in function($x) { … }")
    inner = Function(function.call, function.arity)

    def filled(*given: Any) -> Any:
        whole = list(arguments)
        for place, hole in enumerate(holes):
            whole[hole] = given[place] if place < len(given) else MISSING
        return invoke(run, inner, tuple(whole))

    return Function(filled, len([hole for hole in holes if hole < function.arity]))


def raise_error(message: Any = MISSING) -> Any:
    """`$error(message)`."""
    raise fault(
        code="D3137", message=str(message) if message is not MISSING and message else "$error() function evaluated"
    )


def raise_assertion(condition: Any, message: Any = MISSING) -> Any:
    """`$assert(condition, message)`: nothing, or an error."""
    if condition is MISSING or not condition:
        raise fault(
            code="D3141", message=str(message) if message is not MISSING and message else "$assert() statement failed"
        )
    return MISSING
