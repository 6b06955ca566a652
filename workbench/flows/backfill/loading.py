"""The resources of a backfill → a server: in batches, no faster than its quota, resumable, nothing written twice.

A batch reads what is there, writes what differs, and leaves what is newer (`workbench.flows.local_settling`). Batches
of 100 on one connection are what a real 5.0.2 server took best without conflicts (contract §10); types go in an order
in which what is referred to is there first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from workbench.errors import StoreError
from workbench.events.providers import Provider
from workbench.fhir.settling import Write
from workbench.flows.backfill.run import keys_file
from workbench.flows.local_settling import LocalSettler
from workbench.servers.client import Server

__all__ = ["LoadSummary", "load_resources"]

BATCH: Final = 100
Progress = Callable[[int, int, str], None]
"""Is told how many resources are loaded, how many there are, and the server's quota in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSummary:
    """What became of the resources."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0  # as they should be already, or newer on the server
    failed: int = 0  # see load-failed.ndjson
    causes: dict[str, int] = field(default_factory=dict)


def load_resources(
    out: str | Path, server: Server, provider: Provider, *, batch: int = BATCH, progress: Progress | None = None
) -> LoadSummary:
    """Write the resources of a finished backfill to a server; broken off, it goes on after the last whole batch.

    Raises:
        StoreError: there is no finished backfill as NDJSON in the folder.
        ServerError: the server could not be reached at all.
    """
    folder = Path(out)
    state = folder / ".backfill"
    if not (state / "summary.json").exists() or (folder / "bundles.ndjson").exists():
        message = f"{folder} holds no finished backfill of NDJSON; run `workbench backfill` to its end first"
        raise StoreError(message)
    kinds: dict[str, int] = json.loads((state / "summary.json").read_text(encoding="utf-8"))["resources"]
    note = state / "loaded.json"
    done: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {"lines": {}, "counts": {}}
    if done.setdefault("server", server.base_url) != server.base_url:
        done = {"lines": {}, "counts": {}, "server": server.base_url}
    counts: Counter[str] = Counter(done["counts"])
    settler = LocalSettler(server, provider, ())
    with (folder / "load-failed.ndjson").open("ab" if done["lines"] else "wb") as failures:
        for kind in kinds:
            lines = _lines(folder, kind, int(done["lines"].get(kind, 0)))
            while group := list(islice(lines, batch)):
                counts.update(_load(settler, kind, group, failures))
                failures.flush()
                done["lines"][kind] = group[-1][0]
                _note(note, {**done, "counts": counts})
                if progress:
                    left = f", quota: {server.quota.points_left} points left" if server.quota else ""
                    progress(sum(done["lines"].values()), sum(kinds.values()), _words(counts) + left)
    causes = {name.removeprefix("failed: "): count for name, count in counts.items() if name.startswith("failed: ")}
    return LoadSummary(
        created=counts["create"],
        updated=counts["update"],
        unchanged=counts["none"],
        failed=sum(causes.values()),
        causes=causes,
    )


def _load(settler: LocalSettler, kind: str, group: list[tuple[int, str, Write]], failures: Any) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (line, _, _), settled in zip(group, settler.settle_writes(each[1:] for each in group), strict=True):
        if settled.problem is None:
            counts[settled.action] += 1
            continue
        counts[f"failed: {settled.problem}"] += 1
        failures.write(orjson.dumps({"file": f"{kind}.ndjson", "line": line, "reason": settled.problem}) + b"\n")
    return counts


def _lines(folder: Path, kind: str, after: int) -> Iterator[tuple[int, str, Write]]:
    """Yield the resources of a type after a line, each with its line, its search and how it is written."""
    with (folder / f"{kind}.ndjson").open("rb") as resources, keys_file(folder, kind).open("rb") as keys:
        for line, (resource, key) in enumerate(zip(resources, keys, strict=True), start=1):
            if line > after:
                search, mode, order = orjson.loads(key)
                yield line, search, Write(resource=orjson.loads(resource), mode=mode, order=order)


def _words(counts: Counter[str]) -> str:
    failed = sum(count for name, count in counts.items() if name.startswith("failed"))
    told = [f"{counts['create']} created", f"{counts['update']} updated", f"{counts['none']} unchanged"]
    return ", ".join([*told, f"{failed} failed"] if failed else told)


def _note(path: Path, record: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(record), encoding="utf-8")
    unfinished.replace(path)
