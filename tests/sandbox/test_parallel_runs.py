"""Many callers of one bot at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server


def test_more_callers_than_bot_processes_all_get_their_own_answer(tmp_path: Path) -> None:
    """Sixteen callers of one bot lose no answer and get nobody else's."""
    with (
        start_sandbox(tmp_path) as box,
        Server(box.base_url, box.client_id, box.client_secret, box.project_id) as server,
    ):
        path, wanted = "admin/projects/{id}/bot", {"name": "echo", "runtimeVersion": "vmcontext"}
        bot = server.request("POST", path, json=wanted, id=box.project_id).json()
        server.deploy(bot["id"], "exports.handler = async (medplum, event) => ({ said: event.input.said });")

        with ThreadPoolExecutor(16) as callers:
            answers = list(callers.map(lambda n: server.execute(bot["id"], b'{"said": %d}' % n).json(), range(200)))

    assert answers == [{"said": n} for n in range(200)]
