"""Which deliveries a request means, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.flows.keep import import_events
from workbench.flows.replay_selection import ReplayRequest, due_seconds, select_deliveries

SAMPLES = str(Path(__file__).parents[2] / "sample_events/stripe")


def types_of(**request: Any) -> list[str]:
    """The event types that a request selects, in order."""
    selected = select_deliveries(ReplayRequest(**{"events": SAMPLES, **request}))
    return [event.type for each in selected for event in each.events]


def test_filters_choose_by_what_an_event_is() -> None:
    """By type, id, value and time; everything given must hold."""
    paid = select_deliveries(ReplayRequest(events=SAMPLES, type="invoice.paid"))
    one = paid[0].events[0]

    assert {event.type for each in paid for event in each.events} == {"invoice.paid"}
    assert set(types_of(type="invoice.*")) > {"invoice.paid", "invoice.voided"}
    assert types_of(ids=(one.id,)) == ["invoice.paid"]
    assert types_of(type="invoice.paid", where={"data.object.id": one.payload["data"]["object"]["id"]})
    assert types_of(where={"data.object.id": "in_none"}) == []
    assert types_of(since=datetime(2099, 1, 1, tzinfo=UTC)) == []
    assert types_of(provider="okta") == []
    assert types_of(type="invoice.paid", until=one.occurred_at) != types_of(type="invoice.paid")


def test_the_same_request_gives_the_same_order() -> None:
    """Chance begins with the seed; another seed is another order of the same deliveries."""
    given, shuffled = types_of(), types_of(order="shuffled", seed=1)

    assert shuffled == types_of(order="shuffled", seed=1) != given
    assert sorted(shuffled) == sorted(types_of(order="shuffled", seed=2)) == sorted(given)
    occurred = select_deliveries(ReplayRequest(events=SAMPLES, order="occurred"))
    times = [each.events[0].occurred_at for each in occurred if each.events]
    assert times == sorted(times)  # type: ignore[type-var]


def test_a_share_is_sent_twice_each_repetition_after_the_first() -> None:
    """Of all with a rate of 1; a repetition has a key of its own."""
    once = select_deliveries(ReplayRequest(events=SAMPLES))
    twice = select_deliveries(ReplayRequest(events=SAMPLES, duplicate=1.0, seed=3))
    keys = [each.key for each in twice]

    assert len(keys) == 2 * len(once) == len(set(keys))
    assert all(keys.index(f"{each.key}+1") > keys.index(each.key) for each in once)


def test_the_pauses_are_those_of_then() -> None:
    """Ten times as fast is a tenth of each gap; without a speed there are none."""
    request = ReplayRequest(events=SAMPLES, type="invoice.*", order="received", speed=10.0)
    selected = select_deliveries(request)
    due = due_seconds(request, selected)

    assert due is not None
    assert due[0] == 0
    total = (selected[-1].delivery.received_at - selected[0].delivery.received_at).total_seconds()
    assert due[-1] == pytest.approx(total / 10)
    assert due_seconds(ReplayRequest(events=SAMPLES), selected) is None


def test_a_request_survives_its_journal() -> None:
    """What was kept as JSON asks for the same."""
    request = ReplayRequest(
        events=SAMPLES,
        type="invoice.*",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        ids=("a",),
        speed=2.0,
        where={"a.b": 1},
    )

    assert ReplayRequest.from_record(request.record()) == request


def test_a_store_is_selected_from_as_files_are(tmp_path: Path) -> None:
    """The same deliveries with the same keys, byte for byte."""
    import_events(SAMPLES, tmp_path / "events.db")
    files = {each.key: each.delivery.body for each in select_deliveries(ReplayRequest(events=SAMPLES, type="payout.*"))}
    kept = select_deliveries(ReplayRequest(events=str(tmp_path / "events.db"), type="payout.*"))

    assert {each.key: each.delivery.body for each in kept} == files
    assert files
