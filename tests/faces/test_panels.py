"""The panels without a browser: what their buttons do on an embedded Medplum, and what they show and never show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workbench.errors import PlanError, StalePlanError, UnsafePlanError
from workbench.faces.monitor_panel import MonitorPanel, monitor
from workbench.faces.panel import Panel
from workbench.faces.provision_panel import ProvisionPanel, provision
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load import LoadedEvents, load_events
from workbench.flows.measure import MEASURES_TYPE
from workbench.flows.verbs import replay
from workbench.sandbox.launcher import Sandbox, start_sandbox
from workbench.servers.client import Server

ROOT = Path(__file__).parents[2]
INVOICES = ROOT / "sample_events/stripe/invoice.paid"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One embedded Medplum for this file; the tests follow one another as a person would."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


@pytest.fixture(scope="module")
def server(box: Sandbox) -> Iterator[Server]:
    """An administrator of it."""
    with Server(box.base_url, box.client_id, box.client_secret, box.project_id) as client:
        yield client


@pytest.fixture(scope="module")
def integration() -> LoadedIntegration:
    """The shipped Stripe integration."""
    return load_integration(ROOT / "mappings/stripe/integration.yaml")


@pytest.fixture(scope="module")
def events() -> LoadedEvents:
    """A few deliveries of one type."""
    return load_events(INVOICES, provider="stripe")


@pytest.fixture(scope="module")
def panel(integration: LoadedIntegration, server: Server) -> ProvisionPanel:
    """The provision panel on the empty server."""
    return provision(integration, server)


@pytest.fixture(scope="module")
def board(panel: ProvisionPanel, server: Server, events: LoadedEvents) -> MonitorPanel:
    """The monitor board after the bot lost its rights and failed on every delivery."""
    panel.apply()
    (policy,) = (each for each in server.search("AccessPolicy") if each["name"].startswith("stripe-billing bot"))
    server.update({**policy, "resource": [line for line in policy["resource"] if line["resourceType"] != "Invoice"]})
    replay(events, panel.integration, server)
    return monitor(server, integrations=[panel.integration], events=events)


def sent(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The messages that a panel sends to the browser from now on."""
    messages: list[dict] = []
    monkeypatch.setattr(panel, "send", messages.append)
    return messages


def test_a_plan_is_shown_and_nothing_is_done(panel: ProvisionPanel, server: Server) -> None:
    """Each change stands there with what comes; cancelling leaves the server as it was."""
    panel.press("ask")
    asked = panel.parts["ask"]
    panel.press("cancel")

    assert f"Apply plan {panel.plan.checksum[:6]}" in asked
    assert all(change.name in panel.parts["plan"] for change in panel.plan.changes)
    assert panel.said == "Nothing was changed."
    assert server.search("Bot") == []


def test_an_old_plan_is_not_applied(panel: ProvisionPanel) -> None:
    """A checksum that is another than the server's plan changes nothing and says what to do."""
    with pytest.raises(StalePlanError, match="look at the new plan"):
        panel.apply("0000000000000000")


