"""Stripe's traps (../shared/providers.md §2.2), each mapped as it should be."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from workbench.fhir.validation import validate
from workbench.mapping.compile import EventMapping

Sample = Callable[..., dict[str, Any]]
MapEvent = Callable[..., dict[str, dict[str, Any]]]

PAID = "stripe/invoice.paid/membership"


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ("cus_1", "active"),
        ({"id": "cus_1", "object": "customer", "name": "Amara Okonjo"}, "active"),
        ({"id": "cus_1", "object": "customer", "deleted": True}, "inactive"),
    ],
)
def test_a_customer_may_be_an_id_an_object_or_deleted(
    sample: Sample, map_event: MapEvent, customer: Any, expected: str
) -> None:
    """All forms of an expandable customer give the same account; a deleted customer's is inactive."""
    event = sample(PAID)
    event["data"]["object"]["customer"] = customer

    rows = map_event("stripe-invoice", event)

    assert rows["account"]["value"] == "cus_1"
    assert rows["account"]["resource"]["status"] == expected
    assert rows["invoice"]["resource"]["account"]["reference"].endswith("%7Ccus_1")


def test_an_invoice_without_a_customer_has_no_account(sample: Sample, map_event: MapEvent) -> None:
    """Where Stripe names no customer at all, the invoice is mapped alone."""
    event = sample(PAID)
    event["data"]["object"].update(customer=None, customer_account=None)

    rows = map_event("stripe-invoice", event)

    assert list(rows) == ["invoice"]
    assert "account" not in rows["invoice"]["resource"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("draft", "draft"),
        ("open", "issued"),
        ("paid", "balanced"),
        ("void", "cancelled"),
        ("uncollectible", "cancelled"),
    ],
)
def test_each_status_of_an_invoice_is_translated(
    sample: Sample, map_event: MapEvent, status: str, expected: str
) -> None:
    """All five statuses of Stripe have a FHIR status."""
    event = sample(PAID)
    event["data"]["object"]["status"] = status

    assert map_event("stripe-invoice", event)["invoice"]["resource"]["status"] == expected


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ({"paid": True}, "balanced"),
        ({"paid": False, "forgiven": True}, "cancelled"),
        ({"paid": False, "closed": True}, "cancelled"),
        ({"paid": False, "closed": False}, "issued"),
    ],
)
def test_an_invoice_of_2018_without_status_is_understood(
    sample: Sample, map_event: MapEvent, old: dict[str, bool], expected: str
) -> None:
    """Before it had a status, an invoice said paid, closed or forgiven."""
    event = sample("stripe/invoice.paid/before-basil")
    del event["data"]["object"]["status"]
    event["data"]["object"].update(old)

    assert map_event("stripe-invoice", event)["invoice"]["resource"]["status"] == expected


def test_an_unknown_status_is_reported_and_left_out(sample: Sample, shipped: dict[str, EventMapping]) -> None:
    """A status that the code map does not know is a problem of this event, and no guess."""
    event = sample(PAID)
    event["data"]["object"]["status"] = "brand_new"

    result = shipped["stripe-invoice"].map(event)

    assert [problem.code for problem in result.problems] == ["unmapped-code"]
    assert "status" not in result.as_list()[1]["resource"]


def test_both_shapes_of_an_invoice_say_the_same(sample: Sample, map_event: MapEvent) -> None:
    """Before and since basil an invoice of one membership gives the same lines, components and totals."""
    old, new = (
        map_event("stripe-invoice", sample(name))["invoice"]["resource"]
        for name in ("stripe/invoice.paid/before-basil", PAID)
    )

    same = ["status", "account", "issuer", "lineItem", "totalPriceComponent", "totalNet", "totalGross", "type"]
    assert {key: old[key] for key in same} == {key: new[key] for key in same}


@pytest.mark.parametrize(
    "name", ["tax-and-discount", "membership", "yen", "dinar", "before-basil", "connected-account"]
)
def test_components_add_up_to_the_totals(sample: Sample, map_event: MapEvent, name: str) -> None:
    """Of every line and of the whole invoice, base, discount and tax add up: to the gross total, exactly."""
    made = map_event("stripe-invoice", sample(f"stripe/invoice.paid/{name}"))["invoice"]["resource"]

    parts = [part for line in made["lineItem"] for part in line["priceComponent"] if part["type"] != "informational"]
    gross = sum(Decimal(str(part["amount"]["value"])) for part in parts)
    net = sum(Decimal(str(part["amount"]["value"])) for part in parts if part["type"] != "tax")
    assert gross == Decimal(str(made["totalGross"]["value"]))
    assert net == Decimal(str(made["totalNet"]["value"]))


