"""Measures over hand-made rows: every number is one that a person can count."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas
import pytest
from invented.audit_trail import BOT, audit_event, invented_trail, result_line
from invented.medplum import AuditServer

from workbench.audit.thresholds import Thresholds
from workbench.errors import StoreError
from workbench.flows.collect import audit_frame
from workbench.flows.measure import MEASURES_TYPE, Measures, measures

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


def run(identifier: str, hours_ago: float, *results: dict, milliseconds: int = 10, **more: object) -> dict:
    """One run, so many hours before NOW."""
    failed = any(result["outcome"] in ("failed", "refused") for result in results)
    line = result_line(*results)
    at = NOW - timedelta(hours=hours_ago)
    return audit_event(identifier, at, line, outcome="4" if failed else "0", milliseconds=milliseconds, **more)  # type: ignore[arg-type]


def event(name: str, kind: str = "invoice.paid", outcome: str = "applied", **more: object) -> dict:
    """One event's part of a result line."""
    return {"event": name, "type": kind, "mapping": "stripe-invoice@3", "outcome": outcome, "writes": [], **more}


@pytest.fixture(scope="module")
def few() -> Measures:
    """Six runs of seven events: five ok, one failed, one refused."""
    trail = [
        run("r1", 30, event("e1"), milliseconds=10),
        run("r2", 29, event("e2"), milliseconds=20),
        run("r3", 5, event("e3"), event("e4", "customer.updated", "stale"), milliseconds=30),
        run("r4", 4, event("e5", outcome="failed", problem="reference-not-found"), milliseconds=400),
        run("r5", 3, {"outcome": "refused", "problem": "signature-mismatched", "writes": []}, milliseconds=3),
        run("r6", 2, event("e6", mapping="stripe-invoice@4", at="2026-11-23T15:59:00.000Z"), milliseconds=40),
    ]
    return measures(audit_frame(AuditServer(trail).connect()), until=NOW)


def test_runs_and_events_are_counted_apart(few: Measures) -> None:
    """A run of two events is one run; states count events; durations count runs."""
    counted = {key: few.summary[key] for key in ("runs", "events", "ok", "failed", "refused", "bots", "event_types")}

    assert counted == {"runs": 6, "events": 7, "ok": 5, "failed": 1, "refused": 1, "bots": 1, "event_types": 2}
    assert few.summary["ok_p50_ms"] == 25.0
    assert pytest.approx(few.summary["ok_p95_ms"]) == 38.5
    assert few.summary["not_ok_p50_ms"] == 201.5
    assert few.summary["event_to_resource_p50_ms"] == 60_000
    assert (NOW - timedelta(hours=2)) == few.summary["last"]


def test_each_event_type_and_outcome_is_a_row(few: Measures) -> None:
    """Event type × outcome with the durations of their runs."""
    rows = few.by_type[["event_type", "outcome", "events", "p50_ms", "p95_ms"]].astype(object)

    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        ["customer.updated", "stale", 1, 30.0, 30.0],
        ["invoice.paid", "applied", 4, 25.0, 38.5],
        ["invoice.paid", "failed", 1, 400.0, 400.0],
        [None, "refused", 1, 3.0, 3.0],
    ]


def test_event_types_that_no_mapping_takes_are_named() -> None:
    """An event that a mapping took and made nothing of is no such type."""
    trail = [
        run("r1", 3, event("e1", "invoice.upcoming", "ignored", mapping=None)),
        run("r2", 2, event("e2", "invoice.upcoming", "ignored", mapping=None)),
        run("r3", 1, event("e3", "charge.succeeded", "ignored")),
    ]
    found = measures(audit_frame(AuditServer(trail).connect()), until=NOW).unmapped

    assert found[["provider", "event_type", "events"]].to_numpy().tolist() == [["stripe", "invoice.upcoming", 2]]


def test_an_event_that_two_mappings_took_is_one_event() -> None:
    """It counts once, with its weightiest outcome; each mapping has its own row."""
    twice = (event("e1", mapping="okta-user@1"), event("e1", outcome="unchanged", mapping="okta-audit@1"))
    other = (event("e2", mapping="okta-user@1"), event("e2", outcome="failed", mapping="okta-audit@1"))
    rows = audit_frame(AuditServer([run("r1", 2, *twice, *other)]).connect())
    found = measures(rows, until=NOW)

    assert list(rows["event_index"]) == [0, 0, 2, 2]
    assert list(rows["event_outcome"]) == ["applied", "applied", "failed", "failed"]
    assert {key: found.summary[key] for key in ("runs", "events", "ok", "failed")} == {
        "runs": 1,
        "events": 2,
        "ok": 1,
        "failed": 1,
    }
    assert found.by_type[["outcome", "events"]].to_numpy().tolist() == [["applied", 1], ["failed", 1]]
    assert found.by_mapping[["mapping", "events", "failed"]].to_numpy().tolist() == [
        ["okta-audit", 2, 1],
        ["okta-user", 2, 0],
    ]
    assert list(found.incidents["events"]) == [1]


