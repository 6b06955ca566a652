"""`workbench report` for a program: where the report is and what it says, on one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
from typer.testing import Result


def test_a_program_is_told_where_the_report_is_and_what_it_says(
    tmp_path: Path, workbench: Callable[..., Result]
) -> None:
    """One JSON line, and the same exit code as without."""
    cells = [
        nbformat.v4.new_markdown_cell("# Nothing"),
        nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]}),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "n.ipynb")

    run = workbench("report", "--notebook", str(tmp_path / "n.ipynb"), "--reports", str(tmp_path / "out"), "--json")
    told = json.loads(run.stdout)

    assert (run.exit_code, told["level"]) == (3, "unknown")
    assert Path(told["page"]).is_file()
    assert [finding["rule"] for finding in told["findings"]] == ["complete"]
