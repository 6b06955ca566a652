"""The third verb: plan what an integration needs on a server, apply the plan that was reviewed, take it away again.

```
gather ──▶ plan_access (pure) ──▶ a person reads it ──▶ gather and plan again: same checksum? ──▶ change by change
```
Applying is idempotent and may be cut off anywhere: the next plan says what is left. Nothing is changed that does not
bear our mark, nothing is deleted unless that is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from workbench.access.differences import with_managed
from workbench.access.plan import Change, Plan, plan_access, plan_removal
from workbench.errors import PlanError, ServerError, StalePlanError, UnsafePlanError
from workbench.flows.existing import gather_existing
from workbench.flows.integrations import LoadedIntegration
from workbench.servers.client import Server
from workbench.servers.projects import create_bot, create_client, remove_secrets, set_secrets
from workbench.servers.settings import is_loopback

__all__ = [
    "Provisioned",
    "apply_integration",
    "find_provisioned",
    "plan_integration",
    "remove_integration",
]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """An integration that is on a server, and how deliveries reach it."""

    integration: str
    base_url: str
    bot_id: str
    membership_id: str  # of the bot; a public webhook's address
    client_id: str | None = None  # None for a public webhook
    client_secret: str | None = field(default=None, repr=False)
    changes: tuple[Change, ...] = ()  # what was done to get there

    def open_client(self, *, connections: int = 1, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """An HTTP client that presents the sender's credentials, where the webhook asks for any."""
        auth = httpx.BasicAuth(self.client_id, self.client_secret or "") if self.client_id else None
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        local = is_loopback(urlsplit(self.base_url).hostname or "")
        return httpx.Client(auth=auth, transport=transport, limits=limits, timeout=30.0, trust_env=not local)

    @property
    def endpoint(self) -> str:
        """The address deliveries are posted to, without credentials."""
        if self.client_id is None:
            return f"{self.base_url}webhook/{self.membership_id}"
        return f"{self.base_url}fhir/R4/Bot/{self.bot_id}/$execute"

    def webhook_url(self, *, reveal: bool = False) -> str:
        """The address to give to the provider; its secret is masked unless it is to be revealed."""
        if self.client_id is None:
            return self.endpoint
        parts = urlsplit(self.endpoint)
        secret = self.client_secret if reveal else "•" * 8
        return parts._replace(netloc=f"{self.client_id}:{secret}@{parts.netloc}").geturl()


def plan_integration(
    server: Server, loaded: LoadedIntegration, secrets: Mapping[str, str], *, adopt: Collection[str] = ()
) -> Plan:
    """What has to change on the server for this integration; empty when it is as it should be.

    Raises:
        PlanError: something on the server stands in the way.
        ServerError: the client may not read what it must.
    """
    return plan_access(loaded.desired, gather_existing(server, loaded.desired, secrets, adopt=adopt))


def apply_integration(
    server: Server,
    loaded: LoadedIntegration,
    secrets: Mapping[str, str],
    *,
    confirm: str,
    adopt: Collection[str] = (),
    allow_delete: bool = False,
    progress: Progress | None = None,
) -> Provisioned:
    """Make the changes of the plan whose checksum is given, and say how deliveries reach the bot.

    Raises:
        StalePlanError: the plan is another by now: the server or the integration changed.
        UnsafePlanError: the plan deletes something, and that was not allowed.
        ServerError: the server refused a change; what was done before stays, and apply may be repeated.
    """
    existing = gather_existing(server, loaded.desired, secrets, adopt=adopt)
    plan = plan_access(loaded.desired, existing)
    _confirm(plan, confirm, allow_delete)
    ids = {key: str(found["id"]) for key, found in existing.resources.items()}
    hands = _Hands(server, loaded, secrets, ids)
    for change in plan.changes:
        if progress:
            progress(f"{change.action} {change.kind} {change.name}")
        hands.do(change)
    return _provisioned(server, loaded, secrets, plan.changes)


def find_provisioned(server: Server, loaded: LoadedIntegration) -> Provisioned:
    """How deliveries reach an integration that was applied before.

    Raises:
        PlanError: it is not on the server, or not wholly.
    """
    return _provisioned(server, loaded, {}, ())


