"""A server profile of an `integration.yaml` (staging, production) → a client of that server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from workbench.access.integration import Integration
from workbench.errors import IntegrationError, Problem
from workbench.servers.client import Server
from workbench.servers.settings import read_settings

__all__ = ["connect_profile"]


def connect_profile(integration: Integration, name: str, environ: Mapping[str, str] = os.environ) -> Server:
    """A client of the server that the integration's profile of this name describes; nothing is sent yet.

    Raises:
        IntegrationError: there is no such profile, or with every variable of it that is missing or wrong.
    """
    profiles = {profile.name: profile for profile in integration.servers}
    if name not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        message = f"{integration.name} has no server profile {name!r}; it has {known}"
        raise IntegrationError([Problem(message=message, remedy="name one of them, or add it under servers:")])
    profile = profiles[name]
    settings = read_settings(
        environ, base_url=profile.base_url, id_variable=profile.client_id, secret_variable=profile.client_secret
    )
    return Server(settings.base_url, settings.client_id, settings.client_secret)
