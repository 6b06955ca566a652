"""A plan as coloured text: a line for each change, and below it what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.faces.plan_lines import change_lines

if TYPE_CHECKING:
    from rich.text import Text

    from workbench.access.plan import Plan

__all__ = ["plan_text"]

_COLOURS = {"create": "green", "deploy": "green", "set": "green", "delete": "red", "remove": "red"}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}


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
        for sign, line in change_lines(change):
            text.append(f"\n          {sign} ", style=_SIGNS[sign])
            text.append(line, style="dim")
    return text
