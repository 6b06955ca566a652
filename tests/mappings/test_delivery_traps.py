"""What deliveries of Stripe and Okta do to the unwary (../shared/providers.md §2.2 and §2.4), each on a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.fhir.validation import validate
from workbench.mapping.compile import EventMapping

Sample = Callable[..., dict[str, Any]]
MapEvent = Callable[..., dict[str, dict[str, Any]]]

PAID = "stripe/invoice.paid/membership"


def test_an_invoice_paid_from_credit_keeps_its_total(sample: Sample, map_event: MapEvent) -> None:
    """Nothing was due and nothing was paid, and yet the invoice is balanced at what it cost."""
    event = sample("stripe/invoice.paid/from-credit")
    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert (event["data"]["object"]["amount_due"], event["data"]["object"]["amount_paid"]) == (0, 0)
    assert (made["status"], made["totalGross"]) == ("balanced", {"value": 16280, "currency": "JPY"})


def test_what_was_paid_too_much_is_no_part_of_the_invoice(sample: Sample, map_event: MapEvent) -> None:
    """An overpaid invoice costs what it cost; the rest is the customer's credit."""
    event = sample("stripe/invoice.overpaid/bank-transfer")
    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert event["data"]["object"]["amount_overpaid"] == 250
    assert (made["status"], made["totalGross"]) == ("balanced", {"value": 222.5, "currency": "EUR"})


def test_totals_that_are_null_are_left_out(sample: Sample, map_event: MapEvent) -> None:
    """A total that Stripe does not say is not guessed, and the rest is mapped."""
    event = sample(PAID)
    event["data"]["object"].update(total=None, total_excluding_tax=None)

    made = map_event("stripe-invoice", event)["invoice"]["resource"]

    assert {"totalGross", "totalNet"} & set(made) == set()
    assert validate(made) == []


@pytest.mark.parametrize("version", ["2031-01-01.unknown", "2015-02-18", None])
def test_fields_are_found_by_presence_and_not_by_version(
    sample: Sample, map_event: MapEvent, version: str | None
) -> None:
    """An unknown or missing API version, fields nobody knows and keys with dots change nothing."""
    event = sample(PAID)
    expected = map_event("stripe-invoice", event)
    event["api_version"] = version
    event["data"]["object"].update(brand_new={"deep": [1]}, metadata={"a.b": "x", "": "y", "patient mrn": "z"})

    assert map_event("stripe-invoice", event) == expected


def test_live_and_test_data_are_told_apart(sample: Sample, shipped: dict[str, EventMapping]) -> None:
    """Every resource made of a Stripe event is tagged with its mode."""
    names = [PAID, "stripe/price.created/monthly", "stripe/charge.dispute.closed/won", "stripe/payout.paid/weekly"]
    modes = set()
    for name in names:
        event = {**sample(name), "livemode": True}
        taken = [each for each in shipped.values() if each.provider == "stripe" and each.accepts(event["type"])]
        modes |= {
            tag["code"]
            for mapping in taken
            for row in mapping.map(event).as_list()
            for tag in row["resource"]["meta"]["tag"]
            if tag["system"] == "https://stripe.com/livemode"
        }

    assert modes == {"true"}


def test_a_pending_update_changes_nothing_yet(sample: Sample, map_event: MapEvent) -> None:
    """What a customer has not paid for is no part of the membership, whether it is pending or has lapsed."""
    before, pending, lapsed = (
        map_event("stripe-subscription", sample(f"stripe/customer.subscription.{name}"))["membership"]["resource"]
        for name in ("resumed/card-added", "updated/pending-update", "pending_update_expired/not-authenticated")
    )

    kept = ["status", "name", "servicePeriod", "partOf", "subject"]
    assert [{key: each[key] for key in kept} for each in (pending, lapsed)] == [{key: before[key] for key in kept}] * 2


def test_a_dispute_that_takes_no_answer_has_no_deadline(sample: Sample, map_event: MapEvent) -> None:
    """Stripe writes a deadline of 0 there, which is no day in 1970."""
    event = sample("stripe/charge.dispute.created/bank-debit-lost")
    made = map_event("stripe-dispute", event)["answer"]["resource"]

    assert event["data"]["object"]["evidence_details"]["due_by"] == 0
    assert "restriction" not in made
    assert made["status"] == "completed"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("warning_needs_response", "requested"),
        ("warning_under_review", "in-progress"),
        ("warning_closed", "completed"),
        ("needs_response", "requested"),
        ("under_review", "in-progress"),
        ("won", "completed"),
        ("lost", "completed"),
        ("prevented", "completed"),
        ("appeal_needs_response", "requested"),
        ("appeal_under_review", "in-progress"),
    ],
)
def test_each_status_of_a_dispute_is_translated(
    sample: Sample, map_event: MapEvent, status: str, expected: str
) -> None:
    """All ten statuses of Stripe have a status of the Task; an appeal opens it again."""
    event = sample("stripe/charge.dispute.updated/evidence-sent")
    event["data"]["object"]["status"] = status

    assert map_event("stripe-dispute", event)["answer"]["resource"]["status"] == expected


