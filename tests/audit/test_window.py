"""Spans of time as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.audit.window import read_moment

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", datetime(2026, 11, 23, 16, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 9, 18, tzinfo=UTC)),
        (timedelta(days=1), datetime(2026, 11, 22, 18, tzinfo=UTC)),
        ("2026-11-23T09:00:00+01:00", datetime(2026, 11, 23, 8, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_span_a_date_and_an_instant_are_instants_in_utc(text: object, expected: datetime) -> None:
    """Each way to write it means one instant."""
    assert expected == read_moment(text, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "yesterday",
            "time 'yesterday': is neither a span (90m, 36h, 7d, 2w), a date nor an instant (2026-11-23T08:00:00Z)",
        ),
        (
            "2026-11-23T08:00:00",
            "time 2026-11-23T08:00:00: has no offset, so it could mean several instants; add Z or +01:00",
        ),
        ("7y", "time '7y': is neither a span (90m, 36h, 7d, 2w), a date nor an instant (2026-11-23T08:00:00Z)"),
    ],
)
def test_what_is_no_instant_is_refused(text: str, expected: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError) as caught:
        read_moment(text, now=NOW)

    assert expected == str(caught.value)
