"""A draft of a mapping: its faults, what it makes of events, and the file that stays the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.errors import MappingError
from workbench.flows.designing import Draft
from workbench.flows.draft_run import run_draft
from workbench.flows.load import load_events

ROOT = Path(__file__).parents[2]
EVENTS = load_events(ROOT / "sample_events/stripe").events


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """The shipped mapping of invoices, in a folder of its own."""
    shutil.copytree(ROOT / "mappings/stripe", tmp_path / "stripe")
    return Draft(tmp_path / "stripe/stripe-invoice.yaml", EVENTS)


def test_a_fault_takes_the_preview_and_has_a_place(draft: Draft) -> None:
    """While there are errors nothing is made; each has its line; put right, everything is back."""
    before = draft.text
    problems = draft.check(before.replace("$invoice.customer.deleted ?", "$invoice.customer.( ?"))
    faulty = draft.mapping, draft.preview(draft.events[0]), list(draft.corpus())
    draft.check(before)

    assert problems[0].line == next(
        number for number, line in enumerate(before.splitlines(), 1) if "$invoice.customer.deleted ?" in line
    )
    assert faulty == (None, None, [])
    assert draft.problems == ()
    assert draft.preview(draft.taken[0]).result.trace  # type: ignore[union-attr]


def test_the_corpus_is_counted_in_slices_against_the_saved_file(draft: Draft) -> None:
    """Each slice says how far it is; what the draft makes otherwise than the file does is counted, by path."""
    draft.check(draft.text.replace('"active"', '"on-hold"'))
    slices = [(found.done, found.total) for found in draft.corpus(step=10)]
    *_, last = draft.corpus()

    assert slices == [(10, 26), (20, 26), (26, 26)]
    assert last.outcomes["mapped"] == 26
    assert last.changed > 20
    assert set(last.changed_paths) == {"account.resource.status"}


def test_what_somebody_else_wrote_is_never_overwritten_unasked(draft: Draft) -> None:
    """Saving is refused until it is asked for expressly; reloading takes the file's text."""
    draft.check(draft.text.replace("version: 1", "version: 2"))
    draft.file.write_text(draft.saved + "# theirs\n")

    assert draft.changed_outside()
    with pytest.raises(MappingError, match="was changed by somebody else meanwhile"):
        draft.save()
    assert draft.file.read_text().endswith("# theirs\n")
    draft.save(over=True)
    assert "version: 2" in draft.file.read_text()
    draft.file.write_text("# theirs again\n")
    assert draft.reload() == "# theirs again\n" == draft.text


def test_a_difference_is_of_lines(draft: Draft) -> None:
    """From the file to the draft; none at first."""
    assert draft.difference() == ()
    draft.check(draft.text.replace("version: 1", "version: 2"))
    assert [line for line in draft.difference() if line[:1] in "+-"][2:] == ["-version: 1", "+version: 2"]


def test_completions_come_from_the_events_and_from_fhir(draft: Draft) -> None:
    """In an expression the events' fields; at a key the element's own; at a value its codes."""
    lines = draft.text.splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "resourceType: Invoice" in line)
    labels = {one.label for one in draft.suggest(number + 1, 6, draft.text.replace(lines[number], "      "))[1]}
    codes = {one.label for one in draft.suggest(number, 8, "\n".join([*lines[: number - 1], "      status: "]))[1]}

    assert {"status", "totalGross", "$each"} <= labels
    assert codes == set()
    assert [one.label for one in draft.suggest(1, 15, "x: =data.object")[1]] == ["data.object"]
    variables = draft.text.replace(lines[number], "      date: =$invoice.due")
    assert [one.label for one in draft.suggest(number + 1, 26, variables)[1]] == ["$invoice.due_date"]


def test_a_file_that_is_not_there_begins_empty(tmp_path: Path) -> None:
    """And is made by saving."""
    draft = Draft(tmp_path / "new.yaml", EVENTS)
    draft.check("mapping: new\n")
    draft.save()

    assert (tmp_path / "new.yaml").read_text() == "mapping: new\n"


def test_a_draft_runs_as_a_bot_on_a_fresh_sandbox(draft: Draft) -> None:
    """What is written is read back; the draft need not be saved."""
    draft.check(draft.text.replace('"active"', '"on-hold"'))
    ran = run_draft(draft, next(event for event in draft.taken if event.type == "invoice.paid"))

    assert ran.row.outcome == "applied"
    assert {one["resourceType"]: one["status"] for one in ran.resources} == {
        "Account": "on-hold",
        "Invoice": "balanced",
    }
