"""What a check finds wrong with a JSON value, placed relative to that value and moved outward by its callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

__all__ = ["NULL", "Check", "Fault", "as_faults", "closest_name", "list_choices", "nest"]


class Fault(NamedTuple):
    """One finding, and its place: empty for the value itself, `.status` or `.lineItem[0].sequence` below it."""

    code: str  # stable name of the rule that found it, as `unknown-element`
    message: str  # continues the place: "is required"; never a payload value
    remedy: str | None = None
    place: str = ""


Found = Sequence[Fault] | str | None
Check = Callable[[Any], Found]
"""A value → what is wrong with it, nothing where it is good; of a primitive the one sentence is enough."""

NULL = Fault("null-value", "is null", "leave the element out")


def as_faults(found: Found, value: Any) -> Sequence[Fault]:
    """What a check found, as faults: a null is a fault of its own, whatever was expected."""
    if isinstance(found, str):
        return [NULL if value is None else Fault("wrong-value", found)]
    return found or ()


def nest(found: Found, child: Any, step: str) -> list[Fault]:
    """What was found in a child, as faults of its parent: `step` is `.status` or `[0]`."""
    return [fault._replace(place=step + fault.place) for fault in as_faults(found, child)]


def closest_name(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, None where nothing is close.

    >>> closest_name("totalGros", ["totalNet", "totalGross"])
    'totalGross'
    """
    listed = list(names)
    exact = [known for known in listed if known.lower() == name.lower()]
    return next(iter(exact or get_close_matches(name, listed, n=1, cutoff=0.6)), None)


def list_choices(choices: Iterable[str], most: int = 12) -> str:
    """The choices as a person would list them, cut where there are many.

    >>> list_choices(["draft", "issued", "balanced"])
    'balanced, draft or issued'
    """
    ordered = sorted(choices)
    if len(ordered) > most:
        return f"{', '.join(ordered[:most])} or {len(ordered) - most} more"
    return " or ".join(filter(None, [", ".join(ordered[:-1]), *ordered[-1:]]))
