"""What an integration needs, derived from what its mappings write."""

from __future__ import annotations

from dataclasses import replace

from workbench.access.desired import Reason, derive_access
from workbench.access.integration import Integration, SecretSource
from workbench.fhir.writes import EVENT_TIME_URL, INTEGRATION_SYSTEM, WriteRule

INTEGRATION = Integration(
    name="stripe-billing", provider="stripe", mappings=("stripe-invoice",), secrets=(SecretSource(name="KEY"),)
)
ACCOUNT = WriteRule(
    name="account",
    resource_type="Account",
    parameter="identifier",
    system="https://stripe.com/customer/id",
    mode="create-if-missing",
    ordered=False,
)
INVOICE = WriteRule(
    name="invoice",
    resource_type="Invoice",
    parameter="identifier",
    system="https://stripe.com/invoice/id",
    mode="merge",
    ordered=True,
    references=("Account", "Patient"),
)
STAMP = f"meta.extension.where(url='{EVENT_TIME_URL}').value"


def lines(*rules: WriteRule) -> dict[str, dict[str, object]]:
    """The lines of the bot's policy by resource type."""
    policy = derive_access(INTEGRATION, rules).bot_policy
    return {line["resourceType"]: line for line in policy["resource"]}


def expressions(line: dict[str, object]) -> list[str]:
    """The write constraints of a line."""
    return [constraint["expression"] for constraint in line.get("writeConstraint", [])]  # type: ignore[attr-defined]


def test_the_sender_may_read_one_bot_and_nothing_else() -> None:
    """Executing needs `read` on the bot; listing is not reading, and its code stays hidden."""
    expected = {
        "resourceType": "AccessPolicy",
        "name": "stripe-billing webhook",
        "resource": [
            {
                "resourceType": "Bot",
                "interaction": ["read"],
                "criteria": "Bot?_id={bot}",
                "hiddenFields": ["code", "sourceCode", "executableCode"],
            }
        ],
        "meta": {"tag": [{"system": INTEGRATION_SYSTEM, "code": "stripe-billing"}]},
    }

    assert expected == derive_access(INTEGRATION, [INVOICE]).webhook_policy


def test_the_bot_gets_the_types_and_interactions_its_rules_need() -> None:
    """Creating needs create and search, merging also read and update, referring only search; delete nobody."""
    found = lines(ACCOUNT, INVOICE)

    assert {name: line["interaction"] for name, line in found.items()} == {
        "Account": ["create", "search"],
        "Invoice": ["create", "read", "search", "update"],
        "Patient": ["search"],
    }


def test_writes_are_confined_to_the_providers_identifiers() -> None:
    """Nothing is made or changed that does not bear the provider's identifier, before and after."""
    held = "identifier.where(system='https://stripe.com/invoice/id').exists()"

    assert [
        f"%after.{held}",
        f"%before.exists() implies (%before.{held})",
        f"%before.exists() implies (%before.{STAMP}.exists().not() or %before.{STAMP} <= %after.{STAMP})",
    ] == expressions(lines(INVOICE)["Invoice"])
    assert expressions(lines(ACCOUNT)["Account"]) == [
        "%after.identifier.where(system='https://stripe.com/customer/id').exists()"
    ]
    assert expressions(lines(INVOICE)["Patient"]) == []


def test_two_systems_of_one_type_are_alternatives() -> None:
    """Two rules for Invoice share one line, in which either identifier will do."""
    other = replace(INVOICE, name="draft", system="https://stripe.com/draft/id")
    held = expressions(lines(INVOICE, other)["Invoice"])[0]

    assert held == (
        "%after.identifier.where(system='https://stripe.com/draft/id').exists() or "
        "%after.identifier.where(system='https://stripe.com/invoice/id').exists()"
    )


def test_what_has_no_identifier_is_confined_where_its_identity_stands() -> None:
    """An AuditEvent has none: the identity is on its entity; with `altid` there is nothing to hold on to."""
    audit = replace(ACCOUNT, resource_type="AuditEvent", parameter="entity:identifier", system="urn:events")

    assert expressions(lines(audit)["AuditEvent"]) == [
        "%after.entity.what.identifier.where(system='urn:events').exists()"
    ]
    assert expressions(lines(replace(audit, parameter="altid"))["AuditEvent"]) == []


def test_a_system_cannot_break_out_of_its_expression() -> None:
    """A quote in a system would end the FHIRPath text: such a rule is not confined rather than wrongly."""
    assert expressions(lines(replace(ACCOUNT, system="urn:x') or true or ('"))["Account"]) == []


def test_a_public_webhook_has_no_client() -> None:
    """Without credentials there is neither a client nor a policy for it, and the bot says so."""
    found = derive_access(replace(INTEGRATION, delivery="public-webhook"), [INVOICE])

    assert (found.webhook_policy, found.client, found.bot["publicWebhook"]) == (None, None, True)


def test_every_grant_has_its_reason() -> None:
    """For each line: which mapping rules need it, and why."""
    reasons = derive_access(INTEGRATION, [ACCOUNT, INVOICE]).reasons

    assert (
        Reason(
            policy="bot-policy",
            resource_type="Account",
            grants="search",
            rules=("account", "invoice"),
            why="finds the Account by its identity",
        )
        in reasons
    )
    by_type = {name: [each for each in reasons if each.resource_type == name] for name in ("Patient", "Invoice")}
    assert [(each.grants, each.rules) for each in by_type["Patient"]] == [("search", ("invoice",))]
    assert {"read", "search", "create", "update"} <= {each.grants for each in by_type["Invoice"]}
    assert reasons[-1].policy == "webhook-policy"
