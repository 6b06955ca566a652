"""Desired and existing, and the plan between them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from workbench.access.desired import Desired, derive_access
from workbench.access.differences import Difference, with_managed
from workbench.access.integration import Integration, SecretSource
from workbench.access.plan import Existing, plan_access, plan_removal
from workbench.errors import PlanError
from workbench.fhir.writes import WriteRule

RULE = WriteRule(
    name="invoice", resource_type="Invoice", parameter="identifier", system="urn:i", mode="merge", ordered=True
)
INTEGRATION = Integration(name="billing", provider="stripe", mappings=("m",), secrets=(SecretSource(name="KEY"),))
DESIRED = derive_access(INTEGRATION, [RULE], code_digest="d1")
ORDER = [
    ("bot-policy", "create"),
    ("bot", "create"),
    ("secret:KEY", "set"),
    ("code", "deploy"),
    ("bot-settings", "update"),
    ("webhook-policy", "create"),
    ("client", "create"),
    ("client-settings", "update"),
]


def applied(desired: Desired = DESIRED, **changed: dict[str, Any]) -> Existing:
    """What is on the server after the plan was applied, with some resources changed since."""
    assert desired.webhook_policy is not None
    assert desired.client is not None

    def stored(body: dict[str, Any], number: str) -> dict[str, Any]:
        text = json.dumps(body).replace("{bot}", "b1")
        return with_managed({"meta": {"versionId": f"v-{number}"}}, json.loads(text)) | {"id": number}

    resources = {
        "bot-policy": stored(desired.bot_policy, "p1"),
        "bot": stored(desired.bot, "b1"),
        "bot-membership": stored(
            {"resourceType": "ProjectMembership", "accessPolicy": {"reference": "AccessPolicy/p1"}}, "m1"
        ),
        "webhook-policy": stored(desired.webhook_policy, "p2"),
        "client": stored(desired.client, "c1") | {"secret": "HUSH-HUSH"},
        "client-membership": stored(
            {"resourceType": "ProjectMembership", "accessPolicy": {"reference": "AccessPolicy/p2"}}, "m2"
        ),
    }
    for key, more in changed.items():
        resources[key.replace("_", "-")] |= more
    return Existing(resources=resources, secrets={"KEY": "same"}, code_digest=desired.code_digest)


def test_on_an_empty_server_everything_is_made_and_the_door_last() -> None:
    """Policies before what they confine, code and secret before the sender's client."""
    assert [(change.key, change.action) for change in plan_access(DESIRED, Existing()).changes] == ORDER


def test_after_applying_there_is_nothing_to_do() -> None:
    """Planning again gives an empty plan."""
    assert plan_access(DESIRED, applied()).is_empty


def test_planning_is_repeatable_and_the_checksum_follows_every_change() -> None:
    """The same plan has the same checksum; another code, version or secret state another."""
    plan = plan_access(DESIRED, Existing())
    others = [
        plan_access(replace(DESIRED, code_digest="d2"), Existing()),
        plan_access(DESIRED, Existing(secrets={"KEY": "different"})),
        plan_access(DESIRED, applied(bot_policy={"resource": []})),
        plan_access(DESIRED, applied(bot_policy={"resource": [], "meta": {"versionId": "v-other"}})),
    ]

    assert plan.checksum == plan_access(DESIRED, Existing()).checksum
    assert len({plan.checksum, *(other.checksum for other in others)}) == 5
    assert plan.to_dict() == json.loads(json.dumps(plan.to_dict()))


DRIFTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a wider policy": ({"bot_policy": {"resource": [{"resourceType": "*"}]}}, "bot-policy", "resource[0].interaction"),
    "another bot in the sender's policy": (
        {"webhook_policy": {"resource": [{"resourceType": "Bot"}]}},
        "webhook-policy",
        "resource[0].criteria",
    ),
    "the caller's rights": ({"bot": {"runAsUser": True}}, "bot-settings", "runAsUser"),
    "an open webhook": ({"bot": {"publicWebhook": True}}, "bot-settings", "publicWebhook"),
    "no audit": ({"bot": {"auditEventTrigger": "never"}}, "bot-settings", "auditEventTrigger"),
    "our mark gone": ({"client": {"meta": {"versionId": "v-c1"}}}, "client-settings", "meta.tag"),
    "another policy": (
        {"bot_membership": {"accessPolicy": {"reference": "AccessPolicy/x"}}},
        "bot-membership",
        "accessPolicy.reference",
    ),
    "an administrator": ({"client_membership": {"admin": True}}, "client-membership", "admin"),
    "a second policy": ({"bot_membership": {"access": [{}]}}, "bot-membership", "access"),
}


@pytest.mark.parametrize("case", DRIFTS)
def test_what_was_changed_by_hand_is_brought_back(case: str) -> None:
    """One change, on the version that was found, naming the path at fault."""
    changed, key, path = DRIFTS[case]
    (change,) = plan_access(DESIRED, applied(**changed)).changes

    assert (key, "update") == (change.key, change.action)
    assert path in [difference.path for difference in change.differences]
    assert change.version
    assert change.id


def test_what_others_added_stays() -> None:
    """Tags, identifiers and elements that are not ours are no difference."""
    bot = applied().resources["bot"]
    theirs = {
        "photo": {"url": "x"},
        "identifier": [*bot["identifier"], {"system": "urn:theirs", "value": "1"}],
        "meta": {**bot["meta"], "tag": [{"code": "theirs"}, *bot["meta"]["tag"]]},
    }

    assert plan_access(DESIRED, applied(bot=theirs)).is_empty


def test_no_secret_is_in_a_plan() -> None:
    """Neither the project's secret nor the client's own; a changed one is said to be another."""
    existing = replace(applied(client={"description": "by hand"}), secrets={"KEY": "different"})
    plan = plan_access(DESIRED, existing)

    assert [Difference(path="KEY", before="(another value)", after="(secret)")] == list(plan.changes[0].differences)
    assert "HUSH" not in json.dumps(plan.to_dict()) + repr(plan) + repr(existing)


def test_code_deployed_by_hand_is_noticed() -> None:
    """The digest of what runs is compared, not what was noted."""
    (change,) = plan_access(DESIRED, replace(applied(), code_digest="by hand")).changes

    assert (change.key, change.action) == ("code", "deploy")


def test_something_of_our_name_without_our_mark_stops_the_plan() -> None:
    """It may be somebody's: it is named, and nothing is planned over it."""
    with pytest.raises(PlanError) as caught:
        plan_access(DESIRED, Existing(foreign={"bot": "Bot/9"}))

    assert str(caught.value) == (
        "plan billing: Bot/9 has the name that bot needs, but not our mark; rename it, or adopt it by that reference"
    )


def test_a_bot_without_a_membership_stops_the_plan() -> None:
    """It would run with its caller's rights."""
    existing = applied()
    without = {key: value for key, value in existing.resources.items() if key != "bot-membership"}
    with pytest.raises(PlanError, match=r"^plan billing: Bot/b1 has no membership in the project, so no policy"):
        plan_access(DESIRED, replace(existing, resources=without))


def test_becoming_a_public_webhook_deletes_the_client() -> None:
    """The client goes, its membership first; the plan says that it deletes."""
    desired = derive_access(replace(INTEGRATION, delivery="public-webhook"), [RULE], code_digest="d1")
    plan = plan_access(desired, applied())

    assert [change.key for change in plan.changes] == ["bot-settings", "client-membership", "client", "webhook-policy"]
    assert len(plan.deletes) == 3


def test_removal_shuts_the_door_first() -> None:
    """The sender's membership first, the project's secret last; nothing is removed that is not there."""
    plan = plan_removal(DESIRED, applied())

    assert [change.key for change in plan.changes] == [
        "client-membership",
        "client",
        "webhook-policy",
        "bot-membership",
        "bot",
        "bot-policy",
        "secret:KEY",
    ]
    assert plan_removal(DESIRED, Existing()).is_empty
