"""The event explorer in a real JupyterLab: filter, open, copy a path, show values, on a phone's width too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from browser.lab_page import DARK, LabPage


@pytest.fixture
def explorer(lab_page: LabPage) -> Locator:
    """The first notebook, run."""
    lab_page.open("notebooks/01_explore_events.ipynb")
    lab_page.run_all()
    found = lab_page.page.locator('.wb-panel[aria-label="Events"]')
    expect(found).to_be_visible()
    return found


def test_events_are_found_opened_and_taken_for_a_mapping(lab_page: LabPage, explorer: Locator) -> None:
    """By type and value; a value's path lands on the clipboard as an expression; values only when asked for."""
    explorer.locator("select[name=type]").select_option("invoice.paid")
    explorer.locator("input[name=value]").fill("okonjo")
    explorer.locator("input[name=value]").press("Enter")
    expect(explorer.get_by_role("status")).to_contain_text(" of ")
    rows = explorer.locator("[data-part=table] tbody tr")
    rows.first.locator("[data-action=open]").click()
    expect(explorer.locator("[data-part=event]")).to_contain_text("data.object.customer_name")
    expect(explorer.locator("[data-part=event]")).not_to_contain_text("Amara Okonjo")
    explorer.get_by_role("button", name="use data.object.total in a mapping").click()
    expect(explorer.get_by_role("status")).to_have_text("Copied.")
    assert lab_page.page.evaluate("navigator.clipboard.readText()") == "=data.object.total"

    explorer.get_by_role("button", name="Show values").click()
    expect(explorer.locator("[data-part=event]")).to_contain_text("Amara Okonjo")
    lab_page.picture("explorer", explorer)
    assert lab_page.judge('.wb-panel[aria-label="Events"]') == []
    lab_page.theme(DARK)
    assert lab_page.judge('.wb-panel[aria-label="Events"]', "color-contrast") == []
