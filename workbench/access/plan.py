"""Desired and existing → a `Plan`: every change in the order it has to be made, as a value that can be reviewed.

The order leaves no door open at any moment, whenever the work is cut off: a policy comes before what it confines, the
bot's code and secrets before anybody can reach it, the sender's client last.

```
bot-policy · bot · bot-membership · secrets · code · bot-settings
webhook-policy · client · client-settings · client-membership
```
A plan holds no secret and no hash of one: of a secret it says only whether it is missing, the same or different.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from workbench.access.desired import Desired
from workbench.access.differences import Difference, differences, with_managed
from workbench.errors import PlanError

__all__ = ["Action", "Change", "Existing", "Plan", "SecretState", "plan_access", "plan_removal"]

Action = Literal["create", "update", "delete", "deploy", "set", "remove"]
SecretState = Literal["missing", "same", "different"]

_SENDERS: Final = ("retiring-membership", "retiring", "client-membership", "client", "webhook-policy")
_REMOVAL: Final = (*_SENDERS, "bot-membership", "bot", "bot-policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """What is on the server of one integration, found by our marks.

    `resources` is keyed `bot-policy`, `bot`, `bot-membership`, `webhook-policy`, `client`, `client-membership`; and
    `retiring`, `retiring-membership`: the client before this one, while its secret is being changed.
    """

    resources: Mapping[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, SecretState] = field(default_factory=dict)
    code_digest: str | None = None  # SHA-256 of the code that is deployed
    foreign: Mapping[str, str] = field(
        default_factory=dict
    )  # key -> reference of something of our name that is not ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing to do. `body` holds the elements we set, never a secret."""

    key: str
    action: Action
    kind: str  # a resource type, `Project.secret` or `Bot code`
    name: str
    id: str | None = None
    version: str | None = None  # the version the change was planned on
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes of one integration, in their order."""

    integration: str
    changes: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the server is as desired already."""
        return not self.changes

    @property
    def deletes(self) -> tuple[Change, ...]:
        """The changes that take something away."""
        return tuple(change for change in self.changes if change.action in {"delete", "remove"})

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON data; the same plan always gives the same."""
        changes = [asdict(change) for change in self.changes]
        data: dict[str, Any] = json.loads(json.dumps({"integration": self.integration, "changes": changes}))
        return data

    @property
    def checksum(self) -> str:
        """What `apply` must be given, so that what was reviewed is what is done: 16 hexadecimal digits."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plan_access(desired: Desired, existing: Existing) -> Plan:
    """What has to change so that the server is as desired.

    Raises:
        PlanError: something on the server stands in the way; the message says what to do.
    """
    _refuse_obstacles(desired, existing)
    changes = [*_bot_changes(desired, existing), *_sender_changes(desired, existing)]
    return Plan(integration=desired.integration, changes=tuple(changes))


def plan_removal(desired: Desired, existing: Existing) -> Plan:
    """What has to be taken away so that nothing of the integration is left: the sender first, the secrets last."""
    changes = [
        _deletion(key, existing.resources[key], desired.integration) for key in _REMOVAL if key in existing.resources
    ]
    changes += [
        Change(key=f"secret:{name}", action="remove", kind="Project.secret", name=name)
        for name in desired.secrets
        if existing.secrets.get(name, "missing") != "missing"
    ]
    return Plan(integration=desired.integration, changes=tuple(changes))


def _refuse_obstacles(desired: Desired, existing: Existing) -> None:
    taken = [f"{reference} has the name that {key} needs" for key, reference in sorted(existing.foreign.items())]
    if taken:
        remedy = "rename it, or adopt it by that reference"
        message = f"plan {desired.integration}: {'; '.join(taken)}, but not our mark; {remedy}"
        raise PlanError(message)
    for key, membership in (("bot", "bot-membership"), ("client", "client-membership")):
        if key in existing.resources and membership not in existing.resources:
            found = existing.resources[key]
            reference = f"{found['resourceType']}/{found['id']}"
            message = (
                f"plan {desired.integration}: {reference} has no membership in the project, so no policy confines it; "
                "delete it and plan again"
            )
            raise PlanError(message)


