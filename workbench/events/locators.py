"""Say in one line where a value stands in a delivery: `data.object.id`, `header:x-github-event`, `{event}-{event_ts}`.

A locator is either one field or a template with fields in braces. A field is a path into the JSON body (keys and list
positions joined by full stops, `.` for the whole), or `header:NAME`. Whoever fills a locator brings the meaning of its
fields, so the signed string of a signature scheme (`{timestamp}.{body}`) is written in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

__all__ = ["Locator", "describe_shape", "find_path", "matches"]

NAME = re.compile(r"[A-Za-z_$@][\w.:$@-]{0,39}")  # what people and programs call their fields


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a value stands: literals and fields, alternating and beginning with a literal.

    >>> Locator.parse("{header:x-github-event}.{action}").fields
    ('header:x-github-event', 'action')
    >>> Locator.parse("data.object.id").fields
    ('data.object.id',)
    """

    text: str
    literals: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Locator:
        """Return the locator that a text writes.

        Raises:
            ValueError: a brace has no partner.
        """
        parts = re.split(r"\{([^{}]*)\}", text) if "{" in text or "}" in text else ["", text, ""]
        literals, fields = tuple(parts[::2]), tuple(parts[1::2])
        if any("{" in literal or "}" in literal for literal in literals) or not all(fields):
            message = f"{text!r} has a brace without its partner, or an empty field"
            raise ValueError(message)
        return cls(text, literals, fields)

    def fill(self, find: Callable[[str], Any]) -> Any:
        """Return the field's own value, or the text with every field replaced; None where a field has no value."""
        if len(self.fields) == 1 and not any(self.literals):  # most locators are one field
            return find(self.fields[0])
        values = [find(field) for field in self.fields]
        if any(value is None for value in values):
            return None
        pairs = zip(values, self.literals[1:], strict=True)
        return self.literals[0] + "".join(f"{value}{literal}" for value, literal in pairs)


def find_path(data: Any, path: str) -> Any:
    """Return what stands at a path of keys and positions, or None.

    >>> find_path({"data": {"events": [{"uuid": "a"}]}}, "data.events.0.uuid")
    'a'
    >>> find_path({"data": []}, "data.events") is None
    True
    """
    if path == ".":
        return data
    for key in path.split("."):
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdecimal() and len(key) < 10 and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def matches(conditions: Mapping[str, str], find: Callable[[str], Any]) -> bool:
    """Return whether every condition holds: field name to shell pattern, `*` meaning any value but null.

    >>> matches({"object": "*event", "id": "*"}, {"object": "v2.core.event", "id": "evt_1"}.get)
    True
    """
    values = ((find(field), pattern) for field, pattern in conditions.items())
    return all(
        value is not None and (pattern == "*" or (isinstance(value, str) and fnmatchcase(value, pattern)))
        for value, pattern in values
    )


def describe_shape(data: Any) -> str:
    """Return a value's shape for a message: types, counts and at most eight keys, never a value.

    A key that is no name is not shown: in JSON sent as a form, the text itself comes to stand where keys do.

    >>> describe_shape({"id": "in_1", "object": "invoice"}), describe_shape([1, 2]), describe_shape(None)
    ('an object with 2 keys (id, object)', 'a list of 2', 'null')
    >>> describe_shape({"id": "in_1", '{"name": "Jane Roe"': ""}), describe_shape({})
    ('an object with 2 keys (id, …)', 'an object with 0 keys')
    """
    if isinstance(data, dict):
        names = list(islice(filter(NAME.fullmatch, map(str, data)), 8))
        shown = ", ".join([*names, "…"] if len(data) > len(names) else names)
        return f"an object with {len(data)} key{'s' * (len(data) != 1)}{f' ({shown})' if shown else ''}"
    if isinstance(data, list):
        return f"a list of {len(data)}"
    kinds = {"NoneType": "null", "str": "a text", "bool": "a boolean", "int": "a number", "float": "a number"}
    return kinds.get(type(data).__name__, f"a {type(data).__name__}")
