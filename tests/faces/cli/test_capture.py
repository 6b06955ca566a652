"""`workbench capture`: a line for each delivery, no payload; Ctrl-C is the way to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
from typer.testing import Result

Workbench = Callable[..., Result]


def test_deliveries_are_told_as_they_come_and_kept(project: Path, workbench: Workbench) -> None:
    """A verified delivery, its repetition and a refused one: three lines, two counts, exit code 0 after Ctrl-C."""
    made = workbench("events", "new", "okta", "user.lifecycle.create", "--out", "mine")
    body = Path(made.stdout.strip()).read_bytes()
    command = [sys.executable, "-m", "workbench", "capture", "--provider", "okta", "--port", "0"]
    capture = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OKTA_WEBHOOK_SECRET": "shared-value"},
    )
    assert capture.stderr
    url = capture.stderr.readline().split("listening at ")[1].split(";")[0]
    answers = [
        httpx.post(url, content=body, headers={"authorization": secret}, trust_env=False).status_code
        for secret in ("shared-value", "shared-value", "another")
    ]
    capture.send_signal(signal.SIGINT)
    told, said = capture.communicate(timeout=30)

    assert answers == [200, 200, 400]
    assert [line[10:].split("  user.lifecycle.create")[0] for line in told.splitlines()] == [
        "200  okta  verified",
        "200  okta  verified again",
        "400  okta  refused",
    ]
    assert "@" not in told
    assert "1 refused, 2 verified" in said
    assert "verified" in workbench("events", "list", "--verdict", "verified").stdout


def test_what_cannot_be_listened_to_is_one_error(project: Path, workbench: Workbench) -> None:
    """An unknown provider, and an address that others could reach."""
    assert "no provider is named 'strip'" in str(workbench("capture", "--provider", "strip").exception)
    assert "listens on this machine only" in str(workbench("capture", "--host", "0.0.0.0", "--port", "0").exception)
