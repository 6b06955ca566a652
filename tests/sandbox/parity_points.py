"""The register of checks against the contract's numbered points, and the ground they stand on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from workbench.sandbox.launcher import Sandbox, start_sandbox

FHIR = "fhir/R4/"
JSON_PATCH = {"content-type": "application/json-patch+json"}
#: There is no TLS on loopback, and making its context is most of what a client costs.
PLAIN: dict[str, Any] = {"timeout": 60, "trust_env": False, "verify": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One statement about the real server with the check that the sandbox does the same."""

    number: str  # of the contract: `0.19`
    says: str
    check: Callable[[Ground], None]
    differs: str | None  # why the sandbox does not do the same; None when it does

    @property
    def name(self) -> str:
        """The check's name, for the test's id."""
        return f"{self.number}-{self.check.__name__}"


#: By name: pytest imports a module twice when it also looks for doctests in it.
POINTS: dict[str, Point] = {}


def point(number: str, *, differs: str | None = None) -> Callable[[Callable[[Ground], None]], Callable[[Ground], None]]:
    """Registers a check; its docstring is what the real server does."""

    def register(check: Callable[[Ground], None]) -> Callable[[Ground], None]:
        says = " ".join((check.__doc__ or "").split())
        made = Point(number=number, says=says, check=check, differs=differs)
        POINTS[made.name] = made
        return check

    return register


@dataclass
class Ground:
    """A running sandbox with an admin's client, and short ways to make what a check needs."""

    sandbox: Sandbox
    admin: httpx.Client
    folder: Path  # for sandboxes of a check's own
    made: int = 0
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def project(self) -> str:
        """The project's id."""
        return self.sandbox.project_id

    def close(self) -> None:
        """Closes the clients that checks opened."""
        for client in self._clients:
            client.close()

    def name(self) -> str:
        """A text that no other check uses."""
        self.made += 1
        return f"n{self.made}"

    def connect(self, identity: str, secret: str) -> httpx.Client:
        """A client that sends these credentials by Basic."""
        client = httpx.Client(base_url=self.sandbox.base_url, auth=(identity, secret), **PLAIN)
        self._clients.append(client)
        return client

    def bearer(self, token: str) -> httpx.Client:
        """A client that sends a token."""
        headers = {"authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=self.sandbox.base_url, headers=headers, **PLAIN)
        self._clients.append(client)
        return client

    def anonymous(self) -> httpx.Client:
        """A client without credentials."""
        client = httpx.Client(base_url=self.sandbox.base_url, **PLAIN)
        self._clients.append(client)
        return client

    def super_admin(self) -> httpx.Client:
        """The super admin's client."""
        return self.connect(self.sandbox.super_client_id, self.sandbox.super_client_secret)

    def policy(self, *rules: dict[str, Any], **fields: Any) -> dict[str, str]:
        """A reference to a new AccessPolicy."""
        policy = {"resourceType": "AccessPolicy", "name": self.name(), "resource": list(rules), **fields}
        return {"reference": f"AccessPolicy/{self.create(policy)['id']}"}

    def member(self, policy: dict[str, str] | None = None) -> dict[str, Any]:
        """A new ClientApplication with a membership under the policy."""
        body = {"name": self.name(), **({"accessPolicy": policy} if policy else {})}
        answer = self.admin.post(f"admin/projects/{self.project}/client", json=body).raise_for_status()
        created: dict[str, Any] = answer.json()
        return created

    def limited(self, *rules: dict[str, Any], **fields: Any) -> httpx.Client:
        """A client of a new member that these rules bind."""
        member = self.member(self.policy(*rules, **fields))
        return self.connect(member["id"], member["secret"])

    def membership(self, profile: str) -> dict[str, Any]:
        """The membership of a ClientApplication or Bot, by its reference."""
        found = self.admin.get(f"{FHIR}ProjectMembership?profile={profile}").json()["entry"][0]["resource"]
        resource: dict[str, Any] = found
        return resource

    def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        """A resource as the server stored it."""
        answer = self.admin.post(FHIR + resource["resourceType"], json=resource)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def invoice(self, value: str | None = None, **fields: Any) -> dict[str, Any]:
        """An Invoice, not yet created, with an identifier of its own unless told."""
        identifier = [{"system": "urn:x", "value": value or self.name()}]
        return {"resourceType": "Invoice", "status": "issued", "identifier": identifier, **fields}

    def bot(self, code: str, policy: dict[str, str] | None = None, **fields: Any) -> str:
        """The id of a new bot that runs this code."""
        body = {"name": self.name(), "runtimeVersion": "vmcontext", **({"accessPolicy": policy} if policy else {})}
        created = self.admin.post(f"admin/projects/{self.project}/bot", json=body).raise_for_status().json()
        if fields:
            held = self.admin.get(f"{FHIR}Bot/{created['id']}").json()
            self.admin.put(f"{FHIR}Bot/{created['id']}", json={**held, **fields}).raise_for_status()
        self.admin.post(f"{FHIR}Bot/{created['id']}/$deploy", json={"code": code}).raise_for_status()
        identity: str = created["id"]
        return identity

    def handler(self, body: str, policy: dict[str, str] | None = None, **fields: Any) -> str:
        """The id of a new bot whose handler has this body."""
        return self.bot(f"exports.handler = async (medplum, event) => {{ {body} }};", policy, **fields)

    def execute(self, bot: str, body: Any = None, *, client: httpx.Client | None = None, **more: Any) -> httpx.Response:
        """The answer to running a bot with a JSON input."""
        sent = more if "content" in more else {"json": {} if body is None else body, **more}
        return (client or self.admin).post(f"{FHIR}Bot/{bot}/$execute", **sent)

    def events(self, bot: str, query: str = "") -> list[dict[str, Any]]:
        """The AuditEvents of a bot, newest first."""
        answer = self.admin.get(f"{FHIR}AuditEvent?entity=Bot/{bot}&_sort=-_lastUpdated{query}")
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def bundle(self, kind: str, *entries: tuple[str, str, dict[str, Any] | None], **headers: str) -> httpx.Response:
        """The answer to a bundle of (method, url, resource)."""
        entry = [
            {"request": {"method": method, "url": url}, **({"resource": resource} if resource else {})}
            for method, url, resource in entries
        ]
        body = {"resourceType": "Bundle", "type": kind, "entry": entry}
        return self.admin.post(FHIR, json=body, headers=headers)

    @contextmanager
    def another(self, **settings: Any) -> Iterator[Ground]:
        """A ground of a check's own, started with these settings."""
        with start_sandbox(self.folder / self.name(), **settings) as sandbox:
            credentials = (sandbox.client_id, sandbox.client_secret)
            with httpx.Client(base_url=sandbox.base_url, auth=credentials, **PLAIN) as admin:
                ground = Ground(sandbox=sandbox, admin=admin, folder=self.folder / self.name())
                ground.folder.mkdir()
                yield ground
                ground.close()


def text(answer: httpx.Response) -> str:
    """The text of an outcome's first issue."""
    found: str = answer.json()["issue"][0]["details"]["text"]
    return found


def statuses(answer: httpx.Response) -> list[str]:
    """The statuses of a bundle's entries."""
    return [entry["response"]["status"] for entry in answer.json()["entry"]]


def value(answer: httpx.Response) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.text)
