"""What the shortcuts of `shortcuts.py` call: the common case straight, every other by the expression compiler's way.

None stands for missing. Each function gives for any JSON what the general functions give, only sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from workbench.mapping.expression.python_runtime import runtime_names

__all__ = [
    "fields_of",
    "item_in",
    "least",
    "less_than",
    "looked_up",
    "minus",
    "more_than",
    "most",
    "one_of",
    "opposite",
    "plus",
    "text_after",
    "text_joined",
    "times",
    "total",
    "total_in",
    "trimmed",
]

_LONG: Final = 1_000_000  # longer texts go the general way, which knows their limit
_EXACT: Final = 2**53 - 1
_LEAST: Final = -_EXACT
_GENERAL: Final[Any] = SimpleNamespace(**runtime_names())  # what the general text of an expression calls
_MISSING: Final = _GENERAL.MISSING
_NO_FIELDS: Final[dict[str, Any]] = {}


class _Along:
    """Answers for a list as JSONata does: the field of each of its elements."""

    __slots__ = ("_state",)

    def __init__(self, state: Any) -> None:
        self._state = state

    def get(self, name: str) -> Any:
        """The values of a field, None where there are none."""
        return _absent(_GENERAL.name_last(self._state, name, True))


def fields_of(state: Any) -> Any:
    """What gives a field by `get`, whatever the state of a path is."""
    return _Along(state) if isinstance(state, list) else state if isinstance(state, dict) else _NO_FIELDS


def text_after(literal: str, value: Any) -> str:
    """`"literal" & value`."""
    if value.__class__ is str and len(value) < _LONG:
        return literal + value
    return str(_GENERAL.concat(literal, _settled(value)))


def text_joined(left: Any, right: Any) -> str:
    """`left & right`."""
    return str(_GENERAL.concat(_settled(left), _settled(right)))


def total(values: Any) -> Any:
    """`$sum(values)`."""
    if values.__class__ is list:
        found = 0
        for value in values:
            if value.__class__ is not int:
                break
            found += value
        else:
            if values and _LEAST <= found <= _EXACT and min(values) >= _LEAST and max(values) <= _EXACT:
                return found
    return None if values is None else _absent(_GENERAL.sum_of(_GENERAL.list_of(_GENERAL.clean(values), "n", 0)))


def total_in(state: Any, name: str) -> Any:
    """`$sum(state.name)` for a state that is a list of objects; for any other too."""
    if state.__class__ is list:
        found = None
        for item in state:
            value = item.get(name) if item.__class__ is dict else None
            if value.__class__ is not int or not _LEAST <= value <= _EXACT:
                break
            found = value if found is None else found + value
        else:
            if found is None or _LEAST <= found <= _EXACT:
                return found
    elif state is None:
        return None
    return total(_absent(_GENERAL.name_last(state, name, True)))


def item_in(state: Any, name: str, index: int) -> Any:
    """`state.name[index]` with a constant index."""
    if state is None:
        return None
    found = state.get(name) if state.__class__ is dict else None
    if found.__class__ is list and (not found or None not in found):
        item = found[index] if -len(found) <= index < len(found) else None
        if item.__class__ is not list:
            return item
    step = _indexed(name, index)
    return _absent(_GENERAL.collapse(_GENERAL.step_last(_GENERAL.Run(), state, step, True, True)))


def looked_up(table: dict[str, Any], key: Any) -> Any:
    """`$lookup(table, key)` with an object of constants, none of them null."""
    if key.__class__ is str:
        return table.get(key)
    return _absent(_GENERAL.collapse(_checked(_GENERAL.lookup_value, "<x-s:x>", table, _settled(key))))


def trimmed(value: Any) -> Any:
    """`$trim(value)`."""
    if value.__class__ is str:
        if value.isprintable() and "  " not in value:  # no other blank can be printed
            return value.strip(" ")
        return _GENERAL.trim(value)
    return _absent(_checked(_GENERAL.trim, "<s-:s>", _settled(value)))


def more_than(value: Any, constant: float) -> Any:
    """`value > constant`: a boolean, or None."""
    if value is None:
        return None
    if value.__class__ is int and _LEAST <= value <= _EXACT:
        return value > constant
    return _absent(_GENERAL.more(_settled(value), constant))


def less_than(value: Any, constant: float) -> Any:
    """`value < constant`: a boolean, or None."""
    if value is None:
        return None
    if value.__class__ is int and _LEAST <= value <= _EXACT:
        return value < constant
    return _absent(_GENERAL.less(_settled(value), constant))


def least(value: Any, constant: float) -> Any:
    """`value >= constant`: a boolean, or None."""
    if value is None:
        return None
    if value.__class__ is int and _LEAST <= value <= _EXACT:
        return value >= constant
    return _absent(_GENERAL.more_equal(_settled(value), constant))


def most(value: Any, constant: float) -> Any:
    """`value <= constant`: a boolean, or None."""
    if value is None:
        return None
    if value.__class__ is int and _LEAST <= value <= _EXACT:
        return value <= constant
    return _absent(_GENERAL.less_equal(_settled(value), constant))


def plus(left: Any, right: Any) -> Any:
    """`left + right`."""
    if left.__class__ is int and right.__class__ is int and _LEAST <= left <= _EXACT and _LEAST <= right <= _EXACT:
        found = left + right
        if _LEAST <= found <= _EXACT:
            return found
    return _absent(_GENERAL.add(_settled(left), _settled(right)))


def minus(left: Any, right: Any) -> Any:
    """`left - right`."""
    if left.__class__ is int and right.__class__ is int and _LEAST <= left <= _EXACT and _LEAST <= right <= _EXACT:
        found = left - right
        if _LEAST <= found <= _EXACT:
            return found
    return _absent(_GENERAL.subtract(_settled(left), _settled(right)))


def times(left: Any, right: Any) -> Any:
    """`left * right`."""
    if left.__class__ is int and right.__class__ is int and _LEAST <= left <= _EXACT and _LEAST <= right <= _EXACT:
        found = left * right
        if found and _LEAST <= found <= _EXACT:  # nothing may be -0
            return found
    return _absent(_GENERAL.multiply(_settled(left), _settled(right)))


def one_of(value: Any, texts: list[str]) -> bool:
    """`value in ["text", …]`."""
    return value in texts if value.__class__ is str else bool(_GENERAL.inside(_settled(value), texts))


def opposite(value: Any) -> Any:
    """`-value`."""
    if value.__class__ is int and value and _LEAST <= value <= _EXACT:
        return -value
    return _absent(_GENERAL.negative(_settled(value)))


def _indexed(name: str, index: int) -> Callable[[Any], Any]:
    return lambda context: _GENERAL.filter_at(_GENERAL.collapse(_GENERAL.lookup(context, name, True)), index, True)


def _checked(function: Callable[..., Any], signature: str, *arguments: Any) -> Any:
    """A call of a built-in function that needs no run and takes no context."""
    return _GENERAL.checked(None, function, signature, None, *arguments)


def _settled(value: Any) -> Any:
    return _MISSING if value is None else _GENERAL.clean(value)


def _absent(value: Any) -> Any:
    return None if value is _MISSING else value
