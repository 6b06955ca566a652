"""The report in a browser: one page that asks nobody for anything, on a phone, a screen and paper."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import nbformat
import pytest
from invented.audit_trail import invented_trail
from playwright.sync_api import Browser, Page

from workbench.flows.report import Report, report

PARAMETERS = 'log: str = ""  # a file of AuditEvents\n'
CELLS = (
    "import workbench as wb",
    "wb.monitor(wb.audit_frame(log), since='7d')",
    "wb.monitor(wb.audit_frame(log), since='7d').measures.verdict",
)
BROKEN_WORDS = """[...document.querySelectorAll('.wb-table td:first-child:not(:has(.wb-hidden))')].filter(cell =>
    [...cell.childNodes].some(part => {  // a name ends its lines behind a dot or low line, between two parts
        const range = document.createRange(); range.selectNodeContents(part);
        return !/[-\\s]/.test(part.textContent) && new Set([...range.getClientRects()].map(each => each.top)).size > 1;
    })).length"""
CUT = """[...document.querySelectorAll('.wb-table table')].filter(table => {
    const around = table.closest('.wb-scroll');
    return table.scrollWidth > around.clientWidth && !['auto', 'scroll'].includes(getComputedStyle(around).overflowX);
}).length"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of an invented week with two incidents."""
    folder = tmp_path_factory.mktemp("report")
    log = folder / "medplum.ndjson"
    log.write_text("\n".join(map(json.dumps, invented_trail(2000, datetime.now(UTC)))))
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Weekly report"),
            nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *map(nbformat.v4.new_code_cell, CELLS),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / "weekly.ipynb")
    return report(folder / "weekly.ipynb", parameters={"log": str(log)}, reports=folder / "out")


def opened(browser: Browser, made: Report, width: int) -> tuple[Page, list[str]]:
    """The page at so many pixels, and the addresses it asked for."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(made.page.as_uri(), wait_until="networkidle")
    return page, asked


@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_fits_its_screen_and_asks_for_nothing(browser: Browser, made: Report, width: int) -> None:
    """No word breaks, no column is out of reach, nothing is fetched; the verdict stands above every figure."""
    page, asked = opened(browser, made, width)
    verdict, figures = (page.locator(name).first.bounding_box() for name in (".wb-verdict", ".wb-figures"))

    assert asked == [made.page.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (page.evaluate(BROKEN_WORDS), page.evaluate(CUT)) == (0, 0)
    assert verdict
    assert figures
    assert verdict["y"] < figures["y"]
    assert page.get_by_text("Monitor", exact=True).count() == 0
    assert page.locator("footer").inner_text().endswith("from weekly.ipynb; log = medplum.ndjson.")
    page.context.close()


def test_on_paper_every_incident_is_open(browser: Browser, made: Report) -> None:
    """A page cannot be clicked: what failed, and the command that sends just these again, is printed."""
    page, _ = opened(browser, made, 794)
    commands = page.locator(".wb-incidents code", has_text="workbench replay")
    page.emulate_media(media="print")

    assert commands.count() > 0
    assert {True} == {
        commands.nth(index).evaluate("each => each.checkVisibility()") for index in range(commands.count())
    }
    page.context.close()
