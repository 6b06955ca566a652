"""The store: what was added is there, once, byte for byte, whatever happens to the process."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import StoreError
from workbench.events.delivery import Delivery, Event
from workbench.store.deliveries import Added, EventStore, open_store
from workbench.store.filters import EventFilter

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """Give an empty store."""
    with open_store(tmp_path / "events.db") as empty:
        yield empty


def delivery(body: bytes = b'{"id": "evt_1"}', **headers: str) -> Delivery:
    """Return a delivery of a body."""
    return Delivery(body=body, headers=headers, received_at=NOW, url="https://a.example/b")


def event(number: int = 1, *, kind: str = "invoice.paid", minutes: int = 0, **payload: object) -> Event:
    """Return an event; its payload is its delivery's body unless something is added."""
    return Event(
        provider="stripe",
        id=f"evt_{number}",
        type=kind,
        payload={"id": f"evt_{number}", **payload},
        delivery_id="",
        occurred_at=NOW + timedelta(minutes=minutes),
    )


def add(store: EventStore, number: int, *, kind: str = "invoice.paid", minutes: int = 0, **payload: object) -> Added:
    """Add one event with a delivery of its own."""
    body = f'{{"id": "evt_{number}", "n": {number}}}'.encode()
    one = event(number, kind=kind, minutes=minutes, **payload)
    return store.add(delivery(body), verdict="verified", provider="stripe", events=[one])


def ids(store: EventStore, chosen: EventFilter | None = None) -> list[str]:
    """Return the ids listed."""
    return [stored.event.id for stored in store.events(chosen)]


