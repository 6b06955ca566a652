"""A notebook becomes a report, or says plainly why not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from workbench.errors import ReportError
from workbench.flows.measure import MEASURES_TYPE
from workbench.flows.report import report

PARAMETERS = 'since: str = "7d"  # the span\nlimit: int = 3  # how many\ndraft: bool = False  # mark it\n'


def write_notebook(path: Path, *cells: str, title: str = "# Weekly report") -> Path:
    """A notebook of a heading, a parameters cell and some code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(title),
            nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *map(nbformat.v4.new_code_cell, cells),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)
    return path


def shows(level: str, *findings: dict) -> str:
    """A cell that shows measures with this verdict, as `wb.monitor` does."""
    measures = {"workbench": 1, "verdict": {"level": level, "exit_code": 0, "findings": list(findings)}}
    bundle = {"text/plain": "measures", MEASURES_TYPE: measures}
    return f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"


def test_a_report_is_a_page_metrics_and_an_exit_code(tmp_path: Path) -> None:
    """The measures that the notebook showed last are written down and judged."""
    failing = {"level": "breach", "rule": "success", "text": "20 of 1,000 events failed"}
    slow = {"level": "warning", "rule": "p95_ms", "text": "95 % took up to 9,000 ms"}
    notebook = write_notebook(
        tmp_path / "weekly.ipynb", shows("healthy"), "since * limit", shows("breach", failing, slow)
    )
    said: list[str] = []
    made = report(
        notebook, parameters={"since": "1d", "limit": "2"}, reports=tmp_path / "out", junit=True, progress=said.append
    )

    assert (made.level, made.exit_code) == ("breach", 2)
    assert said == ["running weekly.ipynb", "rendering the page"]
    assert [finding.text for finding in made.findings] == ["20 of 1,000 events failed", "95 % took up to 9,000 ms"]
    assert json.loads(made.metrics.read_text())["verdict"]["level"] == "breach"
    page = made.page.read_text()
    assert "<title>Weekly report</title>" in page
    assert "1d1d" in page
    assert "since * limit" not in page
    assert "from weekly.ipynb; since = 1d, limit = 2." in page
    assert made.junit is not None
    suite = ElementTree.fromstring(made.junit.read_text())
    assert {key: suite.get(key) for key in ("tests", "failures")} == {"tests": "7", "failures": "1"}
    told = {(case.get("name"), outcome.tag, outcome.get("message")) for case in suite for outcome in case}
    assert {("success", "failure", failing["text"]), ("p95_ms", "skipped", slow["text"])} == told


def test_a_page_names_no_address_that_a_browser_would_load(tmp_path: Path) -> None:
    """No script, style sheet, image or font from elsewhere; and its own policy forbids them."""
    made = report(write_notebook(tmp_path / "weekly.ipynb", "1"), reports=tmp_path / "out")
    page = made.page.read_text()

    assert re.findall(r"<(?:script|link|iframe|object)\b|\bsrc=|@import|url\(\s*['\"]?(?!data:|#)", page) == []
    assert "default-src 'none'" in page


