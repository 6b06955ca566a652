"""Count what stands at each path of a stream of JSON objects, in memory that does not grow with their number.

This is the inner loop of a profile and is written for speed: 6 KB of event hold about 200 values. What is counted here
is read by `profile`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["KEPT_VALUES", "Shape"]

KEPT_VALUES = 100  # distinct values kept at a path; of more it is only known that there are more
KEPT_CHARACTERS = 120  # of a value
MOST_KEYS = 300  # of an object; more are data and not structure, and are counted together under `*`
MOST_DEEP = 60


class Shape:
    """What was seen at one path."""

    __slots__ = (
        "arrays",
        "booleans",
        "integers",
        "items",
        "keys",
        "nulls",
        "numbers",
        "objects",
        "others",
        "strings",
        "values",
    )

    def __init__(self) -> None:
        self.nulls = self.booleans = self.integers = self.numbers = self.strings = self.objects = self.arrays = 0
        self.others = 0  # values that were seen after KEPT_VALUES different ones
        self.values: dict[Any, int] = {}
        self.keys: dict[str, Shape] = {}
        self.items: Shape | None = None

    @property
    def seen(self) -> int:
        """How many values stood here, nulls included."""
        scalars = self.nulls + self.booleans + self.integers + self.numbers + self.strings
        return scalars + self.objects + self.arrays

    @property
    def types(self) -> dict[str, int]:
        """How many values of each JSON type stood here; types that never did are left out."""
        counts = {
            "null": self.nulls,
            "boolean": self.booleans,
            "integer": self.integers,
            "number": self.numbers,
            "string": self.strings,
            "object": self.objects,
            "array": self.arrays,
        }
        return {name: count for name, count in counts.items() if count}

    def add(self, value: dict[str, Any], depth: int = 0) -> None:
        """Count an object and everything in it."""
        self.objects += 1
        if depth > MOST_DEEP:
            return
        keys = self.keys
        for key, item in value.items():
            shape = keys.get(key)
            if shape is None:
                shape = self._new_key(key)
            kind = type(item)
            if kind is str:
                shape.strings += 1
                if len(item) > KEPT_CHARACTERS:
                    item = item[:KEPT_CHARACTERS]
            elif kind is int:
                shape.integers += 1
            elif item is None:
                shape.nulls += 1
                continue
            elif kind is dict:
                shape.add(item, depth + 1)
                continue
            elif kind is list:
                shape._add_list(item, depth + 1)
                continue
            elif kind is bool:
                shape.booleans += 1
                continue
            else:
                shape.numbers += 1
            values = shape.values
            if item in values:
                values[item] += 1
            elif len(values) < KEPT_VALUES:
                values[item] = 1
            else:
                shape.others += 1

    def _add_list(self, members: list[Any], depth: int) -> None:
        self.arrays += 1
        if not members or depth > MOST_DEEP:
            return
        if self.items is None:
            self.items = Shape()
        items = self.items
        for member in members:
            if type(member) is dict:
                items.add(member, depth)
            elif type(member) is list:
                items._add_list(member, depth + 1)
            else:
                items._add_scalar(member)

    def _add_scalar(self, value: Any) -> None:
        holder = Shape()
        holder.keys = {"": self}  # one place counts scalars: the loop over an object's members
        holder.add({"": value})

    def _new_key(self, key: str) -> Shape:
        if len(self.keys) >= MOST_KEYS:
            key = "*"
            if key in self.keys:
                return self.keys[key]
        shape = self.keys[key] = Shape()
        return shape
