"""Function signatures such as `<s-nn?:s>`: what the arguments must be, and where the context stands in for one.

Source: https://docs.jsonata.org/programming#function-signatures
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from workbench.mapping.expression.functions.nulls import RawContext, clean
from workbench.mapping.expression.functions.values import MISSING, Function, fault

__all__ = [
    "LAMBDA_SIGNS",
    "Parameter",
    "Signature",
    "SignatureTextError",
    "as_list",
    "checked",
    "list_of",
    "native",
    "signature_of",
    "symbol",
]

LAMBDA_SIGNS: Final = frozenset("<>:nsboafjxl?+()")
_SYMBOLS: Final = {str: "s", int: "n", float: "n", bool: "b", dict: "o", Function: "f", type(None): "l"}
_ANY: Final = {"a": "[asnblfom]", "f": "f", "j": "[asnblom]", "x": "[asnblfom]"}


def symbol(value: Any) -> str:
    """The kind of a value in one letter; m is missing."""
    return "m" if value is MISSING else _SYMBOLS.get(value.__class__, "a")


class SignatureTextError(ValueError):
    """A signature is none; `code` is JSONata's."""

    def __init__(self, *, code: str) -> None:
        super().__init__(f"{code}: a function signature is wrong")
        self.code = code


@dataclass(slots=True)
class Parameter:
    """One parameter of a signature."""

    regex: str
    kind: str
    subtype: str | None = None
    context: str | None = None  # what the context must be to stand in


class Signature:
    """A parsed signature.

    Raises:
        SignatureTextError: the text is no signature.
    """

    __slots__ = ("_pattern", "native", "parameters")

    def __init__(self, text: str, *, native: bool = False) -> None:
        self.native = native
        self.parameters = _parsed(text)
        self._pattern = re.compile("".join(f"({one.regex})" for one in self.parameters))

    def validate(self, arguments: tuple[Any, ...], context: Any) -> tuple[Any, ...]:
        """The arguments as the function wants them: lists where it takes lists, the context where one is left out.

        Raises:
            MappingRunError: T0410 an argument is wrong, T0411 the context is, T0412 a member of a list is.
        """
        supplied = "".join(map(symbol, arguments))
        found = self._pattern.fullmatch(supplied)
        if found is None:
            raise self._mismatch(supplied)
        out: list[Any] = []
        place = 0
        for parameter, matched in zip(self.parameters, found.groups(), strict=True):
            if matched == "":
                if parameter.context is not None:
                    out.append(_from_context(context, parameter.context, place))
                    continue
                out.append(arguments[place] if place < len(arguments) else MISSING)
                place += 1
                continue
            for sign in matched:
                argument = arguments[place] if place < len(arguments) else MISSING
                out.append(_as_list(argument, sign, matched, parameter, place) if parameter.kind == "a" else argument)
                place += 1
        return tuple(out)

    def _mismatch(self, supplied: str) -> Exception:
        pattern, good = "", 0
        for parameter in self.parameters:
            pattern += parameter.regex
            found = re.match(pattern, supplied)
            if found is None:
                break
            good = found.end()
        return fault(code="T0410", message=f"argument {good + 1} is not what the function takes")


def _from_context(context: Any, wanted: str, place: int) -> Any:
    if context.__class__ is RawContext:
        context = clean(context.value)
    if not re.match(wanted, symbol(context)):
        raise fault(code="T0411", message=f"the context cannot stand in for argument {place + 1}")
    return context


def _as_list(value: Any, sign: str, matched: str, parameter: Parameter, place: int) -> Any:
    if sign == "m":
        return MISSING
    subtype = parameter.subtype
    if subtype is not None:
        if sign == "a":
            kind = symbol(value[0]) if value else None
            wrong = kind is not None and (kind != subtype[:1] or any(symbol(item) != kind for item in value))
        else:
            wrong = matched != subtype
        if wrong:
            raise fault(code="T0412", message=f"argument {place + 1} is no list of what the function takes")
    return value if sign == "a" else [value]


def _parsed(text: str) -> list[Parameter]:
    out: list[Parameter] = []
    at = 1
    while at < len(text) and text[at] != ":":
        sign = text[at]
        if sign in "snblo":
            out.append(Parameter(f"[{sign}m]", sign))
        elif sign in _ANY:
            out.append(Parameter(_ANY[sign], sign))
        elif sign == "-":
            out[-1].context = out[-1].regex
            out[-1].regex += "?"
        elif sign in "?+":
            if not out:
                raise SignatureTextError(code="S0401")
            out[-1].regex += sign
        elif sign == "(":
            at, choice = _bracketed(text, at, "()")
            if "<" in choice:
                raise SignatureTextError(code="S0402")
            out.append(Parameter(f"[{choice}m]", f"({choice})"))
        elif sign == "<":
            if not out or out[-1].kind not in "af":
                raise SignatureTextError(code="S0401")
            at, out[-1].subtype = _bracketed(text, at, "<>")
        at += 1
    return out


def _bracketed(text: str, at: int, signs: str) -> tuple[int, str]:
    """Where the bracket that opens here closes, and what stands in between."""
    depth, end = 1, at
    while end < len(text) - 1:
        end += 1
        depth += (text[end] == signs[0]) - (text[end] == signs[1])
        if depth == 0:
            break
    return end, text[at + 1 : end]


@cache
def signature_of(text: str) -> Signature:
    """The signature that a text describes, for a lambda."""
    return Signature(text)


@cache
def native_signature(text: str) -> Signature:
    """The signature that a text describes, for a built-in function."""
    return Signature(text, native=True)


def checked(run: Any, function: Callable[..., Any], signature: str, context: Any, *arguments: Any) -> Any:
    """A built-in function's value for arguments held against its signature first."""
    valid = native_signature(signature).validate(arguments, context)
    return function(*valid) if run is None else function(run, *valid)


def native(run: Any, function: Callable[..., Any], signature: str, arity: int, takes: Any) -> Function:
    """A built-in function as a value."""
    made = function if takes is None else lambda *arguments: function(run, *arguments)
    return Function(made, arity, native_signature(signature))


def as_list(value: Any) -> Any:
    """The value as a list of itself, unless it is one or nothing."""
    return value if value is MISSING or isinstance(value, list) else [value]


def list_of(value: Any, subtype: str, place: int) -> Any:
    """The value as a list of one kind.

    Raises:
        MappingRunError: T0412, a member is of another kind.
    """
    if value is MISSING:
        return MISSING
    members = value if isinstance(value, list) else [value]
    if any(symbol(member) != subtype for member in members):
        raise fault(code="T0412", message=f"argument {place + 1} is no list of what the function takes")
    return members
