"""What the monitor board asks: measures of a span and the rows behind them, an incident's events, sending them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.access.reading import read_integration
from workbench.audit.thresholds import Thresholds, read_thresholds, strictest
from workbench.errors import PlanError, StoreError
from workbench.flows.collect import audit_frame
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.load import LoadedEvents
from workbench.flows.measure import Measures, measures
from workbench.flows.project import find_project
from workbench.flows.replay import ReplayReport
from workbench.flows.verbs import replay
from workbench.servers.client import Server
from workbench.store.audit_store import AuditStore

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Watched", "find_targets", "incident_events", "read_bots", "send_again", "watch"]

Progress = Callable[[str], None]
_BOTS = "_fields=name,auditEventTrigger,auditEventDestination"  # what tells whether a bot hides runs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """A span of a trail: its measures, and the audit rows they were taken of."""

    rows: DataFrame = field(repr=False)
    measures: Measures


def watch(
    source: Server | DataFrame | AuditStore | Path | str,
    *,
    since: str | None = None,
    bot: str | None = None,
    thresholds: Thresholds | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Watched:
    """Give the measures of a span and its rows; of a server also whether a bot keeps runs out of the trail.

    Args:
        source: a server, a folder that a pull keeps, or rows that `audit_frame` gave.
        since: how far back, as of `audit_frame`; None: the whole trail.
        bot: only this bot's runs, `Bot/<id>`.
        thresholds: targets, by name as in `Thresholds`; what is 0 or left out is as the `report:` of the project's
            integrations says, the strictest of them.
        progress: is told how far it is.

    Raises:
        ServerError: a page was refused, or the pages held fewer AuditEvents than the server counts.
        StoreError: the folder holds no rows, or is damaged.
    """
    bots: list[dict[str, Any]] = []
    if isinstance(source, Server):
        rows = audit_frame(source, since=since, bot=bot, progress=progress)
        bots = read_bots(source)
    elif isinstance(source, AuditStore | Path | str):
        folder = source.folder if isinstance(source, AuditStore) else source
        rows = audit_frame(None, data=folder, since=since, bot=bot)
    else:
        rows = source
    return Watched(rows=rows, measures=measures(rows, since=since, thresholds=find_targets(thresholds), bots=bots))


def read_bots(server: Server) -> list[dict[str, Any]]:
    """Give the Bot resources of a server, of each what tells whether it hides runs.

    Raises:
        ServerError: the search was refused.
    """
    return list(server.search("Bot", _BOTS))


def find_targets(given: Thresholds | Mapping[str, Any] | None = None) -> Thresholds:
    """Give the targets: those that are given, over the strictest of the integrations of the project around.

    Raises:
        IntegrationError: a threshold of an integration file is unknown or out of range.
    """
    if isinstance(given, Thresholds):
        return given
    try:
        files = find_project(Path.cwd()).integrations()
    except StoreError:  # outside of a project there are none
        files = ()
    reports = {str(file): read_integration(file.read_text(encoding="utf-8"), file=str(file)).report for file in files}
    own = strictest(read_thresholds(report, file=name) for name, report in reports.items())
    return read_thresholds({**asdict(own), **{name: value for name, value in (given or {}).items() if value}})


def incident_events(rows: DataFrame, incident: Mapping[str, Any]) -> DataFrame:
    """Give the events of an incident, the newest first, each with when it went well after all.

    Args:
        rows: the audit rows of the span.
        incident: a record of `Measures.incidents`.

    Returns:
        recorded, event_id, event_type, mapping, version, duration_ms, and `settled`: when a later run of the same event
        was well, or NaT.
    """
    import pandas  # here: it costs half a second

    begins = rows["result_index"] == rows["event_index"]
    what = rows["problem"].fillna(rows["text"]).fillna("no text")
    mine = begins & (rows["state"] != "ok") & (rows["bot"] == incident["bot"]) & (what == incident["what"])
    found = rows[mine].sort_values("recorded", ascending=False).reset_index(drop=True)
    well = rows[begins & (rows["state"] == "ok") & rows["event_id"].notna()].groupby("event_id")["recorded"].max()
    later = pandas.to_datetime(found["event_id"].map(well.to_dict()), utc=True)  # all missing has no type of its own
    found["settled"] = later.where(later > found["recorded"])
    columns = ["recorded", "event_id", "event_type", "mapping", "version", "duration_ms", "settled"]
    chosen: DataFrame = found.loc[:, columns]
    return chosen


def send_again(
    event_ids: Collection[str],
    events: LoadedEvents,
    integrations: Iterable[LoadedIntegration],
    server: Server,
    *,
    progress: Progress | None = None,
) -> list[ReplayReport]:
    """Send the deliveries that carry these events to their provider's bot again; give a report for each integration.

    Raises:
        PlanError: none of the events is among the deliveries, or an integration is not on the server.
    """
    wanted = set(event_ids)
    own = [each for each in events.deliveries if wanted & {event.id for event in each.events}]
    if not own:
        message = f"send again: none of the {len(wanted)} event(s) is among the deliveries at hand; give their folder"
        raise PlanError(message)
    providers = {each.provider for each in own}
    chosen = [each for each in integrations if each.provider.name in providers]
    if not chosen:
        message = f"send again: no integration of {', '.join(sorted(map(str, providers)))} is given; load one"
        raise PlanError(message)
    return [replay(own, integration, server, progress=progress) for integration in chosen]
