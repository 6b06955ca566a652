"""What must be there before a sandbox can start: its folder, its bundle, Deno."""

from __future__ import annotations

import os
from pathlib import Path

import deno

from workbench.errors import SandboxError

__all__ = ["check_bundle", "check_folder", "find_deno"]


def check_folder(data: Path) -> None:
    """Nothing when `data` is a folder that may be written to; it is made if only it is missing.

    Raises:
        SandboxError: it is not, or cannot be made.
    """
    if not data.exists():
        if not data.parent.is_dir():
            msg = f"the data folder cannot be made: {data.parent} does not exist; create it, or choose another folder"
            raise SandboxError(msg)
        try:
            data.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"the data folder {data} cannot be made ({error.strerror}); choose a folder you may write to"
            raise SandboxError(msg) from error
    if not data.is_dir():
        msg = f"the data folder {data} is a file; choose a folder"
        raise SandboxError(msg)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        msg = f"the data folder {data} is not writable; choose a folder you may write to"
        raise SandboxError(msg)


def check_bundle(bundle: Path) -> None:
    """Nothing when the server was built.

    Raises:
        SandboxError: it was not.
    """
    if not (bundle / "server.mjs").is_file():
        msg = f"the sandbox was not built: {bundle} has no server.mjs; run `make setup`"
        raise SandboxError(msg)


def find_deno() -> str:
    """The path of the Deno that runs the server.

    Raises:
        SandboxError: the environment has none.
    """
    try:
        return str(deno.find_deno_bin())
    except FileNotFoundError as error:
        msg = "Deno is missing: the package `deno` has no program in this environment; run `pip install deno`"
        raise SandboxError(msg) from error
