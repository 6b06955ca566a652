"""The event explorer: a table of deliveries that is filtered, beside it the event that is looked at, value by value.

Values are masked until they are asked for; a path can be copied, as it is or as an expression for a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.faces.markup import Html, render
from workbench.faces.panel import Panel
from workbench.faces.trees import tree
from workbench.flows.exploring import Explored, Query, Seen

__all__ = ["ExplorerPanel"]

_PAGE: Final = 50
_LEAVES: Final = 400


class ExplorerPanel(Panel):
    """A corpus in the browser; `shown` is what the query means, `event` what is looked at."""

    reveal: bool = False

    def __init__(self, explored: Explored, picture: Html, *, reveal: bool = False) -> None:
        actions = {
            "filter": self.filter,
            "page": lambda values: self._turn(int(values["value"])),
            "open": lambda values: self.look(int(values["value"])),
            "compare": lambda values: self._compare(int(values["value"])),
            "values": lambda _: self._mask(not self.reveal),
            "path": lambda values: self.send({"copy": values["value"]}),
            "use": lambda values: self.send({"copy": f"={expression_path(values['value'])}"}),
        }
        super().__init__("Events", actions)
        self.explored = explored
        self.reveal = reveal
        self.query = Query()
        self.shown = explored.find(self.query)
        self.event: Seen | None = next((one for one in self.shown if one.event), None)
        self.other: Seen | None = None
        self._page = 0
        self._picture = picture
        self._draw()

    def filter(self, values: Mapping[str, str]) -> tuple[Seen, ...]:
        """Show what these values mean: provider, type, verdict, path, value."""
        self.query = Query(**{name: values.get(name, "").strip() for name in Query.__dataclass_fields__})
        self.shown = self.explored.find(self.query)
        self._page = 0
        self.say(f"{len(self.shown):,} of {len(self.explored.seen):,}.")
        self._draw()
        return self.shown

    def look(self, number: int) -> Seen:
        """Look at an event by its number."""
        self.event, self.other = self.explored.seen[number], None
        self._draw()
        return self.event

    def picture(self) -> Html:
        """What there is, by type and verdict."""
        return self._picture

    def _turn(self, by: int) -> None:
        self._page = max(0, min(self._page + by, (len(self.shown) - 1) // _PAGE))
        self._draw()

    def _compare(self, number: int) -> None:
        self.other = self.explored.seen[number]
        self._draw()

    def _mask(self, reveal: bool) -> None:
        self.reveal = reveal
        self._draw()

    def _draw(self) -> None:
        first = self._page * _PAGE
        choices = {name: self.explored.choices(name) for name in ("provider", "type", "verdict")}
        self.parts = {
            "controls": _part("controls", query=self.query, choices=choices, reveal=self.reveal),
            "table": _part(
                "table",
                rows=self.shown[first : first + _PAGE],
                first=first,
                total=len(self.shown),
                event=self.event,
                last=first + _PAGE >= len(self.shown),
            ),
            "event": self._event(),
        }

    def _event(self) -> str:
        if self.event is None or self.event.event is None:
            return _part("none")
        if self.other is not None:
            found = self.explored.compare(self.event, self.other)
            lines = [one.show() if self.reveal else str(one) for one in found[:_LEAVES]]
            return _part("compared", one=self.event, other=self.other, lines=lines, more=len(found) - _LEAVES)
        leaves = self.explored.leaves(self.event)
        drawn = tree(self.event.event.payload, title=self.event.type, reveal=self.reveal, depth=1)
        rows = [(leaf, _shown(leaf.value, self.reveal)) for leaf in leaves[:_LEAVES]]
        return _part("event", event=self.event, rows=rows, more=len(leaves) - _LEAVES, tree=drawn.html)


def expression_path(path: str) -> str:
    """Give a path as an expression reads it: positions of lists are left out, so that each element is meant.

    >>> expression_path("data.object.lines.data[0].amount")
    'data.object.lines.data.amount'
    """
    head, *rest = path.split("[")
    return head + "".join(part.partition("]")[2] for part in rest)


def _shown(value: Any, reveal: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if reveal:
        return str(value)
    return f"text, {len(value)} characters" if isinstance(value, str) else "number"


def _part(part: str, **values: Any) -> str:
    return render("explorer", part=part, **values)
