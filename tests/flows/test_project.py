"""Where a project's files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import StoreError
from workbench.flows.project import find_project


def test_a_project_is_found_from_any_folder_below_it(tmp_path: Path) -> None:
    """The nearest folder at or above that holds mappings/ is the project."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "notebooks" / "drafts").mkdir(parents=True)

    found = find_project(tmp_path / "notebooks" / "drafts")

    assert found.root == tmp_path.resolve()
    assert found.reports == tmp_path.resolve() / "reports"


def test_integrations_are_listed_by_provider(tmp_path: Path) -> None:
    """Each provider folder with an integration file counts, in the order of their names."""
    for name in ("stripe", "okta"):
        (tmp_path / "mappings" / name).mkdir(parents=True)
        (tmp_path / "mappings" / name / "integration.yaml").touch()
    (tmp_path / "mappings" / "draft").mkdir()

    assert [path.parent.name for path in find_project(tmp_path).integrations()] == ["okta", "stripe"]


def test_a_folder_outside_any_project_is_refused(tmp_path: Path) -> None:
    """The message names the folder, what is missing and what to do."""
    with pytest.raises(StoreError) as refused:
        find_project(tmp_path)

    expected = (
        f"no project at {tmp_path.resolve()} or above it: no folder there holds mappings/; "
        "run this inside a project folder"
    )
    assert str(refused.value) == expected
