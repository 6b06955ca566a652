"""Words for what keeps a sandbox from starting: what failed, where, what was found, what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from workbench.errors import SandboxError

__all__ = ["HOST", "LOG", "STATE", "start_problem"]

HOST = "127.0.0.1"
LOG = "sandbox.log"
STATE = "sandbox.json"  # which process serves the folder, and where

_LOG_TAIL = 600  # characters of the log shown when the server does not come up


def start_problem(message: Mapping[str, str], data: Path, port: int) -> SandboxError:
    """The error for a server that did not come up; `message` is its last word, `{problem, message}`."""
    found = message.get("message", "")
    database = data / "sandbox.db"
    texts = {
        "port": f"port {port} on {HOST} is in use; stop what uses it, or choose another (0 takes any free one)",
        "corrupt": f"the database {database} is damaged ({found}); restore it from a copy, or start in an empty folder",
        "foreign": f"{database} belongs to another program; choose another folder",
        "outdated": f"the database in {data} was made by another version of the sandbox ({found}); "
        "reset it with `workbench sandbox reset`, or choose another folder",
        "unwritable": f"the database in {data} cannot be written ({found}); free disk space or permissions",
    }
    problem = message.get("problem", "")
    if problem == "locked":
        return SandboxError(_locked(data))
    if problem == "silent":
        tail = (data / LOG).read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        return SandboxError(f"the sandbox ended before it was ready; the end of {data / LOG} reads: {tail}")
    return SandboxError(texts.get(problem, f"the sandbox could not start in {data}: {found}; its log is {data / LOG}"))


def _locked(data: Path) -> str:
    try:
        state = json.loads((data / STATE).read_text(encoding="utf-8"))
        os.kill(state["pid"], 0)
    except (OSError, ValueError, KeyError):
        return f"the database in {data} is locked by another program; close it and start again"
    return (
        f"the folder {data} is in use by a running sandbox (process {state['pid']} at {state['base_url']}); "
        "use that one, stop it, or choose another folder"
    )
