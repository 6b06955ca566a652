"""A plan as coloured text: a line for each change, and below it what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

    from workbench.access.differences import Difference
    from workbench.access.plan import Change, Plan

__all__ = ["plan_text"]

_COLOURS = {"create": "green", "deploy": "green", "set": "green", "delete": "red", "remove": "red"}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}
_SAID = {"resourceType", "name", "meta"}  # of what is made: the line of the change says it, the mark is always there


def plan_text(plan: Plan) -> Text:
    """Draw a plan; secrets are not in it."""
    from rich.text import Text

    if plan.is_empty:
        return Text(f"{plan.integration}: nothing to change")
    many = f"{len(plan.changes)} change{'' if len(plan.changes) == 1 else 's'}"
    text = Text(f"{plan.integration}: {many}, plan {plan.checksum}")
    for change in plan.changes:
        text.append(f"\n  {change.action:<7}", style=_COLOURS.get(change.action, "yellow"))
        text.append(f"{change.kind} {change.name}")
        for sign, line in _lines(change):
            text.append(f"\n          {sign} ", style=_SIGNS[sign])
            text.append(line, style="dim")
    return text


def _lines(change: Change) -> Iterator[tuple[str, str]]:
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
