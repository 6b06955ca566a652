"""The samples: authentic, complete in the shape their providers document, and consistent with one another."""

from __future__ import annotations

import json
import typing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from workbench.events.delivery import Delivery
from workbench.events.envelopes import answer_handshake, read_events, recognise_provider
from workbench.events.providers import find_provider
from workbench.events.signatures import check_signature

SAMPLES = Path(__file__).parents[2] / "sample_events"
SECRETS = json.loads((SAMPLES / "secrets.json").read_text(encoding="utf-8"))
BODIES = sorted(SAMPLES.rglob("*.body"))
CURRENT = "2026-10-28.endive"
CLASSES: dict[str, Any] = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "entitlements.active_entitlement": stripe.entitlements.ActiveEntitlement,
    "entitlements.active_entitlement_summary": stripe.entitlements.ActiveEntitlementSummary,
    "event": stripe.Event,
    "identity.verification_session": stripe.identity.VerificationSession,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "invoiceitem": stripe.InvoiceItem,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "payout": stripe.Payout,
    "plan": stripe.Plan,
    "price": stripe.Price,
    "product": stripe.Product,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
}


def delivery_of(body: Path) -> Delivery:
    """Return the delivery that a sample keeps."""
    record = json.loads(body.with_suffix(".json").read_text(encoding="utf-8"))
    return Delivery(
        body=body.read_bytes(),
        headers=record["headers"],
        received_at=datetime.fromisoformat(record["received_at"]),
        method=record["method"],
        url=record["url"],
        name=str(body.relative_to(SAMPLES)),
    )


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return every Stripe object in a value, the outer ones first."""
    if isinstance(value, dict):
        inner = [found for item in value.values() for found in objects_in(item)]
        return [value, *inner] if str(value.get("object")) in CLASSES else inner
    return [found for item in value for found in objects_in(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body.relative_to(SAMPLES)))
def test_every_sample_is_authentic_and_says_what_its_folder_says(body: Path) -> None:
    """Each sample verifies at its own time, is recognised, and its event type names its folder."""
    delivery, provider = delivery_of(body), find_provider(body.parts[-3])

    check_signature(delivery, provider, [SECRETS[provider.name]], delivery.received_at)

    assert provider == recognise_provider(delivery.body, delivery.headers)
    if body.parts[-2] == "handshake":
        assert answer_handshake(delivery, provider) is not None
    else:
        assert body.parts[-2] in {event.type for event in read_events(delivery, provider)}


def test_the_stripe_samples_are_accepted_by_stripes_own_library() -> None:
    """The official verifier accepts each signature; it reads the clock, so the age is not asked."""
    for body in (SAMPLES / "stripe").rglob("*.body"):
        delivery = delivery_of(body)
        signature = delivery.headers["stripe-signature"]
        assert stripe.WebhookSignature.verify_header(delivery.body, signature, SECRETS["stripe"], None)


def test_current_samples_have_exactly_the_fields_stripes_library_declares() -> None:
    """Every member of every object is declared by the official class, and every required member is there."""
    for body in (SAMPLES / "stripe").rglob("*.body"):
        event = json.loads(body.read_bytes())
        for found in objects_in(event) if event.get("api_version") == CURRENT else []:
            declared = {
                n: kind for n, kind in CLASSES[found["object"]].__annotations__.items() if not n.startswith("_")
            }
            required = {name for name, kind in declared.items() if type(None) not in typing.get_args(kind)}
            exempt = {"OBJECT_NAME", *({"id"} if event["type"] == "invoice.upcoming" else ())}
            assert (set(), set()) == (set(found) - set(declared), required - exempt - set(found)), body


def test_money_adds_up() -> None:
    """Lines add to the subtotal; subtotal, discounts and taxes to the total, in every currency and both shapes."""
    for body in (SAMPLES / "stripe").rglob("*.body"):
        for found in objects_in(json.loads(body.read_bytes())):
            if found["object"] == "invoice":
                discounts = sum(each["amount"] for each in found["total_discount_amounts"])
                taxes = sum(each["amount"] for each in found.get("total_taxes", found.get("total_tax_amounts")))
                lines = sum(line["amount"] for line in found["lines"]["data"])
                assert (lines, lines - discounts + taxes) == (found["subtotal"], found["total"]), body


def test_the_set_covers_what_the_demonstration_promises() -> None:
    """Event types, currencies, both API shapes, a batch of three and a handshake."""
    events = [json.loads(body.read_bytes()) for body in (SAMPLES / "stripe").rglob("*.body")]
    okta = [delivery_of(body) for body in (SAMPLES / "okta").rglob("*.body")]
    batches = [len(read_events(each, find_provider("okta"))) for each in okta if each.method == "POST"]
    currencies = {found.get("currency") for event in events for found in objects_in(event)}

    assert len({event["type"] for event in events}) >= 14
    assert len([event for event in events if event.get("api_version") == "2024-06-20"]) >= 4
    assert {"usd", "eur", "jpy", "kwd"} <= currencies
    assert 3 in batches
    assert "GET" in {each.method for each in okta}


def test_no_sample_is_dated_after_it_was_made() -> None:
    """Times are consistent: an event precedes its delivery, and no delivery is from the future."""
    for body in BODIES:
        delivery = delivery_of(body)
        assert delivery.received_at < datetime(2026, 11, 23, tzinfo=UTC), body
        for event in read_events(delivery, find_provider(body.parts[-3])) if delivery.method == "POST" else ():
            assert event.occurred_at is not None
            assert event.occurred_at <= delivery.received_at, body


def test_event_ids_are_unique() -> None:
    """No two samples claim to be the same event."""
    deliveries = [(delivery_of(body), find_provider(body.parts[-3])) for body in BODIES]
    ids = [event.id for each, provider in deliveries if each.method == "POST" for event in read_events(each, provider)]

    assert len(ids) == len(set(ids))
