"""The ceiling of the mapping benchmark: `bench/invoice.yaml` written by hand, as a programmer in a hurry would."""

from __future__ import annotations

import datetime
from typing import Any

STATUS = {
    "draft": "draft",
    "open": "issued",
    "paid": "balanced",
    "void": "cancelled",
    "uncollectible": "cancelled",
}
DIGITS = {"JPY": 1, "KWD": 1000}


def iso(seconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def map_by_hand(event: dict[str, Any]) -> dict[str, Any]:
    o = event["data"]["object"]
    currency = o["currency"].upper()
    scale = DIGITS.get(currency, 100)
    customer = o["customer"]
    items = []
    for number, line in enumerate(o["lines"]["data"], 1):
        code = line["currency"].upper()
        unit = DIGITS.get(code, 100)
        parts = [
            {"type": "base", "factor": line["quantity"], "amount": {"value": line["amount"] / unit, "currency": code}}
        ]
        discount = sum(each["amount"] for each in line["discount_amounts"])
        if discount > 0:
            parts.append({"type": "discount", "amount": {"value": -discount / unit, "currency": code}})
        if line["tax_amounts"]:
            tax = sum(each["amount"] for each in line["tax_amounts"])
            parts.append({"type": "tax", "amount": {"value": tax / unit, "currency": code}})
        coding = [{"system": "https://stripe.com/price", "code": line["price"]["id"]}]
        concept = {"coding": coding, "text": line["description"]}
        items.append({"sequence": number, "chargeItemCodeableConcept": concept, "priceComponent": parts})
    mode = "live" if event["livemode"] else "test"
    invoice = {
        "resourceType": "Invoice",
        "meta": {
            "source": "https://api.stripe.com/v1/events/" + event["id"],
            "tag": [{"system": "https://example.org/livemode", "code": mode}],
        },
        "identifier": [
            {"system": "https://stripe.com/invoice/id", "value": o["id"]},
            {"system": "https://stripe.com/invoice/number", "value": o["number"]},
        ],
        "status": STATUS[o["status"]],
    }
    if o["status"] == "uncollectible":
        invoice["cancelledReason"] = "Uncollectible"
    invoice["type"] = {"text": o["billing_reason"]}
    subject = {"identifier": {"system": "https://clinic.example/mrn", "value": o["metadata"]["patient_mrn"]}}
    if o["customer_name"] is not None:
        subject["display"] = " ".join(o["customer_name"].split())
    invoice["subject"] = subject
    invoice["recipient"] = {"reference": "Patient?identifier=https://stripe.com/customer|" + customer}
    invoice["date"] = iso(o["created"])
    invoice["issuer"] = {"display": o["account_name"]}
    invoice["account"] = {"reference": "Account?identifier=https://stripe.com/account/id|" + customer}
    invoice["lineItem"] = items
    invoice["totalNet"] = {"value": o["total_excluding_tax"] / scale, "currency": currency}
    invoice["totalGross"] = {"value": o["total"] / scale, "currency": currency}
    if o["due_date"]:
        invoice["paymentTerms"] = "Due " + iso(o["due_date"])[:10]
    if o["footer"] is not None:
        invoice["note"] = [{"text": o["footer"]}]
    account = {
        "resourceType": "Account",
        "identifier": [{"system": "https://stripe.com/account/id", "value": customer}],
        "status": "active",
        "name": o["customer_name"] or o["customer_email"],
        "servicePeriod": {"start": iso(o["period_start"]), "end": iso(o["period_end"])},
        "description": "Stripe customer " + o["customer_email"],
    }
    return {"invoice": invoice, "account": account}