def _bot_changes(desired: Desired, existing: Existing) -> Iterator[Change]:
    found = existing.resources
    yield from _resource(desired, existing, "bot-policy", desired.bot_policy)
    if "bot" not in found:
        yield _change("bot", "create", desired.bot, {})
    else:
        yield from _membership(existing, "bot-membership", "AccessPolicy/{bot-policy}", desired.bot["name"])
    for name in desired.secrets:
        state = existing.secrets.get(name, "missing")
        if state != "same":
            difference = Difference(
                path=name, before=None if state == "missing" else "(another value)", after="(secret)"
            )
            yield Change(
                key=f"secret:{name}", action="set", kind="Project.secret", name=name, differences=(difference,)
            )
    if desired.code_digest != existing.code_digest:
        difference = Difference(path="sha256", before=existing.code_digest, after=desired.code_digest)
        yield Change(key="code", action="deploy", kind="Bot code", name=desired.bot["name"], differences=(difference,))
    yield from _settings("bot-settings", found.get("bot"), desired.bot)


def _sender_changes(desired: Desired, existing: Existing) -> Iterator[Change]:
    found = existing.resources
    if desired.webhook_policy is None or desired.client is None:
        yield from (
            _deletion(key, found[key], desired.integration)
            for key in ("client-membership", "client", "webhook-policy")
            if key in found
        )
        return
    yield from _resource(desired, existing, "webhook-policy", desired.webhook_policy)
    if "client" not in found:
        yield _change("client", "create", desired.client, {})
    yield from _settings("client-settings", found.get("client"), desired.client)
    if "client" in found:
        yield from _membership(existing, "client-membership", "AccessPolicy/{webhook-policy}", desired.client["name"])


def _resource(desired: Desired, existing: Existing, key: str, body: dict[str, Any]) -> Iterator[Change]:
    """A policy: made whole, or brought back to what it should be."""
    found = existing.resources.get(key)
    if found is None:
        yield _change(key, "create", body, {})
        return
    wanted = _filled(body, existing)
    if differences(found, with_managed(found, wanted)):
        yield _change(key, "update", wanted, found)


def _settings(key: str, found: dict[str, Any] | None, body: dict[str, Any]) -> Iterator[Change]:
    """The elements of a Bot or client that Medplum's admin route does not take: set once it is there."""
    if found is None:
        yield _change(key, "update", body, {}, told=False)
    elif differences(found, with_managed(found, body)):
        yield _change(key, "update", body, found)


def _membership(existing: Existing, key: str, policy: str, name: str) -> Iterator[Change]:
    """A membership under exactly our policy: no second one, no administrator's rights."""
    found = existing.resources[key]
    wanted = _filled({"accessPolicy": {"reference": policy}}, existing)
    reference = (found.get("accessPolicy") or {}).get("reference")
    if reference == wanted["accessPolicy"]["reference"] and not found.get("access") and not found.get("admin"):
        return
    wanted |= {"access": None, "admin": None}
    changed = _change(key, "update", {"resourceType": "ProjectMembership", **wanted}, found)
    yield replace(changed, name=f"membership of {name}")


def _change(key: str, action: Action, body: dict[str, Any], found: dict[str, Any], *, told: bool = True) -> Change:
    return Change(
        key=key,
        action=action,
        kind=str(body["resourceType"]),
        name=str(body.get("name", "")),
        id=found.get("id"),
        version=(found.get("meta") or {}).get("versionId"),
        body=body,
        differences=differences(found, with_managed(found, body)) if told else (),
    )


def _deletion(key: str, found: dict[str, Any], integration: str) -> Change:
    name = str(found.get("name") or f"{key.replace('-', ' ')} of {integration}")
    return Change(key=key, action="delete", kind=str(found["resourceType"]), name=name, id=found["id"])


def _filled(body: dict[str, Any], existing: Existing) -> dict[str, Any]:
    """The body with the ids that are known already in place of `{bot}` and the like."""
    text = json.dumps(body)
    for key, found in existing.resources.items():
        text = text.replace(f"{{{key}}}", str(found["id"]))
    filled: dict[str, Any] = json.loads(text)
    return filled
