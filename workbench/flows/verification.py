"""Follow one test event all the way: webhook → bot → AuditEvent → resources, and say where the way ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.errors import ServerError
from workbench.events.delivery import Delivery
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned
from workbench.flows.replay import replay
from workbench.servers.client import Server

__all__ = ["Step", "verify_setup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One station of the way."""

    name: str
    ok: bool
    found: str


def verify_setup(
    server: Server,
    loaded: LoadedIntegration,
    provisioned: Provisioned,
    secrets: Mapping[str, str],
    delivery: Delivery,
) -> tuple[Step, ...]:
    """The stations that a test delivery passed; the first that is not `ok` is where to look.

    Raises:
        ServerError: the client may not read AuditEvents.
    """
    (row,) = replay([delivery], provisioned, loaded, secrets, attempts=2).rows
    settled = row.outcome in {"applied", "unchanged", "duplicate", "stale"}
    told = f"{row.outcome}, {row.problem}" if row.problem else row.outcome
    steps = [
        Step(name="the webhook is reached", ok=row.status is not None, found=f"status {row.status}"),
        Step(name="the bot settles the event", ok=settled, found=told),
    ]
    names = [str(result["event"]) for result in row.results if result.get("event")]
    query = {"entity": f"Bot/{provisioned.bot_id}", "_sort": "-_lastUpdated", "_count": "20"}
    latest = next(server.pages("AuditEvent", query)).get("entry", ())
    logs = [entry["resource"].get("outcomeDesc", "") for entry in latest]
    audited = bool(names) and all(any(name in log for log in logs) for name in names)
    steps.append(Step(name="the run is audited", ok=audited, found=f"{len(logs)} AuditEvents looked at"))
    written = [write["ref"] for result in row.results for write in result.get("writes", ()) if "/" in write["ref"]]
    there = [reference for reference in written if _is_there(server, reference)]
    found = f"{len(there)} of {len(written)}"
    steps.append(Step(name="its resources are there", ok=bool(written) and there == written, found=found))
    return tuple(steps)


def _is_there(server: Server, reference: str) -> bool:
    try:
        server.read(*reference.split("/", 1))
    except ServerError as error:
        if error.status in {404, 410}:
            return False
        raise
    return True