def test_a_tax_inside_the_price_is_informational(sample: Sample, map_event: MapEvent) -> None:
    """An inclusive tax, in either shape, is told and not added."""
    new, old = sample("stripe/invoice.paid/tax-and-discount"), sample("stripe/invoice.paid/before-basil")
    for tax in new["data"]["object"]["total_taxes"]:
        tax["tax_behavior"] = "inclusive"
    for tax in old["data"]["object"]["total_tax_amounts"]:
        tax["inclusive"] = True

    for event in (new, old):
        made = map_event("stripe-invoice", event)["invoice"]["resource"]
        assert "tax" not in {part["type"] for part in made["totalPriceComponent"]}
        assert "informational" in {part["type"] for part in made["totalPriceComponent"]}


def test_net_without_tax_is_worked_out_where_stripe_does_not_say_it(sample: Sample, map_event: MapEvent) -> None:
    """Without total_excluding_tax the net total is the total less all taxes, in both shapes."""
    for name in ("stripe/invoice.paid/tax-and-discount", "stripe/invoice.paid/before-basil"):
        event = sample(name)
        expected = map_event("stripe-invoice", event)["invoice"]["resource"]["totalNet"]
        event["data"]["object"]["total_excluding_tax"] = None
        assert map_event("stripe-invoice", event)["invoice"]["resource"]["totalNet"] == expected


def test_credit_and_free_invoices_keep_their_signs(sample: Sample, map_event: MapEvent) -> None:
    """A negative total stays negative, and a total of nothing is zero and not left out."""
    event = sample(PAID)
    event["data"]["object"].update(total=-2500, total_excluding_tax=-2500)
    credit = map_event("stripe-invoice", event)["invoice"]["resource"]
    event["data"]["object"].update(total=0, total_excluding_tax=0)
    free = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert credit["totalGross"] == {"value": -25, "currency": "USD"}
    assert free["totalGross"] == {"value": 0, "currency": "USD"}


def test_a_long_invoice_says_that_its_lines_are_not_all(sample: Sample, map_event: MapEvent) -> None:
    """Where the event has more lines than it carries, the resource is tagged partial."""
    event = sample(PAID)
    event["data"]["object"]["lines"]["has_more"] = True

    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert {"system": "https://stripe.com/invoice/lines", "code": "partial"} in made["meta"]["tag"]


def test_two_thousand_lines_are_numbered(sample: Sample, map_event: MapEvent) -> None:
    """An invoice of two thousand lines maps whole, in order."""
    event = sample(PAID)
    event["data"]["object"]["lines"]["data"] *= 2000

    lines = map_event("stripe-invoice", event)["invoice"]["resource"]["lineItem"]

    assert [line["sequence"] for line in lines] == list(range(1, 2001))


def test_a_line_that_says_nothing_still_has_a_charge_item(sample: Sample, map_event: MapEvent) -> None:
    """FHIR demands a charge item: a line without price and description gets a plain one."""
    event = sample(PAID)
    event["data"]["object"]["lines"]["data"][0].update(description=None, pricing=None)

    rows = map_event("stripe-invoice", event)

    assert rows["invoice"]["resource"]["lineItem"][0]["chargeItemCodeableConcept"] == {
        "text": "Line without description"
    }
    assert validate(rows["invoice"]["resource"]) == []


def test_of_one_second_the_furthest_state_wins_in_any_order(sample: Sample, map_event: MapEvent) -> None:
    """Created, finalized, updated and paid of one second have orders that rise with the invoice's life."""
    names = ["invoice.created/membership-draft", "invoice.finalized/membership", "invoice.updated/membership-footer"]
    names += ["invoice.paid/membership", "invoice.updated/membership-paid"]
    events = [sample(f"stripe/{name}") for name in names]
    for event in events:
        event["created"] = 1_793_977_587

    orders = [map_event("stripe-invoice", event)["invoice"]["order"] for event in events]

    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


