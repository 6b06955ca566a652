"""A sandbox starts with one clear word, loses nothing it answered, and never outlives who started it."""

import contextlib
import os
import socket
import sqlite3
import stat
from pathlib import Path

import deno
import httpx
import pytest

from workbench.errors import SandboxError
from workbench.sandbox.launcher import Sandbox, start_sandbox
from workbench.sandbox.preconditions import check_bundle, find_deno
from workbench.sandbox.settings import SandboxSettings

LISTENING = "0A"  # in /proc/net/tcp
PATIENCE = 20.0  # seconds until a process that must end is taken for one that does not


def client_of(sandbox: Sandbox) -> httpx.Client:
    """The admin's client."""
    auth = (sandbox.client_id, sandbox.client_secret)
    return httpx.Client(base_url=f"{sandbox.base_url}fhir/R4/", auth=auth, timeout=30, trust_env=False)


def test_secrets_are_the_owners_alone(sandbox: Sandbox) -> None:
    """The files that hold secrets have mode 0600, and a repr shows none."""
    files = [sandbox.data / "credentials.json", *sandbox.data.glob("sandbox.db*")]
    modes = {stat.S_IMODE(file.stat().st_mode) for file in files}
    secrets = (sandbox.client_secret, sandbox.super_client_secret, sandbox.owner_password)

    assert modes == {0o600}
    assert [secret for secret in secrets if secret in repr(sandbox)] == []


def test_credentials_are_random_and_stay(tmp_path: Path) -> None:
    """Each folder has its own secrets, the same at every start."""
    with start_sandbox(tmp_path / "one") as one, start_sandbox(tmp_path / "two") as two:
        first = (one.client_id, one.client_secret)
        other = (two.client_id, two.client_secret)
    with start_sandbox(tmp_path / "one") as again:
        kept = (again.client_id, again.client_secret)

    assert first == kept
    assert first != other


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    """A port that was asked for is not exchanged for another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SandboxError, match=rf"port {port} on 127\.0\.0\.1 is in use; stop what uses it, or choose"):
            start_sandbox(tmp_path / "data", port=port)


def test_it_listens_on_loopback_only(sandbox: Sandbox) -> None:
    """No other address of the machine answers at its port."""
    port = int(sandbox.base_url.rstrip("/").rpartition(":")[2])
    held = Path("/proc/net/tcp").read_text().splitlines()[1:]

    listening = [
        line.split()[1] for line in held if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]

    assert listening == [f"0100007F:{port:04X}"]


def test_a_missing_parent_folder_is_named(tmp_path: Path) -> None:
    """A folder is made only where its parent is."""
    with pytest.raises(SandboxError, match=r"data folder cannot be made: .*/none does not exist; create it, or choose"):
        start_sandbox(tmp_path / "none" / "data")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A data folder that is a file is refused."""
    (tmp_path / "data").write_text("")

    with pytest.raises(SandboxError, match=r"the data folder .*/data is a file; choose a folder"):
        start_sandbox(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    """A folder one may not write to is refused before anything is started."""
    (tmp_path / "data").mkdir(mode=0o500)

    with pytest.raises(SandboxError, match="is not writable; choose a folder you may write to"):
        start_sandbox(tmp_path / "data")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"this is no database" * 500, r"the database .*/sandbox\.db is damaged \(.*\); restore it from a copy"),
        (b"", None),
    ],
    ids=["garbage", "empty"],
)
def test_a_file_that_is_no_database_is_named(content: bytes, text: str | None, tmp_path: Path) -> None:
    """Garbage is called damaged; an empty file is a new database."""
    (tmp_path / "sandbox.db").write_bytes(content)

    if text is None:
        start_sandbox(tmp_path).stop()
    else:
        with pytest.raises(SandboxError, match=text):
            start_sandbox(tmp_path)


def test_a_damaged_database_is_found_when_opened(tmp_path: Path) -> None:
    """Bytes overwritten in the middle of the file are found by its check."""
    with start_sandbox(tmp_path) as sandbox, client_of(sandbox) as client:
        for number in range(50):
            client.post("Patient", json={"resourceType": "Patient", "name": [{"family": f"F{number}"}]})
    path = tmp_path / "sandbox.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8192)

    with pytest.raises(SandboxError, match=r"sandbox\.db is damaged"):
        start_sandbox(tmp_path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """An SQLite file that is not ours is not written to."""
    with sqlite3.connect(tmp_path / "sandbox.db") as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()

    with pytest.raises(SandboxError, match=r"belongs to another program; choose another folder"):
        start_sandbox(tmp_path)


def test_a_database_of_another_version_is_named(tmp_path: Path) -> None:
    """A file whose schema is not ours is neither used nor changed."""
    start_sandbox(tmp_path).stop()
    with sqlite3.connect(tmp_path / "sandbox.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    with pytest.raises(
        SandboxError, match=r"was made by another version of the sandbox \(schema 1, expected \d+\); reset"
    ):
        start_sandbox(tmp_path)


def test_a_locked_database_is_named(tmp_path: Path) -> None:
    """A lock that another program holds is told apart from a running sandbox."""
    start_sandbox(tmp_path).stop()
    connection = sqlite3.connect(tmp_path / "sandbox.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SandboxError, match="is locked by another program; close it and start again"):
            start_sandbox(tmp_path)
    finally:
        connection.close()


def test_a_sandbox_that_was_not_built_says_how(tmp_path: Path) -> None:
    """Without the bundle the remedy is `make setup`."""
    with pytest.raises(SandboxError, match=r"the sandbox was not built: .* has no server.mjs; run `make setup`"):
        check_bundle(tmp_path)


def test_a_missing_deno_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package `deno` finds no program the remedy is to install it."""

    def find_nothing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(deno, "find_deno_bin", find_nothing)

    with pytest.raises(SandboxError, match=r"Deno is missing: .*; run `pip install deno`"):
        find_deno()


def test_an_awkward_folder_is_a_folder(tmp_path: Path) -> None:
    """Spaces, commas and letters beyond ASCII in the folder's name are no trouble, nor is a relative path."""
    folder = tmp_path / "a b,c" / "ü"
    folder.parent.mkdir()

    with contextlib.chdir(folder.parent), start_sandbox(Path("ü")) as sandbox:
        found = httpx.get(f"{sandbox.base_url}healthcheck", trust_env=False).status_code

    assert (found, sandbox.data) == (httpx.codes.OK, folder)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"conflict_rate": 1.5}, "conflict_rate must be between 0 and 1, found 1.5"),
        ({"port": 70000}, "port must be between 0 and 65535, found 70000"),
        ({"runtime": "node"}, "runtime must be one of vmcontext, awslambda, found node"),
        ({"quota": 0}, "quota must be positive, found 0"),
        ({"latency": -1}, "latency must not be negative"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], text: str) -> None:
    """A wrong setting is a ValueError that names it."""
    with pytest.raises(ValueError, match=text):
        SandboxSettings(**settings)  # type: ignore[arg-type]
