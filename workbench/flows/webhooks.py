"""What to do at the provider: where the webhook's URL goes, and how its secret is changed while events keep coming.

Medplum's own `$rotate-secret` kills every live URL at once: Basic knows no retiring secret. So a second client is made
beside the first, the new URL is pasted at the provider, and only then the old client is taken away.

```
rotate_sender ──▶ the old client is renamed and goes on working, a new one is made ──▶ new URL
      (paste it, see events arrive)
retire_sender ──▶ the old client and its membership are deleted ──▶ the old URL is dead
```
Source: observed answers of Medplum 5.0.2.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from workbench.access.desired import retiring_name
from workbench.errors import PlanError
from workbench.fhir.writes import INTEGRATION_SYSTEM
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned, apply_integration, plan_integration
from workbench.mapping.compile import EventMapping
from workbench.servers.client import Server
from workbench.servers.projects import find_membership

__all__ = ["describe_webhook", "retire_sender", "rotate_sender"]


def describe_webhook(loaded: LoadedIntegration, provisioned: Provisioned, *, reveal: bool = False) -> tuple[str, ...]:
    """The steps at the provider, one a line; secrets are masked unless they are to be revealed."""
    url = provisioned.webhook_url(reveal=reveal)
    events = _events_to_choose(loaded.mappings)
    secret = ", ".join(source.name for source in loaded.integration.secrets)
    steps = _STEPS.get(loaded.provider.name, _ANY)
    shown = {
        "url": url,
        "endpoint": provisioned.endpoint,
        "events": events,
        "secret": secret,
        "header": loaded.secret_header or "",
        "title": loaded.provider.title,
        "basic": "Basic " + ("base64 of <client id>:<client secret>" if not reveal else _basic(provisioned)),
    }
    chosen = [step for condition, step in steps if fnmatchcase(loaded.integration.delivery, condition)]
    return tuple(step.format_map(shown) for step in chosen)


def _events_to_choose(mappings: Sequence[EventMapping]) -> str:
    """Give the event types to tick: none twice, none that a wider one covers, and what no mapping takes after all."""
    patterns = {pattern for mapping in mappings for pattern in mapping.events}
    wanted = {pattern for pattern in patterns if not pattern.startswith("!")}
    wide = {pattern for pattern in wanted if "*" in pattern}
    chosen = sorted(one for one in wanted if not any(fnmatchcase(one, other) for other in wide - {one}))
    excluded = {pattern[1:] for pattern in patterns - wanted}
    never = sorted(name for name in excluded if not any(mapping.accepts(name) for mapping in mappings))
    return ", ".join(chosen) + (f"; but not {', '.join(never)}" if never else "")


def rotate_sender(server: Server, loaded: LoadedIntegration, secrets: Mapping[str, str]) -> Provisioned:
    """The integration with a new client beside the old one, whose URL goes on working.

    Raises:
        PlanError: the integration has no client, is not wholly applied, or is being rotated already.
        ServerError: the server refused; it may be repeated.
    """
    if loaded.desired.client is None:
        message = f"rotate {loaded.name}: a public webhook has no client whose secret could be changed"
        raise PlanError(message)
    if _senders(server, loaded, retiring=True):
        message = f"rotate {loaded.name}: an older client is still there; retire it first"
        raise PlanError(message)
    plan = plan_integration(server, loaded, secrets)
    if not plan.is_empty:
        message = f"rotate {loaded.name}: the server is not as planned ({len(plan.changes)} changes); apply them first"
        raise PlanError(message)
    (old,) = _senders(server, loaded, retiring=False)
    server.update({**old, "name": retiring_name(loaded.name)})
    plan = plan_integration(server, loaded, secrets)
    return apply_integration(server, loaded, secrets, confirm=plan.checksum)


def retire_sender(server: Server, loaded: LoadedIntegration) -> tuple[str, ...]:
    """The references of the old clients that were deleted, their memberships first; none when there was none.

    Raises:
        ServerError: the server refused; it may be repeated.
    """
    retired = []
    for old in _senders(server, loaded, retiring=True):
        reference = f"ClientApplication/{old['id']}"
        if membership := find_membership(server, reference):
            server.delete("ProjectMembership", membership["id"])
        server.delete("ClientApplication", old["id"])
        retired.append(reference)
    return tuple(retired)


def _senders(server: Server, loaded: LoadedIntegration, *, retiring: bool) -> list[dict[str, Any]]:
    assert loaded.desired.client is not None
    name = retiring_name(loaded.name) if retiring else loaded.desired.client["name"]
    mark = {"system": INTEGRATION_SYSTEM, "code": loaded.name}
    named = server.search("ClientApplication", {"name": name, "_count": "100"})
    return [each for each in named if each["name"] == name and mark in (each["meta"].get("tag") or [])]


def _basic(provisioned: Provisioned) -> str:
    return b64encode(f"{provisioned.client_id}:{provisioned.client_secret}".encode()).decode()


_ANY = (
    ("execute", "At {title}, post events to {url}"),
    (
        "execute",
        "Where {title} refuses credentials in a URL: post to {endpoint} with the header Authorization: {basic}",
    ),
    ("public-webhook", "At {title}, post events to {url}"),
    ("*", "Choose these events: {events}"),
    ("*", "The project secret {secret} holds what {title} signs with"),
)
_STEPS = {
    "stripe": (
        ("*", "Stripe Dashboard → Developers → Webhooks → Add destination → Webhook endpoint"),
        ("*", "Endpoint URL: {url}"),
        ("*", "Events: {events}"),
        ("*", "Reveal the endpoint's signing secret (whsec_…), put it where {secret} comes from, plan and apply again"),
    ),
    "okta": (
        ("*", "Okta Admin Console → Workflow → Event Hooks → Create Event Hook"),
        ("*", "Endpoint URL: {endpoint}"),
        ("execute", "Authentication field: Authorization, secret: {basic}"),
        (
            "execute",
            "Custom header field: {header}, value: the value of {secret} (Okta signs nothing: it repeats this)",
        ),
        ("public-webhook", "Okta verifies a hook with a GET, which /webhook does not take: deliver by execute"),
        ("*", "Subscribe to: {events}"),
        ("execute", "Press Verify: the bot answers Okta's challenge"),
    ),
}
