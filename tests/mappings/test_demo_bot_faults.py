"""Every fault of Medplum's own demo Stripe bot, and that our mapping does not have it (../shared/providers.md §0.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.fhir.writes import is_stale, stamp_event_time

Sample = Callable[..., dict[str, Any]]
MapEvent = Callable[..., dict[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stripe/invoice.paid/yen", "JPY"),
        ("stripe/invoice.paid/dinar", "KWD"),
        ("stripe/invoice.paid/membership", "USD"),
    ],
)
def test_amounts_are_not_divided_by_a_hundred_in_every_currency(
    sample: Sample, map_event: MapEvent, name: str, expected: str
) -> None:
    """Yen have no decimals and dinars three: the total in Money is the event's total in that currency's own units."""
    event = sample(name)

    gross = map_event("stripe-invoice", event)["invoice"]["resource"]["totalGross"]

    units = {"JPY": 1, "USD": 100, "KWD": 1000}[expected]
    assert gross == {"value": event["data"]["object"]["total"] / units, "currency": expected}


def test_gross_is_the_total_and_not_the_amount_due(sample: Sample, map_event: MapEvent) -> None:
    """A credit balance lowers what is due, and not what was billed."""
    event = sample("stripe/invoice.finalized/membership")
    invoice = event["data"]["object"]
    invoice.update(starting_balance=-5000, amount_due=invoice["total"] - 5000, amount_remaining=invoice["total"] - 5000)

    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert made["totalGross"] == {"value": 139.64, "currency": "USD"}


def test_net_is_the_total_without_tax_and_not_the_amount_paid(sample: Sample, map_event: MapEvent) -> None:
    """An unpaid invoice has a net total, and it is the total less its tax."""
    event = sample("stripe/invoice.finalized/membership")
    assert event["data"]["object"]["amount_paid"] == 0

    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert made["totalNet"] == {"value": 129, "currency": "USD"}


def test_an_update_carries_the_totals_as_well_as_the_status(sample: Sample, map_event: MapEvent) -> None:
    """When lines are added to a draft, the event that updates it sets totals, lines and date, not the status alone."""
    before = sample("stripe/invoice.created/membership-draft")
    after = sample("stripe/invoice.created/membership-draft")
    after["type"] = "invoice.updated"
    after["data"]["previous_attributes"] = {"total": 13964}
    after["data"]["object"].update(total=20000, total_excluding_tax=18936)

    first, second = (map_event("stripe-invoice", event)["invoice"] for event in (before, after))

    assert second["write"] == "merge"
    assert second["resource"]["totalGross"] == {"value": 200, "currency": "USD"}
    assert second["resource"]["totalNet"] == {"value": 189.36, "currency": "USD"}
    assert set(first["resource"]) <= set(second["resource"])


def test_a_late_created_event_does_not_make_a_paid_invoice_a_draft(sample: Sample, map_event: MapEvent) -> None:
    """invoice.created is stale after invoice.paid, when it is older and when it bears the very same second."""
    created = sample("stripe/invoice.created/membership-draft")
    paid = map_event("stripe-invoice", sample("stripe/invoice.paid/membership"))["invoice"]
    stored = stamp_event_time(paid["resource"], paid["order"])

    late = map_event("stripe-invoice", created)["invoice"]
    created["created"] = sample("stripe/invoice.paid/membership")["created"]
    tied = map_event("stripe-invoice", created)["invoice"]

    assert late["resource"]["status"] == "draft"
    assert is_stale(late["order"], stored)
    assert is_stale(tied["order"], stored)
    assert not is_stale(paid["order"], stored)


def test_every_identity_has_a_system(sample: Sample, map_event: MapEvent) -> None:
    """An invoice and its account are searched by system and value, never by a bare value."""
    rows = map_event("stripe-invoice", sample("stripe/invoice.paid/membership"))

    assert {(row["parameter"], row["system"]) for row in rows.values()} == {
        ("identifier", "https://stripe.com/invoice/id"),
        ("identifier", "https://stripe.com/customer/id"),
    }


def test_a_customer_id_is_called_one(sample: Sample, map_event: MapEvent) -> None:
    """The system of an account is that of customers, not https://stripe.com/account/id."""
    account = map_event("stripe-invoice", sample("stripe/invoice.paid/membership"))["account"]

    assert account["resource"]["identifier"] == [
        {"system": "https://stripe.com/customer/id", "value": "cus_cF5pK6gnQxqrzq"}
    ]