@given(body=st.binary(max_size=200), header=st.text(max_size=20), url=st.none() | st.text(max_size=9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_delivery_comes_back_as_it_came(store: EventStore, body: bytes, header: str, url: str | None) -> None:
    """Bytes, headers, time and URL survive, whatever they are."""
    kept = Delivery(body=body, headers={"X-Any": header}, received_at=NOW, url=url)
    if any("\ud800" <= character <= "\udfff" for character in header + (url or "")):
        return
    number = store.add(kept, verdict="unreadable", provider=None).delivery
    back = store.delivery(number)

    assert (back.body, back.headers, back.received_at) == (kept.body, kept.headers, kept.received_at)


def test_an_event_comes_back_as_it_was(store: EventStore) -> None:
    """Payload, time, type and dedupe key survive, read from the body where the body is the event."""
    store.add(delivery(), verdict="verified", provider="stripe", events=[event()])
    (stored,) = store.events()

    assert (stored.event, stored.verdict, stored.received_at) == (
        Event(**{**_fields(event()), "delivery_id": stored.event.delivery_id}),
        "verified",
        NOW,
    )


def _fields(one: Event) -> dict[str, object]:
    return {name: getattr(one, name) for name in Event.__slots__}


def test_several_events_of_one_delivery_are_kept_apart(store: EventStore) -> None:
    """A batch is one delivery and several events, each with its own payload."""
    batch = [event(number, actor=number) for number in (1, 2, 3)]
    added = store.add(delivery(b'{"data": {"events": []}}'), verdict="verified", provider="okta", events=batch)

    assert (added.events, added.duplicates) == (3, 0)
    assert [stored.event.payload["actor"] for stored in store.events()] == [3, 2, 1]


def test_the_same_bytes_again_are_one_delivery(store: EventStore) -> None:
    """A retry that repeats every byte is counted, not stored twice."""
    first = store.add(delivery(), verdict="verified", provider="stripe", events=[event()])
    again = store.add(delivery(), verdict="verified", provider="stripe", events=[event()])

    assert again == Added(delivery=first.delivery, repeated=True, events=0, duplicates=1)
    assert (store.verdicts(), store.count()) == ({"verified": 1}, 1)


def test_the_same_event_in_another_delivery_is_listed_once(store: EventStore) -> None:
    """A retry with a new signature is a delivery of its own and no new event."""
    store.add(delivery(a="1"), verdict="verified", provider="stripe", events=[event()])
    added = store.add(delivery(a="2"), verdict="verified", provider="stripe", events=[event()])

    assert (added.repeated, added.events, added.duplicates) == (False, 0, 1)
    assert (store.verdicts(), ids(store)) == ({"verified": 2}, ["evt_1"])


def test_a_refused_delivery_cannot_keep_a_real_event_out(store: EventStore) -> None:
    """A forged delivery with a real event's id does not make the real one a duplicate."""
    store.add(delivery(a="forged"), verdict="refused", provider="stripe", events=[event()], reason="mismatched")
    added = store.add(delivery(a="real"), verdict="verified", provider="stripe", events=[event()])

    assert added.events == 1
    assert ids(store, EventFilter(verdict="verified")) == ["evt_1"]


def test_filters_choose(store: EventStore) -> None:
    """Provider, type, time, verdict, id and values in the payload each narrow the list; the newest come first."""
    add(store, 1, kind="invoice.paid", minutes=1, currency="usd", paid=True)
    add(store, 2, kind="invoice.voided", minutes=2, currency="eur", deep={"a b": [{"x": 5}]})
    add(store, 3, kind="charge.refunded", minutes=3, currency="usd", paid=None)
    minute = timedelta(minutes=1)

    chosen = {
        "type": EventFilter(type="invoice.paid"),
        "prefix": EventFilter(type="invoice.*"),
        "all types": EventFilter(type="*"),
        "since": EventFilter(since=NOW + 2 * minute),
        "until": EventFilter(until=NOW + 2 * minute),
        "id": EventFilter(id="evt_3"),
        "provider": EventFilter(provider="okta"),
        "verdict": EventFilter(verdict="refused"),
        "value": EventFilter(where={"currency": "usd"}),
        "two": EventFilter(where={"currency": "usd"}, type="charge.*"),
        "boolean": EventFilter(where={"paid": True}),
        "deep": EventFilter(where={"deep.a b.0.x": 5}),
        "quoted": EventFilter(where={'no"such': 1}),
    }
    assert {name: ids(store, each) for name, each in chosen.items()} == {
        "type": ["evt_1"],
        "prefix": ["evt_2", "evt_1"],
        "all types": ["evt_3", "evt_2", "evt_1"],
        "since": ["evt_3", "evt_2"],
        "until": ["evt_1"],
        "id": ["evt_3"],
        "provider": [],
        "verdict": [],
        "value": ["evt_3", "evt_1"],
        "two": ["evt_3"],
        "boolean": ["evt_1"],
        "deep": ["evt_2"],
        "quoted": [],
    }
    assert [store.count(each) for each in chosen.values()] == [len(ids(store, each)) for each in chosen.values()]


def test_a_limit_ends_the_list(store: EventStore) -> None:
    """Only as many as asked for are read."""
    for number in range(5):
        add(store, number, minutes=number)

    assert [stored.event.id for stored in store.events(limit=2)] == ["evt_4", "evt_3"]


def test_deleting_takes_the_bytes_too_and_spares_shared_deliveries(store: EventStore) -> None:
    """A delivery goes when all its events are chosen; one that also carries others stays."""
    add(store, 1)
    batch = [event(7, kind="invoice.paid", n=1), event(8, kind="customer.created", n=2)]
    store.add(delivery(b"{}"), verdict="verified", provider="stripe", events=batch)

    assert (store.delete(EventFilter(type="invoice.*")), ids(store)) == (1, ["evt_8", "evt_7"])
    with pytest.raises(StoreError, match="holds no delivery 1"):
        store.delivery(1)


def test_pruning_takes_what_is_older(store: EventStore) -> None:
    """Everything received before the time goes, refused deliveries as well."""
    store.add(delivery(a="1"), verdict="refused", provider="stripe", reason="missing")
    add(store, 1)

    assert (store.prune(NOW), store.prune(NOW + timedelta(seconds=1)), store.verdicts()) == (0, 2, {})


def test_deleted_payloads_leave_the_file(store: EventStore, tmp_path: Path) -> None:
    """What was deleted can no longer be found in the file's bytes."""
    store.add(delivery(b'{"name": "Planted Patient"}'), verdict="unsigned", provider=None)
    store.prune(NOW + timedelta(days=1))

    assert b"Planted Patient" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_only_the_owner_may_read_the_file(store: EventStore, tmp_path: Path) -> None:
    """Payloads are health data: the file is not readable for the group or the world."""
    assert (tmp_path / "events.db").stat().st_mode & 0o077 == 0


def test_a_transaction_that_fails_leaves_nothing(store: EventStore) -> None:
    """An import that is broken off is not half there."""
    with pytest.raises(KeyboardInterrupt):
        _add_and_break_off(store)

    assert (store.verdicts(), add(store, 1).repeated) == ({}, False)


def _add_and_break_off(store: EventStore) -> None:
    with store.transaction():
        add(store, 1)
        raise KeyboardInterrupt


def test_threads_lose_nothing(store: EventStore) -> None:
    """Sixteen threads that add at once are all there in the end."""
    threads = [
        threading.Thread(target=lambda base=base: [add(store, base * 100 + each) for each in range(10)])  # type: ignore[misc]
        for base in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.count() == 160


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from workbench.events.delivery import Delivery
from workbench.store.deliveries import open_store
store = open_store(Path(sys.argv[1]))
for number in range(100_000):
    body = str(number).encode()
    store.add(Delivery(body=body, headers={}, received_at=datetime.now(UTC)), verdict="unsigned", provider=None)
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Each number printed was added before; after SIGKILL in the middle every one of them is in the store."""
    path = tmp_path / "events.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout if line.strip()]
    with open_store(path) as store:
        kept = {store.delivery(number).body for number in range(1, len(said) + 1)}

    assert {str(number).encode() for number in said} <= kept


def test_two_processes_share_a_store(tmp_path: Path) -> None:
    """A second connection sees what the first added, and may add too."""
    with open_store(tmp_path / "a.db") as one, open_store(tmp_path / "a.db") as two:
        add(one, 1)
        add(two, 2, minutes=1)

        assert ids(one) == ids(two) == ["evt_2", "evt_1"]


def test_a_store_of_a_newer_workbench_is_refused(tmp_path: Path) -> None:
    """An unknown form is not written to."""
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match=r"was written by a newer workbench \(form 99, we know 2\); update"):
        open_store(tmp_path / "a.db")


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """Another file is named as such, and is left as it was."""
    (tmp_path / "a.db").write_bytes(b"not a database, but long enough to be read as one" * 50)

    with pytest.raises(StoreError, match="is damaged or no store of ours: file is not a database; move it away"):
        open_store(tmp_path / "a.db")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The folder that is missing is in the message."""
    with pytest.raises(StoreError, match=r"cannot be opened: there is no folder .*nowhere"):
        open_store(tmp_path / "nowhere" / "a.db")


def test_a_repr_names_the_file_only(store: EventStore, tmp_path: Path) -> None:
    """A store can be shown in a notebook."""
    assert repr(store) == f"EventStore('{tmp_path}/events.db')"
