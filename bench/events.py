"""Varied invoice events for the benchmarks: 64 of about 6 KB compact, three lines and 48 nulls each, from one seed."""

from __future__ import annotations

import random
from typing import Any

NULLS = [
    "account_country", "account_tax_ids", "application", "application_fee_amount", "charge", "custom_fields",
    "customer_address", "customer_phone", "customer_shipping", "default_payment_method", "default_source",
    "default_tax_rates", "description", "discount", "discounts", "effective_at", "ending_balance", "from_invoice",
    "hosted_invoice_url", "invoice_pdf", "issuer", "last_finalization_error", "latest_revision", "next_payment_attempt",
    "on_behalf_of", "paid_out_of_band", "payment_intent", "quote", "receipt_number", "rendering", "shipping_cost",
    "shipping_details", "statement_descriptor", "subscription_details", "tax", "test_clock", "threshold_reason",
    "transfer_data", "webhooks_delivered_at",
]  # fmt: skip


def invoice_events(count: int = 64, seed: int = 7) -> list[dict[str, Any]]:
    """Events of an invoice, no two alike; customer_name, due_date, footer and number are sometimes null."""
    chance = random.Random(seed)
    return [_event(chance, number) for number in range(count)]


def _event(chance: random.Random, number: int) -> dict[str, Any]:
    created = 1_700_000_000 + number * 3_607
    currency = chance.choice(["usd", "eur", "gbp", "jpy", "kwd"])
    lines = [_line(chance, number, position, currency) for position in range(3)]
    total = sum(line["amount"] for line in lines)
    invoice = {
        "id": f"in_{number:024d}", "object": "invoice", "account_name": "Cedar Grove Clinic", "amount_due": total,
        "amount_paid": 0, "amount_remaining": total, "attempt_count": 0, "attempted": False, "auto_advance": True,
        "billing_reason": chance.choice(["subscription_cycle", "manual", "subscription_create"]),
        "collection_method": "send_invoice", "created": created, "currency": currency,
        "customer": f"cus_{number % 17:014d}", "customer_email": f"person{number}@example.com",
        "customer_name": chance.choice([None, "  Ada   Lovelace ", "Grace Hopper", "Đặng Thái Sơn"]),
        "customer_tax_exempt": "none", "due_date": chance.choice([None, created + 1_209_600]),
        "footer": chance.choice([None, "Thank you for your trust."]), "livemode": bool(number % 2),
        "lines": {"object": "list", "data": lines, "has_more": False, "total_count": 3, "url": "/v1/invoices/lines"},
        "metadata": {"patient_mrn": f"MRN-{number:06d}", "clinic": "north"},
        "number": chance.choice([f"F-{number:06d}", f"G-{number:06d}"]), "period_end": created + 86_400,
        "period_start": created - 2_592_000, "post_payment_credit_notes_amount": 0, "starting_balance": 0,
        "status": chance.choice(["draft", "open", "paid", "void", "uncollectible"]), "subtotal": total,
        "total": total, "total_excluding_tax": total - 7 * number, "total_tax_amounts": [],
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        **dict.fromkeys(NULLS),
    }  # fmt: skip
    return {
        "id": f"evt_{number:024d}", "object": "event", "api_version": "2024-06-20", "created": created,
        "data": {"object": invoice}, "livemode": bool(number % 2), "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "type": "invoice.created",
    }  # fmt: skip


def _line(chance: random.Random, number: int, position: int, currency: str) -> dict[str, Any]:
    amount = chance.randrange(100, 250_000)
    price = f"price_{number:010d}{position}"
    return {
        "id": f"il_{number:020d}{position}", "object": "line_item", "amount": amount, "amount_excluding_tax": amount,
        "currency": currency, "description": f"{position + 1} × Visit (level {chance.randrange(1, 6)})",
        "discount_amounts": chance.choice([[], [{"amount": amount // 10, "discount": "di_1"}]]), "discountable": True,
        "discounts": [], "invoice_item": f"ii_{number:020d}{position}", "livemode": False,
        "metadata": {"visit": f"V{number}-{position}", "site": "north"},
        "period": {"end": 1_700_000_000 + number, "start": 1_699_000_000},
        "plan": {"id": price, "object": "plan", "active": True, "amount": amount, "currency": currency,
                 "interval": "month", "nickname": None, "product": "prod_1", "trial_period_days": None},
        "price": {"id": price, "object": "price", "active": True, "billing_scheme": "per_unit", "currency": currency,
                  "lookup_key": None, "metadata": {}, "nickname": None, "product": "prod_1", "type": "recurring",
                  "unit_amount": amount, "unit_amount_decimal": str(amount)},
        "proration": False, "quantity": chance.randrange(1, 4), "subscription": "sub_1", "type": "subscription",
        "tax_amounts": chance.choice([[], [{"amount": amount // 20, "inclusive": False, "tax_rate": "txr_1"},
                                            {"amount": 5, "inclusive": False, "tax_rate": "txr_2"}]]),
        "tax_rates": [], "unit_amount_excluding_tax": str(amount),
    }  # fmt: skip
