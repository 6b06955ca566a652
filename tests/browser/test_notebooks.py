"""The six notebooks in a real JupyterLab, in their order, as a person goes through them: mouse, keyboard, eyes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from browser.lab_page import DARK, Lab, LabPage
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load import load_events
from workbench.flows.provision import find_provisioned
from workbench.flows.verbs import apply, plan, replay
from workbench.sandbox.lifecycle import find_sandbox
from workbench.servers.client import Server

MOST_BYTES = 100_000  # of a notebook as it is kept


@pytest.fixture
def integration(lab: Lab) -> LoadedIntegration:
    """The project's Stripe integration."""
    return load_integration(lab.project / "mappings/stripe/integration.yaml")


def connected(lab: Lab) -> Server:
    """A client of the embedded Medplum that the open notebook started."""
    box = find_sandbox(lab.project / ".workbench/sandbox")
    assert box is not None
    return Server(box.base_url, box.client_id, box.client_secret, box.project_id)


def panel_of(lab_page: LabPage) -> Locator:
    """The live panel of the open notebook; its picture is hidden."""
    panel = lab_page.page.locator(".jp-Notebook .wb-panel")
    panel.wait_for()
    expect(lab_page.page.locator(".wb-picture")).to_be_hidden()
    return panel


def expect_readable(lab_page: LabPage) -> None:
    """axe-core finds no fault in what our outputs show, in the light theme and in the dark one."""
    assert lab_page.judge(".jp-Notebook .wb") == []
    lab_page.theme(DARK)
    assert lab_page.judge(".jp-Notebook .wb", "color-contrast") == []


def test_01_and_02_run(lab_page: LabPage) -> None:
    """What a newcomer opens first runs as it is."""
    for name in ("01_explore_events", "02_design_mapping"):
        lab_page.open(f"notebooks/{name}.ipynb")
        lab_page.run_all()
        lab_page.end()
    expect_readable(lab_page)


def test_03_a_plan_is_applied_by_keyboard_and_its_secret_kept(
    lab_page: LabPage, lab: Lab, integration: LoadedIntegration
) -> None:
    """It is read, confirmed, applied and proved; the address is copied unseen, and the saved notebook has no secret."""
    lab_page.open("notebooks/03_provision.ipynb")
    lab_page.run_first(7)
    panel = panel_of(lab_page)
    lab_page.picture("plan", panel)
    first = panel.get_by_role("button", name="Apply 8 changes…")
    first.focus()
    first.press("Enter")
    confirm = panel.get_by_role("button", name="Apply plan")
    expect(confirm).to_be_focused()
    confirm.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("every door is as it must be", timeout=30_000)
    with connected(lab) as server:
        secret = find_provisioned(server, integration).client_secret or ""

    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("status")).to_have_text("Copied.")
    assert secret in lab_page.page.evaluate("navigator.clipboard.readText()")
    assert secret not in lab_page.page.content()
    panel.get_by_role("button", name="Reveal").press("Enter")
    expect(panel.locator("[data-slot=address]")).to_contain_text(secret)
    panel.get_by_role("button", name="Hide").press("Enter")
    expect(panel.locator("[data-slot=address]")).not_to_contain_text(secret)
    lab_page.picture("provision", panel)

    lab_page.run_rest()
    expect(panel).to_contain_text("The server is as desired; nothing to do.")
    lab_page.command("docmanager:save")
    saved = (lab.project / "notebooks/03_provision.ipynb").read_text(encoding="utf-8")
    assert secret not in saved
    assert len(saved.encode()) < MOST_BYTES
    expect_readable(lab_page)
    lab_page.end()


def test_03_reopened_is_a_picture(lab_page: LabPage) -> None:
    """A saved notebook shows what the panel showed when its cell ran last, and no error where the panel was."""
    lab_page.expected = ("widget model not found",)  # JupyterLab's own words, at a time of its choosing
    lab_page.open("notebooks/03_provision.ipynb")
    picture = lab_page.page.locator(".wb-picture").first
    picture.wait_for()

    assert "Where stripe has to post" in picture.inner_text()
    expect(lab_page.page.get_by_text("model not found")).to_be_hidden()


def test_04_runs(lab_page: LabPage) -> None:
    """The deliveries are sent, twice."""
    lab_page.open("notebooks/04_replay_events.ipynb")
    lab_page.run_all()
    expect_readable(lab_page)


def test_05_an_incident_is_opened_mended_and_sent_again(
    lab_page: LabPage, lab: Lab, integration: LoadedIntegration
) -> None:
    """A bot that lost a right fails; the board shows it, its events, and later that they went well after all."""
    lab_page.open("notebooks/05_audit_trail.ipynb")
    lab_page.run_all()
    panel = panel_of(lab_page)
    expect(panel).to_contain_text("Healthy")
    lab_page.picture("monitor", panel)
    with connected(lab) as server:
        (policy,) = (each for each in server.search("AccessPolicy") if each["name"].startswith("stripe-billing bot"))
        lines = [line for line in policy["resource"] if line["resourceType"] != "Invoice"]
        server.update({**policy, "resource": lines})
        fresh = load_events(lab.project / "sample_events/stripe/invoice.paid", provider="stripe")
        failed = replay(fresh, integration, server).failed
        panel.get_by_role("button", name="Refresh").press("Enter")
        incident = panel.locator(".wb-incidents details", has_text="invoice").first
        incident.get_by_role("button", name="Show its events").click()
        expect(incident.locator(".wb-events tbody tr").first).to_be_visible()
        lab_page.picture("incident", panel)
        apply(plan(integration, server), integration, server)
    incident.get_by_role("button", name="Send them again").click()
    settled = re.compile(r"Sent again: (\d+ (applied|unchanged|duplicate|stale)(, )?)+\.")
    expect(panel.get_by_role("status")).to_have_text(settled, timeout=30_000)
    lab_page.theme(DARK)
    lab_page.picture("monitor-dark", panel)

    assert failed
    expect_readable(lab_page)


def test_06_the_report_runs(lab_page: LabPage) -> None:
    """Its last cell is the verdict."""
    lab_page.open("notebooks/06_report.ipynb")
    lab_page.run_all()

    expect(lab_page.page.locator(".jp-Notebook")).to_contain_text(re.compile(r"(Healthy|Warning|Breach)"))
    expect_readable(lab_page)
