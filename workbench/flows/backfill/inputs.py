"""What people keep history in → lines of JSON that every worker can read a part of.

NDJSON is read where it lies. What is compressed cannot be read from the middle, and Parquet has no lines, so these
are written out once as NDJSON beside the output, and removed when the backfill is done.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from workbench.errors import DeliveryError

__all__ = ["Input", "find_inputs", "unpack"]

_READ: Final = ".ndjson, .jsonl, their .gz or .zst, or .parquet"
_LINES: Final = (".ndjson", ".jsonl")
_JSON_COLUMNS: Final = ("event", "payload", "body", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file of events, and the lines that are read for it."""

    name: str  # as the user gave it, for messages
    source: Path
    lines: Path  # the same file, or what it is written out to
    unpack: Callable[[Path, Path], None] | None

    @property
    def fingerprint(self) -> str:
        """Tells whether the file is still the one that was begun with."""
        stat = self.source.stat()
        return f"{self.source.resolve()} {stat.st_size} {stat.st_mtime_ns}"


def find_inputs(paths: Sequence[str | Path], folder: Path) -> tuple[Input, ...]:
    """Give the input files, folders read with their sub-folders in the order of names; `folder` is for unpacking.

    Raises:
        DeliveryError: with every path that is not there, or is nothing we read.
    """
    found: list[Input] = []
    faults: list[str] = []
    for path in map(Path, paths):
        files = [file for file in sorted(path.rglob("*")) if _kind(file)] if path.is_dir() else [path]
        if not files:
            faults.append(f"{path} holds nothing a backfill reads: give {_READ}")
        for file in files:
            kind = _kind(file)
            if not file.is_file():
                faults.append(f"{file} is not there")
            elif kind is None:
                faults.append(f"{file} is nothing a backfill reads: give {_READ}")
            else:
                unpacked = folder / f"input-{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]}.ndjson"
                lines = file if kind == "lines" else unpacked
                found.append(Input(name=str(file), source=file, lines=lines.resolve(), unpack=_UNPACKERS[kind]))
    if faults:
        raise DeliveryError("\n".join(faults))
    return tuple(found)


def unpack(one: Input) -> None:
    """Write an input out as lines, where that is needed and not done; a broken-off file is written anew.

    Raises:
        DeliveryError: the file is damaged, or no Parquet of events.
    """
    if one.unpack is None or one.lines.exists():
        return
    unfinished = one.lines.with_suffix(".part")
    try:
        one.unpack(one.source, unfinished)
    except (OSError, EOFError, ValueError) as error:
        message = f"{one.name} cannot be read to its end ({type(error).__name__}); is it whole?"
        raise DeliveryError(message) from error
    unfinished.replace(one.lines)


def _kind(path: Path) -> str | None:
    suffixes = path.suffixes
    if path.suffix in (".gz", ".zst"):
        return path.suffix[1:] if len(suffixes) > 1 and suffixes[-2] in _LINES else None
    if path.suffix == ".parquet":
        return "parquet"
    return "lines" if path.suffix in _LINES else None


def _gunzip(source: Path, target: Path) -> None:
    with gzip.open(source, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 20)


def _unzstd(source: Path, target: Path) -> None:
    import zstandard

    try:
        with source.open("rb") as packed, target.open("wb") as plain:
            zstandard.ZstdDecompressor().copy_stream(packed, plain)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _unparquet(source: Path, target: Path) -> None:
    """Write a column of JSON text as it is, or each row as an object, in the order of the file."""
    import duckdb

    try:
        with duckdb.connect() as connection, target.open("wb") as plain:
            connection.execute("SET preserve_insertion_order = true")
            columns = [row[0] for row in connection.execute("DESCRIBE FROM read_parquet(?)", [str(source)]).fetchall()]
            column = next((name for name in _JSON_COLUMNS if columns == [name] or (name in columns)), None)
            if column is None or (len(columns) > 1 and not _is_text(connection, source, column)):
                cursor = connection.execute("SELECT to_json(r)::VARCHAR FROM read_parquet(?) r", [str(source)])
            else:
                cursor = connection.execute(f'SELECT "{column}"::VARCHAR FROM read_parquet(?)', [str(source)])  # noqa: S608 - one of our names
            for line in _pages(cursor):
                plain.write((line if b"\n" not in line else orjson.dumps(orjson.loads(line))) + b"\n")
    except duckdb.Error as error:
        raise ValueError(type(error).__name__) from error


def _is_text(connection: Any, source: Path, column: str) -> bool:
    rows = connection.execute("SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))", [str(source)])
    return dict(rows.fetchall()).get(column) in ("VARCHAR", "BLOB", "JSON")


def _pages(cursor: Any) -> Iterator[bytes]:
    while page := cursor.fetchmany(1000):
        for (text,) in page:
            yield (text or "null").encode()


_UNPACKERS: Final[dict[str, Callable[[Path, Path], None] | None]] = {
    "lines": None,
    "gz": _gunzip,
    "zst": _unzstd,
    "parquet": _unparquet,
}
