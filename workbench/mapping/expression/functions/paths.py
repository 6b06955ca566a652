"""Steps of a path. A *state* is what a path has reached: nothing, one item, or a list of items.

`raw` says that the data may hold nulls which count as missing (`nulls="missing"`): they are passed over wherever a list
or a field is read, and removed from a value only where it leaves the path (`clean`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.mapping.expression.functions.objects import keys_of
from workbench.mapping.expression.functions.strings import units
from workbench.mapping.expression.functions.truth import truthy
from workbench.mapping.expression.functions.values import (
    MISSING,
    Cons,
    Run,
    Sequence,
    check_depth,
    collapse,
    fault,
    is_number,
)

__all__ = [
    "cons_path",
    "cons_state",
    "descendants",
    "filter_at",
    "filter_by",
    "flat",
    "keep_path",
    "lookup",
    "lookup_value",
    "name_last",
    "name_mid",
    "name_open",
    "root",
    "single_context",
    "spread_state",
    "start",
    "step_last",
    "step_mid",
    "wildcard",
]

StepFunction = Callable[[Any], Any]


def root(data: Any) -> Any:
    """The context at the top: a list counts as one item."""
    return Sequence([data], outer=True) if isinstance(data, list) else data


def lookup(value: Any, key: str, raw: bool, depth: int = 0) -> Any:
    """The field of an object, or of each object in a list."""
    if isinstance(value, dict):
        found = value.get(key, MISSING)
        return MISSING if raw and found is None else found
    if not isinstance(value, list):
        return MISSING
    check_depth(depth)
    result = Sequence()
    for item in value:
        found = lookup(item, key, raw, depth + 1)
        if isinstance(found, list):
            result.extend([one for one in found if one is not None] if raw else found)
        elif found is not MISSING:
            result.append(found)
    return result


def _names(state: Any, key: str, raw: bool) -> list[Any]:
    """What a name finds in each item."""
    results = []
    for item in state if isinstance(state, list) else (state,):
        found = collapse(lookup(item, key, raw))
        if found is not MISSING:
            results.append(found)
    return results


def name_mid(state: Any, key: str, raw: bool) -> Any:
    """The state after a name that is not the last step."""
    if state.__class__ is dict:
        found = state.get(key, MISSING)
        return MISSING if raw and found is None else found
    return _state(flat(_names(state, key, raw), raw)) if isinstance(state, list) else MISSING


def name_last(state: Any, key: str, raw: bool) -> Any:
    """The value of a path that ends in a name."""
    if state.__class__ is dict:
        found = state.get(key, MISSING)
        return MISSING if raw and found is None else found
    return collapse(_last(_names(state, key, raw), raw)) if isinstance(state, list) else MISSING


def name_open(state: Any, key: str, raw: bool) -> Any:
    """What a path that ends in a name gives, before a single result stands for itself."""
    return _last(_names(state, key, raw), raw) if state is not MISSING and state is not None else Sequence()


def flat(results: list[Any], raw: bool) -> Sequence:
    """The results in one sequence, lists taken apart by one level."""
    out = Sequence()
    for result in results:
        if isinstance(result, list) and result.__class__ is not Cons:
            out.extend([one for one in result if one is not None] if raw else result)
        else:
            out.append(result)
    return out


def _last(results: list[Any], raw: bool) -> Any:
    """The same at the end of a path, where a single list of the data stays what it is."""
    if len(results) == 1 and isinstance(results[0], list) and results[0].__class__ is not Sequence:
        return results[0]
    return flat(results, raw)


def _state(items: Sequence) -> Any:
    if not items:
        return MISSING
    if len(items) == 1 and not isinstance(items[0], list) and items[0] is not MISSING:
        return items[0]
    return items


def spread_state(value: Any, raw: bool) -> Any:
    """The state that begins with a value: a list counts as its items."""
    return _state(flat([value], raw)) if isinstance(value, list) else value


def lookup_value(value: Any, key: Any) -> Any:
    """`$lookup(value, key)`."""
    return lookup(value, "undefined" if key is MISSING else key, False)  # as JavaScript looks for a missing name


def start(context: Any) -> Any:
    """The state a path begins with where its first step is no name: even nothing counts as an item."""
    return Sequence([MISSING]) if context is MISSING else context


def single_context(context: Any) -> Any:
    """The context of an array constructor that begins a path: always a list."""
    return context if isinstance(context, list) else Sequence([context])


def cons_state(first: Any) -> Any:
    """The state behind an array constructor that begins a path; JSONata goes through whatever has a length."""
    if isinstance(first, list):
        return first
    return Sequence(units(first)) if isinstance(first, str) else MISSING


def cons_path(first: Any, rest: Any) -> Any:
    """The value of a path that begins with an array constructor; the empty array ends it."""
    return first if first is MISSING or first == "" or (isinstance(first, list) and not first) else rest


def _each(run: Run, state: Any, step: StepFunction, raw: bool) -> list[Any]:
    if state is MISSING:
        return []
    items = state if isinstance(state, list) else (state,)
    run.spend(len(items))
    results = [step(item) for item in items if not (raw and item is None)]
    return [result for result in results if result is not MISSING]


def step_mid(run: Run, state: Any, step: StepFunction, raw: bool, raw_result: bool) -> Any:
    """The state after a step that is not the last."""
    return _state(flat(_each(run, state, step, raw), raw_result))


def step_last(run: Run, state: Any, step: StepFunction, raw: bool, raw_result: bool) -> Any:
    """What the last step gives, before a single result stands for itself."""
    return _last(_each(run, state, step, raw), raw_result)


def keep_path(value: Any) -> Any:
    """The value of a path with `[]` in it: a sequence that stays a list, even of one."""
    if value is MISSING:
        raise fault(code="U1002", message="[] has nothing to keep behind an array constructor that gives nothing")
    if value.__class__ is Cons:
        value = Sequence([value])
    if value.__class__ is Sequence:
        value.keep = True
    return value


def filter_at(value: Any, index: int, raw: bool) -> Any:
    """`value[3]`: the item at a place, from the end if negative."""
    items = value if isinstance(value, list) else [value]
    if raw and None in items:
        items = [item for item in items if item is not None]
    if index < 0:
        index += len(items)
    if not 0 <= index < len(items) or items[index] is MISSING:
        return Sequence()
    return items[index] if isinstance(items[index], list) else Sequence([items[index]])


def filter_by(run: Run, value: Any, predicate: StepFunction, raw: bool) -> Sequence:
    """`value[condition]`: the items for which it holds, or those at the places it gives."""
    items = value if isinstance(value, list) else [value]
    if raw and None in items:
        items = [item for item in items if item is not None]
    run.spend(len(items))
    out = Sequence()
    for index, item in enumerate(items):
        found = predicate(item)
        if found.__class__ is bool:
            if found:
                out.append(item)
            continue
        places = [found] if is_number(found) else found
        if isinstance(places, list) and all(is_number(place) for place in places):
            for place in places:
                floor = place // 1
                if (floor + len(items) if floor < 0 else floor) == index:
                    out.append(item)
        elif truthy(found):
            out.append(item)
    return out


def wildcard(context: Any, raw: bool) -> Sequence:
    """`*`: the values of all fields; lists are taken apart all the way down."""
    if context.__class__ is Sequence and context.outer and context:
        context = context[0]
    out = Sequence()
    if isinstance(context, dict):
        values = [context[key] for key in keys_of(context)]
    elif isinstance(context, list):
        values = list(context)
    else:
        return out
    appended = False
    for value in values:
        if isinstance(value, list):
            _deep_flat(value, out, raw)
            appended = True
        elif not (raw and value is None):
            out.append(value)
    return list(out) if appended else out  # type: ignore[return-value]


def _deep_flat(values: list[Any], out: list[Any], raw: bool, depth: int = 0) -> None:
    check_depth(depth)
    for value in values:
        if isinstance(value, list):
            _deep_flat(value, out, raw, depth + 1)
        elif not (raw and value is None):
            out.append(value)


def descendants(run: Run, context: Any, raw: bool) -> Any:
    """`**`: the value itself and everything inside it, lists taken apart."""
    if context is MISSING:
        return MISSING
    out = Sequence()
    waiting = [context]
    while waiting:
        value = waiting.pop()
        run.spend(1)
        if isinstance(value, list):
            waiting.extend(reversed(value))
            continue
        if raw and value is None:
            continue
        out.append(value)
        if isinstance(value, dict):
            waiting.extend(value[key] for key in reversed(keys_of(value)))
    return out[0] if len(out) == 1 else out
