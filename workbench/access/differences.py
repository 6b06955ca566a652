"""Two resources → the paths at which they differ, and what becomes of one when the parts we manage are set.

We own the elements that we name; tags and identifiers are shared lists, in which ours are put beside the others'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Difference", "differences", "with_managed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where an existing resource is not as desired; `before` or `after` is None where there is nothing."""

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> tuple[Difference, ...]:
    """Every place where two JSON values differ, in the order of the paths; lists are compared item by item.

    >>> differences({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]})
    (Difference(path='b[1]', before=2, after=3),)
    """
    return tuple(_differences(before, after, path))


def with_managed(existing: dict[str, Any], managed: dict[str, Any]) -> dict[str, Any]:
    """The existing resource with the elements we manage set; other elements, tags and identifiers stay.

    >>> with_managed({"name": "old", "note": "theirs"}, {"name": "new"})
    {'name': 'new', 'note': 'theirs'}
    """
    merged = {**existing, **managed}
    if "meta" in managed:
        tags = [*((existing.get("meta") or {}).get("tag") or [])]
        tags += [tag for tag in managed["meta"].get("tag", []) if tag not in tags]
        merged["meta"] = {**(existing.get("meta") or {}), "tag": tags}
    if "identifier" in managed:
        ours = {identifier["system"] for identifier in managed["identifier"]}
        kept = [each for each in existing.get("identifier") or [] if each.get("system") not in ours]
        merged["identifier"] = [*managed["identifier"], *kept]
    return {name: value for name, value in merged.items() if value is not None}


def _differences(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            old, new = (items[place] if place < len(items) else None for items in (before, after))
            yield from _differences(old, new, f"{path}[{place}]")
    elif type(before) is not type(after) or before != after:
        yield Difference(path=path, before=before, after=after)
