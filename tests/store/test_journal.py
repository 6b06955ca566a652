"""The journal of replays: what is kept, what is left, which deliveries are dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.events.delivery import Delivery
from workbench.store.journal import JournalRow, ReplayJournal, delivery_key, open_journal

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HERE = "http://127.0.0.1:1/"


def row(key: str, outcome: str, minute: int = 0, **more: Any) -> JournalRow:
    """What became of a delivery at a minute."""
    return JournalRow(
        key=key * 32,
        name="a.body",
        outcome=outcome,
        settled_at=NOW + timedelta(minutes=minute),
        attempts=1,
        ms=2.5,
        **more,
    )


def begun(journal: ReplayJournal, target: str = f"{HERE} bot") -> int:
    """A new replay."""
    return journal.begin("billing", target, {"events": "samples"}, NOW)


def test_a_row_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """Every field, after the file was closed and opened again; the replay knows its request and whether it ended."""
    kept = row("a", "applied", status=200, event_ids=("evt_1",), event_types=("t",), results=({"outcome": "applied"},))
    with open_journal(tmp_path / "replays.db") as journal:
        number = begun(journal)
        journal.record(number, kept)

    with open_journal(tmp_path / "replays.db") as journal:
        (found,) = journal.rows(number)
        (replay,) = journal.replays()
        journal.finish(number, NOW)
        (ended,) = journal.replays()

    assert found == JournalRow(
        **{name: getattr(kept, name) for name in kept.__slots__ if name != "replay"}, replay=number
    )
    assert (replay.request, replay.settled, replay.finished_at) == ({"events": "samples"}, 1, None)
    assert ended.finished_at == NOW


def test_a_dead_letter_is_what_nothing_later_settled(tmp_path: Path) -> None:
    """A later success anywhere on the server, of any repetition, takes it off the list; one elsewhere does not."""
    with open_journal(tmp_path / "replays.db") as journal:
        first, second, elsewhere = begun(journal), begun(journal), begun(journal, "http://other/ bot")
        for key in "abcd":
            journal.record(first, row(key, "failed", 1, cause="conflict"))
        journal.record(second, row("a", "applied", 2))
        journal.record(second, JournalRow(**{**_fields(row("b", "unchanged", 2)), "key": "b" * 32 + "+1"}))
        journal.record(elsewhere, row("c", "applied", 3))
        journal.record(second, row("d", "refused", 3, cause="signature-mismatched"))
        journal.record(elsewhere, row("e", "failed", 3))

        dead = journal.dead_letters(HERE)

    assert [(each.key[0], each.outcome) for each in dead] == [("c", "failed"), ("d", "refused")]


def _fields(kept: JournalRow) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in kept.__slots__}


def test_a_key_is_of_what_is_sent_and_not_of_how_it_was_proved() -> None:
    """Another body or address is another delivery; another signature or time is not; a repetition says so."""
    one = Delivery(body=b"{}", headers={"s": "1"}, received_at=NOW)
    signed_again = Delivery(body=b"{}", headers={"s": "2"}, received_at=NOW + timedelta(days=1))
    other = Delivery(body=b"[]", headers={"s": "1"}, received_at=NOW)

    assert delivery_key(one) == delivery_key(signed_again) != delivery_key(other)
    assert delivery_key(one, 2) == delivery_key(one) + "+2"


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Event ids and names of files are nobody else's business."""
    with open_journal(tmp_path / "replays.db"):
        assert (tmp_path / "replays.db").stat().st_mode & 0o077 == 0
