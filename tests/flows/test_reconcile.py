"""Three tellings of every event, compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pandas
import pytest
from invented.audit_trail import audit_event, result_line
from invented.medplum import AuditServer

from workbench.flows.collect import audit_frame
from workbench.flows.reconcile import reconcile

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def sent(*events: str, at: datetime = AT) -> pandas.DataFrame:
    """Events of Stripe, sent at one moment."""
    frame = pandas.DataFrame({"provider": "stripe", "event_id": list(events), "event_type": "invoice.paid"})
    frame["sent_at"] = pandas.Series([at] * len(events), dtype="datetime64[us, UTC]")
    return frame


def runs(*told: tuple[str, str, float]) -> pandas.DataFrame:
    """Audit rows of runs: event, outcome, and seconds after AT; a run names the invoice of its event."""
    trail = [
        audit_event(
            f"r{number}",
            AT + timedelta(seconds=seconds),
            result_line(
                {
                    "event": event,
                    "type": "invoice.paid",
                    "mapping": "stripe-invoice@3",
                    "outcome": outcome,
                    "writes": [{"ref": f"Invoice/{event}", "action": "update"}],
                }
            ),
            outcome="4" if outcome == "failed" else "0",
        )
        for number, (event, outcome, seconds) in enumerate(told)
    ]
    return audit_frame(AuditServer(trail).connect())


def verdicts(found: object) -> dict[str, str]:
    """Each event's verdict."""
    frame = found.events  # type: ignore[attr-defined]
    return dict(zip(frame["event_id"], frame["verdict"], strict=True))


def test_each_event_has_the_verdict_that_it_earns() -> None:
    """Every way in which the tellings can differ, beside one in which they agree."""
    rows = runs(
        ("fine", "applied", 1),
        ("retried", "failed", 1),
        ("retried", "applied", 2),
        ("again", "applied", 1),
        ("again", "duplicate", 2),
        ("twice", "applied", 1),
        ("twice", "applied", 2),
        ("slow", "applied", 301),
        ("broken", "failed", 1),
        ("deleted", "applied", 1),
        ("stranger", "applied", 1),
    )
    asked = sent("fine", "retried", "again", "twice", "slow", "broken", "deleted", "never")
    there = [f"Invoice/{event}" for event in ("fine", "retried", "again", "twice", "slow", "stranger")]
    found = reconcile(asked, rows, references=there)

    assert verdicts(found) == {
        "fine": "ok",
        "retried": "ok",
        "again": "ok",
        "twice": "duplicate",
        "slow": "late",
        "broken": "failed",
        "deleted": "lost",
        "stranger": "orphan",
        "never": "missing",
    }
    assert found.exit_code == 2
    assert str(found) == ("9 events: 1 duplicate, 1 failed, 1 late, 1 lost, 1 missing, 3 ok, 1 orphan")


def test_without_a_look_at_the_server_nothing_is_called_lost() -> None:
    """What was not looked at is said."""
    found = reconcile(sent("fine"), runs(("fine", "applied", 1)))

    assert (verdicts(found), found.exit_code) == ({"fine": "ok"}, 0)
    assert str(found) == "1 events: 1 ok (what is on the server was not looked at)"


def test_two_mappings_of_one_event_are_no_duplicate() -> None:
    """A run that applies an event by two mappings applied it once."""
    twice = [{"event": "e", "type": "x", "mapping": f"m{n}@1", "outcome": "applied", "writes": []} for n in (1, 2)]
    rows = audit_frame(AuditServer([audit_event("r1", AT, result_line(*twice))]).connect())

    assert verdicts(reconcile(sent("e"), rows)) == {"e": "ok"}


def test_an_event_sent_twice_is_one_event() -> None:
    """Providers repeat deliveries; the first counts for being late."""
    asked = pandas.concat([sent("e"), sent("e", at=AT + timedelta(hours=1))])
    found = reconcile(asked, runs(("e", "applied", 5)))

    assert verdicts(found) == {"e": "ok"}
    assert list(found.events["deliveries"]) == [2]


def test_nothing_sent_and_nothing_done_agree() -> None:
    """Two empty tellings are no error."""
    found = reconcile(sent(), runs())

    assert (found.counts(), found.exit_code, str(found).split(" (")[0]) == ({}, 0, "0 events: no events")


def test_a_frame_without_its_columns_is_refused() -> None:
    """The missing ones are named."""
    with pytest.raises(ValueError) as caught:
        reconcile(pandas.DataFrame({"event_id": []}), runs())

    assert str(caught.value) == "reconcile: the frame of sent events lacks event_type, provider, sent_at"


def test_a_hundred_thousand_events_are_exact() -> None:
    """Whatever is left out at random is found, all of it and nothing else."""
    chance = Random(8)
    events = [f"evt_{number}" for number in range(100_000)]
    dropped = set(chance.sample(events, 321))
    gone = set(chance.sample(sorted(set(events) - dropped), 123))
    template = runs(("e", "applied", 1))
    rows = template.iloc[[0] * (len(events) - len(dropped))].reset_index(drop=True)
    kept = [event for event in events if event not in dropped]
    rows["id"] = rows["event_id"] = kept
    rows["refs"] = [f"Invoice/{event}" for event in kept]
    found = reconcile(sent(*events), rows, references=[f"Invoice/{event}" for event in kept if event not in gone])
    frame = found.events

    assert found.counts() == {"lost": 123, "missing": 321, "ok": 100_000 - 444}
    assert set(frame.loc[frame["verdict"] == "missing", "event_id"]) == dropped
    assert set(frame.loc[frame["verdict"] == "lost", "event_id"]) == gone
