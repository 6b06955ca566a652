"""A corpus of events, one at a time: from files, or from a project's store; and what is asked of a whole corpus.

A corpus may be larger than memory, so these give events as they come and keep none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import Problem, StoreError
from workbench.events.delivery import Event
from workbench.events.drift import Drift, unread_paths
from workbench.events.profile import profile_events
from workbench.events.providers import PROVIDERS, Provider
from workbench.flows.load import judge_deliveries
from workbench.mapping.compile import EventMapping
from workbench.mapping.reads import event_path, reads_of
from workbench.store.deliveries import EventStore, open_store
from workbench.store.filters import EventFilter

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["find_unread", "is_read", "open_existing", "sent_events", "stream_events"]

_WILD = {"*", "**"}


def stream_events(
    path: str | Path,
    *,
    chosen: EventFilter | None = None,
    provider: str | None = None,
    providers: Mapping[str, Provider] = PROVIDERS,
    report: Callable[[Problem], None] | None = None,
) -> Iterator[Event]:
    """Yield the events that may be used: those of verified and unsigned deliveries.

    Args:
        path: what `load_events` takes, or a store's `.db` file.
        chosen: which events of a store; files have no such choice.
        provider: whose events they are, where files do not tell.
        providers: those to recognise in files.
        report: is given each problem of a delivery that was refused or could not be read.

    Raises:
        DeliveryError: the path does not exist, or holds no files of events.
        StoreError: the store is not there, or cannot be read.
    """
    if Path(path).suffix == ".db":
        with open_existing(Path(path)) as store:
            for stored in store.events(chosen):
                if stored.verdict in ("verified", "unsigned"):
                    yield stored.event
        return
    for judged in judge_deliveries(path, provider=provider, providers=providers):
        if judged.verdict in ("verified", "unsigned"):
            yield from judged.events
        elif report and judged.problem and judged.verdict in ("refused", "unreadable"):
            report(judged.problem)


def open_existing(path: Path) -> EventStore:
    """Return the store at a path for reading what is in it; asking a question makes no empty store.

    Raises:
        StoreError: there is none, or it cannot be opened.
    """
    if not path.is_file():
        message = f"there is no store {path}: no event was kept yet; capture, import or pull some first"
        raise StoreError(message)
    return open_store(path)


def find_unread(mapping: EventMapping, events: Iterable[Event]) -> tuple[str, ...]:
    """Return which paths the mapping reads that none of the events it takes has: a field that moved, or a slip.

    Paths with a wildcard are left out: they name no field.
    """
    taken = (event for event in events if event.provider == mapping.provider and mapping.accepts(event.type))
    return unread_paths(profile_events(taken), _reads(mapping))


def is_read(drift: Drift, mapping: EventMapping) -> bool:
    """Return whether a difference of two corpora is in what the mapping reads: a type it takes, a path or one inside.

    A path with a wildcard counts as not read: it names no field.
    """
    place = drift.path.replace("[]", "")
    inside = any(path == place or path.startswith(f"{place}.") for path in _reads(mapping))
    return mapping.accepts(drift.event_type) and (not place or inside)


def _reads(mapping: EventMapping) -> set[str]:
    paths = {path for found in reads_of(mapping.document).values() for path in found.paths}
    return {event_path(path) for path in paths if path and not _WILD & {*path}}


def sent_events(store: EventStore, chosen: EventFilter | None = None) -> DataFrame:
    """Return the events that a store keeps as `reconcile` asks for them: provider, event_id, event_type, sent_at."""
    import pandas  # here: few ask for it

    rows = [
        (stored.event.provider, stored.event.id, stored.event.type, stored.received_at)
        for stored in store.events(chosen)
        if stored.verdict in ("verified", "unsigned")
    ]
    frame = pandas.DataFrame(rows, columns=["provider", "event_id", "event_type", "sent_at"])
    return frame.astype({"sent_at": "datetime64[us, UTC]"})
