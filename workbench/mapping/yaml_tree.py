"""YAML text → a tree whose every part knows its line and column.

Scalars follow the core schema of YAML 1.2: `no`, `on`, `12:30` and dates are texts, only `true`, `null`, `0x1f` and the
like are not. A key twice in one table, an unknown anchor, a tag and a merge key are problems; so is a document
that is larger or deeper, aliases followed, than a mapping can need.

Source: YAML 1.2.2, chapter 10.3 (core schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from workbench.mapping.problems import Findings, Place

__all__ = ["Listing", "Node", "Scalar", "Table", "read_tree"]

_LARGEST_TEXT: Final = 1_000_000  # characters
_MOST_NODES: Final = 20_000  # aliases followed
_DEEPEST: Final = 60

_LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where it is built in: eight times faster
_NULL: Final = re.compile(r"~|null|Null|NULL|")
_TRUE: Final = re.compile(r"true|True|TRUE")
_FALSE: Final = re.compile(r"false|False|FALSE")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text, number, boolean or null, and how it stands in the file."""

    value: str | int | float | bool | None
    place: Place
    raw: str = field(repr=False)  # as written, quotes and indentation included
    style: str | None = None  # None for plain, else the quote or the block sign

    def place_of(self, offset: int, length: int = 1) -> Place:
        """Where the character at this offset of the value stands in the file."""
        at = _raw_offset(self, offset)
        before = self.raw[:at]
        line = self.place.line + before.count("\n")
        column = at - before.rfind("\n") if "\n" in before else self.place.column + at
        return Place(line=line, column=column, length=length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A YAML mapping with text keys, in the order of the file."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, name: str) -> Node | None:
        """The value of a key, None where the table lacks it."""
        return next((node for key, node in self.entries if key.value == name), None)

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((key for key, _ in self.entries if key.value == name), None)


Node = Scalar | Listing | Table


def read_tree(text: str, findings: Findings) -> Node | None:
    """The tree of a YAML document, None where it cannot be read; what is wrong is added to the findings."""
    if len(text) > _LARGEST_TEXT:
        findings.add("yaml", f"the document has {len(text)} characters", remedy=f"keep it below {_LARGEST_TEXT}")
        return None
    if bad := _UNPRINTABLE.search(text):
        before = text[: bad.start()]
        place = Place(line=before.count("\n") + 1, column=bad.start() - before.rfind("\n"))
        findings.add("yaml", f"the character U+{ord(bad[0]):04X} may not stand in YAML", place, remedy="remove it")
        return None
    try:
        return _Reader(text, findings).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Place(line=mark.line + 1, column=mark.column + 1) if mark else None
        said = error.problem or error.context or "the text is not YAML"
        findings.add("yaml", f"YAML: {said}", where, remedy="correct the syntax here or just before")
    except _Abandoned:
        pass  # the finding that made it give up is already added
    return None


class _Abandoned(Exception):  # noqa: N818 - ends the reading, is no error of its own
    pass


class _Reader:
    """Builds the tree from the parser's events itself: yaml.compose recurses in C, and a deep text ends the process."""

    def __init__(self, text: str, findings: Findings) -> None:
        self._text = text
        self._findings = findings
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0

    def read(self) -> Node | None:
        next(self._events)  # the stream's start
        first = next(self._events)
        if isinstance(first, yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events), 1)
        next(self._events)
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            self._findings.add("yaml", "a second document begins here", _place(event), remedy="one file, one mapping")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        self._count(1, event)
        if depth > _DEEPEST:
            self._abandon(event, f"the document is nested more than {_DEEPEST} levels deep")
        if event.tag is not None and event.tag != "!":
            self._findings.add("yaml", "tags are not used in a mapping", _place(event), remedy="remove the tag")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Listing(items=tuple(self._items(depth)), place=_place(event))
        else:
            node = Table(entries=tuple(self._entries(depth)), place=_place(event))
        if event.anchor:
            self._anchors[event.anchor] = (node, self._nodes - before)
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            self._abandon(event, "the alias names no anchor that stands before it")
        node, size = self._anchors[event.anchor]
        self._count(size, event)
        return node

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            self._abandon(event, f"the document has more than {_MOST_NODES} parts, aliases followed")

    def _abandon(self, event: Any, message: str) -> None:
        self._findings.add("yaml", message, _place(event), remedy="write it out, smaller")
        raise _Abandoned

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, Place] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, value = self._node(event, depth + 1), self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self._findings.add("yaml", "a key is a text", key.place, remedy="quote it")
            elif key.value == "<<":
                self._findings.add("yaml", "merge keys are not used in a mapping", key.place, remedy="write it out")
            elif key.value in seen:
                message = f"the key {key.value} stands twice, first in line {seen[key.value].line}"
                self._findings.add("duplicate-key", message, key.place, remedy="remove one")
            else:
                seen[key.value] = key.place
                yield key, value

    def _scalar(self, event: Any) -> Scalar:
        place = _place(event)
        raw = self._text[event.start_mark.index : event.end_mark.index]
        value: Any = event.value
        if event.style in (None, "") and event.tag is None:
            if _NOT_FINITE.fullmatch(value):
                self._findings.add("yaml", "JSON has no infinity and no NaN", place, remedy="quote it if it is a text")
            value = _core_value(value)
        style = event.style or None
        return Scalar(value=value, place=place, raw=raw, style=None if style == "" else style)


def _core_value(text: str) -> str | int | float | bool | None:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    if _BASED.fullmatch(text) and len(text) < 400:
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Place(line=start.line + 1, column=start.column + 1, length=max(1, length))


def _raw_offset(scalar: Scalar, offset: int) -> int:
    """Align the value with what is written: quotes, escapes, folded lines and indentation stand only in the latter."""
    raw, at = scalar.raw, 0
    if scalar.style in ("|", ">"):
        at = raw.find("\n") + 1
    elif scalar.style:
        at = 1
    for index, character in enumerate(str(scalar.value)):
        while at < len(raw) and raw[at] != character and not (character in " \n" and raw[at].isspace()):
            if scalar.style == '"' and raw[at] == "\\" and raw[at + 1 : at + 2] not in ('"', "\\", "/", "\n"):
                break
            at += 1
        if index == offset:
            break
        escape = {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
        at += escape if scalar.style == '"' and raw[at : at + 1] == "\\" and character != "\\" else 1
    return min(at, len(raw))
