"""Any value of the workbench as something to look at: tables for what there is much of, folding trees for JSON.

Values out of events and resources are masked until they are asked for; names of types, fields, rules and codes are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from workbench.access.plan import Plan
from workbench.events.delivery import Event
from workbench.events.profile import EventProfile, TypeProfile
from workbench.faces.event_views import (
    coverage_view,
    event_view,
    loaded_view,
    mapped_view,
    mapping_view,
    profile_view,
    result_view,
    type_view,
)
from workbench.faces.markup import Html, render
from workbench.faces.server_views import integration_view, plan_view, probe_view, provisioned_view, replay_view
from workbench.faces.tables import Table
from workbench.faces.trees import tree
from workbench.flows.design import MappedEvents
from workbench.flows.exploring import Explored
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.load import LoadedEvents
from workbench.flows.proving import Probe
from workbench.flows.provision import Provisioned
from workbench.flows.replay import ReplayReport
from workbench.mapping.compile import EventMapping
from workbench.mapping.coverage import Coverage
from workbench.mapping.results import MappingResult

if TYPE_CHECKING:
    from workbench.faces.explorer_panel import ExplorerPanel

__all__ = ["explore", "picture_of"]


def explore(thing: object, *, reveal: bool = False) -> Html | ExplorerPanel:
    """A value of the workbench, or any JSON value, to look at; of loaded events a panel to look into them.

    Args:
        thing: what `load_events`, `load_mapping`, `map_event`, `map_events`, `coverage`, `plan`, `apply`, `prove` or
            `replay` gives, an event, or JSON.
        reveal: show the values of events and resources, which may be people's data.

    Raises:
        TypeError: there is no way to show such a value.
    """
    if isinstance(thing, LoadedEvents) and thing.deliveries:
        from workbench.faces.explorer_panel import ExplorerPanel  # here: only who explores events pays for it

        return ExplorerPanel(Explored(thing), picture_of(thing, reveal=reveal), reveal=reveal)
    return picture_of(thing, reveal=reveal)


def picture_of(thing: object, *, reveal: bool = False) -> Html:
    """A value as it is shown where nobody can press anything: in a report, or as a cell's own value.

    Raises:
        TypeError: there is no way to show such a value.
    """
    if isinstance(thing, Sequence) and thing and all(isinstance(item, Probe) for item in thing):
        return _page([probe_view(thing)])
    for kind, draw in _DRAWN:
        if isinstance(thing, kind):
            return _page(list(draw(thing, reveal)))
    if thing is None or isinstance(thing, dict | list | str | int | float | bool):
        return tree(thing, reveal=reveal)
    message = f"explore: cannot show a {type(thing).__name__}; give events, a mapping or its results, a plan, or JSON"
    raise TypeError(message)


def _page(parts: Sequence[Table | Html]) -> Html:
    """Several tables and trees as one thing to look at; its text is what stands above them."""
    html = [part.html if isinstance(part, Html) else part.html() for part in parts]
    return Html(
        text="; ".join(part.text if isinstance(part, Html) else part.title for part in parts),
        html=render("page", parts=html),
    )


_DRAWN: Final[tuple[tuple[type, Callable[[Any, bool], Sequence[Table | Html]]], ...]] = (
    (Event, event_view),
    (LoadedEvents, loaded_view),
    (EventProfile, profile_view),
    (TypeProfile, type_view),
    (EventMapping, mapping_view),
    (MappingResult, result_view),
    (MappedEvents, mapped_view),
    (Coverage, coverage_view),
    (LoadedIntegration, integration_view),
    (Plan, plan_view),
    (Provisioned, provisioned_view),
    (ReplayReport, replay_view),
)
