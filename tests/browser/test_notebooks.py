"""The notebooks in a real JupyterLab."""

from __future__ import annotations

import pytest

from browser.lab_page import DARK, LabPage

NOTEBOOKS = ("01_explore_events",)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_jupyterlab(lab_page: LabPage, name: str) -> None:
    """Every cell runs, axe-core finds no fault in what it shows in either theme, and nothing leaves the machine."""
    lab_page.open(f"notebooks/{name}.ipynb")
    lab_page.run_all()

    assert lab_page.judge(".jp-Notebook .wb") == []
    lab_page.theme(DARK)
    assert lab_page.judge(".jp-Notebook .wb", "color-contrast") == []
    assert len(lab_page.requests) > 10
