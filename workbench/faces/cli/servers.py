"""Which server a command works on: the embedded one unless the environment's is asked for by name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workbench.flows.integrations import LoadedIntegration
    from workbench.servers.client import Server

__all__ = ["DataOption", "IntegrationArgument", "ServerOption", "TargetOption", "Where", "open_server", "open_target"]


class Where(StrEnum):
    """The server that a command works on."""

    sandbox = "sandbox"
    environment = "environment"


IntegrationArgument = Annotated[Path, typer.Argument(help="The integration.yaml.")]
ServerOption = Annotated[
    Where, typer.Option("--server", help="The embedded Medplum, or the one that MEDPLUM_* in the environment names.")
]
TargetOption = Annotated[
    str, typer.Option("--server", help="sandbox, environment, or the name of a server profile of the integration.")
]
DataOption = Annotated[Path, typer.Option("--data", help="The embedded Medplum's data folder.")]


def open_server(where: Where, data: Path) -> Server:
    """Give a client of the chosen server; a sandbox that runs in the folder is joined."""
    from workbench.flows.connect import connect

    return connect(where.value, data=data)


def open_target(where: str, data: Path, loaded: LoadedIntegration) -> Server:
    """Give a client of the chosen server, which may be a profile under `servers:` of the integration's file."""
    from workbench.flows.profiles import connect_profile

    if where in list(Where):
        return open_server(Where(where), data)
    return connect_profile(loaded.integration, where)
