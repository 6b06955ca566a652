"""The monitor board as a panel: a span to choose, incidents to open, their events to look into and to send again.

Where no browser is there, it is the static board of `workbench.faces.board`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.audit.thresholds import Thresholds
from workbench.faces.board import Board, Part, draw_board, draw_part
from workbench.faces.markup import Html, render
from workbench.faces.panel import Panel
from workbench.faces.server_views import replay_view
from workbench.faces.tables import Column, Table, count, frame_table, milliseconds, moment
from workbench.faces.trees import tree
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load import LoadedEvents, load_events
from workbench.flows.measure import Measures
from workbench.flows.project import find_project
from workbench.flows.replay import ReplayReport
from workbench.flows.watching import incident_events, send_again, watch
from workbench.servers.client import Server
from workbench.store.audit_store import AuditStore

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["MonitorPanel", "monitor"]

_SPANS: Final = ("1h", "24h", "7d", "30d", "")  # "" is the whole trail
_PARTS: Final[tuple[Part, ...]] = ("summary", "pictures", "incidents", "tables")
_LISTED: Final = 50  # events of an incident
_TREES: Final = 3  # payloads of an incident, masked


def monitor(
    source: Server | DataFrame | AuditStore | Path | str,
    *,
    since: str | None = "7d",
    bot: str | None = None,
    thresholds: Thresholds | Mapping[str, Any] | None = None,
    integrations: Sequence[LoadedIntegration] | None = None,
    events: LoadedEvents | None = None,
) -> MonitorPanel:
    """A board of volume, outcomes, latency and incidents with a verdict; its `measures` and `rows` for more.

    Args:
        source: a server, a folder that `workbench audit pull` keeps, or rows that `audit_frame` gave.
        since: the span: `90m`, `36h`, `7d`, a date or an instant (UTC); None: everything.
        bot: only this bot's runs, `Bot/<id>`.
        thresholds: targets, as `{"success": 0.99, "p95_ms": 5000}`.
        integrations: whose bots are sent an incident's events again; the project's when not given.
        events: the deliveries from which they are taken; the project's samples when not given.

    Raises:
        ServerError: a page was refused, or the pages held fewer AuditEvents than the server counts.
        StoreError: the folder holds no rows, or is damaged.
    """
    return MonitorPanel(source, since, bot, thresholds, integrations, events)


class MonitorPanel(Panel):
    """The board of one span: `measures`, the audit `rows` behind them, and what was `sent` again."""

    rows: DataFrame
    measures: Measures

    def __init__(
        self,
        source: Server | DataFrame | AuditStore | Path | str,
        since: str | None,
        bot: str | None,
        thresholds: Thresholds | Mapping[str, Any] | None,
        integrations: Sequence[LoadedIntegration] | None,
        events: LoadedEvents | None,
    ) -> None:
        actions = {
            "refresh": lambda _: self.refresh(),
            "since": lambda values: self.refresh(since=values.get("value") or None),
            "events": lambda values: self._choose(values.get("value", "")),
            "replay": lambda values: self._replay(values.get("value", "")),
        }
        super().__init__("Monitor", actions)
        self.source, self.since = source, since
        self._asked = {"bot": bot, "thresholds": thresholds}
        self._given = integrations, events
        self._chosen = self._sent_for = ""
        self.sent: list[ReplayReport] = []
        self.refresh(since=since)

    def refresh(self, **span: str | None) -> Measures:
        """Ask the server again, for the same span or another `since`."""
        self.since = span.get("since", self.since)
        found = watch(self.source, since=self.since, progress=self.say, **self._asked)  # type: ignore[arg-type]
        self.rows, self.measures = found.rows, found.measures
        self.say(f"As of {self.measures.until:%H:%M:%S} UTC.")
        self._draw()
        return self.measures

    def events_of(self, incident: str) -> DataFrame:
        """The events of an incident, the newest first: when, which, by what mapping, and when it went well after all.

        Raises:
            KeyError: the board shows no such incident.
        """
        return incident_events(self.rows, self._incident(incident))

    def replay(self, incident: str) -> list[ReplayReport]:
        """Send an incident's events again, and refresh the board.

        Raises:
            KeyError: the board shows no such incident.
            PlanError: its events are not at hand, or the integration is not on the server.
            TypeError: the board was made of rows, not of a server.
        """
        if not isinstance(self.source, Server):
            message = "monitor: events can be sent again only where the board was made of a server"
            raise TypeError(message)
        ids = list(self._incident(incident)["event_ids"])
        self.sent = send_again(ids, self._events, self._integrations, self.source, progress=self.say)
        self._chosen = self._sent_for = incident
        self.refresh()
        outcomes = [f"{many} {outcome}" for report in self.sent for outcome, many in report.outcomes().items()]
        self.say(f"Sent again: {', '.join(outcomes)}.", failed=any(report.failed for report in self.sent))
        return self.sent

    def picture(self) -> Board:
        """The board without buttons; it carries its measures, so that a report can judge them."""
        return draw_board(self.measures)

    def _draw(self) -> None:
        state = {
            "replayable": isinstance(self.source, Server),
            "chosen": self._chosen,
            "events": self._drawn_events(),
            "sent": [_drawn(part) for report in self.sent for part in replay_view(report, False)],
            "sent_for": self._sent_for,
        }
        spans = [*_SPANS, *([self.since] if self.since and self.since not in _SPANS else [])]
        controls = render("monitor", spans=spans, since=self.since or "", server=self._place())
        drawn = {str(part): draw_part(self.measures, part, live=True, **state) for part in _PARTS}
        self.parts = {"controls": controls, **drawn}

    def _drawn_events(self) -> list[str]:
        """The chosen incident's events: a table, and of the few at hand the shape, values masked."""
        if self._chosen not in set(self.measures.incidents["incident"]):
            return []
        found = self.events_of(self._chosen)
        columns = (
            Column(key="recorded", heading="when (UTC)", show=moment),
            Column(key="event_id", heading="event"),
            Column(key="event_type", heading="type"),
            Column(key="mapping", heading="mapping"),
            Column(key="version", heading="version", show=count, right=True),
            Column(key="duration_ms", heading="took", show=milliseconds, right=True),
            Column(key="settled", heading="went well since", show=moment),
        )
        more = f", the newest {_LISTED}" if len(found) > _LISTED else ""
        table = frame_table(found.head(_LISTED), f"{len(found):,} event(s){more}", columns).html()
        wanted = set(found["event_id"].dropna())
        shown = [event for event in self._events.events if event.id in wanted][:_TREES]
        return [table, *(tree(event.payload, title=f"{event.type} {event.id}", depth=0).html for event in shown)]

    def _choose(self, incident: str) -> None:
        self._chosen = "" if incident == self._chosen else incident
        self._draw()

    def _replay(self, incident: str) -> None:
        self.replay(incident)

    def _incident(self, incident: str) -> dict[Any, Any]:
        records = self.measures.incidents.set_index("incident", drop=False).to_dict("index")
        found: dict[Any, Any] = records[incident]
        return found

    def _place(self) -> str:
        if isinstance(self.source, Server):
            return self.source.base_url
        return str(self.source) if isinstance(self.source, Path | str) else "audit rows"

    @cached_property
    def _integrations(self) -> Sequence[LoadedIntegration]:
        given = self._given[0]
        paths = find_project(Path.cwd()).integrations() if given is None else ()
        return [load_integration(path) for path in paths] if given is None else given

    @cached_property
    def _events(self) -> LoadedEvents:
        given = self._given[1]
        return load_events(find_project(Path.cwd()).samples) if given is None else given


def _drawn(part: Table | Html) -> str:
    return part.html if isinstance(part, Html) else part.html()
