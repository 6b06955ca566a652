"""JSON as a tree that folds, without JavaScript: `<details>` in a notebook, a report or a saved page alike.

Values are masked until they are asked for: an event or a resource holds people's data, and a notebook is passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from workbench.faces.markup import Html, render

__all__ = ["tree"]

_MOST: Final = 200  # members of one object or list; a longer one says how many more there are


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One member: a leaf with its text, or a branch with its children."""

    name: str
    kind: str  # object, list, text, number, truth, null; or more
    text: str
    children: tuple[_Node, ...] = ()
    open: bool = False


def tree(value: Any, *, title: str = "", reveal: bool = False, depth: int = 2) -> Html:
    """A JSON value as a folding tree.

    Args:
        value: what `json.loads` gives.
        title: what stands above it.
        reveal: show the values; without it each says only its type and length.
        depth: how many levels are open at first.
    """
    root = _node(title or _kind(value), value, reveal=reveal, depth=depth)
    shown = "values shown" if reveal else "values masked; reveal=True shows them"
    return Html(text=f"{title or 'JSON'}: {root.text} ({shown})", html=render("tree", root=root, masked=not reveal))


def _node(name: str, value: Any, *, reveal: bool, depth: int) -> _Node:
    if isinstance(value, dict | list):
        children = tuple(_children(value, reveal=reveal, depth=depth - 1))
        size = f"{len(value):,} {'field' if isinstance(value, dict) else 'item'}{'' if len(value) == 1 else 's'}"
        return _Node(name=name, kind=_kind(value), text=size, children=children, open=depth > 0)
    return _Node(name=name, kind=_kind(value), text=_leaf(value, reveal=reveal))


def _children(value: dict[str, Any] | list[Any], *, reveal: bool, depth: int) -> Iterator[_Node]:
    members = (
        list(value.items()) if isinstance(value, dict) else [(str(index), item) for index, item in enumerate(value)]
    )
    for name, item in members[:_MOST]:
        yield _node(name, item, reveal=reveal, depth=depth)
    if len(members) > _MOST:
        yield _Node(name="", kind="more", text=f"{len(members) - _MOST:,} more")


def _leaf(value: Any, *, reveal: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if reveal:
        return f'"{value}"' if isinstance(value, str) else str(value)
    return f"text, {len(value):,} characters" if isinstance(value, str) else "number"


def _kind(value: Any) -> str:
    kinds = ((dict, "object"), (list, "list"), (str, "text"), (bool, "truth"), (int | float, "number"))
    return next((kind for type_, kind in kinds if isinstance(value, type_)), "null")
