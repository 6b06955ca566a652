"""`workbench map`: check, run, test, coverage, diff, new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Workbench = Callable[..., Result]
INVOICE = "mappings/stripe/stripe-invoice.yaml"


def rows(run: Result) -> list[dict[str, object]]:
    """The JSON lines of a run."""
    return [json.loads(line) for line in run.stdout.splitlines()]


def another_version(project: Path) -> Path:
    """The invoice mapping with another name for what a draft's Account is called."""
    file = project / "mappings/stripe/other.yaml"
    text = (project / INVOICE).read_text(encoding="utf-8")
    file.write_text(text.replace("code: customer}", "code: payer}"), encoding="utf-8")
    return file


def test_rows_of_a_run_are_whole_json(project: Path, workbench: Workbench) -> None:
    """Events that no mapping takes have null, and not NaN, for its name."""
    found = rows(workbench("map", "run", INVOICE, "sample_events", "--json"))

    assert {("customer.created", None), ("invoice.paid", "stripe-invoice@1")} <= {
        (row["type"], row["mapping"]) for row in found
    }


def test_samples_are_held_against_their_golden_files(project: Path, workbench: Workbench) -> None:
    """As shipped all is the same; a change is told by path, as text or annotation, and can be written."""
    assert workbench("map", "test").exit_code == 0

    text = (project / INVOICE).read_text(encoding="utf-8")
    (project / INVOICE).write_text(text.replace("code: customer}", "code: payer}"), encoding="utf-8")
    changed = workbench("map", "test", "--no-javascript")
    github = workbench("map", "test", "--no-javascript", "--format", "github")
    revealed = workbench("map", "test", "--no-javascript", "--reveal")

    assert changed.exit_code == 1
    assert "stripe-invoice.account.resource.type.coding[0].code" in changed.stdout
    assert "payer" not in changed.stdout
    assert '"customer" → "payer"' in revealed.stdout
    assert github.stdout.startswith("::error file=")
    assert workbench("map", "test", "--update", "--no-javascript").exit_code == 0
    assert workbench("map", "test", "--no-javascript").exit_code == 0


def test_a_golden_file_that_is_missing_or_left_over_is_told(project: Path, workbench: Workbench) -> None:
    """Each sample has its file and each file its sample."""
    golden = project / "tests/golden/stripe/invoice.paid"
    (golden / "membership.json").rename(golden / "gone.json")

    run = workbench("map", "test", "--no-javascript")

    assert run.exit_code == 1
    assert "stripe/invoice.paid/membership: the golden file is missing" in run.stdout
    assert "stripe/invoice.paid/gone: the golden file is left over" in run.stdout


def test_coverage_is_a_table_rows_or_the_annotated_text(project: Path, workbench: Workbench) -> None:
    """Three forms of the same; events that the mapping does not take are no events."""
    table = workbench("map", "coverage", INVOICE)
    found = rows(workbench("map", "coverage", INVOICE, "sample_events", "--json"))
    annotated = workbench("map", "coverage", INVOICE, "--annotate")

    assert "stripe-invoice@1 on 2 events:" in table.stdout
    assert {"path": "account", "kind": "field", "events": 1, "covered": False} not in found
    assert {"field", "part"} <= {row["kind"] for row in found}
    assert "    - |   mrn: " in annotated.stdout
    assert "none of the events is one that stripe-invoice@1 takes" in str(
        workbench("map", "coverage", INVOICE, "sample_events/okta").exception
    )


def test_versions_are_compared_over_events(project: Path, workbench: Workbench) -> None:
    """The same version changes nothing; another is told by event and path, its values only when revealed."""
    other = another_version(project)

    same = workbench("map", "diff", INVOICE, INVOICE)
    changed = workbench("map", "diff", INVOICE, other, "--events", "sample_events/stripe/invoice.paid", "--json")
    revealed = workbench("map", "diff", INVOICE, other, "--reveal", "--json")

    assert (same.exit_code, same.stdout) == (0, "nothing differs\n")
    assert changed.exit_code == 1
    assert [row["path"] for row in rows(changed)] == ["account.resource.type.coding[0].code"]
    assert "after" not in rows(changed)[0]
    assert {"payer"} == {row["after"] for row in rows(revealed)}


def test_a_draft_is_accepted_by_check_and_never_overwrites(project: Path, workbench: Workbench) -> None:
    """A first mapping of the samples; a second call leaves it alone; a wrong name is told with the nearest."""
    arguments = ("map", "new", "--provider", "stripe", "--events", "invoice.*", "--resource", "Invoice")
    made = workbench(*arguments, "--name", "mine")
    again = workbench(*arguments, "--name", "mine")
    wrong = workbench(*arguments[:-1], "Invoise")

    assert made.exit_code == 0
    assert workbench("map", "check", "mappings/stripe/mine.yaml").exit_code == 0
    assert "a draft never overwrites" in str(again.exception)
    assert "did you mean Invoice?" in str(wrong.exception)