def test_money_that_cannot_be_collected_becomes_work_and_is_closed_when_paid(
    sample: Sample, map_event: MapEvent
) -> None:
    """One Task follows an invoice from its failure to its payment; an invoice paid at once has none."""
    failed = map_event("stripe-invoice", sample("stripe/invoice.payment_failed/declined"))["collection"]
    paid = map_event("stripe-invoice", sample("stripe/invoice.paid/tax-and-discount"))["collection"]
    at_once = map_event("stripe-invoice", sample(PAID))

    assert (failed["value"], failed["resource"]["status"]) == (paid["value"], "requested")
    assert paid["resource"]["status"] == "completed"
    assert failed["order"] < paid["order"]
    assert "collection" not in at_once


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("invoice.paid", True),
        ("invoice.upcoming", False),
        ("invoice.will_be_due", False),
        ("invoice_payment.paid", False),
    ],
)
def test_reminders_are_no_invoices(shipped: dict[str, EventMapping], event_type: str, expected: bool) -> None:
    """Events of an invoice that has no id yet are not taken."""
    assert shipped["stripe-invoice"].accepts(event_type) is expected


def test_no_link_that_opens_without_password_is_stored(sample: Sample, shipped: dict[str, EventMapping]) -> None:
    """No mapping copies hosted pages, receipts, client secrets, phone numbers, addresses or messages of an error."""
    unwanted = ["invoice.stripe.com", "pay.stripe.com", "_secret_", "+1503", "Alder Court", "insufficient funds."]
    names = [PAID, "stripe/payment_intent.succeeded/membership", "stripe/payment_intent.payment_failed/declined"]
    names += ["stripe/customer.created/person", "stripe/charge.dispute.created/not-recognised"]
    events = [sample(name) for name in names]
    taken = [
        (mapping, event)
        for mapping in shipped.values()
        for event in events
        if mapping.provider == "stripe" and mapping.accepts(event["type"])
    ]

    made = str([mapping.map(event).as_list() for mapping, event in taken])

    assert len(taken) == len(events)
    assert [text for text in unwanted if text in made] == []


def test_no_mapping_writes_a_patient(shipped: dict[str, EventMapping]) -> None:
    """Of all shipped mappings none has a rule for Patient, RelatedPerson or Coverage."""
    written = {rule.resource_type for mapping in shipped.values() for rule in mapping.writes}

    assert written & {"Patient", "RelatedPerson", "Coverage", "Person"} == set()
    assert {"Invoice", "Account", "PaymentNotice", "PaymentReconciliation", "Task", "AuditEvent"} <= written


def test_one_refund_is_counted_once_whatever_tells_of_it(sample: Sample, map_event: MapEvent) -> None:
    """A charge that lists its refunds gives the same identities as refund.* events; one that does not gives none."""
    refund = sample("stripe/refund.updated/partial-succeeded")
    charge = sample("stripe/charge.refunded/partial")
    without = map_event("stripe-refund", charge)
    charge["data"]["object"]["refunds"] = {"object": "list", "data": [refund["data"]["object"]]}

    by_refund, by_charge = (map_event("stripe-refund", event)["refund"] for event in (refund, charge))

    assert without == {}
    assert by_refund["value"] == by_charge["value"]
    by_charge["resource"]["meta"] = by_refund["resource"]["meta"]  # but for the times of the two events
    assert by_refund["resource"] == by_charge["resource"]
    assert by_refund["resource"]["paymentAmount"] == {"value": -45, "currency": "USD"}


@pytest.mark.parametrize(
    ("name", "status", "outcome"),
    [
        ("refund.created/partial-pending", "active", "queued"),
        ("refund.updated/partial-succeeded", "active", "complete"),
        ("refund.failed/closed-account", "active", "error"),
    ],
)
def test_a_refund_has_the_outcome_of_its_status(
    sample: Sample, map_event: MapEvent, name: str, status: str, outcome: str
) -> None:
    """Pending is queued, succeeded is complete, failed is an error."""
    made = map_event("stripe-refund", sample(f"stripe/{name}"))["refund"]["resource"]

    assert (made["status"], made["outcome"]) == (status, outcome)


@pytest.mark.parametrize(
    ("status", "pause", "expected"),
    [
        ("trialing", None, "active"),
        ("active", None, "active"),
        ("active", {"behavior": "void"}, "on-hold"),
        ("canceled", {"behavior": "void"}, "inactive"),
        ("past_due", None, "on-hold"),
        ("unpaid", None, "on-hold"),
        ("paused", None, "on-hold"),
        ("canceled", None, "inactive"),
        ("incomplete_expired", None, "inactive"),
        ("incomplete", None, "unknown"),
    ],
)
def test_each_status_of_a_subscription_is_translated(
    sample: Sample, map_event: MapEvent, status: str, pause: Any, expected: str
) -> None:
    """All eight statuses of Stripe, and a paused collection, have a status of the membership's account."""
    event = sample("stripe/customer.subscription.updated/renewed")
    event["data"]["object"].update(status=status, pause_collection=pause)

    assert map_event("stripe-subscription", event)["membership"]["resource"]["status"] == expected


