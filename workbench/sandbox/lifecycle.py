"""The life of a sandbox in the background, by its folder: start, look, read its log, stop, begin again.

`start_sandbox` of the launcher is for a sandbox that ends with its `with` block; these are for one that goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from workbench.errors import SandboxError
from workbench.sandbox.launcher import read_credentials
from workbench.sandbox.problems import LOG, STATE
from workbench.sandbox.settings import SandboxSettings

__all__ = [
    "RunningSandbox",
    "find_sandbox",
    "read_environment",
    "read_logs",
    "reset_sandbox",
    "start_background",
    "stop_background",
]

_FILES = ("sandbox.db", "sandbox.db-wal", "sandbox.db-shm", "credentials.json", LOG, STATE)
_CACHE = "deno"
_ANSWER_SECONDS = 5.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    """A sandbox that answers with the credentials of its folder; its secret is not shown by `repr`."""

    data: Path
    pid: int
    base_url: str  # ends with a slash
    project_id: str
    client_id: str
    client_secret: str = field(repr=False)


def start_background(data: Path, settings: SandboxSettings | None = None) -> RunningSandbox:
    """Gives the status of a sandbox that was started on `data` and goes on after this process.

    Raises:
        SandboxError: it could not start; the text says why and what to do.
    """
    asked = dict((settings or SandboxSettings()).arguments())
    command = [sys.executable, "-m", "workbench.sandbox.background", str(data.absolute()), json.dumps(asked)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ourselves, no shell)
    if ended.returncode != 0:
        raise SandboxError(_reason(ended))
    status = find_sandbox(data)
    if status is None:
        msg = f"the sandbox in {data} started and ended again; its log is {data / LOG}"
        raise SandboxError(msg)
    return status


def find_sandbox(data: Path) -> RunningSandbox | None:
    """The sandbox that serves `data` and answers now, whoever started it; None when none does.

    A process id proves nothing after a crash, so the sandbox is asked whether it knows the folder's credentials.
    """
    try:
        state = json.loads((data / STATE).read_text(encoding="utf-8"))
        credentials = read_credentials(data)
        auth = (credentials["client_id"], credentials["client_secret"])
        answer = httpx.get(f"{state['base_url']}auth/me", auth=auth, timeout=_ANSWER_SECONDS, trust_env=False)
    except (FileNotFoundError, SandboxError, httpx.TransportError):
        return None
    if answer.status_code != httpx.codes.OK:
        return None
    return RunningSandbox(
        data=data,
        pid=state["pid"],
        base_url=state["base_url"],
        project_id=credentials["project_id"],
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
    )


def stop_background(data: Path) -> bool:
    """Ends the sandbox that serves `data` and waits until it is gone; False when there was none.

    Raises:
        SandboxError: its process does not end.
    """
    status = find_sandbox(data)
    if status is None:
        (data / STATE).unlink(missing_ok=True)
        return False
    os.kill(status.pid, signal.SIGTERM)
    if not _ends_within(status.pid, _STOP_SECONDS):
        os.kill(status.pid, signal.SIGKILL)
        if not _ends_within(status.pid, _STOP_SECONDS):
            msg = f"the sandbox in {data} does not end: process {status.pid} survived SIGKILL; look at it with `ps`"
            raise SandboxError(msg)
    (data / STATE).unlink(missing_ok=True)
    return True


def reset_sandbox(data: Path) -> None:
    """Deletes what the sandbox keeps in `data`: resources, credentials, log. Files of others stay.

    Raises:
        SandboxError: a sandbox is serving the folder.
    """
    status = find_sandbox(data)
    if status is not None:
        msg = f"the folder {data} is in use by a running sandbox (process {status.pid}); stop it first"
        raise SandboxError(msg)
    for name in _FILES:
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / _CACHE, ignore_errors=True)


def read_logs(data: Path, *, lines: int | None = None) -> str:
    """The sandbox's log, or its last lines; lines marked DANGER name calls that destroy data on a real server.

    Raises:
        SandboxError: the folder has no log.
    """
    try:
        text = (data / LOG).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        msg = f"{data} holds no sandbox: {LOG} is missing; start one there first"
        raise SandboxError(msg) from None
    return text if lines is None else "".join(text.splitlines(keepends=True)[-lines:])


def read_environment(data: Path) -> dict[str, str]:
    """The variables that Medplum's own tools read, for the sandbox that serves `data`; one of them is secret.

    Raises:
        SandboxError: no sandbox serves the folder.
    """
    status = find_sandbox(data)
    if status is None:
        msg = f"no sandbox serves {data}; start one with `workbench sandbox start --background`"
        raise SandboxError(msg)
    return {
        "MEDPLUM_BASE_URL": status.base_url,
        "MEDPLUM_CLIENT_ID": status.client_id,
        "MEDPLUM_CLIENT_SECRET": status.client_secret,
    }


def _reason(ended: subprocess.CompletedProcess[str]) -> str:
    try:
        problem: str = json.loads(ended.stdout)["problem"]
    except (ValueError, KeyError):
        return f"the sandbox could not be started in the background: {ended.stderr.strip()[-600:]}"
    return problem


def _ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # without /proc, that it may be signalled is all there is to know
    return state != "Z"  # ended, and only waiting for a parent that may never ask
