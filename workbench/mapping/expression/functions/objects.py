"""Objects: their keys in JavaScript's order, and the functions over them."""

from __future__ import annotations

from typing import Any, Final

from workbench.mapping.expression.functions.values import MISSING, Function, Run, Sequence, check_depth, fault

__all__ = ["append", "is_object", "keys", "keys_of", "merge", "ordered", "spread"]

_INDEX_BELOW: Final = 2**32 - 1


def keys_of(value: dict[str, Any]) -> list[str]:
    """The keys in JavaScript's order: those that read as a list index first, by number, then the others as they came.

    >>> keys_of({"b": 1, "10": 2, "9": 3, "01": 4})
    ['9', '10', 'b', '01']
    """
    found = list(value)
    places = [key for key in found if key[:1].isdigit() and _is_index(key)]
    if not places:
        return found
    return sorted(places, key=int) + [key for key in found if not _is_index(key)]


def _is_index(key: str) -> bool:
    return (
        key.isascii() and key.isdigit() and len(key) <= 10 and (key == "0" or key[0] != "0") and int(key) < _INDEX_BELOW
    )


def ordered(value: dict[str, Any]) -> dict[str, Any]:
    """The object with its keys in JavaScript's order."""
    names = keys_of(value)
    return value if all(a is b for a, b in zip(names, value, strict=True)) else {key: value[key] for key in names}


def keys(value: Any, depth: int = 0) -> Sequence:
    """`$keys(value)`: the keys of an object, or of all objects in a list, each once."""
    if isinstance(value, list):
        check_depth(depth)
        merged: dict[str, bool] = {}
        for item in value:
            merged.update(dict.fromkeys(keys(item, depth + 1), True))
        return Sequence(keys_of(merged))
    return Sequence(keys_of(value)) if isinstance(value, dict) else Sequence()


def spread(run: Run, value: Any, depth: int = 0) -> Any:
    """`$spread(value)`: one object for each field."""
    if isinstance(value, list):
        check_depth(depth)
        result: Any = Sequence()
        for item in value:
            result = append(run, result, spread(run, item, depth + 1))
        return result
    if isinstance(value, dict):
        return Sequence({key: value[key]} for key in keys_of(value))
    return value


def merge(value: Any) -> Any:
    """`$merge(objects)`: one object with the fields of all, the last of a name wins."""
    if value is MISSING:
        return MISSING
    merged: dict[str, Any] = {}
    for item in value:
        for key in keys_of(item):
            merged[key] = item[key]
    return ordered(merged)


def append(run: Run, left: Any, right: Any) -> Any:
    """`$append(left, right)`: a list of both; what is missing adds nothing."""
    if left is MISSING:
        return right
    if right is MISSING:
        return left
    first = left if isinstance(left, list) else [left]
    second = right if isinstance(right, list) else [right]
    size = len(first) + len(second)
    if size > 1_000_000:
        raise fault(code="D2015", message="a list has at most 1000000 members here")
    run.spend(size // 8)
    return [*first, *second]


def is_object(value: Any) -> bool:
    """Whether JSONata sees an object."""
    return isinstance(value, dict) and not isinstance(value, Function)
