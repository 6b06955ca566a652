"""A folder of audit rows survives what happens to folders."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from invented.audit_trail import audit_event

from workbench.errors import StoreError
from workbench.store.audit_store import AuditStore, Pulled

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def write(folder: Path, *numbers: int, hours: int = 0) -> Path:
    """A file of runs, so many hours after AT."""
    file = folder / f"events-{numbers[0]}-{hours}.ndjson"
    events = [audit_event(f"a{n}", AT + timedelta(hours=hours, seconds=n)) for n in numbers]
    file.write_text("\n".join(map(json.dumps, events)))
    return file


@pytest.fixture
def store(tmp_path: Path) -> AuditStore:
    """A store with three runs of one day."""
    store = AuditStore(tmp_path / "audit")
    store.add([write(tmp_path, 1, 2, 3)])
    return store


def parts(store: AuditStore) -> list[str]:
    """Its files, by day."""
    return sorted(str(file.relative_to(store.folder)) for file in store.folder.rglob("*.parquet"))


def test_rows_lie_by_the_day_on_which_they_were_recorded(store: AuditStore, tmp_path: Path) -> None:
    """One file a day and addition; DuckDB, Dask or Spark read the folder as it is."""
    assert store.add([write(tmp_path, 4, hours=13)]) == 1
    assert parts(store) == ["day=2026-11-23/part-000001.parquet", "day=2026-11-24/part-000001.parquet"]
    assert list(store.frame(since=AT + timedelta(hours=12))["id"]) == ["a4"]
    assert list(store.frame(until=AT + timedelta(seconds=3))["id"]) == ["a1", "a2"]
    assert list(store.frame(bot="Bot/none")["id"]) == []


def test_many_small_additions_become_one_file(store: AuditStore, tmp_path: Path) -> None:
    """A year of pulls every minute does not end in half a million files."""
    store = AuditStore(store.folder, most_parts=3)
    for number in range(10, 16):
        store.add([write(tmp_path, number)])

    assert len(parts(store)) <= 3
    assert len(store.frame()) == store.frame()["id"].nunique() == 9


def test_a_rewriting_that_was_broken_off_is_made_good(store: AuditStore) -> None:
    """A death between the new file and the deletion of the old ones doubles nothing."""
    day = store.folder / "day=2026-11-23"
    (day / "part-000002.parquet").write_bytes((day / "part-000001.parquet").read_bytes())
    (day / ".replaces").write_text("part-000002.parquet")

    assert len(store.frame()) == 3
    assert parts(store) == ["day=2026-11-23/part-000002.parquet"]


def test_a_rewriting_that_never_came_to_its_new_file_changes_nothing(store: AuditStore) -> None:
    """The old files stay until the new one is there; what was half written is not read."""
    day = store.folder / "day=2026-11-23"
    (day / ".replaces").write_text("part-000002.parquet")
    (day / ".part-000002.parquet").write_bytes(b"half")

    assert len(store.frame()) == 3
    assert parts(store) == ["day=2026-11-23/.part-000002.parquet", "day=2026-11-23/part-000001.parquet"]


def test_two_pulls_into_one_folder_do_not_mix(store: AuditStore, tmp_path: Path) -> None:
    """The second is told to wait."""
    with (store.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError) as caught:
            store.add([write(tmp_path, 9)])

    assert str(caught.value) == f"{store.folder}: another pull is writing here; wait until it is done"


def test_a_damaged_file_is_named_as_such(store: AuditStore) -> None:
    """What to do about it is said; nothing of it is quoted."""
    (store.folder / parts(store)[0]).write_bytes(b"PAR1 Erika Mustermann PAR1")

    with pytest.raises(StoreError) as caught:
        store.frame()

    assert str(caught.value).startswith(f"{store.folder}: could not be read (")
    assert str(caught.value).endswith("); delete the file that is damaged, and pull again")
    assert "Erika" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"source": "x"}'])
def test_a_damaged_note_is_named_as_such(store: AuditStore, text: str) -> None:
    """Deleting it costs a pull and no row."""
    (store.folder / "pull.json").write_text(text)

    with pytest.raises(StoreError) as caught:
        store.pulled()

    assert str(caught.value) == (
        f"{store.folder / 'pull.json'}: is damaged; delete it and pull again, no row is lost or doubled by that"
    )


def test_how_far_it_was_pulled_is_remembered(store: AuditStore) -> None:
    """The note comes back as it was given."""
    noted = Pulled(source="http://127.0.0.1/ all bots", since=None, until="2026-11-23T12:00:03.001Z")
    store.note(noted)

    assert AuditStore(store.folder).pulled() == noted


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Looking makes no folder."""
    store = AuditStore(tmp_path / "none")

    assert (store.pulled(), store.has_rows(), len(store.frame())) == (None, False, 0)
    assert not store.folder.exists()
