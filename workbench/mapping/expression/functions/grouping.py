"""`{key: value}` behind an expression, `^(…)`, and what leaves an expression."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Sequence as Row
from typing import Any, Final

from workbench.mapping.expression.functions.arrays import merge_sort
from workbench.mapping.expression.functions.objects import ordered
from workbench.mapping.expression.functions.truth import name_of_kind, utf16_less
from workbench.mapping.expression.functions.values import MISSING, Function, Run, Sequence, check_depth, double, fault

__all__ = ["finish", "group_by", "group_context", "sort_by", "type_name"]

_EXACT: Final = 2**53
Of = Callable[[Any], Any]


def _joined(left: Any, item: Any) -> list[Any]:
    return [*(left if isinstance(left, list) else (left,)), *(item if isinstance(item, list) else (item,))]


def group_context(context: Any, raw: bool) -> Any:
    """The context of an object's values: of a list, its items together."""
    if not isinstance(context, list):
        return context
    items = [item for item in context if not (raw and item is None)]
    if not items:
        return MISSING
    together = items[0]
    for item in items[1:]:
        together = together if item is MISSING else item if together is MISSING else _joined(together, item)
    return together


def group_by(run: Run, value: Any, pairs: Row[Row[Of]], raw: bool) -> dict[str, Any]:
    """The object of a grouping: items gathered by key, and for each key the value of what was gathered."""
    items = [item for item in value if not (raw and item is None)] if isinstance(value, list) else [value]
    gathered: dict[str, tuple[int, Any]] = {}
    for item in items or [MISSING]:
        run.spend(1)
        for place, (key_of, _) in enumerate(pairs):
            key = key_of(item)
            if key is MISSING:
                continue
            if key.__class__ is not str:
                raise fault(code="T1003", message=f"a key of an object must be a text, found {name_of_kind(key)}")
            if key in ("_jsonata_lambda", "_jsonata_function"):
                raise fault(code="D1013", message="names that begin with _jsonata_ are reserved")
            if key not in gathered:
                gathered[key] = (place, item)
            elif gathered[key][0] != place:
                raise fault(code="D1009", message="two keys of an object come out the same")
            else:
                before = gathered[key][1]
                run.spend(len(before) // 8 if isinstance(before, list) else 1)
                gathered[key] = (
                    place,
                    before if item is MISSING else item if before is MISSING else _joined(before, item),
                )
    result = {}
    for key in ordered(gathered):
        place, data = gathered[key]
        found = pairs[place][1](data)
        if found is not MISSING:
            result[key] = found
    return result


def sort_by(run: Run, state: Any, terms: Row[Row[Any]], raw: bool) -> Any:
    """`state^(…)`: the items in order, those without a key last."""
    if state is MISSING:
        return Sequence()
    items = state if isinstance(state, list) else Sequence([state])
    if raw and None in items:
        items = Sequence(item for item in items if item is not None)
    if len(items) <= 1:
        return Sequence(items)
    run.spend(len(items))
    known: dict[tuple[int, int], Any] = {}

    def key(place: int, item: int) -> Any:
        if (place, item) not in known:
            known[place, item] = terms[place][0](items[item])
        return known[place, item]

    def swap(left: int, right: int) -> bool:
        for place, (_, descending) in enumerate(terms):
            order = _compared(key(place, left), key(place, right), descending)
            if order:
                return order > 0
        return False

    return [items[place] for place in merge_sort(list(range(len(items))), swap)]


def _compared(left: Any, right: Any, descending: bool) -> int:
    if left is MISSING or right is MISSING:
        return (left is MISSING) - (right is MISSING)
    kinds = [
        str if value.__class__ is str else float if value.__class__ in (int, float) else None for value in (left, right)
    ]
    if None in kinds:
        raise fault(code="T2008", message="items are ordered by numbers or texts only")
    if kinds[0] is not kinds[1]:
        raise fault(code="T2007", message="items are ordered by numbers or by texts, not by both")
    if left == right:
        return 0
    smaller = utf16_less(left, right) if kinds[0] is str else left < right
    return -1 if smaller is not descending else 1


def type_name(value: Any) -> Any:
    """`$type(value)`."""
    names = {
        str: "string",
        int: "number",
        float: "number",
        bool: "boolean",
        dict: "object",
        Function: "function",
        type(None): "null",
    }
    if value.__class__ in (int, float) and not math.isfinite(double(value)):
        if value == value:
            raise fault(code="D1001", message="a number is out of range")
        return "object"
    return MISSING if value is MISSING else names.get(value.__class__, "array")


def finish(run: Run, value: Any, depth: int = 0) -> Any:
    """The value as the caller gets it: plain lists, keys in JavaScript's order, numbers as doubles hold them."""
    kind = value.__class__
    if kind is str or kind is bool or value is None or value is MISSING:
        return value
    if kind is int:
        if -_EXACT <= value <= _EXACT:
            return value
        return double(value)
    if kind is float:
        return int(value) if value.is_integer() and -_EXACT <= value <= _EXACT else value
    check_depth(depth)
    if isinstance(value, dict):
        run.spend(len(value))
        fields = {key: finish(run, item, depth + 1) for key, item in ordered(value).items()}
        return {key: item for key, item in fields.items() if item is not MISSING}
    if isinstance(value, list):
        run.spend(len(value))
        return [None if item is MISSING else finish(run, item, depth + 1) for item in value]
    return value
