"""Products and prices: the definitions that the lines of an invoice are coded by."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from workbench.fhir.validation import validate

Sample = Callable[..., dict[str, Any]]
MapEvent = Callable[..., dict[str, dict[str, Any]]]


def test_a_line_of_an_invoice_leads_to_its_price_and_product(sample: Sample, map_event: MapEvent) -> None:
    """The codes of a line are the codes of the two definitions, and the price is part of the product."""
    line = map_event("stripe-invoice", sample("stripe/invoice.paid/yen"))["invoice"]["resource"]["lineItem"][0]
    price = sample("stripe/price.created/dinar")
    price["data"]["object"].update(id=line["chargeItemCodeableConcept"]["coding"][0]["code"])
    product = sample("stripe/product.created/screening")
    price["data"]["object"]["product"] = product["data"]["object"]

    made = {
        **map_event("stripe-catalogue", price),
        **map_event("stripe-catalogue", product),
    }

    codes = [made[rule]["resource"]["code"]["coding"][0] for rule in ("price", "product")]
    assert [{key: code[key] for key in ("system", "code")} for code in codes] == line["chargeItemCodeableConcept"][
        "coding"
    ]
    assert made["price"]["resource"]["partOf"] == [made["product"]["resource"]["url"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dinar", [{"type": "base", "amount": {"value": 45.75, "currency": "KWD"}}]),
        ("by-number", None),
        ("part-of-a-cent", None),
    ],
)
def test_a_price_has_an_amount_where_it_has_one_whole_one(
    sample: Sample, map_event: MapEvent, name: str, expected: Any
) -> None:
    """A price by tiers, or in parts of a cent, has no single amount in minor units, and none is made up."""
    made = map_event("stripe-catalogue", sample(f"stripe/price.created/{name}"))["price"]["resource"]

    assert made.get("propertyGroup", [{}])[0].get("priceComponent") == expected
    assert validate(made) == []


@pytest.mark.parametrize(("count", "expected"), [(1, "Each month"), (3, "Each 3 months")])
def test_a_recurring_price_says_for_how_long(sample: Sample, map_event: MapEvent, count: int, expected: str) -> None:
    """The amount is that of one interval, which is named."""
    event = sample("stripe/price.created/monthly")
    event["data"]["object"]["recurring"]["interval_count"] = count

    made = map_event("stripe-catalogue", event)["price"]["resource"]

    assert made["propertyGroup"][0]["priceComponent"][0]["code"]["text"] == expected


@pytest.mark.parametrize(
    ("kind", "active", "expected"),
    [
        ("created", True, "active"),
        ("updated", False, "retired"),
        ("updated", True, "active"),
        ("deleted", True, "retired"),
    ],
)
@pytest.mark.parametrize("name", ["price.created/monthly", "product.created/screening"])
def test_what_is_archived_or_deleted_is_retired(
    sample: Sample, map_event: MapEvent, name: str, kind: str, active: bool, expected: str
) -> None:
    """Nothing is ever removed: invoices still name it."""
    event = sample(f"stripe/{name}")
    event["type"] = f"{event['type'].split('.')[0]}.{kind}"
    event["data"]["object"]["active"] = active

    (row,) = map_event("stripe-catalogue", event).values()

    assert row["resource"]["status"] == expected


def test_of_one_second_deletion_is_the_last_word(sample: Sample, map_event: MapEvent) -> None:
    """Created, updated and deleted of one second have orders that rise."""
    events = [sample("stripe/product.created/screening") for _ in range(3)]
    for event, kind in zip(events, ("created", "updated", "deleted"), strict=True):
        event["type"] = f"product.{kind}"

    orders = [map_event("stripe-catalogue", event)["product"]["order"] for event in events]

    assert all(earlier < later for earlier, later in itertools.pairwise(orders))
