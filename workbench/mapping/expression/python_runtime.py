"""The names that the Python of an expression calls."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

from workbench.mapping.expression.functions import (
    arrays,
    calls,
    dates,
    grouping,
    matching,
    nulls,
    number_text,
    numbers,
    objects,
    operators,
    paths,
    signatures,
    strings,
    truth,
    values,
)

__all__ = ["runtime_names"]

_MODULES: tuple[ModuleType, ...] = (
    values, nulls, truth, objects, number_text, operators, calls, signatures, paths, arrays, grouping, numbers, strings,
    matching, dates,
)  # fmt: skip


@lru_cache(maxsize=1)
def _names() -> dict[str, Any]:
    return {name: getattr(module, name) for module in _MODULES for name in module.__all__}


def runtime_names() -> dict[str, Any]:
    """A namespace with every runtime function, for one compiled text."""
    return dict(_names())
