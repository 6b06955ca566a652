"""Every value of the workbench can be looked at, and shows no value of an event unless it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from workbench.access.plan import Change, Plan
from workbench.events.profile import profile_events
from workbench.faces.displays import show_in_notebooks
from workbench.faces.explorer import explore, picture_of
from workbench.flows.design import coverage, load_mapping, map_event, map_events
from workbench.flows.integrations import load_integration
from workbench.flows.load import LoadedEvents, load_events
from workbench.flows.proving import Probe
from workbench.flows.provision import Provisioned
from workbench.flows.replay import ReplayReport, ReplayRow

ROOT = Path(__file__).resolve().parents[2]
SECRETIVE = Provisioned(
    integration="stripe-billing",
    base_url="http://127.0.0.1:1/",
    bot_id="b1",
    membership_id="m1",
    client_id="c1",
    client_secret="planted-secret",
)


@pytest.fixture(scope="module")
def events() -> LoadedEvents:
    """The samples of Stripe's invoices."""
    return load_events(ROOT / "sample_events" / "stripe" / "invoice.paid")


@pytest.fixture(scope="module")
def values(events: LoadedEvents) -> dict[str, Any]:
    """One value of each kind."""
    mapping = load_mapping(ROOT / "mappings" / "stripe" / "stripe-invoice.yaml")
    event = events.events[0]
    changes = (
        Change(key="bot", action="create", kind="Bot", name="invoices", body={"name": "invoices"}),
        Change(key="client", action="delete", kind="ClientApplication", name="old", id="7"),
    )
    rows = (
        ReplayRow(
            delivery="a",
            outcome="applied",
            status=200,
            attempts=1,
            ms=5.0,
            results=({"type": "x", "outcome": "applied"},),
        ),
        ReplayRow(delivery="b", outcome="unreachable", status=None, attempts=5, ms=9.0, problem="no answer came"),
    )
    return {
        "events": events,
        "event": event,
        "mapping": mapping,
        "result": map_event(mapping, event),
        "mapped": map_events(mapping, events),
        "coverage": coverage(mapping, events),
        "profile": profile_events(events),
        "type": profile_events(events).types["invoice.paid"],
        "integration": load_integration(ROOT / "mappings" / "stripe" / "integration.yaml"),
        "plan": Plan(integration="stripe-billing", changes=changes),
        "provisioned": SECRETIVE,
        "probes": (Probe(actor="bot", tried="read Patient", expected="refused", found="allowed", ok=False),),
        "replayed": ReplayReport(rows=rows, seconds=0.5),
    }


def test_each_value_has_a_page_and_a_short_text(values: dict[str, Any]) -> None:
    """What stands above the tables is what a terminal shows; it is never the whole of a value's repr."""
    shown = {name: picture_of(value) for name, value in values.items()}

    assert all("<div" in page.html and 0 < len(page.text) < 500 for page in shown.values())
    assert {
        "plan": "Plan stripe-billing: 2 change(s), checksum " + values["plan"].checksum,
        "provisioned": "stripe-billing is on the server",
        "probes": "What was tried on the server: 1 of 1 are not as they must be",
        "replayed": "2 deliveries in 0.5 s; Not settled",
    }.items() <= {name: page.text for name, page in shown.items()}.items()


def test_no_value_of_an_event_is_shown_unless_it_is_asked_for(values: dict[str, Any], events: LoadedEvents) -> None:
    """Names and amounts of the payload appear in no page without `reveal`; with it they do."""
    name = events.events[0].payload["data"]["object"]["customer_name"]

    assert [kind for kind, value in values.items() if name in picture_of(value).html] == []
    assert "Cedar Grove" not in explore(values["type"]).html  # the only value of its field, and still no code
    assert name in explore(values["event"], reveal=True).html
    assert name in explore(values["result"], reveal=True).html


def test_a_webhooks_secret_is_masked() -> None:
    """Its address is shown as it may be shared."""
    page = explore(SECRETIVE, reveal=True).html

    assert "planted-secret" not in page
    assert "c1:••••••••@127.0.0.1" in page


def test_json_is_a_tree_and_anything_else_is_refused() -> None:
    """What cannot be shown says what can."""
    assert "1 field" in explore({"a": 1}).html
    with pytest.raises(TypeError) as caught:
        explore(object())
    assert str(caught.value) == "explore: cannot show a object; give events, a mapping or its results, a plan, or JSON"


def test_a_notebook_shows_our_values_by_itself(values: dict[str, Any]) -> None:
    """The last value of a cell is its page; other values and other tuples are left alone."""
    shell = InteractiveShell()
    show_in_notebooks(shell)
    bundles = {name: shell.display_formatter.format(value)[0] for name, value in values.items()}

    assert [name for name, bundle in bundles.items() if "text/html" not in bundle] == []
    assert bundles["plan"]["text/plain"] == explore(values["plan"]).text
    assert "text/html" not in shell.display_formatter.format((1, 2))[0]