def test_the_period_of_a_subscription_is_found_in_both_shapes(sample: Sample, map_event: MapEvent) -> None:
    """Since basil it stands on the items, the earliest start and the latest end of them; before, on the whole."""
    new = sample("stripe/customer.subscription.updated/renewed")
    item = new["data"]["object"]["items"]["data"][0]
    new["data"]["object"]["items"]["data"].append({**item, "current_period_end": item["current_period_end"] + 86_400})
    old = sample("stripe/customer.subscription.updated/before-basil")

    periods = [
        map_event("stripe-subscription", event)["membership"]["resource"]["servicePeriod"] for event in (new, old)
    ]

    assert periods == [
        {"start": "2026-11-06T14:05:30.000Z", "end": "2026-12-07T14:05:30.000Z"},
        {"start": "2026-09-06T14:05:30.000Z", "end": "2026-10-06T14:05:30.000Z"},
    ]


@pytest.mark.parametrize(
    ("event_type", "payment_status", "expected"),
    [
        ("checkout.session.completed", "paid", "requested"),
        ("checkout.session.completed", "no_payment_required", "requested"),
        ("checkout.session.completed", "unpaid", "on-hold"),
        ("checkout.session.async_payment_succeeded", "paid", "requested"),
        ("checkout.session.async_payment_failed", "unpaid", "failed"),
        ("checkout.session.expired", "unpaid", "cancelled"),
    ],
)
def test_only_a_paid_session_asks_for_work(
    sample: Sample, map_event: MapEvent, event_type: str, payment_status: str, expected: str
) -> None:
    """A completed session that is not paid yet waits for the event that says so."""
    event = sample("stripe/checkout.session.completed/membership")
    event["type"] = event_type
    event["data"]["object"]["payment_status"] = payment_status

    assert map_event("stripe-checkout", event)["fulfilment"]["resource"]["status"] == expected


def test_a_setup_session_makes_nothing(sample: Sample, map_event: MapEvent) -> None:
    """A session that only saves a card sells nothing."""
    event = sample("stripe/checkout.session.completed/membership")
    event["data"]["object"]["mode"] = "setup"

    assert map_event("stripe-checkout", event) == {}


def test_a_payout_that_fails_after_it_was_paid_is_an_error(sample: Sample, map_event: MapEvent) -> None:
    """Payouts go back: the newer event wins although paid looks better."""
    paid, failed = sample("stripe/payout.paid/weekly"), sample("stripe/payout.paid/weekly")
    failed["created"] += 86_400
    failed["data"]["object"].update(status="failed", failure_code="account_closed")

    first, second = (map_event("stripe-payout", event)["payout"] for event in (paid, failed))

    assert first["order"] < second["order"]
    assert [row["resource"]["outcome"] for row in (first, second)] == ["complete", "error"]


def test_a_deleted_customer_is_inactive_and_the_last_word(sample: Sample, map_event: MapEvent) -> None:
    """Deletion makes the account inactive, and beats every other event of its second."""
    events = [sample("stripe/customer.created/person") for _ in range(3)]
    for event, kind in zip(events, ("customer.created", "customer.updated", "customer.deleted"), strict=True):
        event["type"] = kind

    rows = [map_event("stripe-customer", event)["account"] for event in events]

    assert [row["resource"]["status"] for row in rows] == ["active", "active", "inactive"]
    assert all(earlier["order"] < later["order"] for earlier, later in itertools.pairwise(rows))


def test_an_account_named_by_nothing_has_the_e_mail(sample: Sample, map_event: MapEvent) -> None:
    """The e-mail stands in for a name only where there is none."""
    event = sample("stripe/customer.created/person")
    named = map_event("stripe-customer", event)["account"]["resource"]
    event["data"]["object"]["name"] = None
    unnamed = map_event("stripe-customer", event)["account"]["resource"]

    assert (named["name"], unnamed["name"]) == ("Amara Okonjo", "amara.okonjo@example.com")


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [("ugx", 50_000, 500), ("isk", 120_000, 1200), ("mga", 4500, 4500), ("bhd", 12_340, 12.34), ("huf", 250_000, 2500)],
)
def test_payments_in_stripes_special_currencies(
    sample: Sample, map_event: MapEvent, currency: str, amount: int, expected: float
) -> None:
    """Currencies in which Stripe is not ISO, and with three decimals, are right in a payment."""
    event = sample("stripe/payment_intent.succeeded/membership")
    event["data"]["object"].update(currency=currency, amount_received=amount)

    made = map_event("stripe-payment", event)["notice"]["resource"]

    assert made["amount"] == {"value": expected, "currency": currency.upper()}


