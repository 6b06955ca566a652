"""One chunk of the input → its rows on disk: what a worker does, whatever pool it belongs to.

It is given paths and numbers only, so that it runs in a process of this machine or on another one that sees the same
folders. A chunk that is done has an index beside its rows; it is written last, so a chunk that was broken off is
done again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from workbench.errors import EnvelopeError, MappingRunError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import Provider
from workbench.fhir.writes import format_instant
from workbench.flows.backfill.spill import MODES, Row, write_rows
from workbench.flows.design import load_mappings
from workbench.flows.provider_files import project_providers
from workbench.mapping.compile import EventMapping
from workbench.mapping.results import MappedResource

__all__ = ["Chunk", "map_chunk"]

_LONGEST_READ: Final = 1 << 20
_RECEIVED: Final = datetime(1970, 1, 1, tzinfo=UTC)  # files have no time of receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of one input file: the lines that begin in a range of bytes."""

    number: int
    file: str
    begin: int
    end: int
    provider: str
    mappings: tuple[str, ...]
    digest: str  # of the mappings, so that a worker compiles them once and never uses others
    folder: str  # where the rows go
    partitions: int


@dataclass(slots=True)
class _Rows:
    """The rows of a chunk, and where the one stands that creates an identity where it is missing."""

    listed: list[Row] = field(default_factory=list)
    creating: dict[bytes, int] = field(default_factory=dict)


def map_chunk(chunk: Chunk) -> dict[str, Any]:
    """Map the events of a chunk, write their rows, and give what was counted; at once where that is done already."""
    index = Path(chunk.folder) / f"{chunk.number:06d}.json"
    if index.exists():
        done: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        return done
    provider, mappings = _prepared(chunk.provider, chunk.mappings, chunk.digest)
    counts: Counter[str] = Counter()
    rows = _Rows()
    refused: list[dict[str, Any]] = []
    lines = 0
    for lines, line in enumerate(_lines(chunk), start=1):
        if line.strip():
            counts["read"] += 1
            refused += [{"line": lines, **each} for each in _map_line(line, provider, mappings, rows, counts)]
    counts["refused"] = len(refused)
    begins = write_rows(index.with_suffix(".rows"), rows.listed, chunk.partitions)
    told = {"number": chunk.number, "lines": lines, "begins": begins, "counts": dict(counts), "refused": refused}
    unfinished = index.with_suffix(".part")
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.replace(index)
    return told


def _map_line(
    line: bytes, provider: Provider, mappings: Mapping[str, EventMapping], rows: _Rows, counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Add the rows of one line, and yield what of it was refused and why."""
    try:
        events = read_events(Delivery(body=line, headers={}, received_at=_RECEIVED, name="line"), provider)
    except EnvelopeError as error:
        yield {"event": None, "type": None, "mapping": None, "reason": str(error).replace("the delivery line ", "")}
        return
    for event in events:
        taking = [mapping for mapping in mappings.values() if mapping.accepts(event.type)]
        counts["events"] += 1
        counts["ignored"] += not taking
        for mapping in taking:
            try:
                made = mapping.map(event.payload)
            except MappingRunError as error:
                name = f"{mapping.name}@{mapping.version}"
                yield {"event": event.id, "type": event.type, "mapping": name, "reason": str(error)}
                continue
            counts["mapped"] += 1
            counts["noted"] += bool(made.problems)
            happened = format_instant(event.occurred_at) if event.occurred_at else ""
            for each in made.resources:
                counts["rows"] += 1
                _add(rows, each, happened)


def _add(rows: _Rows, made: MappedResource, happened: str) -> None:
    """Add a row; of those that only create what is missing, the earliest of an identity is all that can matter."""
    search = made.identity.reference().encode()
    stamp = (made.order or happened).encode()
    if made.write == "create-if-missing":
        earliest = rows.creating.get(search)
        if earliest is not None and rows.listed[earliest].stamp <= stamp:
            return
        rows.creating[search] = len(rows.listed) if earliest is None else earliest
    row = Row(search, stamp, MODES.index(made.write), made.order is not None, orjson.dumps(made.resource))
    if made.write == "create-if-missing" and rows.creating[search] < len(rows.listed):
        rows.listed[rows.creating[search]] = row
    else:
        rows.listed.append(row)


def _lines(chunk: Chunk) -> Iterator[bytes]:
    """Yield the lines that begin in the chunk; one that reaches over its end is read whole."""
    place = chunk.begin
    with Path(chunk.file).open("rb", buffering=_LONGEST_READ) as file:
        if place:
            file.seek(place - 1)
            place += len(file.readline()) - 1  # the rest of a line that began before, or just its line end
        while place < chunk.end and (line := file.readline()):
            place += len(line)
            yield line


@cache
def _prepared(provider: str, mappings: tuple[str, ...], digest: str) -> tuple[Provider, dict[str, EventMapping]]:
    compiled = [mapping for path in mappings for mapping in load_mappings(path)]
    known = project_providers(Path(mappings[0]).parent if mappings else Path(os.curdir))
    return known[provider], {mapping.name: mapping for mapping in compiled if mapping.provider == provider}
