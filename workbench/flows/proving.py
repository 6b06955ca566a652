"""Prove on the live server that an integration can do what it must and nothing more: what must be refused is tried.

| as | tried | must be |
|---|---|---|
| sender | posting an unsigned body to its bot | reached, and refused by the bot |
| sender | reading or making resources, listing or changing bots, reading another bot, administering | refused |
| bot | reading what it does not write, writing without its provider's identifier, writing an older event | refused |

The bot's own rights are tried with `X-Medplum-On-Behalf-Of`, which a project administrator may use. Where a door turns
out to be open, what went through it is deleted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import httpx

from workbench.errors import ServerError
from workbench.fhir.writes import stamp_event_time
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import Provisioned
from workbench.servers.client import Server

__all__ = ["Probe", "prove_access"]

_READABLE: Final = ("Patient", "AuditEvent", "AccessPolicy", "ClientApplication", "Project", "ProjectMembership")
_MINIMAL: Final = {
    "Account": {"status": "active"},
    "Invoice": {"status": "draft"},
    "Patient": {},
    "Person": {},
    "Practitioner": {},
    "PractitionerRole": {},
}
"""Resources that are valid with this little, so that only the policy can refuse them."""

_HARMLESS_PATCH: Final = [{"op": "test", "path": "/resourceType", "value": "never"}]
_REFUSED: Final = (401, 403, 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that was tried."""

    actor: str  # `sender` or `bot`
    tried: str
    expected: str  # `refused` or `allowed`
    found: str  # `refused`, `allowed` or what came instead
    ok: bool


def prove_access(
    server: Server,
    loaded: LoadedIntegration,
    provisioned: Provisioned,
    *,
    transport: httpx.BaseTransport | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Probe, ...]:
    """What was tried on the live server and what came of it; an open door is a probe that is not `ok`.

    Args:
        server: a client that administers the project.
        loaded: the integration.
        provisioned: where it is.
        transport: how the sender's requests travel, for tests.
        progress: is told each probe as it is made.

    Raises:
        ServerError: a probe could not be made at all.
    """
    tries = chain(
        _reach(provisioned, transport),
        _sender(server, loaded, provisioned, transport),
        _bot(server, loaded, provisioned),
    )
    probes = []
    for probe in tries:
        if progress:
            progress(f"{'✓' if probe.ok else '✗'} {probe.actor}: {probe.tried}: {probe.found}")
        probes.append(probe)
    return tuple(probes)


def _reach(provisioned: Provisioned, transport: httpx.BaseTransport | None) -> Iterator[Probe]:
    """A body that nobody signed reaches the bot, and the bot refuses it."""
    with provisioned.open_client(transport=transport) as http:
        answer = http.post(provisioned.endpoint, json={"probe": True})
    refused = '\\"outcome\\":\\"refused\\"' in answer.text or '"outcome":"refused"' in answer.text
    found = "refused by the bot" if refused else f"answered {answer.status_code}"
    yield Probe(actor="sender", tried="an unsigned body", expected="refused by the bot", found=found, ok=refused)


def _sender(
    server: Server, loaded: LoadedIntegration, provisioned: Provisioned, transport: httpx.BaseTransport | None
) -> Iterator[Probe]:
    if provisioned.client_id is None:
        return
    code = {"code": loaded.code, "filename": "index.js"}  # the same code: an open door does no harm
    calls: list[tuple[str, str, str, Any]] = [
        *((f"read {name}", "GET", f"fhir/R4/{name}", None) for name in _READABLE),
        ("list bots", "GET", "fhir/R4/Bot", None),
        ("make a Patient", "POST", "fhir/R4/Patient", {"resourceType": "Patient", "unknownElement": True}),
        ("deploy code", "POST", "fhir/R4/Bot/{own}/$deploy", code),
        ("change its bot", "PATCH", "fhir/R4/Bot/{own}", _HARMLESS_PATCH),
        ("administer the project", "GET", "admin/projects/{project}", None),
        ("make a client", "POST", "admin/projects/{project}/client", {}),
    ]
    bots = (bot["id"] for bot in server.search("Bot", {"_count": "5", "_fields": "id"}))
    other = next((bot for bot in bots if bot != provisioned.bot_id), "")
    if other:
        calls.append(("run another bot", "GET", "fhir/R4/Bot/{other}", None))  # reading is all that running needs
    secret = provisioned.client_secret or ""
    with Server(server.base_url, provisioned.client_id, secret, auth="basic", transport=transport) as sender:
        for tried, method, template, body in calls:
            headers = {"Content-Type": "application/json-patch+json"} if method == "PATCH" else {}
            answer = sender.request(
                method,
                template,
                json=body,
                headers=headers,
                check=False,
                own=provisioned.bot_id,
                project=server.project_id,
                other=other,
            )
            yield _judged("sender", tried, answer)


