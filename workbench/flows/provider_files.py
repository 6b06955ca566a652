"""The providers of a project: those that are shipped, and those that the project describes itself in YAML files."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

import yaml

from workbench.errors import IntegrationError, Problem, StoreError
from workbench.events.providers import PROVIDERS, Provider, provider_from
from workbench.flows.project import find_project

__all__ = ["project_providers", "read_providers"]


def project_providers(start: Path) -> Mapping[str, Provider]:
    """Return the shipped providers, and those that the project at or above a folder describes in `providers/`.

    Raises:
        IntegrationError: with every fault of every file.
    """
    try:
        root = find_project(start).root
    except StoreError:  # outside of a project the shipped ones are all there are
        root = start
    return read_providers(root / "providers")


def read_providers(folder: Path) -> Mapping[str, Provider]:
    """Return the shipped providers and those in a folder of entries; a project's own goes before one of that name.

    Args:
        folder: of YAML files in the grammar of `workbench.events.entries`, each named as its provider; or no folder.

    Raises:
        IntegrationError: with every fault of every file.
    """
    own: dict[str, Provider] = {}
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            provider = provider_from(yaml.safe_load(file.read_text(encoding="utf-8")), file=str(file))
        except IntegrationError as error:
            problems.extend(error.problems)
            continue
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
            problems.append(Problem(message="is not YAML", file=str(file), **place))
            continue
        if provider.name != file.stem:
            remedy = f"name it {provider.name}.yaml"
            problems.append(Problem(message=f"describes {provider.name}", file=str(file), remedy=remedy))
        own[provider.name] = provider
    if problems:
        raise IntegrationError(problems)
    return ChainMap(own, PROVIDERS)  # type: ignore[arg-type]
