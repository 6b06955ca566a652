"""Where the work goes: the embedded Medplum of a data folder, or the server that the environment names.

A sandbox that already serves the folder is joined; otherwise one is started and ends with this process. So a notebook,
the command line and a report can look at the same one.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import environ as process_environment
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from workbench.flows.project import prepare_data_folder
from workbench.sandbox.launcher import Sandbox, start_sandbox
from workbench.sandbox.lifecycle import find_sandbox
from workbench.servers.client import Server
from workbench.servers.settings import server_from_environment

__all__ = ["connect", "sandbox"]


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
    found = find_sandbox(folder) or start_sandbox(folder)
    if isinstance(found, Sandbox):
        atexit.register(found.stop)
    return Server(found.base_url, found.client_id, found.client_secret, found.project_id)


@contextmanager
def sandbox(data: str | Path | None = None, **settings: Any) -> Iterator[Server]:
    """Give a client of an embedded Medplum that lives as long as the `with` block.

    Args:
        data: the folder that it keeps everything in; by default one that is removed afterwards.
        settings: of `workbench.sandbox.settings.SandboxSettings`, as `conflict_rate=0.3`.

    Raises:
        SandboxError: it could not start in that folder.
    """
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()) if data is None else data)
        box = opened.enter_context(start_sandbox(folder, **settings))
        yield opened.enter_context(Server(box.base_url, box.client_id, box.client_secret, box.project_id))
