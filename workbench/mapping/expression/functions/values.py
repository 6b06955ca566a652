"""The values of a running expression: nothing, sequences, functions, and the budget of a run.

A path gives a *sequence*, which is its only member where it has one, and nothing where it has none; a list of the data
stays a list. The two are told apart by type: `Sequence` and `list`. `Cons` is a list that a path must not flatten.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from workbench.errors import MappingRunError

__all__ = [
    "LARGEST_SEQUENCE",
    "LARGEST_TEXT",
    "MISSING",
    "UNBOUND",
    "Cons",
    "Function",
    "Run",
    "Sequence",
    "TailCall",
    "absent",
    "as_double",
    "binding",
    "check_depth",
    "collapse",
    "cons_of",
    "double",
    "fault",
    "function_of",
    "is_number",
    "items_of",
    "kept",
    "limited",
    "one_of",
]

LARGEST_SEQUENCE: Final = 1_000_000
LARGEST_TEXT: Final = 20_000_000
DEEPEST: Final = 400
_STEPS: Final = 2_000_000
_CALLS: Final = 100
_EXACT: Final = 2**53


class _Missing:
    """The one value of this type, `MISSING`, means nothing: JSONata's and JavaScript's undefined."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> _Missing:
        return self

    def __deepcopy__(self, memo: object) -> _Missing:
        return self

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
UNBOUND: Final = object()  # a variable whose block has not yet bound it


class Sequence(list[Any]):
    """What a path or a function like $map gives: one member alone stands for itself unless `keep` is set."""

    __slots__ = ("keep", "outer")

    def __init__(self, items: Any = (), *, keep: bool = False, outer: bool = False) -> None:
        super().__init__(items)
        self.keep = keep
        self.outer = outer  # wraps an input that is itself a list


class Cons(list[Any]):
    """A list that an array constructor made at the end of a path: a member as it is, never flattened."""

    __slots__ = ()


class Function:
    """A function as a value: a lambda, a built-in, a regular expression, or one of these partially applied."""

    __slots__ = ("arity", "call", "pattern", "signature")

    def __init__(self, call: Callable[..., Any], arity: int, signature: Any = None, pattern: Any = None) -> None:
        self.call = call
        self.arity = arity
        self.signature = signature  # a parsed signature to hold the arguments against, or None
        self.pattern = pattern  # the compiled expression, if this is a regular expression


class TailCall:
    """A call that a function ends in: made after the function has returned, so that it takes no depth."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Any, arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments


class Run:
    """The budget of one evaluation: so many steps, so many calls inside each other."""

    __slots__ = ("calls", "steps")

    def __init__(self) -> None:
        self.steps = _STEPS
        self.calls = _CALLS

    def spend(self, steps: int) -> None:
        """Takes steps from the budget.

        Raises:
            MappingRunError: U1001, the budget is used up.
        """
        self.steps -= steps
        if self.steps < 0:
            raise fault(
                code="U1001",
                message=f"the expression takes more than {_STEPS} steps; check it for a loop without an end",
            )

    def enter(self) -> None:
        """Goes one call deeper.

        Raises:
            MappingRunError: U1001, the calls are too deep.
        """
        self.calls -= 1
        if self.calls < 0:
            raise fault(
                code="U1001",
                message=f"functions call each other more than {_CALLS} deep; end them in a call of themselves",
            )


def fault(*, code: str, message: str) -> MappingRunError:
    """The error of a run-time fault; the message never holds a value of the data."""
    return MappingRunError(f"{code}: {message}", code=code)


def collapse(value: Any) -> Any:
    """What a sequence stands for: nothing if empty, its only member if one, else itself."""
    if value.__class__ is Sequence:
        if not value:
            return MISSING
        if len(value) == 1 and not value.keep:
            return value[0]
    return value


def kept(value: Any) -> Any:
    """The value of `x[]`: a sequence that stays a list, even of one."""
    if value.__class__ is Sequence:
        value.keep = True
    return collapse(value)


def is_number(value: Any) -> bool:
    """Whether JSONata sees a finite number; true and false are none.

    Raises:
        MappingRunError: D1001, the number is infinite.
    """
    if value.__class__ is int:
        if -_EXACT <= value <= _EXACT or math.isfinite(double(value)):
            return True
        raise fault(code="D1001", message="a number is out of range")
    if value.__class__ is not float or value != value:
        return False
    if value in (float("inf"), float("-inf")):
        raise fault(code="D1001", message="a number is out of range")
    return True


def double(value: float) -> float:
    """The nearest double of a whole number, infinity beyond the last."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def as_double(value: Any) -> Any:
    """A number of the data as JavaScript has it: beyond 2^53 an int has already lost its last digits there.

    >>> as_double(2**53 + 1) == as_double(2**53), as_double(7), as_double(10**400)
    (True, 7, inf)
    """
    return value if value.__class__ is float or -_EXACT <= value <= _EXACT else double(value)


def absent(value: Any) -> Any:
    """The value with nothing as None."""
    return None if value is MISSING else value


def binding(bindings: Any, name: str) -> Any:
    """The variable that the caller gave for this run."""
    return bindings.get(name, MISSING)


def function_of(call: Callable[..., Any], arity: int, signature: Any = None) -> Function:
    """A lambda as a value."""
    return Function(call, arity, signature)


def cons_of(items: list[Any]) -> Cons:
    """The list that an array constructor at the end of a path makes."""
    return Cons(items)


def items_of(value: Any) -> Any:
    """What `[value]` puts into an array: a list's own members, or the value."""
    return value if isinstance(value, list) else () if value is MISSING else (value,)


def one_of(value: Any) -> Any:
    """What an array constructor puts into an array: the value as it is, a list too."""
    return () if value is MISSING else (value,)


def limited(items: list[Any]) -> list[Any]:
    """The items of an array constructor.

    Raises:
        MappingRunError: D2015, they are too many.
    """
    if len(items) > LARGEST_SEQUENCE:
        raise fault(code="D2015", message=f"a list has at most {LARGEST_SEQUENCE} members here")
    return items


def check_depth(depth: int) -> None:
    """Ends a walk through a value that is nested too deep.

    Raises:
        MappingRunError: U1001, the value is nested more than 400 deep.
    """
    if depth > DEEPEST:
        raise fault(code="U1001", message=f"a value is nested more than {DEEPEST} deep")
