"""What is on a server of one integration: found by our names and marks, read with nothing but a few searches."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from workbench.access.desired import CODE_SYSTEM, Desired, marker_of, retiring_name
from workbench.access.plan import Existing, SecretState
from workbench.fhir.writes import INTEGRATION_SYSTEM
from workbench.servers.client import Server
from workbench.servers.projects import find_membership, read_secrets

__all__ = ["gather_existing"]


def gather_existing(
    server: Server, desired: Desired, secrets: Mapping[str, str], *, adopt: Collection[str] = ()
) -> Existing:
    """What the server holds of this integration.

    Args:
        server: a client that administers the project.
        desired: what is looked for.
        secrets: the values the secrets shall have, to be compared.
        adopt: references (`Bot/<id>`) of things that have our name but not our mark, and shall be ours.

    Raises:
        ServerError: the client may not read what it must.
    """
    resources: dict[str, dict[str, Any]] = {}
    foreign: dict[str, str] = {}
    wanted = {
        "bot-policy": desired.bot_policy,
        "bot": desired.bot,
        "webhook-policy": desired.webhook_policy or _gone("AccessPolicy", f"{desired.integration} webhook"),
        "client": desired.client or _gone("ClientApplication", f"{desired.integration} sender"),
        "retiring": _gone("ClientApplication", retiring_name(desired.integration)),
    }
    for key, body in wanted.items():
        named = server.search(body["resourceType"], {"name": body["name"], "_count": "100"})
        named = [found for found in named if found.get("name") == body["name"]]
        ours = [found for found in named if _is_ours(found, desired.integration, adopt)]
        if ours:
            resources[key] = min(ours, key=lambda found: (found["meta"]["lastUpdated"], found["id"]))
        elif named and getattr(desired, key.replace("-", "_"), None):
            foreign[key] = _reference(named[0])
    for key in ("bot", "client", "retiring"):
        membership = find_membership(server, _reference(resources[key])) if key in resources else None
        if membership:
            resources[f"{key}-membership"] = membership
    return Existing(
        resources=resources,
        secrets=_secret_states(server, desired, secrets),
        code_digest=_code_digest(server, resources.get("bot")),
        foreign=foreign,
    )


def _is_ours(found: dict[str, Any], integration: str, adopt: Collection[str]) -> bool:
    tags = (found.get("meta") or {}).get("tag") or []
    marked = any(tag.get("system") == INTEGRATION_SYSTEM and tag.get("code") == integration for tag in tags)
    return marked or found.get("description") == marker_of(integration) or _reference(found) in adopt


def _secret_states(server: Server, desired: Desired, secrets: Mapping[str, str]) -> dict[str, SecretState]:
    found = {secret.get("name"): secret.get("valueString") for secret in read_secrets(server)}
    states: dict[str, SecretState] = {}
    for name in desired.secrets:
        if name not in found:
            states[name] = "missing"
        else:
            states[name] = "same" if found[name] == secrets.get(name) else "different"
    return states


def _code_digest(server: Server, bot: dict[str, Any] | None) -> str | None:
    """The digest of the code that really runs, so that a bot deployed by hand is noticed.

    Where the code is stored elsewhere (a hosted Medplum's bucket) it is not fetched, and what was noted counts.
    """
    code = (bot or {}).get("executableCode") or {}
    if not code.get("url"):
        return None
    address = urlsplit(code["url"])
    stored = re.search(r"/storage/([^/]+)/([^/]+)$", address.path)
    if stored and address.netloc == urlsplit(server.base_url).netloc:
        template = "storage/{binary}/{version}"
        answer = server.request("GET", template, query=address.query, binary=stored[1], version=stored[2])
        return hashlib.sha256(answer.content).hexdigest()
    noted = [each for each in (bot or {}).get("identifier") or [] if each.get("system") == CODE_SYSTEM]
    return noted[0].get("value") if noted else None


def _reference(found: dict[str, Any]) -> str:
    return f"{found['resourceType']}/{found['id']}"


def _gone(resource_type: str, name: str) -> dict[str, Any]:
    return {"resourceType": resource_type, "name": name}
