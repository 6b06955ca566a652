"""Measures as pictures and as a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from invented.audit_trail import audit_event, invented_trail
from invented.medplum import AuditServer

from workbench.audit.thresholds import Thresholds
from workbench.faces.board import draw_board, incident_table, outcome_table, replay_command
from workbench.faces.plots import plot_hours, plot_incidents, plot_latency, plot_volume
from workbench.flows.collect import audit_frame
from workbench.flows.measure import MEASURES_TYPE, Measures, measures

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
PICTURES = (plot_volume, plot_latency, plot_hours, plot_incidents)


def measured(*events: dict, **arguments: object) -> Measures:
    """The measures of some AuditEvents, at NOW."""
    return measures(audit_frame(AuditServer(list(events)).connect()), until=NOW, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def week() -> Measures:
    """A week of one bot."""
    return measured(*invented_trail(1500, NOW), since="7d")


def drawing(html: str) -> ElementTree.Element:
    """The one SVG of a picture, well formed."""
    return ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])


@pytest.mark.parametrize("plot", PICTURES)
def test_a_picture_is_one_drawing_with_a_name_for_a_screen_reader(plot: object, week: Measures) -> None:
    """It is well-formed SVG, takes the page's text colour, and its letters are text."""
    assert callable(plot)
    picture = plot(week)
    svg = drawing(picture.html)

    assert picture.text == svg.get("aria-label")
    assert svg.get("role") == "img"
    assert "currentColor" in picture.html
    assert "#010203" not in picture.html
    assert svg.find(".//{http://www.w3.org/2000/svg}text") is not None


@pytest.mark.parametrize("plot", PICTURES)
@pytest.mark.parametrize(
    "events",
    [
        (),
        (audit_event("a1", NOW - timedelta(hours=1)),),
        tuple(audit_event(f"a{n}", NOW - timedelta(hours=1), "Error: $x^2 <b>&", outcome="4") for n in range(3)),
    ],
    ids=["nothing", "one run", "only failures"],
)
def test_a_picture_of_little_is_still_a_picture(plot: object, events: tuple) -> None:
    """No run, one run and failures alone are drawn without an error."""
    assert callable(plot)
    assert drawing(plot(measured(*events, since="1d")).html) is not None


def test_pictures_on_one_page_do_not_share_ids(week: Measures) -> None:
    """A clip path of one drawing never cuts another."""
    pages = [plot(week).html for plot in PICTURES]
    clips = [{path.get("id") for path in drawing(page).iter("{http://www.w3.org/2000/svg}clipPath")} for page in pages]

    assert sum(map(len, clips)) == len(set().union(*clips))


def test_a_picture_is_the_same_each_time_it_is_drawn(week: Measures) -> None:
    """Nothing but the measures changes it: no date, no chance."""
    assert plot_volume(week).html == plot_volume(week).html


def test_a_board_says_the_verdict_and_carries_the_measures(week: Measures) -> None:
    """A report made of a notebook that shows the board can be judged."""
    board = draw_board(week)
    bundle = board._repr_mimebundle_()

    assert week.to_dict() == json.loads(json.dumps(bundle[MEASURES_TYPE]))
    assert str(week) == bundle["text/plain"]
    assert "<strong>Healthy</strong>" in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 4
    assert "<script" not in bundle["text/html"]


def test_an_incident_comes_with_the_command_that_sends_its_events_again() -> None:
    """What to do stands beside what failed; nothing that a bot printed becomes markup."""
    failing = [event for event in invented_trail(4000, NOW) if '"failed"' in event.get("outcomeDesc", "")]
    page = draw_board(measured(*failing)).html

    assert "workbench replay --event evt_" in page
    assert "<strong>Breach</strong>" in page
    assert f"{len(failing)} events" in page


def test_a_replay_command_names_a_few_and_counts_the_rest() -> None:
    """A command stays one line."""
    assert replay_command(["a", "b", "c", "d", "e"], most=2) == "workbench replay --event a --event b  # and 3 more"


def test_tables_of_a_quiet_span_say_that_it_was_quiet() -> None:
    """An empty trail has no rows to draw."""
    quiet = measured(thresholds=Thresholds(silent_hours=1))

    assert "no event in this span" in outcome_table(quiet).html()
    assert "nothing failed" in incident_table(quiet).html()
    assert "<strong>Breach</strong>" in draw_board(quiet).html
