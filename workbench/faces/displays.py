"""How values of the workbench show themselves when they end a notebook's cell: as `explore` draws them, values masked.

The values live in layers that know nothing of faces, so the notebook is told instead, by the names of their classes:
nothing is imported until one is shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

__all__ = ["show_in_notebooks"]

_CLASSES: Final = (
    ("workbench.access.plan", "Plan"),
    ("workbench.events.delivery", "Event"),
    ("workbench.events.profile", "EventProfile"),
    ("workbench.events.profile", "TypeProfile"),
    ("workbench.flows.design", "MappedEvents"),
    ("workbench.flows.integrations", "LoadedIntegration"),
    ("workbench.flows.load", "LoadedEvents"),
    ("workbench.flows.provision", "Provisioned"),
    ("workbench.flows.replay", "ReplayReport"),
    ("workbench.mapping.compile", "EventMapping"),
    ("workbench.mapping.coverage", "Coverage"),
    ("workbench.mapping.results", "MappingResult"),
)


def show_in_notebooks(shell: Any) -> None:
    """Teach an IPython shell to show our values."""
    formatters = shell.display_formatter.formatters
    for module, name in _CLASSES:
        formatters["text/html"].for_type_by_name(module, name, _draw)
        formatters["text/plain"].for_type_by_name(module, name, _say)
    formatters["text/html"].for_type(tuple, _draw_probes)  # what `prove` gives


def _explore(thing: object) -> Any:
    return import_module("workbench.faces.explorer").picture_of(thing)


def _draw(thing: object) -> str:
    return str(_explore(thing).html)


def _say(thing: object, printer: Any, _cycle: bool) -> None:
    printer.text(_explore(thing).text)


def _draw_probes(things: tuple[object, ...]) -> str | None:
    """The table of a tuple of probes; None leaves any other tuple to IPython."""
    ours = things and all(type(thing).__module__ == "workbench.flows.proving" for thing in things)
    return _draw(things) if ours else None
