"""A notebook as a report: run with parameters, rendered as one page, its measures written down, an exit code for CI.

| file in `reports/` | what it is |
|---|---|
| `<name>.ipynb` | the notebook, executed |
| `<name>.html` | one page that makes no network request, for a phone, a screen or paper |
| `metrics.json` | the measures that the notebook showed last |
| `junit.xml` | on request: one test for each rule of the verdict |

Exit codes: 0 healthy, 1 warning, 2 breach, 3 could not tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from workbench.audit.thresholds import EXIT_CODES, Finding, Level
from workbench.errors import ReportError
from workbench.flows.measure import MEASURES_TYPE
from workbench.flows.notebook_run import check_parameters, run_notebook
from workbench.flows.project import find_project

__all__ = ["Report", "report"]

_RULES: Final = ("success", "burn", "p95_ms", "event_to_resource_p95_s", "refused", "silent_hours", "complete")
_PAGES: Final = Path(__file__).parent  # of nbconvert templates; ours is `report_page`
_NOT_REPORTED: Final = (
    "notebook-only"  # the tag of a cell that speaks to whoever runs the notebook, and is left out of the page
)
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_SILENT: Final = Finding(
    level="unknown", rule="complete", text="the notebook shows no measures: show wb.monitor(…) in it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where a report is, and what it says."""

    page: Path
    notebook: Path
    metrics: Path
    junit: Path | None
    level: Level
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 warning, 2 breach, 3 could not tell."""
        return EXIT_CODES[self.level]

    def __str__(self) -> str:
        said = "; ".join(finding.text for finding in self.findings)
        return f"{self.page}: {self.level}{f': {said}' if said else ''}"


def report(
    notebook: Path | str | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    reports: Path | str | None = None,
    junit: bool = False,
    timeout_seconds: int = 600,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Run a notebook and make a report of it.

    Args:
        notebook: any notebook that shows `wb.monitor(…)`, the project's `06_report` when not given; the measures it
            shows last are judged.
        parameters: values for its `parameters` cell; texts are turned into the annotated types.
        reports: the folder that is written to; the project's `reports` when not given.
        junit: write `junit.xml` too.
        timeout_seconds: of any one cell.
        progress: is told each step.

    Raises:
        ReportError: unknown or secret-looking parameters; a cell that failed or took too long; a kernel that died.
        StoreError: neither was given, and the present folder is in no project.
    """
    source = Path(notebook) if notebook else find_project(Path.cwd()).notebooks / "06_report.ipynb"
    folder = Path(reports) if reports else find_project(Path.cwd()).reports
    say = progress or (lambda _: None)
    checked = check_parameters(source, parameters or {})
    executed = folder / source.name
    if executed.resolve() == source.resolve():
        message = f"{source}: would be overwritten by its own report; give another folder for reports"
        raise ReportError(message)
    say(f"running {source.name}")
    run_notebook(source, executed, checked, timeout_seconds=timeout_seconds)
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    found = _last_measures(cells)
    level: Level = found["verdict"]["level"] if found else "unknown"
    findings = tuple(Finding(**finding) for finding in found["verdict"]["findings"]) if found else (_SILENT,)
    say("rendering the page")
    page, metrics = executed.with_suffix(".html"), folder / "metrics.json"
    _write(page, _render(executed, _title(cells, source), _footer(source, checked)))
    _write(metrics, json.dumps(found or {"workbench": 1, "verdict": {"level": level}}, indent=1) + "\n")
    tests = folder / "junit.xml" if junit else None
    if tests:
        _write(tests, _junit(source.stem, findings))
    return Report(page=page, notebook=executed, metrics=metrics, junit=tests, level=level, findings=findings)


def _last_measures(cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The measures that the notebook showed last; they travel in its outputs, so page and figures cannot differ."""
    for cell in reversed(cells):
        for output in reversed(cell.get("outputs", [])):
            found = output.get("data", {}).get(MEASURES_TYPE)
            if isinstance(found, dict) and found.get("workbench") == 1:
                return found
    return None


def _render(executed: Path, title: str, footer: str) -> str:
    """The page: Markdown and outputs, without the cells' code."""
    import nbformat
    from nbconvert import HTMLExporter  # here: 0.4 s that only a report pays
    from traitlets.config import Config

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="report_page",
        extra_template_basedirs=[str(_PAGES)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        # whatever a template above ours would load from elsewhere
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        widget_renderer_url="",
        config=Config({"TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": [_NOT_REPORTED]}}),
    )
    resources = {"report": {"title": title, "footer": footer}}
    notebook = nbformat.read(executed, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:  # a panel stands here as the picture beside it; its own text says only its name
        cell.outputs = [each for each in cell.get("outputs", []) if _WIDGET not in each.get("data", {})]
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    return str(page)


def _title(cells: list[dict[str, Any]], source: Path) -> str:
    """The notebook's first heading."""
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
    return heading[1].strip() if heading else source.stem


def _footer(source: Path, parameters: Mapping[str, Any]) -> str:
    given = ", ".join(f"{name} = {_without_folder(value)}" for name, value in parameters.items())
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by the integration workbench from {source.name}"
    return f"{made}; {given}." if given else f"{made}."


def _without_folder(value: Any) -> Any:
    """A path by its last part: where a machine keeps things, and whose home it is, is no reader's business."""
    return Path(value).name if isinstance(value, str) and Path(value).expanduser().is_absolute() else value


def _junit(name: str, findings: tuple[Finding, ...]) -> str:
    """One test a rule; a warning is a test that was skipped with its reason, so that CI shows it without failing."""
    failed = [finding for finding in findings if finding.level in {"breach", "unknown"}]
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(_RULES)), failures=str(len(failed)))
    for rule in _RULES:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=rule)
        for finding in (finding for finding in findings if finding.rule == rule):
            kind = "failure" if finding in failed else "skipped"
            ElementTree.SubElement(case, kind, message=finding.text, type=finding.level)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
