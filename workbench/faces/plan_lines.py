"""A change of a plan as lines of a diff: a sign and a text, for a terminal and a page alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.access.differences import Difference
    from workbench.access.plan import Change

__all__ = ["change_lines"]

_SAID = {"resourceType", "name", "meta"}  # of what is made: the line of the change says it, the mark is always there


def change_lines(change: Change) -> Iterator[tuple[str, str]]:
    """Give each difference as `+` (comes), `-` (goes) or `~` (becomes another) with its path and values; no secret."""
    for found in change.differences:
        if change.action == "create" and found.path in _SAID:
            continue
        yield from _told(found)


def _told(found: Difference) -> Iterator[tuple[str, str]]:
    """Say one difference: its path with the value that comes, goes, or changes."""
    if found.before is None and isinstance(found.after, list) and found.path == "resource":
        yield from (("+", _grant(line)) for line in found.after)
    elif found.before is None:
        yield "+", f"{found.path}: {_shown(found.after)}"
    elif found.after is None:
        yield "-", f"{found.path}: {_shown(found.before)}"
    else:
        yield "~", f"{found.path}: {_shown(found.before)} → {_shown(found.after)}"


def _grant(line: dict[str, Any]) -> str:
    """Say one line of an access policy; `workbench policy explain` says why it is there."""
    constraints = len(line.get("writeConstraint", ()))
    confined = [line["criteria"]] if "criteria" in line else []
    confined += [f"{constraints} write constraint{'' if constraints == 1 else 's'}"] if constraints else []
    return "; ".join([f"{line['resourceType']}: {', '.join(line['interaction'])}", *confined])


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
