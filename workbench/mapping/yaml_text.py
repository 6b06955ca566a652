"""Nested values with comments → the YAML text of a mapping, as a person would set it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Noted", "write_yaml"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9=/$(_][^\n#]*[^\s:#]|[A-Za-z0-9=]")
_NOT_A_TEXT: Final = re.compile(r"(?i)true|false|null|~|[-+]?[0-9.][0-9.eExXoO+_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A value with a comment for who edits it."""

    value: Any
    note: str


def write_yaml(value: dict[str, Any]) -> str:
    """The YAML of nested tables, lists, texts, numbers and booleans.

    >>> print(write_yaml({"a": [{"b": "=x: 1", "c": Noted(value=True, note="choose")}]}), end="")
    a:
      - b: '=x: 1'
        c: true  # choose
    """
    return "".join(f"{line}\n" for line in _table(value, ""))


def _table(table: dict[str, Any], indent: str) -> Iterator[str]:
    for key, found in table.items():
        value, note = (found.value, f"  # {found.note}") if isinstance(found, Noted) else (found, "")
        if isinstance(value, dict):
            yield f"{indent}{key}:{note}"
            yield from _table(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:{note}"
            yield from _list(value, indent + "  ")
        else:
            yield f"{indent}{key}: {_scalar(value)}{note}"


def _list(items: list[Any], indent: str) -> Iterator[str]:
    for found in items:
        value, note = (found.value, f"  # {found.note}") if isinstance(found, Noted) else (found, "")
        if isinstance(value, dict):
            first, *rest = _table(value, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(value)}{note}"


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if _PLAIN.fullmatch(value) and not _NOT_A_TEXT.fullmatch(value) and ": " not in value:
        return value
    return "'" + value.replace("'", "''") + "'"
