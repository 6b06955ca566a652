"""The mapping designer in a real JupyterLab: type, see a marker, put it right, see what comes, complete, save."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from browser.conftest import Lab
from browser.lab_page import DARK, LabPage

MAPPING = "mappings/stripe/stripe-invoice.yaml"
CELLS = (
    "import workbench as wb",
    f'wb.design("{MAPPING}", wb.load_events("sample_events"))',
)


@pytest.fixture
def designer(lab: Lab, lab_page: LabPage) -> Locator:
    """A notebook with a designer in it, run; the mapping's file as it is shipped."""
    shipped = Path(__file__).parents[2] / MAPPING
    (lab.project / MAPPING).write_bytes(shipped.read_bytes())
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(metadata=kernel, cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbformat.write(book, lab.project / "design.ipynb")
    lab_page.open("design.ipynb")
    lab_page.run_all()
    found = lab_page.page.locator(".wb-design")
    expect(found.locator(".cm-content")).to_be_visible()
    expect(found.locator('[data-outcome="mapped"]')).to_have_text("26 mapped")
    return found


def write_over(lab_page: LabPage, designer: Locator, old: str, new: str) -> None:
    """Find a text in the editor as a person would, and type another over it."""
    editor = designer.locator(".cm-content")
    editor.click()
    lab_page.page.keyboard.press("Control+f")
    field = designer.locator(".cm-search input[name=search]")
    field.press_sequentially(old)
    field.press("Enter")
    designer.locator(".cm-search [name=close]").click()
    lab_page.page.keyboard.type(new)


def test_what_is_typed_is_checked_shown_and_saved(lab: Lab, lab_page: LabPage, designer: Locator) -> None:
    """A fault has a marker and a message; put right, the preview and the corpus change; Ctrl+S writes the file."""
    made = designer.locator("[data-part=made]")
    file = lab.project / MAPPING

    write_over(lab_page, designer, "$invoice.customer.deleted ?", "$invoice.customer.( ?")
    expect(designer.locator(".cm-lint-marker-error").first).to_be_visible()
    expect(designer.locator("[data-part=problems]")).to_contain_text("line ")
    lab_page.picture("designer-fault", designer)

    lab_page.page.keyboard.press("Control+z")
    lab_page.page.keyboard.press("Control+z")
    expect(designer.locator("[data-part=problems]")).to_contain_text("no problems")

    designer.get_by_role("button", name="Show values").click()
    expect(made).to_contain_text('"active"')
    write_over(lab_page, designer, '"active"', '"inactive"')
    expect(made).to_contain_text('"inactive"')
    expect(designer.locator('[data-outcome="changed"]')).to_contain_text("other than the saved file makes")
    designer.get_by_role("button", name="Show changes").click()
    expect(designer.locator(".wb-diff")).to_contain_text("inactive")
    lab_page.picture("designer", designer)
    designer.locator(".cm-content").click()
    lab_page.page.keyboard.press("Control+s")
    expect(designer.locator("[data-state]")).to_have_text("saved")
    assert '"inactive"' in file.read_text()

    assert lab_page.judge(".wb-design") == []
    lab_page.theme(DARK)
    assert lab_page.judge(".wb-design", "color-contrast") == []
    lab_page.picture("designer-dark", designer)


def test_paths_are_completed_and_lines_are_linked(lab_page: LabPage, designer: Locator) -> None:
    """After `$invoice.customer_n` the editor offers the field; pointing at a leaf marks its line."""
    write_over(lab_page, designer, "$invoice.customer_email", "$invoice.customer_n")
    offered = designer.page.locator(".cm-tooltip-autocomplete li")
    expect(offered.first).to_contain_text("$invoice.customer_name")
    lab_page.page.wait_for_timeout(200)  # a key right after the list opened was meant for the text
    lab_page.page.keyboard.press("Enter")
    expect(designer.locator(".cm-content")).to_contain_text("$invoice.customer_name ?? $invoice.customer_name")

    row = designer.locator("tr[data-line]", has_text="status").first
    row.hover()
    expect(designer.locator(".wb-linked-line")).to_have_count(1)


def test_an_edit_outside_is_noticed_and_nothing_is_lost(lab: Lab, lab_page: LabPage, designer: Locator) -> None:
    """With a draft the file is not overwritten unasked; without one it is taken over."""
    file = lab.project / MAPPING
    write_over(lab_page, designer, '"paid": 50', '"paid": 51')
    file.write_text(file.read_text() + "# by somebody else\n")
    expect(designer.get_by_role("button", name="Reload the file")).to_be_visible()
    designer.get_by_role("button", name="Save", exact=True).click()
    expect(designer.locator(".wb-said")).to_contain_text("changed by somebody else")
    designer.get_by_role("button", name="Reload the file").click()
    expect(designer.locator("[data-state]")).to_have_text("saved")

    file.write_text(file.read_text() + "# and again\n")
    expect(designer.locator(".wb-said")).to_have_text("Read again from the file.")
    lab_page.page.wait_for_timeout(4_500)  # it looks every two seconds, and says the same for both
    designer.locator(".cm-content").click()
    lab_page.page.keyboard.press("Control+End")
    expect(designer.locator(".cm-content")).to_contain_text("# and again")


def test_a_kernel_that_is_gone_is_said(lab_page: LabPage, designer: Locator) -> None:
    """A save that nobody hears must not look like one that was done."""
    lab_page.expected = ("/api/kernels/", "Canceled future")  # Lab asks about a kernel that it shut down itself
    lab_page.end()
    designer.get_by_role("button", name="Save", exact=True).click()
    expect(designer.locator(".wb-said")).to_have_text(re.compile("^Python is not there any more"))


def test_the_draft_runs_on_a_sandbox(lab_page: LabPage, designer: Locator) -> None:
    """Its bot is deployed to a fresh embedded Medplum and sent the event; what it wrote is shown."""
    designer.get_by_role("button", name="Run on a sandbox").click()
    expect(designer.locator("[data-part=ran]")).to_contain_text("Invoice/", timeout=30_000)
    expect(designer.locator(".wb-said")).to_contain_text("applied")


def test_a_saved_notebook_is_small_and_shows_a_picture(lab: Lab, lab_page: LabPage, designer: Locator) -> None:
    """The editor's code is not in the file; the mapping and what it makes are."""
    lab_page.command("docmanager:save")
    saved = (lab.project / "design.ipynb").read_text()

    assert len(saved) < 100_000
    outputs = json.loads(saved)["cells"][1]["outputs"]
    pictures = ["".join(one["data"].get("text/html", "")) for one in outputs if "data" in one]
    assert any("mapping: stripe-invoice" in picture for picture in pictures)
