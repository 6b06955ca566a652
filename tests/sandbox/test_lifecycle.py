"""A sandbox in the background lives and ends by its folder."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workbench.errors import SandboxError
from workbench.sandbox.launcher import read_credentials, start_sandbox
from workbench.sandbox.lifecycle import (
    RunningSandbox,
    find_sandbox,
    read_environment,
    read_logs,
    reset_sandbox,
    start_background,
    stop_background,
)
from workbench.sandbox.settings import SandboxSettings


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox in the background, stopped afterwards."""
    status = start_background(tmp_path / "data", SandboxSettings(features=["bots"]))
    yield status
    stop_background(status.data)


def test_background_sandbox_goes_on_and_is_found(running: RunningSandbox) -> None:
    """Nobody holds it, and its folder tells where it is."""
    found = find_sandbox(running.data)

    assert running == found
    assert httpx.get(f"{running.base_url}healthcheck", trust_env=False).status_code == httpx.codes.OK


def test_stop_ends_it_and_says_whether_there_was_one(running: RunningSandbox) -> None:
    """A second stop finds nothing."""
    stopped = (stop_background(running.data), stop_background(running.data))

    assert stopped == (True, False)
    assert find_sandbox(running.data) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.base_url}healthcheck", trust_env=False)


def test_status_does_not_trust_a_process_id(running: RunningSandbox) -> None:
    """After a crash the state names a process that may be anybody's: it is not taken for the sandbox, nor killed."""
    os.kill(running.pid, signal.SIGKILL)
    state = running.data / "sandbox.json"
    state.write_text(state.read_text().replace(str(running.pid), str(os.getpid())))

    assert find_sandbox(running.data) is None
    assert stop_background(running.data) is False


def test_environment_names_medplums_variables(running: RunningSandbox) -> None:
    """The three variables of Medplum's own tools."""
    expected = {
        "MEDPLUM_BASE_URL": running.base_url,
        "MEDPLUM_CLIENT_ID": running.client_id,
        "MEDPLUM_CLIENT_SECRET": read_credentials(running.data)["client_secret"],
    }

    assert expected == read_environment(running.data)


def test_logs_are_the_last_lines(running: RunningSandbox) -> None:
    """The log of a sandbox that just started says where it listens."""
    assert read_logs(running.data, lines=1).endswith(f"INFO listening on {running.base_url}\n")


def test_reset_waits_for_the_stop_and_keeps_other_files(running: RunningSandbox) -> None:
    """A running sandbox is not reset; a stopped one loses its own files only."""
    (running.data / "notes.txt").write_text("mine")
    with pytest.raises(SandboxError, match=r"is in use by a running sandbox \(process \d+\); stop it first"):
        reset_sandbox(running.data)
    stop_background(running.data)

    reset_sandbox(running.data)

    assert [path.name for path in running.data.iterdir()] == ["notes.txt"]


def test_two_sandboxes_on_one_folder_are_refused(running: RunningSandbox) -> None:
    """The second start names the first's process and address."""
    with pytest.raises(SandboxError, match=rf"process {running.pid} at {running.base_url}"):
        start_sandbox(running.data)
    with pytest.raises(SandboxError, match="in use by a running sandbox"):
        start_background(running.data)


def test_nothing_is_known_of_an_empty_folder(tmp_path: Path) -> None:
    """No status, no log, no environment, and what to do."""
    assert find_sandbox(tmp_path) is None
    with pytest.raises(SandboxError, match=r"holds no sandbox: sandbox.log is missing; start one there first"):
        read_logs(tmp_path)
    with pytest.raises(SandboxError, match=r"no sandbox serves .*; start one with"):
        read_environment(tmp_path)
