"""Where a command finds what a project keeps: its store of events, and the providers it describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workbench.events.providers import Provider

__all__ = ["StoreOption", "known_providers", "store_file"]

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="The store of events. [default: the project's .workbench/events.db]")
]


def store_file(store: Path | None) -> Path:
    """Give the file of the store that was named, or else the project's own; its folder is there."""
    from workbench.flows.project import find_project, prepare_data_folder

    return store or prepare_data_folder(find_project(Path.cwd()).data / "events.db")


def known_providers() -> Mapping[str, Provider]:
    """Give the shipped providers, and those that the project around the current folder describes in `providers/`."""
    from workbench.flows.provider_files import project_providers

    return project_providers(Path.cwd())
