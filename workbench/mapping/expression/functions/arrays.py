"""The functions over lists, and those that call a function for each member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.mapping.expression.functions.calls import invoke
from workbench.mapping.expression.functions.objects import keys_of
from workbench.mapping.expression.functions.truth import same, truthy, utf16_less
from workbench.mapping.expression.functions.values import (
    MISSING,
    Cons,
    Function,
    Run,
    Sequence,
    as_double,
    fault,
    is_number,
)

__all__ = [
    "count",
    "distinct",
    "each",
    "exists",
    "filtered",
    "mapped",
    "merge_sort",
    "reduced",
    "reverse",
    "sift",
    "single",
    "sort",
    "zipped",
]


def count(values: Any) -> int:
    """`$count(values)`; nothing counts as none."""
    return 0 if values is MISSING else len(values)


def exists(value: Any) -> bool:
    """`$exists(value)`."""
    return value is not MISSING


def reverse(values: Any) -> Any:
    """`$reverse(values)`."""
    return values if values is MISSING or len(values) <= 1 else values[::-1]


def distinct(run: Run, values: Any) -> Any:
    """`$distinct(values)`: each value once, where it first stands."""
    if not isinstance(values, list) or len(values) <= 1:
        return values
    out: list[Any] = Sequence() if values.__class__ is Sequence else []
    seen: set[Any] = set()
    others: list[Any] = []
    for value in values:
        if value.__class__ in (str, int, float, bool) or value is None:
            key = (value.__class__ is bool, as_double(value) if value.__class__ is int else value)
            if key in seen and value == value:
                continue
            seen.add(key)
        else:
            run.spend(len(others) + 1)
            if any(same(value, other) for other in others):
                continue
            others.append(value)
        out.append(value)
    return out


def zipped(*lists: Any) -> list[list[Any]]:
    """`$zip(a, b, …)`: lists of the members at the same place."""
    shortest = min((len(items) if isinstance(items, list) else 0 for items in lists), default=0)
    return [[items[place] for items in lists] for place in range(shortest)]


def _arguments(function: Function, value: Any, place: Any, whole: Any) -> tuple[Any, ...]:
    """As many arguments as the function takes, one at least."""
    return (value, place, whole)[: min(3, max(1, function.arity))]


def mapped(run: Run, values: Any, function: Function) -> Any:
    """`$map(values, function)`."""
    if values is MISSING:
        return MISSING
    out = Sequence()
    for place, value in enumerate(values):
        found = invoke(run, function, _arguments(function, value, place, values))
        if found is not MISSING:
            out.append(found)
    return out


def filtered(run: Run, values: Any, function: Function) -> Any:
    """`$filter(values, function)`."""
    if values is MISSING:
        return MISSING
    return Sequence(
        [
            value
            for place, value in enumerate(values)
            if truthy(invoke(run, function, _arguments(function, value, place, values)))
        ]
    )


def single(run: Run, values: Any, function: Any = MISSING) -> Any:
    """`$single(values, function)`: the one value for which it holds."""
    if values is MISSING:
        return MISSING
    found = []
    for place, value in enumerate(values):
        if function is MISSING or truthy(invoke(run, function, _arguments(function, value, place, values))):
            found.append(value)
            if len(found) > 1:
                raise fault(code="D3138", message="$single found more than one")
    if not found:
        raise fault(code="D3139", message="$single found none")
    return found[0]


def reduced(run: Run, values: Any, function: Function, first: Any = MISSING) -> Any:
    """`$reduce(values, function, first)`."""
    if values is MISSING:
        return MISSING
    if function.arity < 2:
        raise fault(code="D3050", message="the function of $reduce takes two arguments at least")
    begin = 1 if first is MISSING and values else 0
    result = values[0] if begin else first
    for place in range(begin, len(values)):
        result = invoke(run, function, (result, values[place], place, values)[: min(4, function.arity)])
    return result


def each(run: Run, value: Any, function: Function) -> Sequence:
    """`$each(object, function)`: what the function gives for each field."""
    out = Sequence()
    for key in keys_of(value) if isinstance(value, dict) else ():
        found = invoke(run, function, _arguments(function, value[key], key, value))
        if found is not MISSING:
            out.append(found)
    return out


def sift(run: Run, value: Any, function: Any = MISSING) -> Any:
    """`$sift(object, function)`: the fields for which it holds; nothing where there are none."""
    if not isinstance(value, dict) or not value:
        return MISSING
    if function.__class__ is not Function:
        raise fault(code="T1006", message="$sift needs a function")
    kept = {
        key: value[key]
        for key in keys_of(value)
        if truthy(invoke(run, function, _arguments(function, value[key], key, value)))
    }
    return kept or MISSING


def sort(run: Run, values: Any, function: Any = MISSING) -> Any:
    """`$sort(values, function)`: numbers or texts rising, or by a function that says whether two must change places."""
    if values is MISSING or len(values) <= 1:
        return values
    run.spend(len(values))
    if function is not MISSING:
        return merge_sort(list(values), lambda left, right: _javascript_true(invoke(run, function, (left, right))))
    if all(is_number(value) for value in values):
        return merge_sort(list(values), lambda left, right: bool(as_double(left) > as_double(right)))
    if all(value.__class__ is str for value in values):
        return merge_sort(list(values), lambda left, right: utf16_less(right, left))
    raise fault(code="D3070", message="$sort without a function takes only numbers, or only texts")


def _javascript_true(value: Any) -> bool:
    """Whether JavaScript's own `if` would go on; there empty lists and objects are true."""
    return isinstance(value, list | dict | Cons | Function) or (value is not MISSING and bool(value) and value == value)


def merge_sort(values: list[Any], swap: Callable[[Any, Any], bool]) -> list[Any]:
    """The values sorted, stable; `swap(left, right)` says whether right must come first.

    Halves as JSONata does, so that a function that contradicts itself gives the same order.
    """
    if len(values) <= 1:
        return values
    middle = len(values) // 2
    left, right = merge_sort(values[:middle], swap), merge_sort(values[middle:], swap)
    out, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if swap(left[i], right[j]):
            out.append(right[j])
            j += 1
        else:
            out.append(left[i])
            i += 1
    return out + left[i:] + right[j:]
