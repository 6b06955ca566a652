"""The explorer without a browser: what its buttons do, and that values are masked until they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench as wb
from workbench.faces.explorer_panel import ExplorerPanel

SAMPLES = Path(__file__).parents[2] / "sample_events"


@pytest.fixture
def panel() -> ExplorerPanel:
    """The shipped samples to look into."""
    made = wb.explore(wb.load_events(SAMPLES))
    assert isinstance(made, ExplorerPanel)
    return made


def test_filtering_turning_and_opening(panel: ExplorerPanel) -> None:
    """The table shows what the filter means, fifty at a time; a press opens an event."""
    assert panel.parts["table"].count("<tr") == 51
    panel.press("page", {"value": "1"})
    assert "51–100 of" in panel.parts["table"]
    panel.press("filter", {"type": "invoice.paid"})
    assert "invoice.voided" not in panel.parts["table"]
    chosen = panel.shown[-1]
    panel.press("open", {"value": str(chosen.number)})
    assert chosen.id in panel.parts["event"]
    panel.press("compare", {"value": str(panel.shown[0].number)})
    assert "~ id" in panel.parts["event"]


def test_values_are_masked_until_they_are_asked_for(panel: ExplorerPanel) -> None:
    """In the values, the JSON, a comparison and the picture."""
    panel.press("filter", {"value": "Amara Okonjo", "type": "invoice.paid"})
    panel.look(panel.shown[0].number)
    before = str(panel.parts["event"]) + panel.picture().html + repr(panel)
    panel.press("values")

    assert "Amara Okonjo" not in before
    assert "Amara Okonjo" in panel.parts["event"]
    assert "personal" in panel.parts["event"]


def test_a_path_is_taken_as_it_is_or_for_a_mapping(panel: ExplorerPanel) -> None:
    """Onto the clipboard; as an expression without positions of lists."""
    sent: list[object] = []
    panel.send = lambda message, *_: sent.append(message)  # type: ignore[method-assign,assignment]
    panel.press("path", {"value": "data.object.lines.data[0].amount"})
    panel.press("use", {"value": "data.object.lines.data[0].amount"})

    assert sent == [{"copy": "data.object.lines.data[0].amount"}, {"copy": "=data.object.lines.data.amount"}]
