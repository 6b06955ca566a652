"""import_events and export_deliveries: into the store and out again, without loss and without doubles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.errors import DeliveryError
from workbench.flows.keep import export_deliveries, import_events
from workbench.flows.load import load_events, read_secrets
from workbench.store.deliveries import open_store
from workbench.store.filters import EventFilter

SAMPLES = Path(__file__).parents[2] / "sample_events"


def test_the_samples_are_kept_once(tmp_path: Path) -> None:
    """Every delivery is kept; a thin event and its snapshot are one; importing again changes nothing."""
    loaded = load_events(SAMPLES)
    thin = [event for event in loaded.events if event.dedupe_key != f"{event.provider}:{event.id}"]
    first = import_events(SAMPLES, tmp_path / "a.db")
    again = import_events(SAMPLES, tmp_path / "a.db")

    assert (first.deliveries, first.new_events, first.duplicates) == (
        len(loaded.deliveries),
        len(loaded.events) - len(thin),
        len(thin),
    )
    assert (again.new_events, again.duplicates, again.problems) == (0, len(loaded.events), ())


def test_what_cannot_be_read_is_reported_and_the_rest_is_kept(tmp_path: Path) -> None:
    """Problems come with their places, and do not stop the import."""
    event = {"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1795435200}
    (tmp_path / "a.ndjson").write_text(json.dumps(event) + "\n{oops\n" + json.dumps({**event, "id": "evt_2"}))
    imported = import_events(tmp_path / "a.ndjson", tmp_path / "a.db")

    assert (imported.new_events, [problem.line for problem in imported.problems]) == (2, [2])


def test_an_import_tells_its_progress(tmp_path: Path) -> None:
    """The caller hears what is kept."""
    told: list[str] = []
    import_events(SAMPLES / "okta" / "user.lifecycle.suspend", tmp_path / "a.db", progress=told.append)

    assert told == ["kept 1 deliveries: 3 new events, 0 known"]


def test_a_missing_path_leaves_no_half_import(tmp_path: Path) -> None:
    """The error is that of loading."""
    with pytest.raises(DeliveryError, match="there is no file or folder"):
        import_events(tmp_path / "nowhere", tmp_path / "a.db")


def test_what_is_exported_loads_and_verifies_again(tmp_path: Path) -> None:
    """Bytes, headers and times leave the store as they entered it."""
    import_events(SAMPLES, tmp_path / "a.db")
    written = export_deliveries(tmp_path / "a.db", tmp_path / "out", EventFilter(type="invoice.*"))
    loaded = load_events(tmp_path / "out", secrets=read_secrets(SAMPLES))

    assert loaded.counts() == {"verified": written}
    assert {event.type.split(".")[0] for event in loaded} == {"invoice"}


def test_a_hostile_event_id_stays_inside_the_folder(tmp_path: Path) -> None:
    """An id or type with a path in it names a file, and no other place."""
    event = {"id": "../../x", "object": "event", "type": "../../../evil", "created": 1795435200}
    (tmp_path / "a.json").write_text(json.dumps(event))
    import_events(tmp_path / "a.json", tmp_path / "a.db")
    export_deliveries(tmp_path / "a.db", tmp_path / "deep" / "out")

    written = list(tmp_path.rglob("*.body"))
    assert len(written) == 1
    assert (tmp_path / "deep" / "out") in written[0].parents


def test_the_store_stays_usable_after_an_export(tmp_path: Path) -> None:
    """Reading takes nothing away."""
    import_events(SAMPLES / "stripe", tmp_path / "a.db")
    before = export_deliveries(tmp_path / "a.db", tmp_path / "out")
    with open_store(tmp_path / "a.db") as store:
        assert store.count() >= before
