"""What the shipped mappings make of every sample is what tests/golden says, and a person has read it there."""

from __future__ import annotations

from pathlib import Path

from workbench.flows.design import load_mappings
from workbench.flows.goldens import check_goldens

ROOT = Path(__file__).parents[2]


def test_every_sample_makes_what_its_golden_says() -> None:
    """In Python and in JavaScript, sample by sample; none is missing and none is left over."""
    report = check_goldens(load_mappings(ROOT / "mappings"), ROOT / "sample_events", ROOT / "tests/golden")

    wrong = [(case.name, case.state, case.differences, case.backends) for case in report.cases if not case.ok]
    assert wrong == []
    assert len(report.cases) > 80
