"""The named scenarios, mapped as they arrive: what is left at the end is what a person would expect to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.flows.load import load_events
from workbench.mapping.compile import EventMapping

SCENARIOS = Path(__file__).parents[2] / "sample_events/scenarios"

Ends = dict[str, list[dict[str, Any]]]


@pytest.fixture
def play(shipped: dict[str, EventMapping], settle: Callable[..., dict[str, dict[str, Any]]]) -> Callable[[str], Ends]:
    """A function that plays a scenario and gives the resources left at its end, by type."""

    def run(name: str) -> Ends:
        rows = [
            mapping.map(event.payload).as_list()
            for event in load_events(SCENARIOS / f"{name}.yaml").events
            for mapping in shipped.values()
            if mapping.provider == event.provider and mapping.accepts(event.type)
        ]
        left: Ends = {}
        for resource in settle(rows).values():
            left.setdefault(resource["resourceType"], []).append(resource)
        return left

    return run


def test_a_dispute_that_is_won_ends_the_work(play: Callable[[str], Ends]) -> None:
    """Whatever came first, twice or late, there is one Task; it is done and says won."""
    (task,) = play("dispute-won")["Task"]

    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("completed", "won")


def test_a_trial_that_paused_and_was_resumed_is_a_membership(play: Callable[[str], Ends]) -> None:
    """One account for the payer, linked to the patient, and one for the membership, active in its new period."""
    left = play("trial-pauses")
    accounts = {account["type"]["coding"][0]["code"]: account for account in left["Account"]}

    assert sorted(accounts) == ["customer", "subscription"]
    assert accounts["subscription"]["status"] == "active"
    assert accounts["subscription"]["servicePeriod"]["start"] == "2026-11-10T15:00:00.000Z"
    assert accounts["customer"]["subject"][0]["identifier"]["value"] == "MRN-208233"
    assert [task["status"] for task in left["Task"]] == ["cancelled"]
    assert [invoice["totalGross"]["value"] for invoice in left["Invoice"]] == [0]


@pytest.mark.parametrize("name", ["invoice-life", "out-of-order", "duplicates"])
def test_an_invoice_is_balanced_however_its_events_arrive(play: Callable[[str], Ends], name: str) -> None:
    """In order, out of order or again and again: one Invoice, balanced, with its number."""
    (invoice,) = play(name)["Invoice"]

    assert (invoice["status"], len(invoice["identifier"])) == ("balanced", 2)


@pytest.mark.parametrize("name", ["invoice-life", "out-of-order"])
def test_a_refund_is_counted_once(play: Callable[[str], Ends], name: str) -> None:
    """Three events tell of one refund: one reconciliation gives the money back, and it is complete."""
    given_back = [each for each in play(name)["PaymentReconciliation"] if each["paymentAmount"]["value"] < 0]

    assert [(each["outcome"], each["paymentAmount"]["value"]) for each in given_back] == [("complete", -45)]


def test_who_leaves_is_inactive_and_who_comes_back_is_not(play: Callable[[str], Ends]) -> None:
    """The last word on each of the staff stands, and the forged delivery at the end wrote nothing."""
    names = {each["name"][0]["text"]: each.get("active") for each in play("staff-leaves")["Practitioner"]}

    assert names == {"Nora Feld": True, "Ivan Petrosyan": True, "Lucia Marchetti": False}


@pytest.mark.parametrize(
    ("name", "expected"), [("failures", {"Account": 1, "Invoice": 1}), ("refused-hooks", {"AuditEvent": 1, "Task": 1})]
)
def test_what_is_refused_writes_nothing(play: Callable[[str], Ends], name: str, expected: dict[str, int]) -> None:
    """Only the delivery that proves itself leaves anything behind."""
    assert {kind: len(resources) for kind, resources in play(name).items()} == expected