def remove_integration(
    server: Server,
    loaded: LoadedIntegration,
    *,
    confirm: str | None = None,
    allow_delete: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """Take everything of an integration away, the sender's access first; without `confirm` only the plan comes back.

    Raises:
        StalePlanError: the plan is another by now.
        UnsafePlanError: deleting was not allowed.
        ServerError: the server refused a change; it may be repeated.
    """
    existing = gather_existing(server, loaded.desired, {})
    plan = plan_removal(loaded.desired, existing)
    if confirm is None:
        return plan
    _confirm(plan, confirm, allow_delete)
    hands = _Hands(server, loaded, {}, {})
    for change in plan.changes:
        if progress:
            progress(f"{change.action} {change.kind} {change.name}")
        hands.do(change)
    return plan


class _Hands:
    """Makes one change after the other; what is made gets an id, which later changes refer to."""

    def __init__(
        self, server: Server, loaded: LoadedIntegration, secrets: Mapping[str, str], ids: dict[str, str]
    ) -> None:
        self.server = server
        self.code = loaded.code
        self.secrets = secrets
        self.ids = ids

    def do(self, change: Change) -> None:
        if change.action == "create":
            self.create(change)
        elif change.action == "update":
            self.update(change)
        elif change.action == "deploy":
            self.server.deploy(self.ids["bot"], self.code)
        elif change.action == "set":
            set_secrets(self.server, {change.name: self.secrets[change.name]})
        elif change.action == "remove":
            remove_secrets(self.server, [change.name])
        else:
            self.server.delete(change.kind, str(change.id))

    def create(self, change: Change) -> None:
        body = self.filled(change.body)
        named = {"name": body["name"], "description": body.get("description", "")}
        if change.kind == "Bot":
            policy = f"AccessPolicy/{self.ids['bot-policy']}"
            made = create_bot(self.server, **named, policy=policy, runtime=body["runtimeVersion"])
        elif change.kind == "ClientApplication":
            made = create_client(self.server, **named, policy=f"AccessPolicy/{self.ids['webhook-policy']}")
        else:
            made = self.server.create(body)
        self.ids[change.key] = str(made["id"])

    def update(self, change: Change) -> None:
        target = change.id or self.ids[change.key.removesuffix("-settings")]
        found = self.server.read(change.kind, target)
        wanted = with_managed(found, self.filled(change.body))
        try:
            if change.kind == "Bot":  # its code is a signed address that must not be written back
                named = {name: wanted[name] for name in change.body if name not in {"resourceType", "meta"}}
                operations = [{"op": "add", "path": f"/{name}", "value": value} for name, value in named.items()]
                operations.append({"op": "add", "path": "/meta/tag", "value": wanted["meta"]["tag"]})
                self.server.patch(found, operations)
            else:
                self.server.update(wanted)
        except ServerError as error:
            if not _was_changed(error):
                raise
            message = f"apply: {change.kind} {change.name} was changed by somebody else meanwhile; plan again"
            raise StalePlanError(message) from error

    def filled(self, body: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps(dict(body))
        for key, resource_id in self.ids.items():
            text = text.replace(f"{{{key}}}", resource_id)
        made: dict[str, Any] = json.loads(text)
        return made


def _confirm(plan: Plan, confirm: str, allow_delete: bool) -> None:
    if confirm != plan.checksum:
        message = (
            f"apply {plan.integration}: the plan is {plan.checksum} by now, not {confirm[:16]}; "
            "the server, the mappings or the secrets changed: look at the new plan"
        )
        raise StalePlanError(message)
    if plan.deletes and not allow_delete:
        named = ", ".join(f"{change.kind} {change.name}" for change in plan.deletes)
        message = f"apply {plan.integration}: the plan deletes {named}; allow that expressly"
        raise UnsafePlanError(message)


def _was_changed(error: ServerError) -> bool:
    """Whether the version was another: 412 for a PUT, a failed `test` operation for a patch."""
    issues = (error.outcome or {}).get("issue") or [{}]
    text = str((issues[0].get("details") or {}).get("text", ""))
    return error.status == 412 or (error.status == 400 and text.startswith("Test failed"))


def _provisioned(
    server: Server, loaded: LoadedIntegration, secrets: Mapping[str, str], changes: tuple[Change, ...]
) -> Provisioned:
    found = gather_existing(server, loaded.desired, secrets).resources
    needed = {"bot", "bot-membership", *(() if loaded.desired.client is None else ("client", "client-membership"))}
    if missing := sorted(needed - found.keys()):
        message = f"{loaded.name} is not on the server: {', '.join(missing)} missing; plan and apply it first"
        raise PlanError(message)
    client = found["client"] if loaded.desired.client else {}
    return Provisioned(
        integration=loaded.name,
        base_url=server.base_url,
        bot_id=found["bot"]["id"],
        membership_id=found["bot-membership"]["id"],
        client_id=client.get("id"),
        client_secret=client.get("secret"),
        changes=changes,
    )
