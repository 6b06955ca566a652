"""Where a project's files are: the folder that an analyst works in, a clone of this repository or one like it.

```
project/  mappings/<provider>/integration.yaml, *.yaml, codes/    sample_events/    notebooks/
          .workbench/   what we keep (the sandbox's data)          reports/          what we write for people
```
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.errors import StoreError

__all__ = ["Project", "find_project", "prepare_data_folder"]

_DATA = ".workbench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project folder and the places in it; only `data` and `reports` are ever written."""

    root: Path

    @property
    def samples(self) -> Path:
        """Deliveries as bytes and headers, one folder a provider and event type."""
        return self.root / "sample_events"

    @property
    def mappings(self) -> Path:
        """Mapping documents and integration files, one folder a provider."""
        return self.root / "mappings"

    @property
    def notebooks(self) -> Path:
        """The notebooks as they are kept: without outputs."""
        return self.root / "notebooks"

    @property
    def data(self) -> Path:
        """What the workbench keeps between runs; ignored by git."""
        return self.root / _DATA

    @property
    def reports(self) -> Path:
        """Executed notebooks, pages and metrics; ignored by git."""
        return self.root / "reports"

    def integrations(self) -> tuple[Path, ...]:
        """List the integration files, sorted by provider."""
        return tuple(sorted(self.mappings.glob("*/integration.yaml")))


def find_project(start: Path) -> Project:
    """Give the nearest project at or above a folder: the first one that holds `mappings/`.

    Raises:
        StoreError: neither the folder nor any above it is a project.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / "mappings").is_dir():
            return Project(root=candidate)
    message = f"no project at {folder} or above it: no folder there holds mappings/; run this inside a project folder"
    raise StoreError(message)


def prepare_data_folder(folder: Path) -> Path:
    """Make `.workbench` where a data folder stands in it, and give the folder back.

    Any other folder's parent is the caller's own: a name that was mistyped must not become a place for data.
    """
    if folder.parent.name == _DATA:
        folder.parent.mkdir(exist_ok=True)
    return folder
