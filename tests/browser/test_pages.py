"""The notebooks as stand-alone pages: Voila with our template, on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from browser.lab_page import LabPage
from browser.serving import serving

PHONE = {"width": 400, "height": 860}
WIDER = "[...document.querySelectorAll('.wb-panel > *, .wb-board > *')].filter(each => each.scrollWidth > 400).length"


def test_the_board_is_a_page_of_its_own_on_a_phone(
    browser: Browser, project: Path, pictures: Path, tmp_path: Path
) -> None:
    """It answers a press, fits on 400 pixels, and asks nobody else for anything, not even for Voila's icons."""
    notebook = str(project / "notebooks/05_audit_trail.ipynb")
    with serving(
        tmp_path, "voila", notebook, "--Voila.ip=127.0.0.1", "--template=workbench", path="/favicon.ico"
    ) as at:
        context = browser.new_context(viewport=PHONE)
        page = LabPage(page=context.new_page(), address=at, token="", pictures=pictures)
        page.page.goto(f"{at}/", wait_until="domcontentloaded")
        panel = page.page.locator(".wb-panel")
        panel.wait_for(timeout=60_000)
        panel.get_by_role("combobox").select_option("1h")
        expect(panel.get_by_role("status")).to_contain_text("As of")
        expect(page.page.locator(".wb-picture")).to_be_hidden()
        page.page.screenshot(path=pictures / "phone.png")

        assert page.page.get_by_text("import workbench as wb").count() == 0  # no code
        assert page.page.evaluate(WIDER) == 0
        assert page.judge(".wb-panel") == []
        assert page.outside == []
        assert page.errors == []
        context.close()
