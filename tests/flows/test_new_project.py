"""A new project holds what the package carries, and never writes over anything."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from workbench.errors import StoreError
from workbench.flows.load import load_events
from workbench.flows.new_project import PARTS, make_project, project_source
from workbench.flows.project import find_project

ROOT = Path(__file__).resolve().parents[2]


def test_a_project_is_written_whole(tmp_path: Path) -> None:
    """Six notebooks, every sample, an integration for each provider, and nothing that using it leaves behind."""
    made = make_project(tmp_path / "new")
    project = find_project(tmp_path / "new" / "notebooks")

    assert project.root == tmp_path / "new"
    assert len(sorted(project.notebooks.glob("0*.ipynb"))) == 6
    assert [path.parent.name for path in project.integrations()] == ["okta", "stripe"]
    assert load_events(project.samples).counts() == load_events(ROOT / "sample_events").counts()
    assert sorted(made) == sorted(path for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert [path for path in made if "checkpoint" in str(path)] == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A folder that holds something of a project stays as it is; the message says what was found."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "README.md").write_text("mine")

    with pytest.raises(
        StoreError, match=r"holds mappings, README\.md already, and nothing is written over; give a new"
    ):
        make_project(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "mappings"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_the_guide_names_only_what_there_is() -> None:
    """Each folder that the new README names is part of a project."""
    guide = (ROOT / "workbench/flows/new_project.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)/`", guide, re.MULTILINE)) == set(PARTS)
    assert project_source() == ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh virtual environment with the built wheel, its dependencies lent by this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    venv.create(folder / "env", with_pip=False)
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "env/bin/python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "lent.pth").write_text(f"{lent}\n")  # a path alone: the editable install of this clone is not in it
    return folder / "env/bin"


def test_a_wheel_carries_the_project_and_the_launcher(installed: Path, tmp_path: Path) -> None:
    """Installed from a wheel, far from any clone, `workbench init` writes a project in which its commands work."""
    folder = tmp_path / "an analyst's project"
    made = subprocess.run([installed / "workbench", "init", folder], cwd=tmp_path, capture_output=True, text=True)
    loaded = subprocess.run(
        [installed / "workbench", "load", "sample_events"], cwd=folder, capture_output=True, text=True
    )
    where = [installed / "python", "-c", "import workbench; print(workbench.__file__)"]
    package = Path(subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip())
    cards = installed.parent / "share/jupyter/labextensions/integration-workbench"

    assert (made.returncode, loaded.returncode) == (0, 0), made.stderr + loaded.stderr
    assert "files written" in made.stdout
    assert package.is_relative_to(installed.parent)
    assert "verified" in loaded.stdout
    assert len(list((folder / "notebooks").glob("0*.ipynb"))) == 6
    assert (cards / "static/remoteEntry.js").is_file()
