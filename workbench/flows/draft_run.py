"""A draft on a fresh sandbox: its bot built, deployed and sent one event; what the server then holds.

The sandbox lives for this one run, in a folder that is removed.
"""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.errors import MappingError
from workbench.events.delivery import Delivery, Event
from workbench.flows.designing import Draft
from workbench.flows.integrations import load_integration
from workbench.flows.provision import apply_integration, plan_integration
from workbench.flows.replay import ReplayRow, replay
from workbench.mapping.document import code_map_paths
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

__all__ = ["DraftRun", "run_draft"]

_SECRET = "SIGNING_SECRET"  # noqa: S105 - its name


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRun:
    """What the bot said, and what the server holds."""

    row: ReplayRow
    resources: tuple[dict[str, Any], ...] = field(repr=False)


def run_draft(draft: Draft, event: Event) -> DraftRun:
    """Deploy a draft as a bot on a fresh sandbox, send it an event, and read back what it wrote.

    Raises:
        MappingError: the draft has errors.
        ServerError: the sandbox refused something.
    """
    mapping = draft.mapping
    if mapping is None:
        message = f"{draft.file} has errors; only a mapping without any can run"
        raise MappingError(message)
    with TemporaryDirectory() as name:
        folder = Path(name) / "mappings" / mapping.provider
        folder.mkdir(parents=True)
        (folder / "draft.yaml").write_text(draft.text, encoding="utf-8")
        for code_map in code_map_paths(draft.text):
            (folder / code_map).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(draft.file.parent / code_map, folder / code_map)
        (folder / "integration.yaml").write_text(
            f"integration: draft\nprovider: {mapping.provider}\nmappings: [draft]\n"
            f"secrets: [{{name: {_SECRET}, environment: {_SECRET}}}]\n",
            encoding="utf-8",
        )
        loaded = load_integration(folder / "integration.yaml")
        values = {_SECRET: f"whsec_{secrets.token_hex(16)}"}
        sent = Delivery(body=json.dumps(event.payload).encode(), headers={}, received_at=datetime.now(UTC), exact=False)
        with (
            start_sandbox(Path(name) / "box") as box,
            Server(box.base_url, box.client_id, box.client_secret) as server,
        ):
            there = apply_integration(server, loaded, values, confirm=plan_integration(server, loaded, values).checksum)
            (row,) = replay([sent], there, loaded, values, concurrency=1).rows
            written = [write["ref"] for result in row.results for write in result["writes"] if "/" in write["ref"]]
            return DraftRun(row=row, resources=tuple(server.read(*ref.split("/")) for ref in dict.fromkeys(written)))
