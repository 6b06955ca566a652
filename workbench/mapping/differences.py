"""Two JSON values → what differs between them, path by path.

Lists of a same length are compared place by place; of different lengths, what stands in only one of them is told as
added or removed, so that one line more at the top does not change every line below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

__all__ = ["Difference", "differences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two values are not the same."""

    path: str  # as `invoice.resource.lineItem[0].amount`
    kind: Literal["added", "removed", "changed"]
    before: Any = field(default=None, repr=False)  # may come from a payload
    after: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        """Show path and kinds of value; the values themselves may come from a payload."""
        signs = {"added": "+", "removed": "-", "changed": "~"}
        return f"{signs[self.kind]} {self.path}"

    def show(self) -> str:
        """The same with both values, for the screen of who compares.

        >>> print(Difference(path="Invoice.status", kind="changed", before="draft", after="issued").show())
        ~ Invoice.status: "draft" → "issued"
        """
        before, after = (json.dumps(value, ensure_ascii=False) for value in (self.before, self.after))
        shown = {"added": after, "removed": before, "changed": f"{before} → {after}"}
        return f"{self}: {shown[self.kind]}"


def differences(before: Any, after: Any, path: str = "") -> tuple[Difference, ...]:
    """Every difference between two JSON values, in the order of the paths; numbers of the same value are the same.

    >>> [str(found) for found in differences({"a": [1, 2], "b": 1}, {"a": [2], "b": 1.0, "c": {}})]
    ['- a[0]', '+ c']
    """
    return tuple(_compare(before, after, path))


def _compare(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else key
            if key not in after:
                yield Difference(path=inner, kind="removed", before=before[key])
            elif key not in before:
                yield Difference(path=inner, kind="added", after=after[key])
            else:
                yield from _compare(before[key], after[key], inner)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(before, after, path)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(path=path, kind="changed", before=before, after=after)


def _compare_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    if len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _compare(one, other, f"{path}[{index}]")
        return
    one, other = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    for tag, start, end, other_start, other_end in SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for index in range(start, end):
            yield Difference(path=f"{path}[{index}]", kind="removed", before=before[index])
        for index in range(other_start, other_end):
            yield Difference(path=f"{path}[{index}]", kind="added", after=after[index])
