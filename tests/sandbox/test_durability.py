"""A sandbox loses nothing it answered, survives a full disk, and never outlives who started it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workbench.errors import SandboxError
from workbench.sandbox.launcher import Sandbox, start_sandbox

PATIENCE = 20.0  # seconds until a process that must end is taken for one that does not


def client_of(sandbox: Sandbox) -> httpx.Client:
    """The admin's client."""
    auth = (sandbox.client_id, sandbox.client_secret)
    return httpx.Client(base_url=f"{sandbox.base_url}fhir/R4/", auth=auth, timeout=30, trust_env=False)


def gone(pid: int) -> bool:
    """Whether a process ends while one waits."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_no_answered_write_is_lost_by_a_kill(tmp_path: Path) -> None:
    """kill -9 in the middle of writes loses none that was answered, and the folder opens again."""
    sandbox = start_sandbox(tmp_path)
    answered: list[str] = []

    def write() -> None:
        with client_of(sandbox) as client, contextlib.suppress(httpx.TransportError):
            while True:
                answer = client.post("Patient", json={"resourceType": "Patient", "active": True})
                answered.append(answer.json()["id"])

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while len(answered) < 200:
        time.sleep(0.01)
    os.kill(sandbox.pid, signal.SIGKILL)
    for writer in writers:
        writer.join()
    sandbox.stop()

    with start_sandbox(tmp_path) as again, client_of(again) as client:
        lost = [identity for identity in answered if client.get(f"Patient/{identity}").status_code != httpx.codes.OK]

    assert lost == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_refuses_the_write_and_the_server_lives(small_disk: Path) -> None:
    """A write that the disk cannot take is a 500 that says so; what was stored stays readable, and space helps."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4 * 1024 * 1024))
    with start_sandbox(small_disk / "data") as sandbox, client_of(sandbox) as client:
        kept = client.post("Patient", json={"resourceType": "Patient"}).json()["id"]
        large = {"resourceType": "Basic", "code": {"text": "x" * 200_000}}
        refused = next(answer for _ in range(200) if (answer := client.post("Basic", json=large)).status_code != 201)
        read = client.get(f"Patient/{kept}").status_code
        ballast.unlink()
        again = client.post("Patient", json={"resourceType": "Patient"}).status_code

    assert (refused.status_code, read, again) == (500, 200, 201)
    assert "disk is full" in refused.text


def test_a_full_disk_is_named_when_starting(small_disk: Path) -> None:
    """A sandbox that cannot write its folder does not start, and says why."""
    (small_disk / "data").mkdir()
    ballast = os.open(small_disk / "ballast", os.O_CREAT | os.O_WRONLY)
    with contextlib.suppress(OSError):
        while True:
            os.write(ballast, bytes(4096))
    os.close(ballast)

    with pytest.raises(SandboxError, match=r"cannot be written \(.*\); free disk space or permissions"):
        start_sandbox(small_disk / "data")


START = """
import sys, time
from pathlib import Path
from workbench.sandbox.launcher import start_sandbox
sandbox = start_sandbox(Path(sys.argv[1]))
print(sandbox.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_parent(how: signal.Signals, tmp_path: Path) -> None:
    """However the process that started it ends, the sandbox ends too."""
    command = [sys.executable, "-c", START, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(how)
        parent.wait()

        assert gone(pid)


def test_killed_servers_leave_no_bot_behind(tmp_path: Path) -> None:
    """After kill -9 of the server, the process of a bot that spins ends by itself."""
    sandbox = start_sandbox(tmp_path)
    auth = (sandbox.client_id, sandbox.client_secret)
    with httpx.Client(base_url=sandbox.base_url, auth=auth, timeout=30, trust_env=False) as client:
        bot = client.post(f"admin/projects/{sandbox.project_id}/bot", json={"name": "spin"}).json()["id"]
        code = "exports.handler = async () => { await null; for (;;) {} };"
        client.post(f"fhir/R4/Bot/{bot}/$deploy", json={"code": code}).raise_for_status()

        def call() -> None:
            with contextlib.suppress(httpx.TransportError):
                client.post(f"fhir/R4/Bot/{bot}/$execute")

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(1)
        hosts = children(sandbox.pid)
        os.kill(sandbox.pid, signal.SIGKILL)
        caller.join()
    sandbox.stop()

    assert len(hosts) == 1
    assert gone(hosts[0])


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
