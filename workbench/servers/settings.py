"""Where a Medplum server is and who calls it: read from the environment, under the names Medplum's own CLI uses.

```
MEDPLUM_BASE_URL        https://api.medplum.com/        (or http://127.0.0.1:8103/)
MEDPLUM_CLIENT_ID       id of a ClientApplication that administers the project
MEDPLUM_CLIENT_SECRET   its secret
```
A secret is sent over TLS only; plain http is for loopback, where nobody listens in between.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from workbench.errors import IntegrationError, Problem

if TYPE_CHECKING:
    from workbench.servers.client import Server

__all__ = ["ServerSettings", "address_problem", "is_loopback", "read_settings", "server_from_environment"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One server and the client application that speaks to it."""

    base_url: str  # ends with a slash
    client_id: str
    client_secret: str = field(repr=False)
    project_id: str | None = None  # asked of the server when it is not given


def read_settings(
    environ: Mapping[str, str],
    *,
    base_url: str | None = None,
    id_variable: str = "MEDPLUM_CLIENT_ID",
    secret_variable: str = "MEDPLUM_CLIENT_SECRET",  # noqa: S107 - a variable's name
) -> ServerSettings:
    """The settings that the environment holds; a profile gives the address and names variables of its own.

    Raises:
        IntegrationError: with every variable that is missing or wrong, at once.

    >>> read_settings({"MEDPLUM_BASE_URL": "https://api.example.org", "MEDPLUM_CLIENT_ID":
    ...     "258ad670-04e8-4c79-8644-92bab8fb73ff", "MEDPLUM_CLIENT_SECRET": "hush"}).base_url
    'https://api.example.org/'
    """
    address = environ.get("MEDPLUM_BASE_URL", "").strip() if base_url is None else base_url
    client_id = environ.get(id_variable, "").strip()
    client_secret = environ.get(secret_variable, "").strip()
    where = "MEDPLUM_BASE_URL" if base_url is None else "base_url"
    problems = [
        Problem(message=f"environment: {name} {what}", path=name, remedy=remedy)
        for name, what, remedy in (
            (where, address_problem(address), "give the server's address, as https://api.medplum.com/"),
            (id_variable, _identifier_problem(client_id), "give the id of a ClientApplication"),
            (secret_variable, _secret_problem(client_secret), "give that ClientApplication's secret"),
        )
        if what
    ]
    if problems:
        raise IntegrationError(problems)
    return ServerSettings(
        base_url=address.rstrip("/") + "/",
        client_id=client_id,
        client_secret=client_secret,
        project_id=environ.get("MEDPLUM_PROJECT_ID", "").strip() or None if base_url is None else None,
    )


def server_from_environment(environ: Mapping[str, str] | None = None) -> Server:
    """A client of the server that `MEDPLUM_BASE_URL`, `MEDPLUM_CLIENT_ID` and `MEDPLUM_CLIENT_SECRET` name.

    Raises:
        IntegrationError: with every variable that is missing or wrong, at once.
    """
    from workbench.servers.client import Server

    settings = read_settings(os.environ if environ is None else environ)
    return Server(settings.base_url, settings.client_id, settings.client_secret, settings.project_id)


def address_problem(base_url: str) -> str | None:
    """What is wrong with a server's address, None when a secret may be sent there.

    >>> address_problem("http://medplum.example.org/")
    'is plain http to another machine, where a secret could be read on its way'
    >>> address_problem("http://127.0.0.1:8103/") is None
    True
    """
    if not base_url:
        return "is missing"
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "is not a web address"
    if parts.scheme not in {"http", "https"} or not host:
        return "is not a web address"
    if parts.username or parts.password:
        return "holds credentials"
    if parts.query or parts.fragment:
        return "holds a query"
    if parts.scheme == "http" and not is_loopback(host):
        return "is plain http to another machine, where a secret could be read on its way"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("10.0.0.1")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _identifier_problem(client_id: str) -> str | None:
    if not client_id:
        return "is missing"
    return None if _UUID.fullmatch(client_id) else "is not an id as 258ad670-04e8-4c79-8644-92bab8fb73ff"


def _secret_problem(client_secret: str) -> str | None:
    if not client_secret:
        return "is missing"
    return "holds a colon, at which Medplum cuts a Basic secret off" if ":" in client_secret else None
