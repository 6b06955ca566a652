"""An embedded Medplum with something on it: every integration of the project, and the samples sent once.

A newcomer who opens the notebook on the audit trail first finds a trail. It is done on the embedded Medplum alone, and
only while no event was sent to it: the samples are invented, and their secrets are known to everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.flows.collect import audit_frame
from workbench.flows.load import load_events
from workbench.flows.project import find_project
from workbench.flows.rehearsal import load_integrations
from workbench.flows.rehearsal import rehearse as provision_all
from workbench.sandbox.lifecycle import find_sandbox
from workbench.servers.client import Server

__all__ = ["rehearse"]


def rehearse(server: Server, *, data: str | Path, progress: Callable[[str], None] | None = None) -> int:
    """How many deliveries were sent; 0 where nothing was done, which is everywhere but on an empty embedded Medplum.

    Args:
        server: from `connect`.
        data: the embedded Medplum's folder; a server that does not serve it is left alone.
        progress: is told each step.

    Raises:
        StoreError: the present folder belongs to no project with integrations.
        ServerError: the embedded Medplum refused something.
    """
    sandbox = find_sandbox(Path(data))
    if sandbox is None or sandbox.base_url != server.base_url:
        return 0
    if audit_frame(server)["event_id"].notna().any():  # a proof's unsigned body is no event
        return 0
    project = find_project(Path.cwd())
    say = progress or (lambda _: None)
    say("putting every integration on the embedded Medplum")
    rehearsed = provision_all(server, load_integrations(project))
    say("sending the samples")
    return len(rehearsed.send(load_events(project.samples).deliveries))
