"""The verbs of provisioning and replay as a notebook calls them: an integration, a server, and nothing else to know.

The signing secrets come from where the integration's file says, or on the embedded Medplum from the samples
(`workbench.flows.secrets`); they pass through here and are shown nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workbench.access.plan import Plan
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.load import LoadedEvents
from workbench.flows.proving import Probe, prove_access
from workbench.flows.provision import Provisioned, apply_integration, find_provisioned, plan_integration
from workbench.flows.replay import ReplayReport
from workbench.flows.replay import replay as send
from workbench.flows.secrets import signing_secrets
from workbench.flows.verdicts import JudgedDelivery
from workbench.servers.client import Server

__all__ = ["apply", "plan", "prove", "replay"]

Progress = Callable[[str], None]


def plan(integration: LoadedIntegration, server: Server) -> Plan:
    """Give what has to change on the server for the integration; nothing is changed yet.

    Raises:
        PlanError: something on the server stands in the way.
        ServerError: the client may not read what it must.
    """
    return plan_integration(server, integration, signing_secrets(server, integration))


def apply(
    plan: Plan,
    integration: LoadedIntegration,
    server: Server,
    *,
    confirm: str | None = None,
    allow_delete: bool = False,
    progress: Progress | None = None,
) -> Provisioned:
    """Make the changes of a plan that was looked at, and say how deliveries reach the bot.

    Args:
        plan: of `plan`.
        integration: what it was made for.
        server: where.
        confirm: the checksum of the plan that a person read, where that may be another than this one.
        allow_delete: let the plan take something away.
        progress: is told each change as it is begun.

    Raises:
        StalePlanError: the server, the mappings or the secrets changed since.
        UnsafePlanError: the plan deletes something, and that was not allowed.
        ServerError: the server refused a change; it may be repeated.
    """
    secrets = signing_secrets(server, integration)
    checksum = confirm or plan.checksum
    return apply_integration(
        server, integration, secrets, confirm=checksum, allow_delete=allow_delete, progress=progress
    )


def prove(integration: LoadedIntegration, server: Server, *, progress: Progress | None = None) -> tuple[Probe, ...]:
    """Try on the live server what must be refused and what must work; an open door is a probe that is not `ok`.

    Raises:
        PlanError: the integration is not on the server.
    """
    return prove_access(server, integration, find_provisioned(server, integration), progress=progress)


def replay(
    events: LoadedEvents | Iterable[JudgedDelivery],
    integration: LoadedIntegration,
    server: Server,
    *,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> ReplayReport:
    """Send deliveries of the integration's provider to its bot, signed anew, and say what became of each.

    Refused and unreadable ones, and those of other providers, are not sent.

    Raises:
        PlanError: the integration is not on the server.
    """
    found = events.deliveries if isinstance(events, LoadedEvents) else events
    usable = (each for each in found if each.verdict in {"verified", "unsigned", "handshake"})
    own = (each for each in usable if each.provider == integration.provider.name)
    deliveries = (each.delivery for each in own if each.delivery)
    made = find_provisioned(server, integration)
    secrets = signing_secrets(server, integration)
    return send(deliveries, made, integration, secrets, concurrency=concurrency, progress=progress)