def test_elsewhere_a_plan_must_be_confirmed(
    integration: LoadedIntegration, box: Sandbox, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server that is not on this machine neither a call without checksum nor another text in the form suffices."""
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_of_these_tests")
    with httpx.Client(base_url=box.base_url, trust_env=False) as local:

        def forward(request: httpx.Request) -> httpx.Response:
            headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
            path = request.url.raw_path.decode()
            answer = local.request(request.method, path, content=request.read(), headers=headers)
            return httpx.Response(
                answer.status_code, content=answer.content, headers={"content-type": "application/json"}
            )

        far = Server(
            "https://fhir.example.org/", box.client_id, box.client_secret, transport=httpx.MockTransport(forward)
        )
        panel = provision(integration, far)
        panel.press("ask")
        asked = panel.parts["ask"]
        panel.press("apply", {"typed": "no"})

        assert f"type <b>{panel.plan.checksum[:6]}</b> to confirm" in asked
        assert panel.said == f"Not applied: type {panel.plan.checksum[:6]} to confirm."
        with pytest.raises(PlanError, match=f"are not confirmed.*{panel.plan.checksum}"):
            panel.apply()
    assert server.search("Bot") == []


def test_confirmed_it_is_applied_proved_and_says_where_to_post(panel: ProvisionPanel) -> None:
    """Every change is told, every door tried, and the address shown with its secret masked."""
    many = len(panel.plan.changes)
    panel.press("apply", {})

    assert panel.said == "Tried on the live server: every door is as it must be."
    assert panel.parts["progress"].count("<li") == many == len(panel.made.changes)
    assert all(probe.ok for probe in panel.probes)
    assert len(panel.probes) > 20
    assert "••••••••" in panel.parts["address"]
    assert panel.plan.is_empty


def test_the_secret_is_in_no_state_and_no_picture(panel: ProvisionPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes to the browser in a message, on request, and stands in nothing that a notebook saves."""
    secret = panel.made.client_secret
    messages = sent(panel, monkeypatch)
    panel.press("reveal")
    panel.press("copy")
    told = repr(panel) + str(panel.get_state()) + panel.picture().html + panel.picture().text

    assert [secret in str(message) for message in messages] == [True, True]
    assert messages[0]["into"] == "address"
    assert secret not in told
    assert f"https://{secret}" not in told


def test_a_failing_incident_is_opened_mended_and_sent_again(board: MonitorPanel, panel: ProvisionPanel) -> None:
    """Its events are listed and masked; once the policy is back they go well, and the board says since when."""
    (record,) = board.measures.incidents.query("state == 'failed'").to_dict("records")
    before = board.events_of(record["incident"])
    board.press("events", {"value": record["incident"]})
    opened = board.parts["incidents"]
    changed = panel.look()
    panel.apply()
    board.press("replay", {"value": record["incident"]})

    assert set(before["event_id"]) == set(record["event_ids"])
    assert before["settled"].isna().all()
    assert before["event_id"][0] in opened
    assert [(change.action, change.kind) for change in changed.changes] == [("update", "AccessPolicy")]
    assert board.said.startswith("Sent again: ")
    assert not board.failed
    assert "What became of it" in board.parts["incidents"]
    assert board.events_of(record["incident"])["settled"].notna().all()


def test_no_value_of_an_event_is_on_the_board(board: MonitorPanel, events: LoadedEvents) -> None:
    """An opened incident shows the shape of its events, and of no text what it says."""
    (record,) = board.measures.incidents.query("state == 'failed'").to_dict("records")
    if "Hide its events" not in board.parts["incidents"]:
        board.press("events", {"value": record["incident"]})
    names = {event.payload["data"]["object"].get("customer_name") for event in events.events} - {None}

    assert names
    assert "wb-tree" in board.parts["incidents"]
    assert [name for name in names if name in str(board.parts)] == []


def test_another_span_is_asked_for_anew(board: MonitorPanel) -> None:
    """Choosing a span measures that span; the picture carries the measures that a report judges."""
    board.press("since", {"value": "1h"})
    bundle = board.picture()._repr_mimebundle_()

    assert board.since == "1h"
    assert (board.measures.until - board.measures.since).total_seconds() == 3600
    assert bundle[MEASURES_TYPE]["summary"]["runs"] == board.measures.summary["runs"]
    assert "<button" not in bundle["text/html"]


def test_events_that_are_not_at_hand_are_said_to_be_so(board: MonitorPanel, server: Server) -> None:
    """The panel says it where it was pressed, and stays usable."""
    bare = monitor(server, integrations=[], events=load_events(ROOT / "sample_events/okta/user.lifecycle.create"))
    (record,) = board.measures.incidents.query("state == 'failed'").to_dict("records")
    bare.press("replay", {"value": record["incident"]})

    assert bare.failed
    assert "is among the deliveries at hand; give their folder" in bare.said
    assert not bare.busy


def test_a_board_of_rows_measures_them_and_sends_nothing(board: MonitorPanel) -> None:
    """A DataFrame is as good as a server, but for sending again."""
    of_rows = monitor(board.rows, since=None)
    (record,) = of_rows.measures.incidents.query("state == 'failed'").to_dict("records")

    assert of_rows.measures.summary["runs"] == board.measures.summary["runs"]
    assert "Send them again" not in of_rows.parts["incidents"]
    with pytest.raises(TypeError, match="made of a server"):
        of_rows.replay(record["incident"])


def test_what_takes_something_away_needs_a_word_more(panel: ProvisionPanel, tmp_path: Path) -> None:
    """A plan that deletes asks for that expressly, and applies no part of itself without."""
    folder = tmp_path / "mappings/stripe"
    source = ROOT / "mappings/stripe/integration.yaml"
    text = source.read_text(encoding="utf-8")
    assert "delivery: execute" in text
    (tmp_path / "mappings").mkdir()
    shutil.copytree(source.parent, folder)
    shutil.copytree(ROOT / "sample_events/stripe/invoice.paid", tmp_path / "sample_events/stripe/invoice.paid")
    shutil.copy(ROOT / "sample_events/secrets.json", tmp_path / "sample_events/secrets.json")
    (folder / "integration.yaml").write_text(text.replace("delivery: execute", "delivery: public-webhook"), "utf-8")
    public = provision(load_integration(folder / "integration.yaml"), panel.server)
    public.press("ask")
    asked = public.parts["ask"]
    with pytest.raises(UnsafePlanError, match="the plan deletes"):
        public.apply()

    assert "also take away" in asked
    assert len(public.plan.deletes) >= 1
