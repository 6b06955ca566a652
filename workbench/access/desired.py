"""An integration and what its mappings write → everything it needs on a server, and nothing more.

```
sender ──Basic──▶ ClientApplication ──webhook policy: read that one Bot──▶ Bot ──bot policy──▶ resources
```
Nothing of this is typed by hand: each line of a policy has the mapping rules that need it (`Reason`). Ids known only
once a resource exists are written as `{bot-policy}`, `{bot}`, `{webhook-policy}` and filled in when it is applied.

Sources: Medplum documentation, Consuming Webhooks and Access Policies; observed answers of Medplum 5.0.2: `$execute`
needs `read` on the Bot and nothing else; a conditional create needs create and search, an update read and update; a
conditional reference needs search on its target; writeConstraint refuses a foreign or a stale write with 403.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.access.integration import Integration
from workbench.fhir.writes import EVENT_TIME_URL, INTEGRATION_SYSTEM, WriteRule, tag_integration

__all__ = ["CODE_SYSTEM", "Desired", "Reason", "derive_access", "marker_of", "retiring_name"]

CODE_SYSTEM: Final = "https://integration-workbench.org/fhir/bot-code"
"""The system of the Bot's identifier that holds the SHA-256 of the code deployed last."""

_HIDDEN: Final = ["code", "sourceCode", "executableCode"]
_IDENTIFIER_PATHS: Final = {
    "identifier": "identifier",
    "AuditEvent?entity:identifier": "entity.what.identifier",
    "AuditEvent?source:identifier": "source.observer.identifier",
}
"""Where the identity's system stands in a resource, by search parameter; others cannot be confined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a line of a policy is there."""

    policy: str  # `bot-policy` or `webhook-policy`
    resource_type: str
    grants: str  # an interaction, or the constraint in words
    rules: tuple[str, ...]  # the mapping rules that need it
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What shall be on the server for one integration."""

    integration: str
    bot_policy: dict[str, Any]
    bot: dict[str, Any]
    webhook_policy: dict[str, Any] | None  # None where deliveries need no credentials
    client: dict[str, Any] | None
    secrets: tuple[str, ...]  # names, sorted
    code_digest: str
    reasons: tuple[Reason, ...] = field(repr=False, default=())


def derive_access(integration: Integration, rules: Sequence[WriteRule], *, code_digest: str = "") -> Desired:
    """What the integration needs, derived from the write rules of its mappings."""
    name = integration.name
    lines, reasons = _bot_policy_lines(rules)
    by_url = integration.delivery == "public-webhook"
    return Desired(
        integration=name,
        bot_policy=_policy(name, "bot", lines),
        bot=_bot(integration, code_digest),
        webhook_policy=None if by_url else _policy(name, "webhook", [_webhook_line()]),
        client=None if by_url else _client(name),
        secrets=tuple(sorted(secret.name for secret in integration.secrets)),
        code_digest=code_digest,
        reasons=(*reasons, *(() if by_url else (_webhook_reason(),))),
    )


def marker_of(integration: str) -> str:
    """The sentence in a description by which a half-made Bot or ClientApplication is known as ours.

    Medplum's admin routes take a description but no tag, so an apply that ends between making and tagging leaves this.
    """
    return f"Managed by the integration workbench as {integration}."


def retiring_name(integration: str) -> str:
    """The name of the client that goes on working while the provider is given the URL of the next."""
    return f"{integration} sender retiring"


def _policy(integration: str, whose: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    policy = {"resourceType": "AccessPolicy", "name": f"{integration} {whose}", "resource": lines}
    return tag_integration(policy, integration)


def _webhook_line() -> dict[str, Any]:
    return {
        "resourceType": "Bot",
        "interaction": ["read"],
        "criteria": "Bot?_id={bot}",
        "hiddenFields": list(_HIDDEN),
    }


def _webhook_reason() -> Reason:
    why = "the sender executes this one bot; executing needs read and nothing else; its code stays hidden"
    return Reason(policy="webhook-policy", resource_type="Bot", grants="read", rules=(), why=why)


def _bot(integration: Integration, code_digest: str) -> dict[str, Any]:
    bot = {
        "resourceType": "Bot",
        "name": f"{integration.name} bot",
        "description": marker_of(integration.name),
        "identifier": [
            {"system": INTEGRATION_SYSTEM, "value": integration.name},
            *([{"system": CODE_SYSTEM, "value": code_digest}] if code_digest else []),
        ],
        "runtimeVersion": integration.bot.runtime,
        "timeout": integration.bot.timeout_seconds,
        "auditEventTrigger": integration.bot.audit,
        "publicWebhook": integration.delivery == "public-webhook",
        "runAsUser": False,
    }
    return tag_integration(bot, integration.name)


def _client(integration: str) -> dict[str, Any]:
    client = {
        "resourceType": "ClientApplication",
        "name": f"{integration} sender",
        "description": marker_of(integration),
    }
    return tag_integration(client, integration)


def _bot_policy_lines(rules: Sequence[WriteRule]) -> tuple[list[dict[str, Any]], list[Reason]]:
    lines, reasons = [], []
    written = {rule.resource_type for rule in rules}
    referred = {target for rule in rules for target in rule.references}
    for resource_type in sorted(written | referred):
        line: dict[str, Any] = {"resourceType": resource_type}
        writing = [rule for rule in rules if rule.resource_type == resource_type]
        grants = _interactions(resource_type, writing, [rule for rule in rules if resource_type in rule.references])
        line["interaction"] = sorted(grants)
        constraints = _constraints(writing)
        if constraints:
            line["writeConstraint"] = [
                {"language": "text/fhirpath", "expression": expression} for expression, _, _ in constraints
            ]
        lines.append(line)
        reasons += [
            Reason(policy="bot-policy", resource_type=resource_type, grants=grant, rules=names, why=why)
            for grant, (names, why) in sorted(grants.items())
        ]
        reasons += [
            Reason(policy="bot-policy", resource_type=resource_type, grants=words, rules=_names(writing), why=why)
            for _, words, why in constraints
        ]
    return lines, reasons


def _interactions(
    resource_type: str, writing: Sequence[WriteRule], referring: Sequence[WriteRule]
) -> dict[str, tuple[tuple[str, ...], str]]:
    """The interactions on one type, each with the rules that need it and why."""
    changing = [rule for rule in writing if rule.mode != "create-if-missing"]
    grants: dict[str, tuple[tuple[str, ...], str]] = {
        "search": (_names([*writing, *referring]), f"finds the {resource_type} by its identity")
    }
    if writing:
        grants["create"] = (_names(writing), "makes it where there is none")
    if changing:
        grants["read"] = (_names(changing), "an update needs to read what it changes")
        grants["update"] = (_names(changing), "changes the one that is there")
    return grants


def _constraints(writing: Sequence[WriteRule]) -> list[tuple[str, str, str]]:
    """FHIRPath that the server holds every write against, each in words and with its reason."""
    constraints = []
    confined = [_confinement(rule) for rule in writing]
    changing = [rule for rule in writing if rule.mode != "create-if-missing"]
    if writing and all(confined):
        held = " or ".join(sorted({f"%after.{path}" for path in confined}))
        systems = ", ".join(sorted({str(rule.system) for rule in writing}))
        why = "a resource that is not this provider's is out of reach"
        constraints.append((held, f"writes only with an identifier of {systems}", why))
        if changing:
            owned = f"%before.exists() implies ({held.replace('%after', '%before')})"
            constraints.append((owned, f"changes only what has an identifier of {systems}", why))
    if any(rule.ordered for rule in changing):
        stamp = f"meta.extension.where(url='{EVENT_TIME_URL}').value"
        older = f"%before.{stamp}.exists().not() or %before.{stamp} <= %after.{stamp}"
        constraints.append(
            (
                f"%before.exists() implies ({older})",
                "never goes back in time",
                "an older event must not undo a newer one",
            )
        )
    return constraints


def _confinement(rule: WriteRule) -> str | None:
    """The FHIRPath that holds for this rule's resources only, None where its identity has no place or no system."""
    path = _IDENTIFIER_PATHS.get(rule.parameter) or _IDENTIFIER_PATHS.get(f"{rule.resource_type}?{rule.parameter}")
    if path is None or rule.system is None or "'" in rule.system or "\\" in rule.system:
        return None
    return f"{path}.where(system='{rule.system}').exists()"


def _names(rules: Sequence[WriteRule]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.name for rule in rules))
