"""Measures against targets."""

from __future__ import annotations

import pytest

from workbench.audit.thresholds import Thresholds, burn_rate, judge, read_thresholds
from workbench.errors import IntegrationError

QUIET = {"runs": 0, "events": 0, "failed": 0, "refused": 0, "unreadable": 0, "ok_p95_ms": None}
WELL = {"runs": 1000, "events": 1000, "failed": 2, "refused": 0, "unreadable": 0, "ok_p95_ms": 120.0}


def windows(failed: int = 0, events: int = 100, *, hours: int = 1) -> list[dict[str, int]]:
    """One window of each length; only the one of `hours` has failures."""
    return [{"hours": h, "events": events, "failed": failed if h == hours else 0} for h in (1, 6, 24, 72)]


@pytest.mark.parametrize(
    ("summary", "burn", "thresholds", "silent", "expected"),
    [
        (WELL, windows(), Thresholds(), 60.0, "Healthy"),
        (
            QUIET,
            windows(events=0),
            Thresholds(),
            None,
            "Could not tell: no bot run in this span; nothing can be said about it",
        ),
        (
            QUIET,
            windows(events=0),
            Thresholds(silent_hours=24),
            None,
            "Breach: no bot run in this span; nothing can be said about it",
        ),
        (
            WELL,
            windows(),
            Thresholds(silent_hours=2),
            3 * 3600.0,
            "Breach: no run for 3.0 h; at most 2 h are expected",
        ),
        (
            {**WELL, "failed": 20},
            windows(),
            Thresholds(),
            60.0,
            "Breach: 20 of 1,000 events failed (2.00%); 1.00% are allowed",
        ),
        (
            {**WELL, "runs": 50, "events": 50, "failed": 1},
            windows(),
            Thresholds(),
            60.0,
            "Warning: 1 of 50 events failed (2.00%); 1.00% are allowed",
        ),
        (
            WELL,
            windows(failed=20),
            Thresholds(),
            60.0,
            "Breach: in the last 1 h the error budget burnt 20.0 times too fast; 14.4 is the limit",
        ),
        (WELL, windows(failed=2, events=4), Thresholds(), 60.0, "Healthy"),
        (
            WELL,
            windows(failed=3, hours=72),
            Thresholds(),
            60.0,
            "Warning: in the last 72 h the error budget burnt 3.0 times too fast; 1 is the limit",
        ),
        (
            {**WELL, "ok_p95_ms": 6100.0},
            windows(),
            Thresholds(),
            60.0,
            "Warning: 95 % of the runs took up to 6,100 ms; 5,000 ms are expected",
        ),
        (
            {**WELL, "refused": 100},
            windows(),
            Thresholds(),
            60.0,
            "Warning: 100 of 1,000 deliveries were refused (10.00%); was the signing secret changed?",
        ),
        (
            {**WELL, "unreadable": 4},
            windows(),
            Thresholds(),
            60.0,
            "Warning: 4 run(s) printed a result line that cannot be read; deploy the bot again",
        ),
    ],
)
def test_the_verdict_says_what_was_found_and_what_was_allowed(
    summary: dict, burn: list, thresholds: Thresholds, silent: float | None, expected: str
) -> None:
    """Each rule has its sentence, and a quiet hour is no fire."""
    assert expected == str(judge(summary, burn, thresholds, silent_seconds=silent))


def test_the_worst_finding_speaks() -> None:
    """Hidden runs turn a warning into `could not tell`, a breach into nothing better."""
    slow, failing = {**WELL, "ok_p95_ms": 9e9}, {**WELL, "failed": 500}
    hidden = ["bot x: none of its runs is recorded"]

    assert judge(slow, windows(), Thresholds(), silent_seconds=1).exit_code == 1
    assert judge(slow, windows(), Thresholds(), silent_seconds=1, incomplete=hidden).exit_code == 3
    assert judge(failing, windows(), Thresholds(), silent_seconds=1, incomplete=hidden).exit_code == 2


def test_a_burn_rate_of_one_spends_the_budget_exactly() -> None:
    """1 % failed of 1 % allowed is 1; nothing happened is 0; a target of 100 % does not divide by zero."""
    assert burn_rate(failed=1, events=100, target=0.99) == pytest.approx(1.0)
    assert burn_rate(failed=0, events=0, target=0.99) == 0.0
    assert burn_rate(failed=1, events=100, target=1.0) > 1000


def test_every_fault_of_thresholds_is_told_at_once() -> None:
    """Unknown names, wrong types and values out of range come together, without the value."""
    with pytest.raises(IntegrationError) as caught:
        read_thresholds({"sucess": 0.9, "success": 99, "p95_ms": "fast", "refused": True}, file="integration.yaml")

    assert str(caught.value) == (
        "integration.yaml: report.sucess: is no threshold;"
        " one of success, p95_ms, refused, silent_hours, event_to_resource_p95_s, least_failures\n"
        "integration.yaml: report.success: is out of range; give a share from 0 to 1\n"
        "integration.yaml: report.p95_ms: is str; give a number, 0 or more\n"
        "integration.yaml: report.refused: is bool; give a share from 0 to 1"
    )


def test_thresholds_left_out_keep_their_defaults() -> None:
    """An integration file names only what it wants different."""
    assert Thresholds(success=0.999, silent_hours=24) == read_thresholds({"success": 0.999, "silent_hours": 24})


def test_a_refused_delivery_or_two_are_no_trend() -> None:
    """What `prove` tries on purpose makes no report a warning; three of a few do."""
    summary = {"events": 4, "refused": 2, "failed": 0, "ok_p95_ms": 10.0}

    assert judge(summary, [], Thresholds(), silent_seconds=1.0).level == "healthy"
    assert judge(summary | {"refused": 3}, [], Thresholds(), silent_seconds=1.0).level == "warning"
