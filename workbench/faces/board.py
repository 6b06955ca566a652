"""The board: a verdict, the figures behind it, pictures, incidents and what to do about them, on one page.

It is HTML without scripts: the same in JupyterLab, in a saved notebook, in the report and on paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.audit.thresholds import SAID
from workbench.faces.markup import Html, render
from workbench.faces.plots import plot_hours, plot_incidents, plot_latency, plot_volume
from workbench.faces.tables import Column, Table, count, frame_table, milliseconds, moment, share, words
from workbench.flows.measure import MEASURES_TYPE, Measures

__all__ = [
    "Board",
    "Part",
    "bot_table",
    "draw_board",
    "draw_part",
    "incident_table",
    "mapping_table",
    "outcome_table",
    "replay_command",
    "unmapped_table",
]

Part = Literal["summary", "pictures", "incidents", "tables", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Html):
    """A page of measures, ready to be shown; it carries them, so that `report` can judge what the page shows."""

    measures: Measures = field(repr=False)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/plain": self.text, "text/html": self.html, MEASURES_TYPE: self.measures.to_dict()}


def draw_board(measures: Measures) -> Board:
    """The board of these measures, whole and without buttons."""
    return Board(text=str(measures), html=draw_part(measures, "all"), measures=measures)


def draw_part(measures: Measures, part: Part, *, live: bool = False, **state: Any) -> str:
    """One part of the board as HTML, or all of it.

    Args:
        measures: what it tells.
        part: which.
        live: with buttons, for a panel that answers them.
        state: what the panel shows beside: `replayable`, the `chosen` incident and its `events`, what was `sent`
            again and `sent_for` which incident.
    """
    return render(
        "board",
        part=part,
        live=live,
        said=SAID[measures.verdict.level],
        measures=measures,
        figures=_figures(measures) if part in ("summary", "all") else [],
        pictures=_pictures(measures) if part in ("pictures", "all") else [],
        incidents=[_incident(record) for record in measures.incidents.head(20).to_dict("records")],
        more_incidents=max(len(measures.incidents) - 20, 0),
        tables=[outcome_table(measures), unmapped_table(measures), mapping_table(measures), bot_table(measures)],
        **{"replayable": False, "chosen": "", "events": (), "sent": (), "sent_for": "", **state},
    )


def _pictures(measures: Measures) -> list[str]:
    if not measures.summary["events"]:
        return []
    plots = (plot_volume, plot_latency, plot_hours, plot_incidents)
    return [plot(measures).html for plot in plots]


def outcome_table(measures: Measures) -> Table:
    """Event type × outcome with the durations of their runs."""
    columns = (
        Column(key="event_type", heading="event type", show=_named, group=True),
        Column(key="outcome", heading="outcome", mark="state"),
        Column(key="events", heading="events", show=count, right=True),
        Column(key="p50_ms", heading="p50", show=milliseconds, right=True),
        Column(key="p95_ms", heading="p95", show=milliseconds, right=True),
        Column(key="writes", heading="writes", show=count, right=True),
    )
    return frame_table(measures.by_type, "Event type and outcome", columns, empty="no event in this span")


def mapping_table(measures: Measures) -> Table:
    """Each version of each mapping."""
    columns = (
        Column(key="mapping", heading="mapping", group=True),
        Column(key="version", heading="version", show=count, right=True),
        Column(key="events", heading="events", show=count, right=True),
        Column(key="ok_share", heading="ok", show=share, right=True),
        Column(key="ok_p50_ms", heading="p50", show=milliseconds, right=True),
        Column(key="ok_p95_ms", heading="p95", show=milliseconds, right=True),
        Column(key="event_to_resource_p95_ms", heading="event to end, p95", show=milliseconds, right=True),
        Column(key="last", heading="last (UTC)", show=moment, right=True),
    )
    return frame_table(measures.by_mapping, "Mapping versions", columns, empty="no run of our own bots in this span")


def unmapped_table(measures: Measures) -> Table:
    """What comes and no mapping takes."""
    columns = (
        Column(key="event_type", heading="event type"),
        Column(key="provider", heading="provider"),
        Column(key="events", heading="events", show=count, right=True),
        Column(key="first", heading="first (UTC)", show=moment, right=True),
        Column(key="last", heading="last (UTC)", show=moment, right=True),
    )
    title = "Event types that no mapping takes"
    return frame_table(measures.unmapped, title, columns, empty="every event type that came has a mapping")


def bot_table(measures: Measures) -> Table:
    """Each bot and when it was last heard of."""
    columns = (
        Column(key="name", heading="bot", show=_named),
        Column(key="runs", heading="runs", show=count, right=True),
        Column(key="ok_share", heading="ok", show=share, right=True),
        Column(key="ok_p50_ms", heading="p50", show=milliseconds, right=True),
        Column(key="ok_p95_ms", heading="p95", show=milliseconds, right=True),
        Column(key="last", heading="last run (UTC)", show=moment, right=True),
    )
    return frame_table(measures.by_bot, "Bots", columns, empty="no bot ran in this span")


def incident_table(measures: Measures) -> Table:
    """The incidents, the largest first."""
    columns = (
        Column(key="what", heading="what", mark="state"),
        Column(key="events", heading="events", show=count, right=True),
        Column(key="share", heading="of all failures", show=share, right=True),
        Column(key="first", heading="first (UTC)", show=moment, right=True),
        Column(key="last", heading="last (UTC)", show=moment, right=True),
        Column(key="event_types", heading="event types"),
    )
    return frame_table(measures.incidents, "Incidents", columns, empty="nothing failed")


def replay_command(event_ids: list[str], *, most: int = 5) -> str:
    """The command that sends just these events again.

    >>> replay_command(["evt_1", "evt_2"])
    'workbench replay --event evt_1 --event evt_2'
    """
    named = " ".join(f"--event {event}" for event in event_ids[:most])
    more = f"  # and {len(event_ids) - most:,} more" if len(event_ids) > most else ""
    return f"workbench replay {named}{more}"


def _figures(measures: Measures) -> list[tuple[str, str, str]]:
    """The figures at the head: name, value, and what qualifies it."""
    said = measures.summary
    judged = said["events"] - said["refused"]
    ok = (judged - said["failed"]) / judged if judged else None
    day = measures.burn.set_index("hours").loc[24]
    return [
        ("runs", count(said["runs"]), f"{count(said['events'])} events of {count(said['event_types'])} types"),
        ("went well", share(ok) or "–", f"{share(measures.thresholds.success)} expected"),
        ("failed", count(said["failed"]), f"{count(said['refused'])} refused"),
        (
            "half within",
            milliseconds(said["ok_p50_ms"]) or "–",
            f"95 % within {milliseconds(said['ok_p95_ms']) or '–'}",
        ),
        ("error budget, 24 h", f"{day['burn_rate']:.1f}×", "1× uses it up exactly"),
        ("last run", _ago(measures), moment(said["last"]) and f"{moment(said['last'])} UTC"),
    ]


def _incident(record: dict[Any, Any]) -> dict[str, Any]:
    ids = [str(event) for event in record["event_ids"]]
    return {
        **record,
        "bot_name": _named(record["bot_name"]),
        "events_text": f"{count(record['events'])} event{'' if record['events'] == 1 else 's'}",
        "share_text": share(record["share"]),
        "first_text": moment(record["first"]),
        "last_text": moment(record["last"]),
        "types_text": words(record["event_types"]),
        "mappings_text": words(record["mappings"]),
        "command": replay_command(ids) if ids else "",
    }


def _ago(measures: Measures) -> str:
    last = measures.summary["last"]
    if last is None:
        return "–"
    seconds = max((measures.until - last).total_seconds(), 0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _named(value: Any) -> str:
    return value if isinstance(value, str) else "—"
