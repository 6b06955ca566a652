"""The designer without a browser: the file, what it shows, and that values are masked until they are asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.errors import MappingError
from workbench.faces.designer.panel import Designer, design
from workbench.flows.load import load_events

ROOT = Path(__file__).parents[3]


@pytest.fixture
def panel(tmp_path: Path) -> Designer:
    """A designer of the shipped mapping of invoices."""
    shutil.copytree(ROOT / "mappings/stripe", tmp_path / "stripe")
    return design(tmp_path / "stripe/stripe-invoice.yaml", load_events(ROOT / "sample_events/stripe"))


def test_it_shows_what_comes_of_one_event_and_of_all(panel: Designer) -> None:
    """Without a loop that runs everything is counted at once; values are masked until they are asked for."""
    assert "26 mapped" in panel.parts["corpus"]
    assert "Amara Okonjo" not in str(panel.parts)
    panel.press("values")
    assert "Amara Okonjo" in panel.parts["made"]
    assert panel.mapping.name == "stripe-invoice"


def test_a_text_is_checked_saved_and_told(panel: Designer) -> None:
    """A fault is listed with its line; what somebody else wrote makes saving fail in words."""
    text = panel.draft.text
    panel.write(text.replace("version: 1", "version: x"))
    assert 'data-line="17"' in panel.parts["problems"]
    panel.write(text.replace("version: 1", "version: 2"))
    panel.press("diff")
    assert "+version: 2" in panel.parts["diff"]
    panel.draft.file.write_text(text + "# theirs\n")
    panel.press("save")
    assert (panel.failed, "changed by somebody else" in panel.said) == (True, True)
    assert "Reload the file" in panel.parts["bar"]
    panel.press("over")
    assert "version: 2" in panel.draft.file.read_text()


def test_its_picture_says_what_it_is_without_the_editor(panel: Designer) -> None:
    """For a notebook that was saved, and for a run without a browser; no value of an event is in it."""
    drawn = panel.picture()

    assert drawn.text == "stripe-invoice.yaml: 26 mapped"
    assert "mapping: stripe-invoice" in drawn.html
    assert "Amara Okonjo" not in drawn.html
    assert len(drawn.html) < 60_000
    assert repr(panel) == "Designer(stripe-invoice.yaml: 26 mapped)"


def test_nothing_runs_where_no_event_is_taken(tmp_path: Path) -> None:
    """A new file has no events of its own yet, and says so."""
    panel = design(tmp_path / "new.yaml", ())

    with pytest.raises(MappingError, match="there is no event to run it on"):
        panel.run()
