"""Carry out a backfill: every chunk mapped, every partition folded, the parts put together; resumable at each of these.

```
inputs ─▶ chunks ─(pool)─▶ rows by partition ─(pool)─▶ one resource an identity ─▶ OUT/Invoice.ndjson, …
                  └──────────────────────────────────▶ OUT/refused.ndjson
```
Chunks and partitions depend on the input alone, so the output is the same to the byte for any number of workers. What
was done stays in `OUT/.backfill`; a second call with the same input and mappings goes on there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from workbench.errors import MappingError, StoreError
from workbench.fhir.bundle import split_entries
from workbench.fhir.writes import WriteRule
from workbench.flows.backfill.chunks import Chunk, map_chunk
from workbench.flows.backfill.folding import Partition, fold_partition
from workbench.flows.backfill.inputs import Input, find_inputs, unpack
from workbench.flows.backfill.pools import Pool, open_pool
from workbench.flows.design import load_mappings, mapping_files

__all__ = ["Backfill", "BackfillSummary", "backfill", "keys_file"]

Form = Literal["ndjson", "bundles"]
Progress = Callable[[str, int, int], None]
"""Is told the stage, how much is done and how much there is."""

CHUNK_BYTES: Final = 32 << 20
_PARTITION_BYTES: Final = 96 << 20  # of input, for each partition
_STATE: Final = ".backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSummary:
    """What a backfill read and made."""

    read: int = 0  # lines that hold something
    events: int = 0
    mapped: int = 0  # an event counts for each mapping that takes it
    ignored: int = 0  # events that no mapping takes
    refused: int = 0  # lines or events: see refused.ndjson
    noted: int = 0  # mapped with a remark, as a code without translation
    rows: int = 0  # resources that single events make
    resources: Mapping[str, int] = field(default_factory=dict)  # written, by type, in the order to load them

    @property
    def superseded(self) -> int:
        """How many rows went into a resource that another row of the same identity had made already."""
        return self.rows - sum(self.resources.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What is to be done: made from the input and the mappings alone."""

    inputs: tuple[Input, ...]
    chunks: tuple[Chunk, ...]
    partitions: int
    folder: Path  # of what is done so far
    out: Path
    kinds: tuple[str, ...]  # resource types, each after those that it refers to


def backfill(
    files: Sequence[str | Path],
    mappings: Sequence[str | Path],
    out: str | Path,
    *,
    form: Form = "ndjson",
    workers: int | None = None,
    cluster: str | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    progress: Progress | None = None,
) -> BackfillSummary:
    """Map every event of the files and write each resource once, as if all events had been applied in their time.

    Args:
        files: NDJSON, also .gz and .zst, or Parquet; or folders of them. One event or delivery a line.
        mappings: mapping files, or folders of them; of one provider.
        out: the folder that is written to; made where there is none.
        form: `ndjson`, a file for each resource type, or `bundles`, a batch Bundle a line, ready to be sent.
        workers: processes; by default one a core. A script that calls this needs a main guard.
        cluster: the address of a Dask scheduler, or `local`.
        chunk_bytes: of input that one task maps.
        progress: is told the stage, how much is done and how much there is.

    Raises:
        DeliveryError: an input is not there, or damaged.
        MappingError: the mappings are wrong, or of several providers.
        StoreError: another backfill is in the folder.
    """
    tell = progress or (lambda _stage, _done, _total: None)
    folder = Path(out) / _STATE
    folder.mkdir(parents=True, exist_ok=True)
    job = _plan(files, mappings, Path(out), folder, chunk_bytes)
    _claim(job, folder, form)
    if (done := _finished(folder)) is not None:
        return done
    with open_pool(workers, cluster) as pool:
        chunks = sorted(_done(pool, map_chunk, job.chunks, "mapping", tell), key=lambda told: told["number"])
        fold = [Partition(number=part, folder=str(folder), chunks=len(job.chunks)) for part in range(job.partitions)]
        counted = _done(pool, fold_partition, fold, "folding", tell)
    resources: Counter[str] = Counter()
    for counts in counted:
        resources.update(counts)
    _write_refused(job, chunks)
    _write_resources(job, form, [kind for kind in job.kinds if kind in resources])
    counts = Counter[str]()
    for chunk in chunks:
        counts.update(chunk["counts"])
    summary = BackfillSummary(**counts, resources={kind: resources[kind] for kind in job.kinds if kind in resources})
    _write(folder / "summary.json", json.dumps(asdict(summary)))
    _tidy(folder)
    return summary


def keys_file(out: Path, kind: str) -> Path:
    """The file beside a type's resources that says of each line its search, write mode and order."""
    return out / _STATE / f"{kind}.keys.ndjson"


