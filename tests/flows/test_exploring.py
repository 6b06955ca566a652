"""A corpus is filtered by what its events are and hold, its values are marked, two events are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.flows.exploring import Explored, Query
from workbench.flows.load import load_events


@pytest.fixture(scope="module")
def explored() -> Explored:
    """The shipped samples."""
    return Explored(load_events(Path(__file__).parents[2] / "sample_events"))


def test_everything_that_is_asked_must_hold(explored: Explored) -> None:
    """Provider, type or its pattern, verdict, a path with a part of its value, a part of any value."""
    paid = explored.find(Query(type="invoice.paid"))
    by_path = explored.find(Query(path="data.object.status", value="PAID"))
    by_value = explored.find(Query(value="okonjo"))

    assert {one.type for one in paid} == {"invoice.paid"}
    assert len(paid) < len(explored.find(Query(type="invoice.*"))) < len(explored.find(Query(provider="stripe")))
    assert all(one.event and one.event.payload["data"]["object"]["status"] == "paid" for one in by_path)
    assert by_value
    assert explored.find(Query(type="invoice.paid", provider="okta")) == ()
    assert {one.verdict for one in explored.find(Query(verdict="verified"))} == {"verified"}
    assert explored.choices("provider") == ("okta", "stripe")


def test_the_newest_is_first(explored: Explored) -> None:
    """By when it occurred."""
    times = [one.at for one in explored.seen if one.at]
    assert times == sorted(times, reverse=True)


def test_values_have_their_path_and_what_to_mind(explored: Explored) -> None:
    """A name is personal, an id is an identifier; positions of lists are in the path."""
    (one, *_) = explored.find(Query(type="invoice.paid"))
    leaves = {leaf.path: leaf for leaf in explored.leaves(one)}

    assert leaves["data.object.customer_name"].personal
    assert leaves["data.object.id"].identifier
    assert "data.object.lines.data[0].amount" in leaves


def test_two_events_are_compared_path_by_path(explored: Explored) -> None:
    """What differs, and nothing else."""
    one, other, *_ = explored.find(Query(type="invoice.paid"))

    assert "id" in {found.path for found in explored.compare(one, other)}
    assert explored.compare(one, one) == ()
