"""Starts the embedded Medplum on loopback and holds it: `with start_sandbox(folder) as sandbox: ...`.

The server is Medplum's own router and core over an SQLite file, run by Deno. It may touch its folder and its own
port, nothing else, and it ends when its standard input does: with this process, however this process ends.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from workbench.errors import SandboxError
from workbench.sandbox.preconditions import check_bundle, check_folder, find_deno
from workbench.sandbox.problems import HOST, LOG, STATE, start_problem
from workbench.sandbox.settings import DEFAULT_FEATURES, Runtime, SandboxSettings

__all__ = ["Sandbox", "launch", "read_credentials", "start_sandbox"]

BUNDLE = Path(__file__).parent / "bundle"
CREDENTIALS = "credentials.json"

_READY_SECONDS = 60.0  # a large file on a busy machine; a usual start takes half a second
_STOP_SECONDS = 10.0
_PORT_ATTEMPTS = 5
_KEPT_VARIABLES = ("SYSTEMROOT", "TEMP", "TMP")  # Windows opens no socket without them


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox; its secrets are not shown by `repr`."""

    base_url: str  # ends with a slash
    project_id: str
    client_id: str
    client_secret: str = field(repr=False)
    super_client_id: str = field(repr=False)  # may switch features on, as only a super admin can
    super_client_secret: str = field(repr=False)
    owner_email: str = field(repr=False)  # the project's owner, for tools that sign in as a person
    owner_password: str = field(repr=False)
    data: Path
    pid: int
    _process: subprocess.Popen[bytes] = field(repr=False)

    def stop(self) -> None:
        """Ends the server and waits until it is gone; does nothing when it is already."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        (self.data / STATE).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_sandbox(
    data: Path,
    *,
    port: int = 0,
    quota: int | None = None,
    conflict_rate: float = 0.0,
    latency: float = 0.0,
    fail_rate: float = 0.0,
    runtime: Runtime = "vmcontext",
    seed: int | None = None,
    features: Sequence[str] = DEFAULT_FEATURES,
    bot_limit: float = 30.0,
) -> Sandbox:
    """Gives a sandbox that answers requests already, serving the folder `data` (made if only it is missing).

    The arguments are those of `SandboxSettings`. It runs until `stop()`, the end of the `with` block or the end of
    this process.

    Raises:
        SandboxError: the port is taken; the folder is missing, not writable, in use or damaged; the sandbox was not
            built; Deno is missing.
        ValueError: a setting is out of its range.
    """
    settings = SandboxSettings(
        port=port,
        runtime=runtime,
        quota=quota,
        conflict_rate=conflict_rate,
        fail_rate=fail_rate,
        latency=latency,
        seed=seed,
        features=features,
        bot_limit=bot_limit,
    )
    data = data.absolute()  # the sandbox outlives a change of the working folder
    process, ready = launch(data, settings, attached=True)
    return Sandbox(
        base_url=f"http://{HOST}:{ready['port']}/",
        **read_credentials(data),
        data=data,
        pid=process.pid,
        _process=process,
    )


def launch(data: Path, settings: SandboxSettings, *, attached: bool) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Gives the server's process and its ready message; not `attached`, it outlives this process.

    Raises:
        SandboxError: it could not start.
    """
    check_folder(data)
    check_bundle(BUNDLE)
    deno = find_deno()
    try:
        return _launch_on_a_port(deno, data, settings, attached=attached)
    except OSError as error:
        msg = f"the data folder {data} cannot be written ({error.strerror}); free disk space or permissions"
        raise SandboxError(msg) from error


def _launch_on_a_port(
    deno: str, data: Path, settings: SandboxSettings, *, attached: bool
) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        chosen = settings.port or _free_port()
        process = _spawn(deno, data, settings, port=chosen, attached=attached)
        message = _first_line(process)
        if message.get("ready"):
            state = {"pid": process.pid, "port": chosen, "base_url": f"http://{HOST}:{chosen}/"}
            (data / STATE).write_text(json.dumps(state), encoding="utf-8")
            return process, message
        _discard(process)
        # Another program may take a free port before the server does; a port that was asked for is not given up.
        if message.get("problem") != "port" or settings.port or attempt == _PORT_ATTEMPTS:
            raise start_problem(message, data, chosen)
    raise AssertionError


def read_credentials(data: Path) -> dict[str, str]:
    """The ids and secrets that the server keeps in its folder, in a file that only its owner may read.

    Raises:
        SandboxError: the folder has none: no sandbox was started in it.
    """
    path = data / CREDENTIALS
    try:
        held: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{data} holds no sandbox: {CREDENTIALS} is missing; start one there first"
        raise SandboxError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read ({type(error).__name__}); restore it, or delete it while the sandbox is stopped"
        raise SandboxError(msg) from error
    return held


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _spawn(deno: str, data: Path, settings: SandboxSettings, *, port: int, attached: bool) -> subprocess.Popen[bytes]:
    folder = data.resolve()
    told = dict(settings.arguments()) | {
        "data": str(folder),
        "bundle": str(BUNDLE),
        "deno": deno,
        "port": port,
        "attached": attached,
    }
    command = [
        *(deno, "run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock"),
        # The folder is `.`, where the server is started: a comma in its name would end it in Deno's lists.
        *(f"--allow-read={BUNDLE},.", "--allow-write=.", f"--allow-net={HOST}:{port}"),
        f"--allow-run={deno}",  # bots run in processes of their own, under narrower permissions
        str(BUNDLE / "server.mjs"),
        json.dumps(told),
    ]
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment = kept | {"NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", "DENO_DIR": str(folder / "deno")}
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 (our own program, no shell)
            command,
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd=folder,
            umask=0o077,  # the database holds the secrets too
            start_new_session=True,  # Ctrl-C in a terminal is for us; the server ends with its input
        )


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The server's first line, or a problem when it ends or stays silent."""
    timer = threading.Timer(_READY_SECONDS, process.kill)
    timer.start()
    try:
        line = _stream(process).readline()
    finally:
        timer.cancel()
    try:
        message: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"problem": "silent"}
    return message


def _stream(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _discard(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