def _plan(
    files: Sequence[str | Path], mappings: Sequence[str | Path], out: Path, folder: Path, chunk_bytes: int
) -> Backfill:
    inputs = find_inputs(files, folder)
    for one in inputs:
        unpack(one)
    compiled = [mapping for path in mappings for mapping in load_mappings(path)]
    providers = sorted({mapping.provider for mapping in compiled})
    if len(providers) != 1:
        message = f"a backfill has mappings of one provider, not of {', '.join(providers) or 'none'}; give others away"
        raise MappingError(message)
    sizes = [one.lines.stat().st_size for one in inputs]
    partitions = max(16, min(512, sum(sizes) // _PARTITION_BYTES))
    given = {
        "provider": providers[0],
        "mappings": tuple(str(Path(path).resolve()) for path in mappings),
        "digest": _digest(mappings),
        "folder": str(folder.resolve()),
        "partitions": partitions,
    }
    ranges = [
        (one, begin, min(begin + chunk_bytes, size))
        for one, size in zip(inputs, sizes, strict=True)
        for begin in range(0, size, chunk_bytes)
    ]
    chunks = tuple(
        Chunk(number=number, file=str(one.lines), begin=begin, end=end, **given)  # type: ignore[arg-type]
        for number, (one, begin, end) in enumerate(ranges)
    )
    kinds = _after_references(rule for mapping in compiled for rule in mapping.writes)
    return Backfill(inputs=inputs, chunks=chunks, partitions=partitions, folder=folder, out=out, kinds=kinds)


def _after_references(rules: Iterable[WriteRule]) -> tuple[str, ...]:
    """Give the types that rules write, each after those that its references search, where that can be."""
    needs: dict[str, set[str]] = {}
    for rule in rules:
        needs.setdefault(rule.resource_type, set()).update(rule.references)
    ordered: list[str] = []
    while len(ordered) < len(needs):
        ready = [kind for kind in needs if kind not in ordered and not (needs[kind] & needs.keys()) - {kind, *ordered}]
        ordered += sorted(ready) or sorted(needs.keys() - set(ordered))  # a circle is written as it comes
    return tuple(ordered)


def _claim(job: Backfill, folder: Path, form: Form) -> None:
    """Note what is being done; refuse a folder where something else was begun."""
    record = {
        "inputs": [one.fingerprint for one in job.inputs],
        "mappings": job.chunks[0].digest if job.chunks else "",
        "chunks": [(chunk.begin, chunk.end) for chunk in job.chunks],
        "form": form,
    }
    digest = hashlib.sha256(json.dumps(record).encode()).hexdigest()
    note = folder / "job"
    if note.exists() and note.read_text() != digest:
        message = (
            f"{job.out} holds a backfill of other files or mappings, or in other chunks; "
            f"give another --out, or remove {folder}"
        )
        raise StoreError(message)
    _write(note, digest)


def _done(
    pool: Pool, function: Callable[[Any], Any], tasks: Sequence[Any], stage: str, tell: Progress
) -> list[dict[str, Any]]:
    """Give the results of all tasks, told as they come."""
    results: list[dict[str, Any]] = []
    for done, result in enumerate(pool(function, tasks), start=1):
        results.append(result)
        tell(stage, done, len(tasks))
    return results


def _write_refused(job: Backfill, chunks: Sequence[Mapping[str, Any]]) -> None:
    """Write what was refused, in the order of the input, each with its file and line."""
    named = {str(one.lines): one.name for one in job.inputs}
    before: Counter[str] = Counter()
    unfinished = job.out / "refused.part"
    with unfinished.open("wb") as file:
        for chunk, told in zip(job.chunks, chunks, strict=True):
            for each in told["refused"]:
                line = before[chunk.file] + each["line"]
                file.write(orjson.dumps({"file": named[chunk.file], **each, "line": line}) + b"\n")
            before[chunk.file] += told["lines"]
    unfinished.replace(job.out / "refused.ndjson")


def _write_resources(job: Backfill, form: Form, kinds: Sequence[str]) -> None:
    """Put the parts of each type together, in the order of the partitions."""
    for kind in kinds:
        _join(job, kind, "keys", keys_file(job.out, kind))
        _join(job, kind, "ndjson", job.out / f"{kind}.ndjson")
    if form == "bundles":
        unfinished = job.out / "bundles.part"
        with unfinished.open("wb") as file:
            file.writelines(orjson.dumps(bundle) + b"\n" for bundle in split_entries(_entries(job, kinds), most=100))
        unfinished.replace(job.out / "bundles.ndjson")
        for kind in kinds:
            (job.out / f"{kind}.ndjson").unlink()


def _entries(job: Backfill, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    for kind in kinds:
        with (job.out / f"{kind}.ndjson").open("rb") as resources, keys_file(job.out, kind).open("rb") as keys:
            for resource, key in zip(resources, keys, strict=True):
                search, mode, _ = orjson.loads(key)
                request = {"method": "PUT", "url": search}
                if mode == "create-if-missing":
                    request = {"method": "POST", "url": kind, "ifNoneExist": search.partition("?")[2]}
                yield {"resource": orjson.loads(resource), "request": request}


def _join(job: Backfill, kind: str, part: str, target: Path) -> None:
    unfinished = target.with_suffix(".part")
    with unfinished.open("wb") as joined:
        for number in range(job.partitions):
            piece = job.folder / f"{number:04d}.{kind}.{part}"
            if piece.exists():
                with piece.open("rb") as file:
                    shutil.copyfileobj(file, joined, 1 << 20)
    unfinished.replace(target)


def _finished(folder: Path) -> BackfillSummary | None:
    file = folder / "summary.json"
    return BackfillSummary(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _tidy(folder: Path) -> None:
    """Remove what only a broken-off backfill needs; the keys stay, for loading."""
    for pattern in ("*.rows", "[0-9]*.json", "partition-*.json", "[0-9]*.ndjson", "[0-9]*.keys", "input-*.ndjson"):
        for file in folder.glob(pattern):
            file.unlink()


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)  # noqa: PTH105 - beside the others of its kind


def _digest(mappings: Sequence[str | Path]) -> str:
    files = [file for path in mappings for file in mapping_files(path)]
    beside = {code for file in files for code in (file.parent / "codes").glob("*.json")}
    digest = hashlib.sha256()
    for file in [*files, *sorted(beside)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
