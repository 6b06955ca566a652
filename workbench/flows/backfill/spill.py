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

__all__ = ["MODES", "NO_SHAPE", "Row", "read_partition", "write_rows"]

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


def write_rows(path: Path, rows: Sequence[Row], partitions: int) -> list[int]:
    """Write a chunk's rows, those of a partition together and in their order; gives where each partition begins."""
    parts: list[list[bytes]] = [[] for _ in range(partitions)]
    for search, stamp, mode, ordered, body, shape in rows:
        header = _HEADER.pack(len(search), len(stamp), mode, ordered, len(body), shape)
        parts[zlib.crc32(search) % partitions] += (header, search, stamp, body)
    begins, place = [], 0
    with path.open("wb") as file:
        for part in parts:
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
