"""Okta's workforce, its groups, its alerts and its audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.fhir.validation import validate
from workbench.mapping.compile import EventMapping

Sample = Callable[..., dict[str, Any]]
MapEvent = Callable[..., dict[str, dict[str, Any]]]

LEAVER = "okta/user.lifecycle.deactivate/leaver"


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("user.lifecycle.create", False),
        ("user.lifecycle.activate", True),
        ("user.lifecycle.reactivate", True),
        ("user.lifecycle.unsuspend", True),
        ("user.lifecycle.suspend", False),
        ("user.lifecycle.deactivate", False),
        ("user.lifecycle.delete.initiated", False),
    ],
)
def test_each_step_of_a_users_life_says_whether_they_work(
    sample: Sample, map_event: MapEvent, event_type: str, expected: bool
) -> None:
    """Practitioner and role are active or not together, by the event's type alone."""
    event = sample(LEAVER)
    event["eventType"] = event_type

    rows = map_event("okta-user", event)

    assert [row["resource"]["active"] for row in rows.values()] == [expected, expected]


def test_a_leavers_role_ends_at_that_instant(sample: Sample, map_event: MapEvent) -> None:
    """Deactivation ends the role when Okta says it did; a staged user has no period yet."""
    event = sample(LEAVER)
    ended = map_event("okta-user", event)["role"]["resource"]
    event["eventType"] = "user.lifecycle.create"
    staged = map_event("okta-user", event)["role"]["resource"]

    assert ended["period"] == {"end": event["published"]}
    assert "period" not in staged


def test_users_are_found_by_type_and_known_by_id(sample: Sample, map_event: MapEvent) -> None:
    """The order of targets does not matter; the id is the key and the login only a second identifier."""
    event = sample("okta/group.user_membership.add/physicians")
    swapped = {**event, "target": event["target"][::-1]}

    rows, again = (map_event("okta-group-membership", one) for one in (event, swapped))

    assert rows == again
    assert rows["role"]["value"] == "00gG1MR4lhnpMOgWF9aM.00uQNsnGSSdLp9xDeq0u"
    assert [one["system"] for one in rows["practitioner"]["resource"]["identifier"]] == [
        "https://cedargrove-example.okta.com/users",
        "https://cedargrove-example.okta.com/logins",
    ]


def test_joining_and_leaving_a_group_is_one_role(sample: Sample, map_event: MapEvent) -> None:
    """The same user and group switch the same role on and off."""
    event = sample("okta/group.user_membership.remove/locum")
    removed = map_event("okta-group-membership", event)["role"]
    event["eventType"] = "group.user_membership.add"
    added = map_event("okta-group-membership", event)["role"]

    assert added["value"] == removed["value"]
    assert [row["resource"]["active"] for row in (added, removed)] == [True, False]
    assert [list(row["resource"]["period"]) for row in (added, removed)] == [["start"], ["end"]]


@pytest.mark.parametrize("result", ["FAILURE", "DENY", "SKIPPED"])
def test_what_okta_refused_changes_nobody(sample: Sample, map_event: MapEvent, result: str) -> None:
    """A deactivation that failed leaves the practitioner alone; it is audited all the same."""
    event = sample(LEAVER)
    event["outcome"] = {"result": result, "reason": None}

    assert map_event("okta-user", event) == {}
    assert list(map_event("okta-audit", event)) == ["audit"]


@pytest.mark.parametrize("name", ["unlock_by_admin/by-admin", "unlock/after-an-hour"])
def test_a_lock_and_its_unlock_are_one_task(sample: Sample, map_event: MapEvent, name: str) -> None:
    """A lock names its user as actor, either unlock as target: all are one piece of work, and the later closes it."""
    lock = map_event("okta-security-task", sample("okta/user.account.lock/too-many-attempts"))["locked"]
    unlock = map_event("okta-security-task", sample(f"okta/user.account.{name}"))["locked"]

    assert lock["value"] == unlock["value"]
    assert [row["resource"]["status"] for row in (lock, unlock)] == ["requested", "completed"]
    assert lock["order"] < unlock["order"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        *((result, "0") for result in ("SUCCESS", "ALLOW", "CHALLENGE", "SKIPPED", "UNKNOWN", "DEFERRED")),
        *((result, "4") for result in ("FAILURE", "DENY", "RATE_LIMIT", "ABANDONED")),
    ],
)
def test_each_result_has_an_outcome(sample: Sample, map_event: MapEvent, result: str, expected: str) -> None:
    """Okta's results are FHIR's success or minor failure, and the description keeps Okta's own word."""
    event = sample(LEAVER)
    event["outcome"] = {"result": result, "reason": "WHY"}

    made = map_event("okta-audit", event)["audit"]["resource"]

    assert (made["outcome"], made["outcomeDesc"]) == (expected, f"{result}: WHY")


def test_an_audit_event_is_found_again_by_its_record(sample: Sample, map_event: MapEvent) -> None:
    """Its identity is a logical reference that the resource holds, so that it is created once."""
    event = sample("okta/user.lifecycle.suspend/three-events", 2)

    row = map_event("okta-audit", event)["audit"]

    assert (row["parameter"], row["write"], row["value"]) == ("entity:identifier", "create-if-missing", event["uuid"])
    assert {"system": row["system"], "value": row["value"]} == row["resource"]["entity"][0]["what"]["identifier"]
    assert "identifier" not in row["resource"]


def test_every_event_of_a_delivery_is_audited_apart(sample: Sample, map_event: MapEvent) -> None:
    """The three events of one delivery give three AuditEvents of three kinds."""
    rows = [
        map_event("okta-audit", sample("okta/user.lifecycle.suspend/three-events", position))["audit"]
        for position in range(3)
    ]

    kinds = [row["resource"]["subtype"][0]["code"] for row in rows]
    assert kinds == ["user.lifecycle.suspend", "user.session.clear", "application.user_membership.update"]
    assert len({row["value"] for row in rows}) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"client": None},
        {"client": {}},
        {"client": {"ipAddress": None, "zone": "null"}},
        {"target": None},
        {"target": []},
        {"securityContext": {}},
        {"outcome": {"result": "SUCCESS"}},
        {"displayMessage": None},
        {"actor": {"id": "unknown", "type": "User", "alternateId": "x", "displayName": None}},
    ],
    ids=str,
)
def test_any_shape_okta_sends_makes_a_valid_audit_event(
    sample: Sample, map_event: MapEvent, changed: dict[str, Any]
) -> None:
    """Empty clients, missing targets and unknown actors, as seen in public samples, still give a valid resource."""
    event = {**sample(LEAVER), **changed}

    assert validate(map_event("okta-audit", event)["audit"]["resource"]) == []


def test_inline_hooks_are_not_audited(shipped: dict[str, EventMapping]) -> None:
    """An inline hook waits for an answer and is no event that happened."""
    taken = [name for name, mapping in shipped.items() if mapping.accepts("com.okta.user.pre-registration")]

    assert taken == []


def test_nobody_is_not_a_person(sample: Sample, map_event: MapEvent) -> None:
    """Where no user by that login exists Okta writes `unknown`: no reference, no key and no Task is made of it."""
    event = sample("okta/user.account.lock/too-many-attempts")
    event["actor"]["id"] = "unknown"
    event["target"] = [{"id": "unknown", "type": "AppInstance", "displayName": "x"}]

    audit = map_event("okta-audit", event)["audit"]["resource"]

    assert "unknown" not in str(audit)
    assert "who" not in audit["agent"][0]
    assert validate(audit) == []
    assert map_event("okta-security-task", event) == {}
