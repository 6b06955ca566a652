"""Put recorded deliveries into the store of a project, and take deliveries out of it as files again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from workbench.errors import Problem
from workbench.events.providers import PROVIDERS, Provider
from workbench.flows.delivery_files import file_name, write_delivery
from workbench.flows.load import judge_deliveries
from workbench.flows.verdicts import JudgedDelivery
from workbench.store.deliveries import EventStore, open_store
from workbench.store.filters import EventFilter

__all__ = ["Imported", "add_judged", "export_deliveries", "import_events"]

TOGETHER = 500  # deliveries in one commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import changed."""

    deliveries: int  # read and kept, or there already
    new_events: int
    duplicates: int  # events that were there
    problems: tuple[Problem, ...]  # what was refused or could not be read, each with its place


def import_events(
    path: str | Path,
    store: Path,
    *,
    secrets: Mapping[str, str | Sequence[str]] | None = None,
    provider: str | None = None,
    providers: Mapping[str, Provider] = PROVIDERS,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> Imported:
    """Return what was new at a path, once it is in the store; importing again changes nothing.

    Args are those of `load_events`, and the file of the store.

    Raises:
        DeliveryError: the path does not exist or holds no files of events.
        StoreError: the store cannot be opened or written; what was reported by then is in it.
    """
    judged = judge_deliveries(path, secrets=secrets, provider=provider, providers=providers, now=now)
    with open_store(store) as opened:
        return add_judged(judged, opened, progress)


def add_judged(
    judged: Iterable[JudgedDelivery], store: EventStore, progress: Callable[[str], None] | None = None
) -> Imported:
    """Return what was new among judged deliveries, once they are in the store."""
    deliveries = new = duplicates = 0
    problems: list[Problem] = []
    rest = iter(judged)
    while batch := list(islice(rest, TOGETHER)):
        with store.transaction():
            for each in batch:
                if each.problem and each.verdict in ("refused", "unreadable"):
                    problems.append(each.problem)
                if each.delivery is None:
                    continue
                added = store.add(
                    each.delivery,
                    verdict=each.verdict,
                    provider=each.provider,
                    events=each.events,
                    reason=each.reason,
                    message=each.problem.message if each.problem else None,
                    source=each.source,
                )
                deliveries, new, duplicates = deliveries + 1, new + added.events, duplicates + added.duplicates
        if progress:
            progress(f"kept {deliveries} deliveries: {new} new events, {duplicates} known")
    return Imported(deliveries=deliveries, new_events=new, duplicates=duplicates, problems=tuple(problems))


def export_deliveries(store: Path, folder: Path, chosen: EventFilter | None = None) -> int:
    """Return how many deliveries were written to a folder, one that `load_events` reads: bytes beside headers.

    Raises:
        StoreError: the store cannot be read.
        OSError: the folder cannot be written.
    """
    with open_store(store) as opened:
        wanted = {
            stored.delivery: (stored.event.provider, stored.event.type, stored.event.id)
            for stored in opened.events(chosen)
        }
        for number, (provider, kind, event_id) in sorted(wanted.items()):
            place = folder / file_name(provider) / file_name(kind)
            write_delivery(opened.delivery(number), place, f"{number:06d}-{event_id}")
    return len(wanted)
