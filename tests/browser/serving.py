"""Jupyter servers for the tests: each on a free loopback port, knowing nothing of this user's own settings."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["own_folders", "serving"]


@contextmanager
def serving(folder: Path, module: str, *arguments: str, path: str = "/") -> Iterator[str]:
    """The address, without a slash at its end, of `python -m module` with a port of its own, once `path` is answered.

    Its settings, runtime files and log are in `folder`.
    """
    port, log = _free_port(), folder / "server.log"
    command = [sys.executable, "-m", module, *arguments, "--no-browser", f"--port={port}"]
    with log.open("w") as lines:
        process = subprocess.Popen(command, env=os.environ | own_folders(folder), stdout=lines, stderr=lines)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + path, process, log)
        yield address
    finally:
        process.terminate()  # it shuts its kernels down, and each kernel its sandbox
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # a kernel that was just starting keeps it; that ends by itself
            process.kill()
            process.wait()


def own_folders(folder: Path) -> dict[str, str]:
    """Give Jupyter's folders for configuration, data, runtime files, settings and layouts, all below one."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(folder / name.lower()) for name in names}
    return own | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTER_PREFER_ENV_PATH": "1"}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the address answers; fail with the end of the log when the process ended, or after a minute."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except urllib.error.HTTPError:  # it answers, if only that there is nothing
            return
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])