def test_a_page_has_no_trace_of_live_panels_and_of_no_folder(tmp_path: Path) -> None:
    """A panel's stand-in text says nothing; of a folder only its name is told."""
    live = {"text/plain": "LivePanel", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    panel = f"from IPython.display import display\ndisplay({live!r}, raw=True)"
    notebook = write_notebook(tmp_path / "weekly.ipynb", panel, "'still ' + 'here'")
    made = report(notebook, parameters={"since": "/home/ada/clinic/.workbench"}, reports=tmp_path / "out")
    page = made.page.read_text()

    assert "still here" in page
    assert "LivePanel" not in page
    assert "since = .workbench." in page
    assert "ada" not in page


def test_a_notebook_without_measures_cannot_tell(tmp_path: Path) -> None:
    """It is rendered, and its exit code is 3."""
    made = report(write_notebook(tmp_path / "weekly.ipynb", "1"), reports=tmp_path / "out")

    assert (made.level, made.exit_code) == ("unknown", 3)
    assert str(made) == f"{made.page}: unknown: the notebook shows no measures: show wb.monitor(…) in it"


def test_every_wrong_parameter_is_told_at_once(tmp_path: Path) -> None:
    """Unknown names, wrong types and what looks like a secret come together, before anything runs."""
    notebook = write_notebook(tmp_path / "weekly.ipynb", "1/0")
    given = {"sinse": "1d", "limit": "many", "draft": "perhaps", "api_key": "x", "since": "whsec_Planted"}

    with pytest.raises(ReportError) as caught:
        report(notebook, parameters=given, reports=tmp_path / "out")

    assert str(caught.value) == (
        "weekly.ipynb: parameter sinse: is no parameter of the notebook; did you mean since?\n"
        "weekly.ipynb: parameter limit: is no int; the notebook annotates it so\n"
        "weekly.ipynb: parameter draft: is no bool; the notebook annotates it so\n"
        "weekly.ipynb: parameter api_key: looks like a secret, and the executed notebook would keep it;"
        " set it in the environment\n"
        "weekly.ipynb: parameter since: its value looks like a secret; set it in the environment"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "value", ["sk_test_1", "Bearer abc", "https://id:secret@example.org/fhir", "eyJhbGciOiJIUzI1NiJ9.e30.x"]
)
def test_a_value_that_looks_like_a_secret_is_refused(tmp_path: Path, value: str) -> None:
    """Credentials in a web address count too; the value itself is not told."""
    with pytest.raises(ReportError) as caught:
        report(write_notebook(tmp_path / "weekly.ipynb"), parameters={"since": value}, reports=tmp_path / "out")

    assert str(caught.value) == (
        "weekly.ipynb: parameter since: its value looks like a secret; set it in the environment"
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("raise KeyError('Erika Mustermann')", "cell 2 failed with KeyError"),
        (
            "from workbench.errors import StoreError\nraise StoreError('x: holds no rows')",
            "cell 2 failed with StoreError: x: holds no rows",
        ),
        ("import os\nos._exit(1)", "the kernel died, as it does when memory runs out; narrow the span"),
        ("import time\ntime.sleep(60)", "a cell took longer than 2 s; narrow the span or allow more"),
    ],
)
def test_a_notebook_that_fails_says_where_and_how(tmp_path: Path, cell: str, expected: str) -> None:
    """A cell's error, a dead kernel and a cell without end are each told as such; a foreign error's words are not."""
    notebook = write_notebook(tmp_path / "weekly.ipynb", cell)

    with pytest.raises(ReportError) as caught:
        report(notebook, reports=tmp_path / "out", timeout_seconds=2)

    assert str(caught.value) == f"weekly.ipynb: {expected}; {tmp_path}/out/weekly.ipynb shows how far it came"
    assert not (tmp_path / "out" / "weekly.html").exists()


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    """A missing file and a file of another kind each have their sentence."""
    other = tmp_path / "weekly.ipynb"
    with pytest.raises(ReportError) as missing:
        report(other)
    other.write_text("not JSON")
    with pytest.raises(ReportError) as unreadable:
        report(other)

    assert str(missing.value) == f"{other}: does not exist; give the path of a notebook"
    assert str(unreadable.value) == (
        f"{other}: is no notebook that papermill can read (NotJSONError); open it in JupyterLab"
    )


def test_the_projects_own_report_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anywhere in a project, `report()` runs its 06_report and writes to its reports."""
    for folder in ("mappings", "notebooks"):
        (tmp_path / folder).mkdir()
    write_notebook(tmp_path / "notebooks" / "06_report.ipynb", shows("healthy"))
    monkeypatch.chdir(tmp_path / "notebooks")
    made = report()

    assert (made.level, made.page) == ("healthy", tmp_path / "reports" / "06_report.html")


def test_a_report_never_overwrites_its_notebook(tmp_path: Path) -> None:
    """Executed notebooks do not go back to where notebooks are kept."""
    notebook = write_notebook(tmp_path / "weekly.ipynb")

    with pytest.raises(ReportError) as caught:
        report(notebook, reports=tmp_path)

    assert str(caught.value) == f"{notebook}: would be overwritten by its own report; give another folder for reports"
