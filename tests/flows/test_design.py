"""Mapping files on disk, run over events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import MappingError, MappingRunError, MappingSpecError
from workbench.events.delivery import Event
from workbench.flows.design import (
    check_files,
    compare_mappings,
    coverage,
    load_mapping,
    load_mappings,
    map_event,
    map_events,
)
from workbench.flows.drafts import draft_mapping, write_draft

TEXT = """\
mapping: stripe-customer
version: 1
provider: stripe
events: ["customer.*"]
codes:
  state: codes/state.json
resources:
  account:
    when: =$exists(data.object)
    identity: {system: "https://stripe.com/customer/id", value: =data.object.id}
    resource:
      resourceType: Account
      status: =$code("state", data.object.state)
      name: =data.object.name
"""
STATE = {
    "resourceType": "ConceptMap",
    "group": [{"element": [{"code": "ok", "target": [{"code": "active"}]}]}],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A mapping file with its code map beside it."""
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes/state.json").write_text(json.dumps(STATE))
    place = tmp_path / "stripe-customer.yaml"
    place.write_text(TEXT)
    return place


def event(identity: Any = "cus_1", *, kind: str = "customer.created", provider: str = "stripe", **rest: Any) -> Event:
    """An event of a customer."""
    payload = {"data": {"object": {"id": identity, "state": "ok", "name": "Ada", **rest}}}
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return Event(
        provider=provider, id=f"evt_{identity}", type=kind, payload=payload, delivery_id="d", occurred_at=moment
    )


def test_a_mapping_is_loaded_with_its_code_maps(file: Path) -> None:
    """Paths in `codes` are relative to the file."""
    result = map_event(load_mapping(file), event())

    assert result.as_list()[0]["resource"]["status"] == "active"


def test_a_payload_does_for_an_event(file: Path) -> None:
    """Who has only JSON maps it as well, and may ask why."""
    result = map_event(load_mapping(file), event().payload, explain=True)

    assert result.as_list()[0]["resource"]["name"] == "Ada"
    assert [step.gave for step in result.trace] == ["boolean", "string", "string", "string"]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """The system says why; the remedy is to check the path."""
    with pytest.raises(MappingSpecError) as caught:
        load_mapping(tmp_path / "gone.yaml")

    assert str(caught.value) == (
        f"{tmp_path}/gone.yaml: the file cannot be read: No such file or directory; check the path"
    )


def test_the_mappings_of_a_folder_are_those_files_that_are_mappings(file: Path) -> None:
    """An integration file beside them is passed over; faults of all files are told at once."""
    (file.parent / "integration.yaml").write_text("integration: x\n")
    assert [mapping.name for mapping in load_mappings(file.parent)] == ["stripe-customer"]

    for name in ("a.yaml", "b.yaml"):
        (file.parent / name).write_text(TEXT.replace("version: 1\n", ""))
    with pytest.raises(MappingSpecError) as caught:
        load_mappings(file.parent)
    assert [Path(problem.file or "").name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_files_are_checked_one_by_one_and_all(file: Path) -> None:
    """A file that cannot be read does not keep the next from being checked."""
    file.write_text(TEXT.replace("status:", "staus:"))
    broken = file.parent / "latin.yaml"
    broken.write_bytes(b"mapping: \xff\n")

    assert [str(problem).replace(f"{file.parent}/", "") for problem in check_files([broken, file.parent])] == [
        "latin.yaml: the file cannot be read: it is not UTF-8; check the path",
        "latin.yaml: the file cannot be read: it is not UTF-8; check the path",
        "stripe-customer.yaml:12:7: Account.status is required and never set; add status:",
        "stripe-customer.yaml:13:7: staus is no element of Account; did you mean status?",
    ]


def test_every_event_has_its_outcome(file: Path) -> None:
    """Mapped, nothing made, ignored, failed: one row each, and a failure stops nothing."""
    mapping = load_mapping(file)
    empty = Event(provider="stripe", id="evt_0", type="customer.x", payload={}, delivery_id="d")
    events = [event(), empty, event(kind="invoice.paid"), event(provider="okta"), event(7), event("cus_2", state="new")]
    rows = map_events(mapping, events)

    assert [row.outcome for row in rows] == ["mapped", "nothing", "ignored", "ignored", "failed", "mapped"]
    assert rows.counts() == {"mapped": 2, "nothing": 1, "ignored": 2, "failed": 1}
    assert [problem.code for problem in rows.problems] == ["identity", "unmapped-code", "missing-element"]
    assert {problem.line for problem in rows.rows[5].problems} == {13}
    assert repr(rows) == "MappedEvents(1 failed, 2 ignored, 2 mapped, 1 nothing; 2 resources, 3 problems)"
    assert len(rows.bundle()["entry"]) == 2
    assert list(rows.to_frame()["resources"]) == ["Account", "", "", "", "", "Account"]


def test_a_failure_is_an_error_for_one_event_alone(file: Path) -> None:
    """Whoever maps a single event sees it fail, with its id."""
    with pytest.raises(MappingRunError) as caught:
        map_event(load_mapping(file), event(7))

    assert (caught.value.event_id, caught.value.code) == ("evt_7", "identity")


def test_coverage_is_of_the_events_that_the_mapping_takes(file: Path) -> None:
    """Others do not count."""
    found = coverage(load_mapping(file), [event(), event(kind="invoice.paid"), event("cus_2", extra=1)])

    assert (found.mapping, found.events) == ("stripe-customer@1", 2)
    assert [(one.path, one.present) for one in found.fields if not one.read] == [("data.object.extra", 1)]


def test_a_new_version_is_compared_event_by_event(file: Path) -> None:
    """Only events of which something else comes are told, by rule and FHIR path."""
    old = load_mapping(file)
    file.write_text(
        TEXT.replace("version: 1", "version: 2").replace("name: =data.object.name", "name: =data.object.full")
    )
    changes = compare_mappings(old, load_mapping(file), [event(), event("cus_2", full="Ada")])

    assert [(one.id, [found.show() for found in differences]) for one, differences in changes] == [
        ("evt_cus_1", ['- account.resource.name: "Ada"'])
    ]


def test_a_draft_is_written_with_its_code_maps_and_never_over_a_file(tmp_path: Path) -> None:
    """What is written loads; a second time is refused before anything is touched."""
    draft = draft_mapping(
        [event(f"cus_{n}") for n in range(4)], provider="stripe", patterns=["customer.*"], resource="Account"
    )
    files = write_draft(draft, tmp_path / "stripe-account.yaml")

    assert check_files([files[0]]) == ()
    assert load_mapping(files[0]).accepts("customer.created")
    with pytest.raises(MappingError, match="exists; a draft never overwrites: give another path, or remove it"):
        write_draft(draft, tmp_path / "stripe-account.yaml")


def test_a_draft_needs_events_and_a_type_that_exist() -> None:
    """Both are told with what to do."""
    with pytest.raises(MappingError, match=r"^no stripe event among the samples is of type invoice\.\*; check"):
        draft_mapping([event()], provider="stripe", patterns=["invoice.*"], resource="Account")
    with pytest.raises(MappingError, match=r"^FHIR R4 has no resource type Acount; did you mean Account\?$"):
        draft_mapping([event()], provider="stripe", patterns=["customer.*"], resource="Acount")
