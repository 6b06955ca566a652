"""The rows between mapping and folding: a file for each chunk of the input, its rows apart by partition.

A row is one resource that one event makes, with the search of its identity. Rows of one identity are always in one
partition, whatever worker wrote them, so a partition can be folded by itself.

```
chunk file   [partition 0: row row …][partition 1: row …] …          index beside it: where each partition begins
row          lengths (12 bytes) · search · stamp · resource as JSON
```
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["MODES", "Row", "read_partition", "write_rows"]

MODES: Final = ("merge", "replace", "create-if-missing")
_HEADER: Final = struct.Struct("<IHBBI")  # search, stamp, mode, has order, body


@dataclass(frozen=True, slots=True)
class Row:
    """One resource that one event makes."""

    search: bytes = field(repr=False)  # `Invoice?identifier=…`
    stamp: bytes = field(repr=False)  # the event's time, 24 characters, by which rows are put in order; or nothing
    mode: int  # place in MODES
    ordered: bool  # the stamp is the rule's order
    body: bytes = field(repr=False)  # the resource as JSON


def write_rows(path: Path, rows: Sequence[Row], partitions: int) -> list[int]:
    """Write a chunk's rows, those of a partition together and in their order; gives where each partition begins."""
    parts: list[list[bytes]] = [[] for _ in range(partitions)]
    for row in rows:
        header = _HEADER.pack(len(row.search), len(row.stamp), row.mode, row.ordered, len(row.body))
        parts[zlib.crc32(row.search) % partitions] += (header, row.search, row.stamp, row.body)
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
        search, stamp, mode, ordered, body = _HEADER.unpack_from(data, place)
        place += _HEADER.size
        cuts = (place, place + search, place + search + stamp, place + search + stamp + body)
        parts = [data[cuts[number] : cuts[number + 1]] for number in range(3)]
        yield Row(parts[0], parts[1], mode, bool(ordered), parts[2])
        place = cuts[3]


def read_index(path: Path) -> dict[str, Any]:
    """What a chunk's index says: where partitions begin, and what was counted."""
    index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return index