def test_no_evidence_of_a_dispute_is_copied(sample: Sample, map_event: MapEvent) -> None:
    """It tells of a patient and the care given, which the Task does not need."""
    event = sample("stripe/charge.dispute.updated/evidence-sent")
    made = str(map_event("stripe-dispute", event))

    evidence = [text for text in event["data"]["object"]["evidence"].values() if isinstance(text, str)]
    assert len(evidence) == 4
    assert [text for text in evidence if text in made] == []


def test_of_a_charge_captured_in_part_only_that_part_is_received(sample: Sample, map_event: MapEvent) -> None:
    """An authorisation moves no money; the capture moves what was captured, and no more."""
    authorised = map_event("stripe-charge", sample("stripe/charge.succeeded/direct-authorised"))
    captured = map_event("stripe-charge", sample("stripe/charge.captured/direct-in-part"))["notice"]["resource"]

    assert authorised == {}
    assert captured["amount"] == {"value": 180, "currency": "USD"}


@pytest.mark.parametrize("kind", ["grant", "revoke"])
def test_privileges_of_a_group_are_about_the_group(sample: Sample, map_event: MapEvent, kind: str) -> None:
    """The one who acted is not whom it is about: the focus is the group, and which privilege is said."""
    event = sample(f"okta/group.privilege.{kind}/help-desk")
    made = map_event("okta-security-task", event)["review"]["resource"]

    assert made["focus"] == {
        "type": "Group",
        "identifier": {"system": "https://cedargrove-example.okta.com/groups", "value": event["target"][0]["id"]},
    }
    assert made["input"] == [{"type": {"text": "Privilege"}, "valueString": "Help Desk administrator"}]
    assert event["actor"]["id"] not in str(made)


@pytest.mark.parametrize(
    "name",
    [
        "user.account.unlock_by_admin/by-admin",
        "user.account.privilege.revoke/group-admin",
        "group.privilege.grant/help-desk",
    ],
)
def test_what_okta_refused_is_no_work_and_ends_none(sample: Sample, map_event: MapEvent, name: str) -> None:
    """An unlock that failed leaves the account's Task open, and a refused change needs no review; both are audited."""
    event = sample(f"okta/{name}")
    event["outcome"] = {"result": "FAILURE", "reason": "Insufficient permissions"}

    assert map_event("okta-security-task", event) == {}
    assert map_event("okta-audit", event)["audit"]["resource"]["outcome"] == "4"


def test_of_a_changed_policy_the_names_of_what_changed_are_kept(sample: Sample, map_event: MapEvent) -> None:
    """Its values stay with Okta: a policy's text is no part of a health record."""
    made = map_event("okta-audit", sample("okta/policy.lifecycle.update/sign-on"))["audit"]["resource"]

    assert made["entity"][1]["detail"] == [{"type": "changed", "valueString": "description, priority"}]
    assert "locums" not in str(made)
    assert made["subtype"][1]["code"] == "110129"


def test_a_change_of_profile_is_audited_and_nothing_more(sample: Sample, shipped: dict[str, EventMapping]) -> None:
    """Its write would carry a time, and a suspension that is older but arrives later would be refused as stale."""
    takers = [
        each.name
        for each in shipped.values()
        if each.provider == "okta" and each.accepts("user.account.update_profile")
    ]

    assert takers == ["okta-audit"]


def test_a_group_lives_under_one_identity(sample: Sample, map_event: MapEvent) -> None:
    """Created, renamed and deleted, it is one Group: switched off in the end and never removed."""
    names = ["lifecycle.create/locum", "profile.update/renamed", "lifecycle.delete/locum"]
    rows = [map_event("okta-group", sample(f"okta/group.{name}"))["group"] for name in names]

    assert len({row["value"] for row in rows}) == 1
    assert [row["resource"]["active"] for row in rows] == [True, True, False]
    assert [row["resource"]["name"] for row in rows[:2]] == ["Locum clinicians", "Locum clinicians (Portland)"]
    assert [row["order"] for row in rows] == sorted(row["order"] for row in rows)