def _bot(server: Server, loaded: LoadedIntegration, provisioned: Provisioned) -> Iterator[Probe]:
    acting = {"X-Medplum-On-Behalf-Of": f"Bot/{provisioned.bot_id}"}
    lines = {line["resourceType"]: line for line in loaded.desired.bot_policy["resource"]}
    for name in (name for name in ("Bot", *_READABLE) if name not in lines):
        answer = server.request("GET", "fhir/R4/{type}", query="_count=1", headers=acting, check=False, type=name)
        yield _judged("bot", f"read {name}", answer)
    unwritten = next(name for name in ("Basic", "Patient", "Observation") if name not in lines)
    body = {"resourceType": unwritten, "unknownElement": True}
    answer = server.request("POST", "fhir/R4/{type}", json=body, headers=acting, check=False, type=unwritten)
    yield _judged("bot", f"make a {unwritten}", answer)
    for name in (name for name, line in lines.items() if name in _MINIMAL and "writeConstraint" in line):
        stranger = {"resourceType": name, **_MINIMAL[name]}
        answer = server.request("POST", "fhir/R4/{type}", json=stranger, headers=acting, check=False, type=name)
        yield _judged("bot", f"make a {name} without its provider's identifier", answer)
        _take_back(server, name, answer)
    for rule in (rule for mapping in loaded.mappings for rule in mapping.writes):
        if rule.ordered and rule.mode != "create-if-missing" and rule.resource_type in _MINIMAL and rule.system:
            yield from _older_write(server, acting, rule.resource_type, rule.system)


def _older_write(server: Server, acting: dict[str, str], name: str, system: str) -> Iterator[Probe]:
    """An event of 2001 is written over one of 2002, with a resource that is made and deleted for it."""
    identifier = [{"system": system, "value": "integration-workbench-probe"}]
    newer = stamp_event_time(
        {"resourceType": name, **_MINIMAL[name], "identifier": identifier}, "2002-01-01T00:00:00.000Z"
    )
    answer = server.request("POST", "fhir/R4/{type}", json=newer, headers=acting, check=False, type=name)
    allowed = answer.status_code == httpx.codes.CREATED
    yield Probe(actor="bot", tried=f"make a {name}", expected="allowed", found=_found(answer), ok=allowed)
    if not allowed:
        return
    made = answer.json()
    try:
        older = stamp_event_time(made, "2001-01-01T00:00:00.000Z")
        template = "fhir/R4/{type}/{id}"
        answer = server.request("PUT", template, json=older, headers=acting, check=False, type=name, id=made["id"])
        yield _judged("bot", f"write an older event over a {name}", answer)
    finally:
        server.delete(name, made["id"])


def _judged(actor: str, tried: str, answer: httpx.Response) -> Probe:
    refused = answer.status_code in _REFUSED
    return Probe(actor=actor, tried=tried, expected="refused", found=_found(answer), ok=refused)


def _found(answer: httpx.Response) -> str:
    if answer.status_code in _REFUSED:
        return "refused"
    return "allowed" if answer.status_code < 300 else f"answered {answer.status_code}, not refused by a policy"


def _take_back(server: Server, name: str, answer: httpx.Response) -> None:
    if answer.status_code == httpx.codes.CREATED:
        try:
            server.delete(name, answer.json()["id"])
        except ServerError as error:
            message = f"prove: a {name} went through an open door and could not be deleted again; delete it by hand"
            raise ServerError(message, status=error.status) from error
