"""Measures as pictures: volume and outcomes, latency, the hours of the day, incidents. SVG, drawn by matplotlib.

The pictures take the page's own text colour (dark themes, print), tell states apart by place and label as well as by
colour, and are narrow enough to be read on a phone.

Colours: Okabe and Ito's, which people with any colour blindness tell apart (jfly.uni-koeln.de/color).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from workbench.faces.markup import Html, render
from workbench.flows.measure import Measures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_hours", "plot_incidents", "plot_latency", "plot_types", "plot_volume"]

BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
AMBER: Final = "#E69F00"
_INK: Final = "#010203"  # stands for the page's text colour, and is replaced by it
_FAINT: Final = "#010204"  # the same, faint: grid lines
_WIDTH: Final = 5.0  # inches; its letters of 12 px are still 9 px on a phone
_DATES: Final = ["%Y", "%b", "%-d %b", "%H:%M", "%H:%M", "%H:%M:%S"]  # year, month, day, hour, minute, second
_STYLE: Final[Any] = {  # matplotlib types every key by itself
    "svg.fonttype": "none",  # letters stay text: selectable, and in the page's own fonts
    "figure.constrained_layout.h_pad": 0.04,  # inches
    "figure.constrained_layout.w_pad": 0.02,
    "figure.constrained_layout.hspace": 0.06,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,  # a name with a dollar sign is a name
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "date.converter": "concise",
    "timezone": "UTC",
}


def plot_volume(measures: Measures) -> Html:
    """Events over time; failures and refusals stand below in a scale of their own, so that few among many are seen."""
    steps: Any = measures.over_time
    with _drawing("volume", height=2.9, rows=2, ratio=(2.4, 1)) as (figure, (above, below), finish):
        width = measures.step_seconds / 86400 * 0.92
        starts = steps["start"].dt.tz_localize(None)
        above.bar(starts, steps["ok"], width=width, align="edge", color=BLUE, linewidth=0)
        below.bar(starts, steps["failed"], width=width, align="edge", color=VERMILION, linewidth=0)
        below.bar(starts, steps["refused"], width=width, align="edge", bottom=steps["failed"], color=AMBER, linewidth=0)
        _span(measures, above, below)
        _counts(above, most=4)
        _counts(below, most=2)
        _legend(figure, [("ok", BLUE), ("failed", VERMILION), ("refused", AMBER)])
        said = measures.summary
        text = (
            f"Events per {_step_name(measures.step_seconds)}: {said['ok']:,} ok, {said['failed']:,} failed,"
            f" {said['refused']:,} refused"
        )
        return finish(f"Events per {_step_name(measures.step_seconds)}", text)


def plot_latency(measures: Measures) -> Html:
    """How long runs that went well took: the middle one, and the bands that 95 % and 99 % of them stay within."""
    steps: Any = measures.over_time.dropna(subset=["ok_p50_ms"])
    with _drawing("latency", height=2.5) as (figure, (axes,), finish):
        middles = steps["start"].dt.tz_localize(None) + _seconds(measures.step_seconds / 2)
        if len(steps) == 1:  # one step makes no band: three marks above each other
            for name, alpha in (("ok_p99_ms", 0.3), ("ok_p95_ms", 0.6), ("ok_p50_ms", 1.0)):
                axes.plot(middles, steps[name], "o", color=BLUE, alpha=alpha)
        axes.fill_between(middles, steps["ok_p95_ms"], steps["ok_p99_ms"], color=BLUE, alpha=0.16, linewidth=0)
        axes.fill_between(middles, steps["ok_p50_ms"], steps["ok_p95_ms"], color=BLUE, alpha=0.38, linewidth=0)
        axes.plot(middles, steps["ok_p50_ms"], color=BLUE, linewidth=1.8)
        most = float(steps["ok_p99_ms"].max()) if len(steps) else 0.0
        axes.set_ylim(0, most * 1.15 or 1)
        if measures.thresholds.p95_ms <= most * 1.6:
            axes.set_ylim(0, max(most, measures.thresholds.p95_ms) * 1.15)
            axes.axhline(measures.thresholds.p95_ms, color=VERMILION, linewidth=1, linestyle=(0, (4, 3)))
            axes.annotate(
                "95 % expected below", (0, measures.thresholds.p95_ms), xycoords=("axes fraction", "data"), va="bottom"
            )
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f} ms")
        _span(measures, axes)
        _legend(figure, [("half", BLUE), ("95 %", (BLUE, 0.42)), ("99 % of the runs", (BLUE, 0.16))])
        p50, p95 = measures.summary["ok_p50_ms"], measures.summary["ok_p95_ms"]
        text = (
            f"Duration: half within {p50:,.0f} ms, 95 % within {p95:,.0f} ms" if p50 is not None else "No run went well"
        )
        return finish("How long runs took", text)


def plot_types(measures: Measures) -> Html:
    """How many events of each type; for a trail too young to say at which hours they come."""
    hours: Any = measures.by_hour
    totals = hours.groupby("event_type")[["events", "not_ok"]].sum().sort_values("events", ascending=False)
    shown = totals.head(14)
    with _drawing("types", height=0.75 + 0.24 * max(len(shown), 2)) as (_, (axes,), finish):
        rows, failed = range(len(shown)), shown["not_ok"]
        axes.barh(rows, shown["events"] - failed, color=BLUE, height=0.72)
        axes.barh(rows, failed, left=shown["events"] - failed, color=VERMILION, height=0.72)
        for row, events in zip(rows, shown["events"], strict=True):
            axes.annotate(f"{events:,}", (events, row), xytext=(4, 0), textcoords="offset points", va="center")
        axes.set_yticks(list(rows), [_shorten(kind) for kind in shown.index])
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        axes.set_xlim(0, max(shown["events"].max() if len(shown) else 0, 1) * 1.1)
        axes.set_xticks([])
        axes.grid(visible=False)
        left_out = f"; the {len(shown)} most frequent of {len(totals)}" if len(totals) > len(shown) else ""
        return finish(f"What came{left_out}", f"Event types: {len(totals)}{left_out}")


def plot_hours(measures: Measures) -> Html:
    """Event type × hour of the day: the darker the more events; a dot where some failed, its size their share."""
    if measures.until - _began(measures) < _seconds(86400):
        return plot_types(measures)
    hours: Any = measures.by_hour
    totals = hours.groupby("event_type")["events"].sum().sort_values(ascending=False)
    types = list(totals.index[:14])
    with _drawing("hours", height=0.75 + 0.24 * max(len(types), 2), margin=0.33) as (_, (axes,), finish):
        shown = hours[hours["event_type"].isin(types)]
        most = float(shown["events"].max()) if len(shown) else 1.0
        for cell in shown.itertuples():
            row = types.index(cell.event_type)
            share = cell.events / most
            axes.add_patch(_square(cell.hour, row, alpha=0.08 + 0.82 * share**0.6))
            if cell.not_ok:
                size = 6 + 44 * (cell.not_ok / cell.events) ** 0.5
                axes.scatter([cell.hour + 0.5], [row + 0.5], s=size, color=VERMILION, linewidth=0.8, edgecolor="white")
        axes.set_xlim(0, 24)
        axes.set_ylim(max(len(types), 1), 0)
        axes.set_xticks(range(0, 25, 6), [f"{hour:02d}:00" for hour in range(0, 25, 6)])
        axes.set_yticks([row + 0.5 for row in range(len(types))], [_shorten(kind) for kind in types])
        axes.grid(visible=False)
        left_out = f"; the {len(types)} most frequent of {len(totals)}" if len(totals) > len(types) else ""
        busiest = f"most often {types[0]}" if types else "no event"
        return finish(
            "When what comes (UTC)",
            f"Event types by hour of the day: {busiest}{left_out}; dots mark hours with failures",
        )


def plot_incidents(measures: Measures) -> Html:
    """Each incident from its first failure to its last, with how many events it took; the ten largest."""
    incidents: Any = measures.incidents.head(10)
    with _drawing("incidents", height=0.7 + 0.42 * max(len(incidents), 1)) as (_, (axes,), finish):
        for row, incident in enumerate(incidents.itertuples()):
            colour = AMBER if incident.state == "refused" else VERMILION
            first, last = incident.first.tz_localize(None), incident.last.tz_localize(None)
            axes.plot([first, last], [row, row], color=colour, linewidth=5, solid_capstyle="round", clip_on=False)
            axes.annotate(
                f"{_shorten(incident.what, 44)} · {incident.events:,}×",
                (0, row),
                xycoords=("axes fraction", "data"),
                xytext=(0, 6),
                textcoords="offset points",
                va="bottom",
            )
        if incidents.empty:
            axes.annotate("nothing failed", (0.5, 0.5), xycoords="axes fraction", ha="center")
        axes.set_ylim(max(len(incidents), 1) - 0.6, -0.9)
        axes.set_yticks([])
        axes.grid(visible=False)
        _span(measures, axes)
        count = len(measures.incidents)
        return finish("Incidents", f"{count:,} kind(s) of failure" if count else "Nothing failed")


@contextmanager
def _drawing(
    name: str, *, height: float, rows: int = 1, ratio: tuple[float, ...] = (1,), margin: float | None = None
) -> Iterator[tuple[Figure, list[Any], Callable[[str, str], Html]]]:
    """A figure with axes above each other, and the function that makes a titled picture of it."""
    import matplotlib as mpl  # here: half a second that only a picture pays
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratio)[:, 0])

        def finish(title: str, text: str) -> Html:
            written = io.StringIO()
            figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
            return Html(text=text, html=render("plot", title=title, text=text, svg=_inline(written.getvalue(), text)))

        yield figure, axes, finish


def _inline(svg: str, text: str) -> Any:
    """The drawing as an element of a page: no prologue, the page's colour and fonts, a name for a screen reader."""
    from markupsafe import Markup, escape  # here: see `markup`

    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace(_FAINT, "var(--wb-line, #8884)").replace(_INK, "currentColor")
    drawing = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \1system-ui, 'DejaVu Sans', sans-serif", drawing)
    drawing = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", drawing, count=1)
    drawing = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", drawing, count=1)
    label = f'<svg role="img" aria-label="{escape(text)}"'
    return Markup(drawing.replace("<svg", label, 1))  # noqa: S704 - matplotlib's own output, its texts escaped by it


