"""Where the work goes: the embedded Medplum of a data folder, or the server that the environment names.

A sandbox that already serves the folder is joined; otherwise one is started and ends with this process. So a notebook,
the command line and a report can look at the same one.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from os import environ as process_environment
from pathlib import Path
from typing import Literal

from workbench.flows.project import prepare_data_folder
from workbench.sandbox.launcher import Sandbox, read_credentials, start_sandbox
from workbench.sandbox.lifecycle import read_status
from workbench.servers.client import Server
from workbench.servers.settings import server_from_environment

__all__ = ["connect"]


def connect(
    where: Literal["sandbox", "environment"] = "sandbox",
    *,
    data: str | Path = ".workbench/sandbox",
    environment: Mapping[str, str] = process_environment,
) -> Server:
    """Give a client of the embedded Medplum (`sandbox`), or of the server that `MEDPLUM_*` names (`environment`).

    Raises:
        SandboxError: the sandbox could not start in that folder.
        IntegrationError: a `MEDPLUM_*` variable is missing or wrong; every one at once.
    """
    if where == "environment":
        return server_from_environment(environment)
    folder = prepare_data_folder(Path(data))
    sandbox = read_status(folder) or start_sandbox(folder)
    if isinstance(sandbox, Sandbox):
        atexit.register(sandbox.stop)
    held = read_credentials(folder)
    return Server(sandbox.base_url, held["client_id"], held["client_secret"], held["project_id"])
