"""Nulls of the data that count as missing: taken out of a value where it leaves the data."""

from __future__ import annotations

from typing import Any

from workbench.mapping.expression.functions.values import MISSING, Cons, Function, Sequence, check_depth

__all__ = ["RawContext", "clean", "raw_context"]


class RawContext:
    """The context of a call, its nulls not yet taken out: few calls ever look at it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def raw_context(value: Any) -> RawContext:
    """The context for a function that may take it for an argument."""
    return RawContext(value)


def clean(value: Any, depth: int = 0) -> Any:
    """The value without the nulls of the data, nothing for null itself; what holds none is given back as it is."""
    kind = value.__class__
    if kind is str or kind is int or kind is float or kind is bool or kind is Function:
        return value
    if value is None:
        return MISSING
    check_depth(depth)
    if isinstance(value, dict):
        fields = {key: clean(item, depth + 1) for key, item in value.items() if item is not None}
        if len(fields) == len(value) and all(value[key] is fields[key] for key in fields):
            return value
        return fields
    if isinstance(value, list):
        items = [clean(item, depth + 1) for item in value if item is not None]
        if len(items) == len(value) and all(before is after for before, after in zip(value, items, strict=True)):
            return value
        if value.__class__ is Sequence:
            return Sequence(items, keep=value.keep, outer=value.outer)
        return Cons(items) if value.__class__ is Cons else items
    return value