def test_versions_of_a_mapping_stand_beside_each_other(few: Measures) -> None:
    """The old one and the new one, each with its share of success."""
    assert few.by_mapping[["mapping", "version", "events", "ok_share"]].astype(object).to_numpy().tolist() == [
        ["stripe-invoice", 3, 5, 0.8],
        ["stripe-invoice", 4, 1, 1.0],
    ]


def test_the_time_from_event_to_resource_is_by_mapping_version_and_judged(few: Measures) -> None:
    """The one event that says when it happened was settled a minute later; an expectation of half a minute warns."""
    rows = few.by_mapping.set_index("version")["event_to_resource_p95_ms"]
    trail = [run("r6", 2, event("e6", at="2026-11-23T15:59:00.000Z"))]
    judged = measures(
        audit_frame(AuditServer(trail).connect()), until=NOW, thresholds={"event_to_resource_p95_s": 30}
    ).verdict

    assert pandas.isna(rows[3])
    assert rows[4] == 60_000
    assert str(judged) == "Warning: 95 % of the events were settled within 60 s of happening; 30 s are expected"


def test_a_burn_rate_is_per_window(few: Measures) -> None:
    """One failure of four events in six hours, against a budget of 1 %, is 25 times too fast; a refusal counts not."""
    assert pytest.approx([0.0, 25.0, 25.0, 100 / 6, 100 / 6]) == list(few.burn["burn_rate"])


def test_an_incident_names_what_when_and_which_events(few: Measures) -> None:
    """Failures of one kind are one incident, with what is needed to send them again."""
    incidents = few.incidents.set_index("what")

    assert {"reference-not-found", "signature-mismatched"} == set(incidents.index)
    failure = incidents.loc["reference-not-found"]
    assert list(failure["event_ids"]) == ["e5"]
    assert list(failure["event_types"]) == ["invoice.paid"]
    assert list(failure["mappings"]) == ["stripe-invoice@3"]
    assert failure["share"] == 0.5
    assert NOW - timedelta(hours=4) == failure["first"] == failure["last"]


def test_failures_are_one_incident_whatever_names_their_texts_hold() -> None:
    """Two thousand patients that are not found are one incident."""
    trail = [
        audit_event(f"r{number}", NOW - timedelta(minutes=number), f"Error: Patient N{number} not found", outcome="4")
        for number in range(200)
    ]
    found = measures(audit_frame(AuditServer(trail).connect()), until=NOW).incidents

    assert list(zip(found["what"], found["events"], strict=True)) == [("Error Patient … not found", 200)]


def test_a_folder_and_a_frame_give_the_same_measures(tmp_path: Path) -> None:
    """The same SQL is asked of Parquet files and of a DataFrame."""
    server = AuditServer(invented_trail(500, NOW)).connect()
    frame = audit_frame(server, data=tmp_path)

    assert measures(frame, until=NOW, since="3d").to_dict() == measures(tmp_path, until=NOW, since="3d").to_dict()


def test_without_a_run_nothing_can_be_said() -> None:
    """An empty span is no success."""
    found = measures(audit_frame(AuditServer([]).connect()), since="1d")

    assert (found.verdict.level, found.verdict.exit_code) == ("unknown", 3)
    assert found.summary["runs"] == 0


def test_bots_that_hide_runs_leave_the_verdict_open() -> None:
    """A healthy trail that is not whole proves nothing."""
    frame = audit_frame(AuditServer(invented_trail(200, NOW)).connect())
    hiding = {"resourceType": "Bot", "id": BOT, "name": "invoices", "auditEventTrigger": "on-error"}
    found = measures(frame, until=NOW, bots=[hiding], thresholds=Thresholds(success=0.5))

    assert str(found.verdict) == (
        "Could not tell: bot invoices: only runs that fail are recorded (auditEventTrigger on-error); set it to always"
    )


def test_measures_travel_in_a_notebook_as_json(few: Measures) -> None:
    """What `report` reads out of an executed notebook is all there, as plain JSON."""
    bundle = few._repr_mimebundle_()
    travelled = json.loads(json.dumps(bundle[MEASURES_TYPE]))

    assert bundle[MEASURES_TYPE] == travelled == few.to_dict()
    assert travelled["by_bot"][0]["last"] == "2026-11-23T16:00:00.000Z"
    assert (
        str(few)
        == bundle["text/plain"]
        == (
            "6 runs, 7 events from 2026-11-22 12:00 to 2026-11-23 18:00 UTC: 5 ok, 1 failed, 1 refused."
            " Warning: 1 of 6 events failed (16.67%); 1.00% are allowed"
        )
    )


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    """Measuring nothing is an error that says what to do."""
    with pytest.raises(StoreError) as caught:
        measures(tmp_path)

    assert str(caught.value) == f"{tmp_path}: holds no audit rows; pull them first: workbench audit pull"


def test_the_frame_given_is_left_as_it_was() -> None:
    """Measuring changes nothing of its input."""
    frame = audit_frame(AuditServer(invented_trail(50, NOW)).connect())
    before = frame.copy()
    measures(frame, until=NOW)

    pandas.testing.assert_frame_equal(before, frame)
