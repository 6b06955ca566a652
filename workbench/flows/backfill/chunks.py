"""One chunk of the input → its rows on disk: what a worker does, whatever pool it belongs to.

It is given paths and numbers only, so that it runs in a process of this machine or on another one that sees the same
folders. A chunk that is done has an index beside its rows; it is written last, so a chunk that was broken off is
done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from workbench.errors import EnvelopeError, MappingRunError
from workbench.events.delivery import Delivery
from workbench.events.envelope_reader import FoundEvent, envelope_paths, envelope_reader
from workbench.events.envelopes import read_events
from workbench.events.providers import Provider
from workbench.fhir.identity import reference_to
from workbench.fhir.settling import shape_of
from workbench.fhir.writes import format_instant
from workbench.flows.backfill.spill import MODES, NO_SHAPE, Row, Rows
from workbench.flows.design import load_mappings
from workbench.flows.provider_files import project_providers
from workbench.mapping.compile import EventMapping
from workbench.mapping.decoding import event_decoder
from workbench.mapping.needs import Needs, needs_of
from workbench.mapping.times import instant

__all__ = ["Chunk", "ProviderWork", "map_chunk"]

_LONGEST_READ: Final = 1 << 20
_MODE_NUMBERS: Final = {mode: number for number, mode in enumerate(MODES)}
_MOST_TYPES: Final = 10_000  # of events, that are remembered
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


class ProviderWork:
    """What a worker has made ready for the events of a provider: it is the same for every chunk."""

    def __init__(self, provider: Provider, mappings: Iterable[EventMapping]) -> None:
        self.provider = provider
        self.mappings = tuple(mappings)
        self._read = envelope_reader(provider.envelope)
        self._taking: dict[str, list[EventMapping]] = {}

    @cached_property
    def decode(self) -> Callable[[bytes], Any]:
        """Decodes of a line what the envelope and the mappings need."""
        places, read = envelope_paths(self.provider.envelope)
        needs = Needs(passed=read)
        for mapping in self.mappings:
            for place in places:
                needs |= needs_of(mapping.document).below(place)
        return event_decoder(needs)

    def events(self, line: bytes) -> list[FoundEvent]:
        """The events of a line.

        Raises:
            EnvelopeError: it has none that can be read, and why.
        """
        if self._read is not None:
            with suppress(orjson.JSONDecodeError):  # what is wrong is said below
                if (found := self._read(self.decode(line))) is not None:
                    return found
        events = read_events(Delivery(body=line, headers={}, received_at=_RECEIVED, name="line"), self.provider)
        return [FoundEvent(event.id, event.type, event.occurred_at, event.payload) for event in events]

    def taking(self, event_type: str) -> list[EventMapping]:
        """The mappings that take events of a type; few are remembered, so that no file can fill the memory."""
        if event_type not in self._taking:
            if len(self._taking) > _MOST_TYPES:
                self._taking.clear()
            self._taking[event_type] = [mapping for mapping in self.mappings if mapping.accepts(event_type)]
        return self._taking[event_type]


def map_chunk(chunk: Chunk) -> dict[str, Any]:
    """Map the events of a chunk, write their rows, and give what was counted; at once where that is done already."""
    index = Path(chunk.folder) / f"{chunk.number:06d}.json"
    if index.exists():
        done: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        return done
    work = _prepared(chunk.provider, chunk.mappings, chunk.digest)
    counts = Counter(dict.fromkeys(("read", "events", "mapped", "ignored", "noted", "rows"), 0))
    rows = Rows(chunk.partitions)
    refused: list[dict[str, Any]] = []
    lines = 0
    for lines, line in enumerate(_lines(chunk), start=1):
        if not line.isspace():
            counts["read"] += 1
            try:
                events = work.events(line)
            except EnvelopeError as error:
                reason = str(error).replace("the delivery line ", "")
                refused.append({"line": lines, "event": None, "type": None, "mapping": None, "reason": reason})
                continue
            for event in events:
                refused += [{"line": lines, **each} for each in _map_event(event, work, rows, counts)]
    counts["refused"] = len(refused)
    begins = rows.write(index.with_suffix(".rows"))
    told = {"number": chunk.number, "lines": lines, "begins": begins, "counts": dict(counts), "refused": refused}
    unfinished = index.with_suffix(".part")
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.replace(index)
    return told


def _map_event(event: FoundEvent, work: ProviderWork, rows: Rows, counts: Counter[str]) -> list[dict[str, Any]]:
    """Add the rows of an event, and give which mappings refused it and why."""
    refused = []
    taking = work.taking(event.type)
    counts["events"] += 1
    counts["ignored"] += not taking
    for mapping in taking:
        try:
            made = mapping.map(event.payload)
        except MappingRunError as error:
            name = f"{mapping.name}@{mapping.version}"
            refused.append({"event": event.id, "type": event.type, "mapping": name, "reason": str(error)})
            continue
        counts["mapped"] += 1
        counts["noted"] += bool(made.problems)
        counts["rows"] += len(made.as_list())
        for row in made.as_list():
            rows.add(_row(row, row["order"] or _happened(event.moment)))
    return refused


def _happened(moment: int | datetime | None) -> str:
    if moment.__class__ is int:
        return str(instant(moment))
    return format_instant(moment) if isinstance(moment, datetime) else ""


def _row(made: Mapping[str, Any], moment: str) -> Row:
    resource = made["resource"]
    search = reference_to(resource["resourceType"], made["parameter"], made["system"], made["value"])
    shape = shape_of(resource)
    digest = NO_SHAPE if shape is None else _digest(shape)
    mode, ordered = _MODE_NUMBERS[made["write"]], made["order"] is not None
    return Row(search.encode(), moment.encode(), mode, ordered, orjson.dumps(resource), digest)


@lru_cache(maxsize=4096)
def _digest(shape: tuple[Any, ...]) -> bytes:
    return hashlib.blake2b(repr(shape).encode("utf-8", "surrogatepass"), digest_size=16).digest()


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
def _prepared(provider: str, mappings: tuple[str, ...], digest: str) -> ProviderWork:
    compiled = [mapping for path in mappings for mapping in load_mappings(path)]
    known = project_providers(Path(mappings[0]).parent if mappings else Path(os.curdir))
    return ProviderWork(known[provider], {one.name: one for one in compiled if one.provider == provider}.values())