def _began(measures: Measures) -> datetime:
    """When the trail began, or the span where it is older."""
    return max(measures.since, measures.summary["first"] or measures.since)


def _span(measures: Measures, *axes: Any) -> None:
    """Show the span that was asked for to its end, also where nothing happened; but no time before the trail began."""
    from matplotlib import dates

    since = _began(measures)
    until = max(measures.until, since + _seconds(measures.step_seconds))
    for one in axes:
        one.set_xlim(since, until)
    locator = dates.AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, formats=_DATES, show_offset=False))  # type: ignore[no-untyped-call]


def _counts(axes: Any, *, most: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(0, max(axes.get_ylim()[1], 1))


def _legend(figure: Figure, entries: list[tuple[str, Any]]) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[Patch(color=colour, label=label, linewidth=0) for label, colour in entries],
        loc="outside upper left",
        ncols=len(entries),
        frameon=False,
        handlelength=1,
        handleheight=1,
        handletextpad=0.5,
        columnspacing=1.4,
        borderpad=0,
    )


def _square(hour: int, row: int, *, alpha: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((hour + 0.05, row + 0.07), 0.9, 0.86, color=(BLUE, round(alpha, 2)), linewidth=0)


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def _shorten(text: str, most: int = 32) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _step_name(seconds: int) -> str:
    sizes = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    count, name = next((seconds // size, name) for size, name in sizes if seconds % size == 0)
    return name if count == 1 else f"{count} {name}s"
