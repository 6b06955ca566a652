"""The rows between mapping and folding: a file for each chunk of the input, its rows apart by partition.

A row is one resource that one event makes, with the search of its identity. Rows of one identity are always in one
partition, whatever worker wrote them, so a partition can be folded by itself.

```
chunk file   [partition 0: row row …][partition 1: row …] …          index beside it: where each partition begins
row          lengths and shape (28 bytes) · search · stamp · resource as JSON
```
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["MODES", "NO_SHAPE", "Row", "Rows", "read_partition"]

MODES: Final = ("merge", "replace", "create-if-missing")
NO_SHAPE: Final = bytes(16)
_HEADER: Final = struct.Struct("<IHBBI16s")  # search, stamp, mode, has order, body, shape


class Row(NamedTuple):
    """One resource that one event makes."""

    search: bytes  # `Invoice?identifier=…`
    stamp: bytes  # the event's time, 24 characters, by which rows are put in order; or nothing
    mode: int  # place in MODES
    ordered: bool  # the stamp is the rule's order
    body: bytes  # the resource as JSON
    shape: bytes  # digest of the resource's `shape_of`, 16 bytes; NO_SHAPE where it has none

    def __repr__(self) -> str:
        """Show how it is written, and nothing of a payload."""
        return f"Row(mode={MODES[self.mode]!r}, ordered={self.ordered})"


class Rows:
    """The rows of a chunk by partition, as they will lie on disk: packed at once, they are no objects to look after.

    Of those that only create what is missing, the earliest of an identity is all that can matter, and all that is kept.
    """

    def __init__(self, partitions: int) -> None:
        self._parts: list[list[bytes]] = [[] for _ in range(partitions)]
        self._creating: dict[bytes, tuple[bytes, int]] = {}  # search → stamp and place in its partition

    def add(self, row: Row) -> None:
        """Add a row behind the others."""
        search, stamp, mode, ordered, body, shape = row
        part = self._parts[zlib.crc32(search) % len(self._parts)]
        packed = _HEADER.pack(len(search), len(stamp), mode, ordered, len(body), shape) + search + stamp + body
        if MODES[mode] == "create-if-missing":
            earliest, place = self._creating.get(search, (None, len(part)))
            if earliest is not None and earliest <= stamp:
                return
            self._creating[search] = (stamp, place)
            part[place : place + 1] = [packed]
        else:
            part.append(packed)

    def write(self, path: Path) -> list[int]:
        """Write those of a partition together and in their order; gives where each partition begins."""
        begins, place = [], 0
        with path.open("wb") as file:
            for part in self._parts:
                begins.append(place)
                place += file.write(b"".join(part))
        return [*begins, place]


def read_partition(path: Path, begins: Sequence[int], partition: int) -> Iterator[Row]:
    """Yield a partition's rows of one chunk, in the order of the input."""
    with path.open("rb") as file:
        file.seek(begins[partition])
        data = file.read(begins[partition + 1] - begins[partition])
    place = 0
    while place < len(data):
        search, stamp, mode, ordered, body, shape = _HEADER.unpack_from(data, place)
        begin = place + _HEADER.size
        stamped = begin + search
        bodied = stamped + stamp
        place = bodied + body
        yield Row(data[begin:stamped], data[stamped:bodied], mode, bool(ordered), data[bodied:place], shape)


def read_index(path: Path) -> dict[str, Any]:
    """What a chunk's index says: where partitions begin, and what was counted."""
    index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return index
