"""A project folder for somebody who installed the package: notebooks, samples, mappings with their integration files.

They are carried in the wheel (`workbench/project/`); in a clone of the repository they are the repository's own.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Final

from workbench.errors import StoreError

__all__ = ["PARTS", "make_project", "project_source"]

PARTS: Final = ("notebooks", "sample_events", "mappings")
_LEFT_OUT: Final = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", ".DS_Store")
_IGNORED: Final = ".workbench/\nreports/\n.ipynb_checkpoints/\n"


def make_project(folder: Path) -> tuple[Path, ...]:
    """Write a project into a folder, new or empty of such files, and give the files that were written.

    Raises:
        StoreError: something of it is there already; nothing is written over, and nothing else is written.
    """
    source = project_source()
    wanted = [*PARTS, "README.md", ".gitignore"]
    there = [name for name in wanted if (folder / name).exists()]
    if there:
        message = f"{folder}: holds {', '.join(there)} already, and nothing is written over; give a new folder"
        raise StoreError(message)
    for name in PARTS:
        shutil.copytree(source / name, folder / name, ignore=_LEFT_OUT)
    guide = resources.files("workbench.flows").joinpath("new_project.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(guide, encoding="utf-8")
    (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    return tuple(sorted(path for name in wanted for path in _files(folder / name)))


def project_source() -> Path:
    """The folder that new projects are copied from: the wheel's, or the clone that this package runs in.

    Raises:
        StoreError: neither is there; the package was not installed whole.
    """
    package = Path(str(resources.files("workbench")))
    for candidate in (package / "project", package.parent):
        if all((candidate / name).is_dir() for name in PARTS):
            return candidate
    message = f"{package}: holds no project files; install the package anew, from a wheel or a clone"
    raise StoreError(message)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
