"""The error of a helper that cannot go on; its text says what kind of value it met, never which."""

from __future__ import annotations

from typing import Any

from workbench.errors import MappingRunError

__all__ = ["helper_fault"]


def helper_fault(found: Any, code: str, expected: str, remedy: str) -> MappingRunError:
    """What was expected, the kind of what was found, and what to do."""
    return MappingRunError(f"{expected}, found {_kind(found)}; {remedy}", code=code)


def _kind(value: Any) -> str:
    """What a value is, never what it says."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
