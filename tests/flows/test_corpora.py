"""A corpus as a stream: from files or a store, the unusable told; and what a mapping reads of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import Problem, StoreError
from workbench.events.drift import Drift
from workbench.flows.corpora import find_unread, is_read, open_existing, sent_events, stream_events
from workbench.flows.design import load_mapping
from workbench.flows.keep import import_events
from workbench.flows.load import load_events

ROOT = Path(__file__).parents[2]
PAID = ROOT / "sample_events/stripe/invoice.paid"


def test_files_and_their_store_give_the_same_events(tmp_path: Path) -> None:
    """What was imported is streamed from the store as it is from the files, the newest first."""
    import_events(PAID, tmp_path / "events.db")

    from_files = {event.id for event in stream_events(PAID)}
    assert {event.id for event in load_events(PAID)} == from_files
    assert from_files == {event.id for event in stream_events(tmp_path / "events.db")}


def test_what_cannot_be_used_is_reported_and_left_out(tmp_path: Path) -> None:
    """A refused delivery's events are no part of a corpus, in files and in the store."""
    scenario = ROOT / "sample_events/scenarios/failures.yaml"
    problems: list[Problem] = []
    import_events(scenario, tmp_path / "events.db")

    usable = [event.id for event in stream_events(scenario, report=problems.append)]

    assert len(problems) == 7
    assert set(usable) == {event.id for event in stream_events(tmp_path / "events.db")}


def test_a_store_that_is_missing_stays_missing(tmp_path: Path) -> None:
    """Asking makes no empty file."""
    with pytest.raises(StoreError, match="no event was kept yet"):
        open_existing(tmp_path / "events.db")
    assert list(tmp_path.iterdir()) == []


def test_sent_events_are_those_that_may_be_used(tmp_path: Path) -> None:
    """One row an event with when it was received, in UTC; refused ones are not waited for."""
    import_events(ROOT / "sample_events/scenarios/failures.yaml", tmp_path / "events.db")
    with open_existing(tmp_path / "events.db") as store:
        frame = sent_events(store)
        kept = store.count()

    assert list(frame.columns) == ["provider", "event_id", "event_type", "sent_at"]
    assert str(frame["sent_at"].dt.tz) == "UTC"
    assert 0 < len(frame) < kept


def test_what_a_mapping_reads_and_no_event_has_is_found() -> None:
    """Fields of older invoices are read as well, and are in no event of today."""
    mapping = load_mapping(ROOT / "mappings/stripe/stripe-invoice.yaml")

    unread = find_unread(mapping, stream_events(PAID))

    assert "data.object.forgiven" in unread
    assert "data.object.total" not in unread


@pytest.mark.parametrize(
    ("event_type", "path", "expected"),
    [
        ("invoice.paid", "data.object.total", True),
        ("invoice.paid", "data.object.status_transitions", True),  # something inside it is read
        ("invoice.paid", "data.object.customer_phone", False),
        ("invoice.paid", "", True),  # the whole type came or went
        ("customer.created", "data.object.total", False),
    ],
)
def test_drift_counts_where_the_mapping_reads(event_type: str, path: str, expected: bool) -> None:
    """A difference matters in a type that the mapping takes, at a path that it reads or around one."""
    mapping = load_mapping(ROOT / "mappings/stripe/stripe-invoice.yaml")

    assert expected == is_read(Drift(kind="changed-types", event_type=event_type, path=path), mapping)
