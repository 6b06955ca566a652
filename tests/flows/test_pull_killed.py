"""`audit pull` killed at any moment goes on where it was, and in the end every row is there once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from invented.audit_trail import invented_trail
from invented.medplum import AuditServer

from workbench.flows.collect import pull
from workbench.store.audit_store import AuditStore

ROOT = Path(__file__).parents[2]
RUNS = 3000
UNTIL = datetime(2026, 11, 23, 18, tzinfo=UTC)

PULLER = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from datetime import UTC, datetime
from invented.audit_trail import invented_trail
from invented.medplum import AuditServer
from workbench.flows.collect import pull
from workbench.store.audit_store import AuditStore

server = AuditServer(invented_trail(3000, datetime(2026, 11, 23, 18, tzinfo=UTC)), page_size=100)
print("ready", flush=True)
store = AuditStore(sys.argv[2], most_parts=2)
pull(server.connect(), store, pages_a_commit=2, progress=lambda said: print(said, flush=True))
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_pull_that_is_killed_goes_on_and_holds_every_row_once(tmp_path: Path, seed: int) -> None:
    """It is killed after some lines of progress and a while, three times; what stands is always whole files."""
    chance = Random(seed)
    folder = tmp_path / "audit"
    ends = []
    for _ in range(3):
        ends.append(_kill_while_pulling(folder, after=chance.randrange(2, 6), seconds=chance.random() / 20))
        if folder.exists():
            AuditStore(folder).frame()  # readable at any moment
    server = AuditServer(invented_trail(RUNS, UNTIL), page_size=100).connect()
    report = pull(server, AuditStore(folder, most_parts=2))
    frame = AuditStore(folder).frame()

    assert -signal.SIGKILL in ends
    assert {0, -signal.SIGKILL} >= set(ends)
    assert report.since is not None  # it went on, and did not begin anew
    assert sorted(event["id"] for event in invented_trail(RUNS, UNTIL)) == sorted(frame["id"])
    assert pull(server, AuditStore(folder)).new == 0


def _kill_while_pulling(folder: Path, *, after: int, seconds: float) -> int:
    """Start a pull, let it say so many lines, wait a moment, and kill it; give how it ended."""
    command = [sys.executable, "-c", textwrap.dedent(PULLER), str(ROOT), str(folder)]
    scratch = {**os.environ, "TMPDIR": str(folder.parent.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=scratch) as child:
        assert child.stdout
        for _ in range(1 + after):
            child.stdout.readline()
        try:
            child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        return child.wait()
