"""The notebooks as they are kept, and as they run: in order, on the samples and one embedded Medplum."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import workbench
from workbench.flows.measure import MEASURES_TYPE
from workbench.flows.report import Report, report

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [notebook.stem for notebook in NOTEBOOKS]
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.With, ast.Lambda)


def cells_of(notebook: Path, kind: str) -> list[dict]:
    """The cells of one kind."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == kind]


def source_of(cell: dict) -> str:
    """A cell's text."""
    return "".join(cell["source"])


def test_there_is_a_notebook_for_each_verb() -> None:
    """Six, in the order in which they are used."""
    assert NAMES == [
        "01_explore_events",
        "02_design_mapping",
        "03_provision",
        "04_replay_events",
        "05_audit_trail",
        "06_report",
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_short_and_holds_no_logic(notebook: Path) -> None:
    """A question first, then the parameters, then at most twelve short cells that call public names."""
    first, second = json.loads(notebook.read_text(encoding="utf-8"))["cells"][:2]
    code = cells_of(notebook, "code")
    trees = [ast.parse(source_of(cell)) for cell in code]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    called = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "wb"
    }

    assert first["cell_type"] == "markdown"
    assert source_of(first).splitlines()[0].startswith("# ")
    assert source_of(first).splitlines()[0].endswith("?")
    assert second["metadata"]["tags"] == ["parameters"]
    assert len(code) <= 12
    assert max(len(source_of(cell).splitlines()) for cell in code) <= 8
    assert [node for node in nodes if isinstance(node, FORBIDDEN)] == []
    assert called <= set(workbench.__all__)
    assert {node.module for node in nodes if isinstance(node, ast.ImportFrom)} == set()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=NAMES)
def test_each_parameter_has_a_type_and_a_comment(notebook: Path) -> None:
    """papermill shows both as help, and a report converts texts by the type."""
    (cell,) = (cell for cell in cells_of(notebook, "code") if "parameters" in cell["metadata"].get("tags", []))
    lines = source_of(cell).splitlines()

    assert [line for line in lines if not isinstance(ast.parse(line).body[0], ast.AnnAssign)] == []
    assert [line for line in lines if "  # " not in line] == []


def test_notebooks_are_kept_without_outputs() -> None:
    """nbstripout finds nothing to strip."""
    command = [sys.executable, "-m", "nbstripout", "--verify", *map(str, NOTEBOOKS)]

    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a notebook needs, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("an analyst's") / "my project"
    for name in ("notebooks", "sample_events", "mappings"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def executed(project: Path) -> dict[str, Report]:
    """Each notebook, run in order as it is: nothing but its own default parameters."""
    return {
        name: report(project / "notebooks" / f"{name}.ipynb", reports=project / "reports" / name, timeout_seconds=120)
        for name in NAMES
    }


def shown(made: Report) -> list[dict]:
    """What the cells of an executed notebook show, as bundles by media type."""
    return [
        output["data"] for cell in cells_of(made.notebook, "code") for output in cell["outputs"] if "data" in output
    ]


def answer(made: Report) -> str:
    """What the last cell shows."""
    return "".join(cells_of(made.notebook, "code")[-1]["outputs"][-1]["data"]["text/plain"])


def test_every_cell_that_is_meant_to_show_something_does(executed: dict[str, Report]) -> None:
    """Six notebooks ran to their end, and each shows tables or pictures, not only text."""
    assert all(sum("text/html" in data for data in shown(made)) >= 1 for made in executed.values())
    assert list(executed) == NAMES


def test_exploring_finds_every_sample_authentic(executed: dict[str, Report]) -> None:
    """Nothing of the samples is refused, and no value is shown that was not asked for."""
    counts = ast.literal_eval(answer(executed["01_explore_events"]))

    assert set(counts) <= {"verified", "handshake"}
    assert "Amara" not in executed["01_explore_events"].page.read_text(encoding="utf-8")


def test_the_mapping_makes_sound_resources_of_every_event_it_takes(executed: dict[str, Report]) -> None:
    """None failed and no problem was met."""
    counts = ast.literal_eval(answer(executed["02_design_mapping"]))

    assert counts["mapped"] > 0
    assert (counts["problems"], counts.get("failed", 0)) == (0, 0)


def test_what_is_provisioned_is_proved_and_stays(executed: dict[str, Report]) -> None:
    """Every probe is as it must be, and planning again finds nothing to do."""
    made = executed["03_provision"]

    assert answer(made) == "True"
    assert "the server is as desired; nothing to do" in made.page.read_text(encoding="utf-8")


def test_sent_twice_nothing_is_applied_twice(executed: dict[str, Report]) -> None:
    """No event fails, and the second round applies none."""
    told = ast.literal_eval(answer(executed["04_replay_events"]))

    assert told["first"]["applied"] > 0
    assert {"failed", "refused", "unreachable"}.isdisjoint(told["first"] | told["second"])
    assert "applied" not in told["second"]


def test_the_trail_and_the_report_tell_of_what_was_sent(executed: dict[str, Report]) -> None:
    """The audit rows hold both rounds, and the report carries the same measures."""
    told = ast.literal_eval(answer(executed["04_replay_events"]))
    sent = sum(told["first"].values()) + sum(told["second"].values())
    measures = [data[MEASURES_TYPE] for data in shown(executed["05_audit_trail"]) if MEASURES_TYPE in data]

    assert measures[-1]["summary"]["events"] >= sent
    assert executed["06_report"].level == measures[-1]["verdict"]["level"] == "healthy"
    assert (
        json.loads(executed["06_report"].metrics.read_text())["summary"]["events"] == measures[-1]["summary"]["events"]
    )


def test_no_secret_is_in_any_executed_notebook(executed: dict[str, Report], project: Path) -> None:
    """Neither the samples' signing secrets nor the sandbox's credentials are shown."""
    secrets = list(json.loads((project / "sample_events" / "secrets.json").read_text()).values())
    credentials = json.loads((project / ".workbench" / "sandbox" / "credentials.json").read_text())
    secrets += [value for key, value in credentials.items() if "secret" in key.lower()]
    told = [made.notebook.read_text() + made.page.read_text() for made in executed.values()]

    assert len(secrets) >= 3
    assert [
        name for name, text in zip(executed, told, strict=True) if any(str(secret) in text for secret in secrets)
    ] == []
