"""What a project's administrator may do beyond FHIR: make bots and clients with a membership, and keep secrets.

Medplum's admin routes have traps, kept in one place here: a Bot made by plain FHIR create has no membership and
would run with its caller's rights; the list of secrets is replaced as a whole by every write; the id in the path
is ignored for a project's administrator, whose own project is meant.

Source: observed answers of Medplum 5.0.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from workbench.errors import ServerError
from workbench.servers.client import Server

__all__ = ["create_bot", "create_client", "find_membership", "read_secrets", "remove_secrets", "set_secrets"]


def create_bot(server: Server, *, name: str, description: str, policy: str, runtime: str) -> dict[str, Any]:
    """A new Bot that has a membership under the access policy from its first moment.

    Raises:
        ServerError: the client is no project administrator, or bots are not enabled for the project.
    """
    body = {
        "name": name,
        "description": description,
        "accessPolicy": {"reference": policy},
        "runtimeVersion": runtime,
    }
    return _made(server, "bot", body)


def create_client(server: Server, *, name: str, description: str, policy: str) -> dict[str, Any]:
    """A new ClientApplication, its `secret` in clear, confined by the access policy from its first moment.

    Raises:
        ServerError: the client is no project administrator.
    """
    return _made(server, "client", {"name": name, "description": description, "accessPolicy": {"reference": policy}})


def find_membership(server: Server, profile: str) -> dict[str, Any] | None:
    """The ProjectMembership of a bot or client, given as `Bot/<id>`; None where it has none.

    Raises:
        ServerError: the search was refused.
    """
    found = server.search("ProjectMembership", {"profile": profile})
    return found[0] if found else None


def read_secrets(server: Server) -> list[dict[str, Any]]:
    """The project's secrets, in clear, as `{"name", "valueString" | "valueBoolean" | …}`.

    Raises:
        ServerError: the client is no project administrator.
    """
    project = server.request("GET", "admin/projects/{id}", id=server.project_id).json().get("project")
    if not isinstance(project, dict):
        message = "GET admin/projects/{id}: the answer holds no project; is this a Medplum server?"
        raise ServerError(message, path_template="admin/projects/{id}")
    return list(project.get("secret") or [])


def set_secrets(server: Server, values: Mapping[str, str]) -> None:
    """Set these secrets and keep every other one of the project.

    The list is read just before it is written: Medplum offers no safer way.

    Raises:
        ServerError: the client is no project administrator.
    """
    kept = [secret for secret in read_secrets(server) if secret.get("name") not in values]
    ours = [{"name": name, "valueString": value} for name, value in sorted(values.items())]
    server.request("POST", "admin/projects/{id}/secrets", json=[*kept, *ours], id=server.project_id)


def remove_secrets(server: Server, names: Collection[str]) -> None:
    """Take these secrets away and keep every other one of the project.

    Raises:
        ServerError: the client is no project administrator.
    """
    kept = [secret for secret in read_secrets(server) if secret.get("name") not in names]
    server.request("POST", "admin/projects/{id}/secrets", json=kept, id=server.project_id)


def _made(server: Server, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    made = server.request("POST", f"admin/projects/{{id}}/{kind}", json=body, id=server.project_id).json()
    if not isinstance(made, dict) or not isinstance(made.get("id"), str):
        message = f"POST admin/projects/{{id}}/{kind}: the answer holds no id; is this a Medplum server?"
        raise ServerError(message, path_template=f"admin/projects/{{id}}/{kind}")
    return made
