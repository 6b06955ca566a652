"""The event-time stamp and the integration tag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.validation import validate
from workbench.fhir.writes import (
    EVENT_TIME_URL,
    INTEGRATION_SYSTEM,
    event_time_of,
    format_instant,
    is_stale,
    stamp_event_time,
    tag_integration,
)

EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z"
INVOICE: dict[str, Any] = {"resourceType": "Invoice", "status": "issued"}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T23:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_an_instant_always_has_24_characters(moment: datetime, expected: str) -> None:
    """Whatever the zone and the digits, an instant is UTC with milliseconds."""
    assert expected == format_instant(moment)


def test_an_instant_needs_a_zone() -> None:
    """A moment without a zone is refused."""
    with pytest.raises(ValueError, match=r"^format_instant: the moment has no time zone; give an aware datetime$"):
        format_instant(datetime(2026, 1, 1))  # noqa: DTZ001


@given(st.datetimes(min_value=datetime(2000, 1, 1)), st.datetimes(min_value=datetime(2000, 1, 1)))  # noqa: DTZ001
def test_instants_compare_as_text_as_they_do_in_time(first: datetime, second: datetime) -> None:
    """Of two instants written by us the greater text is the later moment, to the millisecond."""
    one, other = (format_instant(moment.replace(tzinfo=UTC)) for moment in (first, second))
    cut = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (first, second)]

    assert (cut[0] < cut[1]) == (one < other)


def test_a_stamp_is_read_back_and_replaced_and_leaves_the_rest() -> None:
    """Stamping twice keeps one stamp, other extensions and tags stay, and the argument is not changed."""
    other = {"url": "https://example.org/x", "valueString": "y"}
    before = {**INVOICE, "meta": {"tag": [{"code": "t"}], "extension": [other]}}

    after = stamp_event_time(stamp_event_time(before, EARLY), LATE)

    stamp = {"url": EVENT_TIME_URL, "valueInstant": LATE}
    assert after["meta"] == {"tag": [{"code": "t"}], "extension": [other, stamp]}
    assert event_time_of(after) == LATE
    assert event_time_of(before) is None
    assert validate(after) == []


@pytest.mark.parametrize("instant", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+00:00", ""])
def test_a_stamp_has_a_fixed_width(instant: str) -> None:
    """An instant of another form would not compare as text, and is refused."""
    with pytest.raises(
        ValueError, match=r"^stamp: an instant has 24 characters as 2026-01-31T12:00:00.000Z, found \d+$"
    ):
        stamp_event_time(INVOICE, instant)


def test_only_an_older_event_is_stale() -> None:
    """An older event is stale, one of the same second is not, and nothing is against an unstamped resource."""
    stamped = stamp_event_time(INVOICE, LATE)

    assert [is_stale(EARLY, stamped), is_stale(LATE, stamped), is_stale(EARLY, INVOICE)] == [True, False, False]


def test_the_integration_tag_is_set_once() -> None:
    """Marking a resource twice changes nothing the second time."""
    once = tag_integration(INVOICE, "stripe-billing")

    assert once["meta"]["tag"] == [{"system": INTEGRATION_SYSTEM, "code": "stripe-billing"}]
    assert once == tag_integration(once, "stripe-billing")
    assert "meta" not in INVOICE