def test_a_charge_without_payment_intent_is_a_payment(sample: Sample, map_event: MapEvent) -> None:
    """Only such a charge is counted, and only when it is captured; one of a payment intent makes nothing."""
    event = sample("stripe/charge.succeeded/euro")
    of_intent = map_event("stripe-charge", event)
    event["data"]["object"]["payment_intent"] = None
    direct = map_event("stripe-charge", event)
    event["data"]["object"]["captured"] = False
    authorised = map_event("stripe-charge", event)

    assert (of_intent, authorised) == ({}, {})
    assert direct["notice"]["resource"]["amount"] == {"value": 469.12, "currency": "EUR"}
    assert validate(direct["notice"]["resource"]) == []


def test_refunds_and_disputes_of_a_direct_charge_point_at_its_notice(sample: Sample, map_event: MapEvent) -> None:
    """Without a payment intent the reference is by the charge, under which stripe-charge wrote the notice."""
    refund, dispute = sample("stripe/refund.created/in-full"), sample("stripe/charge.dispute.created/not-recognised")
    for event in (refund, dispute):
        event["data"]["object"]["payment_intent"] = None

    request = map_event("stripe-refund", refund)["refund"]["resource"]["detail"][0]["request"]
    focus = map_event("stripe-dispute", dispute)["answer"]["resource"]["focus"]

    assert {request["identifier"]["system"], focus["identifier"]["system"]} == {"https://stripe.com/charge/id"}
    assert {request["type"], focus["type"]} == {"PaymentNotice"}


def test_an_upcoming_invoice_is_one_reminder(sample: Sample, map_event: MapEvent) -> None:
    """However often Stripe announces the same period of a subscription, it is one Task, created once."""
    first, again = (sample("stripe/invoice.upcoming/membership") for _ in range(2))
    again["created"] += 3_600

    rows = [map_event("stripe-reminder", event)["reminder"] for event in (first, again)]

    first["data"]["object"].update(parent=None, customer=None)
    of_nobody = map_event("stripe-reminder", first)

    assert {row["value"] for row in rows} == {"sub_1ECtd9JOcjWvRFuGB3BqAC62.1796565930"}
    assert {row["write"] for row in rows} == {"create-if-missing"}
    assert of_nobody == {}


@pytest.mark.parametrize("place", ["metadata", "parent", "subscription_details"])
def test_the_patient_of_an_invoice_is_a_logical_reference(sample: Sample, map_event: MapEvent, place: str) -> None:
    """The number may stand on the invoice or on its subscription, in either shape; it is never a literal reference."""
    event = sample("stripe/invoice.payment_failed/declined")
    link = {"metadata": {"patient_mrn": "MRN-1"}}
    event["data"]["object"].update(
        {
            "metadata": link["metadata"] if place == "metadata" else {},
            "parent": {"subscription_details": link} if place == "parent" else None,
            "subscription_details": link if place == "subscription_details" else None,
        }
    )

    rows = map_event("stripe-invoice", event)

    patient = {"type": "Patient", "identifier": {"system": "https://cedargrove.example/mrn", "value": "MRN-1"}}
    assert rows["invoice"]["resource"]["subject"] == patient
    assert rows["collection"]["resource"]["for"] == patient


def test_a_subscription_that_ended_before_it_began_has_a_valid_period(sample: Sample, map_event: MapEvent) -> None:
    """A schedule called off in time ends before its first period starts; a period must not run backwards."""
    event = sample("stripe/customer.subscription.deleted/by-request")
    event["data"]["object"]["ended_at"] = event["data"]["object"]["items"]["data"][0]["current_period_start"] - 86_400

    made = map_event("stripe-subscription", event)["membership"]["resource"]

    assert made["servicePeriod"]["start"] == made["servicePeriod"]["end"]
    assert validate(made) == []


def test_a_dispute_of_2013_is_known_by_its_charge(sample: Sample, map_event: MapEvent) -> None:
    """Before disputes had ids there was one a charge."""
    event = sample("stripe/charge.dispute.created/not-recognised")
    del event["data"]["object"]["id"]

    assert map_event("stripe-dispute", event)["answer"]["value"] == event["data"]["object"]["charge"]
