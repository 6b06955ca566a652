"""Where an integration's signing secrets come from: where its file says, or on this machine the samples' own.

The samples are signed with secrets that are published with them. They let a newcomer run everything on the embedded
Medplum; a server elsewhere never gets them.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from workbench.errors import IntegrationError, PlanError
from workbench.flows.integrations import LoadedIntegration, resolve_secrets
from workbench.flows.load import read_secrets
from workbench.flows.project import find_project
from workbench.servers.client import Server

__all__ = ["is_local", "published_secrets", "signing_secrets"]


def signing_secrets(server: Server, loaded: LoadedIntegration) -> dict[str, str]:
    """Give the integration's secrets by name: from where its file says, else on this machine the published ones.

    Raises:
        IntegrationError: a secret has no value, and the server is not on this machine.
        PlanError: neither the file's places nor the samples have one.
    """
    try:
        return resolve_secrets(loaded.integration)
    except IntegrationError:
        if not is_local(server):
            raise
        return published_secrets(loaded)


def published_secrets(loaded: LoadedIntegration) -> dict[str, str]:
    """Give an integration's secrets by name, each the published one that its project's samples are signed with.

    Raises:
        PlanError: the samples have none for this provider.
    """
    samples = find_project(loaded.folder).samples
    given = read_secrets(samples).get(loaded.provider.name, ())
    published = [given] if isinstance(given, str) else given
    if not published:
        message = f"no published secret for {loaded.provider.name}: add it to {samples / 'secrets.json'}"
        raise PlanError(message)
    return {source.name: published[0] for source in loaded.integration.secrets}


def is_local(server: Server) -> bool:
    """Whether the server listens on this machine's loopback."""
    host = urlsplit(server.base_url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
