"""The rows of one partition → one resource an identity, as if every event had been applied in its time.

Rows of an identity are put in the order of their stamps, then of the input, and settled one over the other by the bot's
own rules (`workbench.fhir.settling`). Most identities have one row, whose JSON is written as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import orjson

from workbench.fhir.settling import Write, fold
from workbench.flows.backfill.spill import MODES, NO_SHAPE, Row, read_index, read_partition

__all__ = ["Partition", "fold_partition", "fold_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition of every chunk."""

    number: int
    folder: str  # of the chunks' rows
    chunks: int


def fold_partition(partition: Partition) -> dict[str, int]:
    """Fold a partition, write its resources by type, and give how many there are; at once where that is done."""
    folder = Path(partition.folder)
    done = folder / f"partition-{partition.number:04d}.json"
    if done.exists():
        told: dict[str, int] = json.loads(done.read_text(encoding="utf-8"))
        return told
    counts: dict[str, int] = {}
    with ExitStack() as open_files:
        files: dict[str, tuple[IO[bytes], IO[bytes]]] = {}
        for search, mode, order, body in fold_rows(_rows(partition, folder)):
            kind = search.partition(b"?")[0].decode()
            if kind not in files:
                paths = [folder / f"{partition.number:04d}.{kind}.{part}" for part in ("ndjson", "keys")]
                files[kind] = tuple(open_files.enter_context(path.open("wb")) for path in paths)  # type: ignore[assignment]
            resources, keys = files[kind]
            resources.write(body + b"\n")
            keys.write(orjson.dumps([search.decode(), mode, order]) + b"\n")
            counts[kind] = counts.get(kind, 0) + 1
    unfinished = done.with_suffix(".part")
    unfinished.write_text(json.dumps(counts), encoding="utf-8")
    unfinished.replace(done)
    return counts


def fold_rows(rows: Iterable[Row]) -> Iterator[tuple[bytes, str, str | None, bytes]]:
    """Yield (search, write mode, order, resource as JSON) of each identity, sorted by search.

    The mode is that of the whole: `create-if-missing` where no row is more, `replace` where one is, else `merge`.
    """
    by_identity: dict[bytes, list[Row]] = {}
    for row in rows:
        by_identity.setdefault(row.search, []).append(row)
    for search in sorted(by_identity):
        group = sorted(by_identity[search], key=lambda row: row.stamp)  # stable: of one time as they came
        yield (search, *_fold(group))


def _fold(group: list[Row]) -> tuple[str, str | None, bytes]:
    modes = {MODES[row.mode] for row in group}
    mode = next((one for one in ("replace", "merge") if one in modes), "create-if-missing")
    order = max((row.stamp.decode() for row in group if row.ordered), default=None)
    told = [group[0], *(row for row in group[1:] if MODES[row.mode] != "create-if-missing")]
    rows = _lasting(told)
    if len(told) == 1 or (len(rows) == 1 and not rows[0].ordered):
        return mode, order, rows[0].body
    writes = [
        Write(resource=orjson.loads(row.body), mode=_mode(row), order=row.stamp.decode() if row.ordered else None)
        for row in rows
    ]
    return mode, order, orjson.dumps(fold(writes))


def _lasting(rows: list[Row]) -> list[Row]:
    """The rows without those that are merged with one of the same shape: of them `fold` leaves nothing."""
    lasting = [
        row
        for row, following in pairwise(rows)
        if row.shape != following.shape
        or row.shape == NO_SHAPE
        or row.mode != following.mode
        or MODES[row.mode] != "merge"
        or row.ordered != following.ordered
    ]
    return [*lasting, rows[-1]]


def _mode(row: Row) -> Any:
    return MODES[row.mode]


def _rows(partition: Partition, folder: Path) -> Iterator[Row]:
    for number in range(partition.chunks):
        begins = read_index(folder / f"{number:06d}.json")["begins"]
        yield from read_partition(folder / f"{number:06d}.rows", begins, partition.number)
