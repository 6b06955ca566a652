"""What counts as true, what is equal, what comes first."""

from __future__ import annotations

from typing import Any

from workbench.mapping.expression.functions.values import (
    MISSING,
    Cons,
    Function,
    Sequence,
    as_double,
    check_depth,
    fault,
    is_number,
)

__all__ = [
    "boolean",
    "equal",
    "inside",
    "less",
    "less_equal",
    "more",
    "more_equal",
    "name_of_kind",
    "negated",
    "same",
    "truthy",
    "unequal",
    "utf16_less",
]


def truthy(value: Any, depth: int = 0) -> bool:
    """Whether the value counts as true; nothing does not."""
    kind = value.__class__
    if kind is bool:
        return bool(value)
    if kind is str or kind is dict:
        return len(value) > 0
    if isinstance(value, list):
        check_depth(depth)
        if len(value) == 1:
            return truthy(value[0], depth + 1)
        # every member is looked at, so that an infinite one is found wherever it stands
        return len([item for item in value if truthy(item, depth + 1)]) > 0
    return is_number(value) and value != 0


def boolean(value: Any) -> Any:
    """`$boolean(value)`."""
    return MISSING if value is MISSING else truthy(value)


def negated(value: Any) -> Any:
    """`$not(value)`."""
    return MISSING if value is MISSING else not truthy(value)


def same(left: Any, right: Any, depth: int = 0) -> bool:
    """Whether two values are equal all the way down; true is not 1."""
    kind = left.__class__
    if left is right and kind is not float:
        return True
    if kind is right.__class__ and kind is not dict and kind not in (list, Sequence, Cons):
        if kind is int:
            return bool(left == right or as_double(left) == as_double(right))
        return left is right if kind is Function else bool(left == right)
    check_depth(depth)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b, depth + 1) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(key in right and same(left[key], right[key], depth + 1) for key in left)
    if isinstance(left, list) and isinstance(right, dict):
        left, right = right, left
    if isinstance(left, dict) and isinstance(right, list):
        return False
    return (
        kind is not bool
        and right.__class__ is not bool
        and isinstance(left, int | float)
        and isinstance(right, int | float)
        and as_double(left) == as_double(right)
    )


def equal(left: Any, right: Any) -> bool:
    """`left = right`; nothing equals nothing else, not even nothing."""
    return left is not MISSING and right is not MISSING and same(left, right)


def unequal(left: Any, right: Any) -> bool:
    """`left != right`; with nothing on a side this is false as well."""
    return left is not MISSING and right is not MISSING and not same(left, right)


def inside(left: Any, right: Any) -> bool:
    """`left in right`: whether a list holds this very value; objects and lists are only what they are themselves."""
    if left is MISSING or right is MISSING:
        return False
    items = right if isinstance(right, list) else (right,)
    if isinstance(left, dict | list | Function):
        return any(item is left for item in items)
    return any(item is not MISSING and not isinstance(item, dict | list) and same(left, item) for item in items)


def utf16_less(left: str, right: str) -> bool:
    """Whether a text comes before another, by UTF-16 units as in JavaScript."""
    if left.isascii() or right.isascii():
        return left < right
    return left.encode("utf-16-be", "surrogatepass") < right.encode("utf-16-be", "surrogatepass")


def less(left: Any, right: Any) -> Any:
    """`left < right`."""
    kind = _comparable(left, right)
    return MISSING if kind is None else utf16_less(left, right) if kind is str else as_double(left) < as_double(right)


def more(left: Any, right: Any) -> Any:
    """`left > right`."""
    kind = _comparable(left, right)
    return MISSING if kind is None else utf16_less(right, left) if kind is str else as_double(left) > as_double(right)


def less_equal(left: Any, right: Any) -> Any:
    """`left <= right`."""
    kind = _comparable(left, right)
    return (
        MISSING if kind is None else not utf16_less(right, left) if kind is str else as_double(left) <= as_double(right)
    )


def more_equal(left: Any, right: Any) -> Any:
    """`left >= right`."""
    kind = _comparable(left, right)
    return (
        MISSING if kind is None else not utf16_less(left, right) if kind is str else as_double(left) >= as_double(right)
    )


def _comparable(left: Any, right: Any) -> type | None:
    """The kind of both sides, str or float; None where a side is missing."""
    kinds = []
    for value in (left, right):
        kind = value.__class__
        if kind not in (str, int, float) and value is not MISSING:
            raise fault(code="T2010", message=f"only numbers and texts can be compared, found {name_of_kind(value)}")
        kinds.append(None if value is MISSING else str if kind is str else float)
    if None in kinds:
        return None
    if kinds[0] is not kinds[1]:
        raise fault(code="T2009", message="a number cannot be compared with a text")
    return kinds[0]


def name_of_kind(value: Any) -> str:
    """The kind of a value in words, for messages."""
    if value is MISSING:
        return "nothing"
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        str: "a text",
        int: "a number",
        float: "a number",
        dict: "an object",
        Function: "a function",
    }
    return names.get(value.__class__, "a list")
