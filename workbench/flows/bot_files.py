"""The bot of an integration as a file: what is deployed, to be read, kept and compared."""

from __future__ import annotations

from pathlib import Path

from workbench.flows.integrations import LoadedIntegration

__all__ = ["write_bot"]


def write_bot(loaded: LoadedIntegration, folder: Path) -> Path:
    """Return the CommonJS file that was written, `NAME.js`: the bytes that `apply_integration` deploys.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{loaded.name}.js"
    file.write_text(loaded.code, encoding="utf-8", newline="\n")
    return file
