"""`workbench audit` over a log: judged by the project's own targets; rows, and columns of the caller's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from invented.audit_trail import audit_event, result_line

Workbench = Callable[..., Result]
NOW = datetime.now(UTC)


@pytest.fixture
def log(project: Path) -> Path:
    """Ten runs of one bot, of which the last failed and names a patient."""
    fine = result_line({"event": "e1", "type": "invoice.paid", "outcome": "applied", "writes": []})
    events = [audit_event(f"a{number}", NOW - timedelta(minutes=20 - number), fine) for number in range(9)]
    events.append(audit_event("a9", NOW - timedelta(minutes=2), "Error: Patient Erika Mustermann", outcome="4"))
    file = project / "medplum.ndjson"
    file.write_text("\n".join(map(json.dumps, events)))
    return file


def test_the_verdict_is_by_the_targets_of_the_integration_file(project: Path, log: Path, workbench: Workbench) -> None:
    """What `report:` says in an integration.yaml is what a trail is judged by; without it the defaults hold."""
    before = json.loads(workbench("audit", "--log", log, "--json").stdout)
    file = project / "mappings/stripe/integration.yaml"
    file.write_text(file.read_text().replace("  p95_ms: 5000 ", "  p95_ms: 3 "))
    after = json.loads(workbench("audit", "--log", log, "--json").stdout)

    assert (before["thresholds"]["p95_ms"], after["thresholds"]["p95_ms"]) == (5000.0, 3)
    assert "p95_ms" in [finding["rule"] for finding in after["verdict"]["findings"]]
    assert "p95_ms" not in [finding["rule"] for finding in before["verdict"]["findings"]]


def test_rows_are_masked_until_asked_for(log: Path, workbench: Workbench) -> None:
    """`--rows` prints one row a line; only `--reveal` shows a name, and gives columns of the caller's own."""
    masked = workbench("audit", "--log", log, "--rows")
    shown = workbench("audit", "--log", log, "--rows", "--reveal", "--column", "observer=source.observer.display")

    assert len(masked.stdout.splitlines()) == 10
    assert "Erika" not in masked.output
    assert "Erika Mustermann" in shown.stdout
    assert {"stripe-invoices"} == {json.loads(line)["observer"] for line in shown.stdout.splitlines()}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--reveal",), "--column and --reveal are for --rows"),
        (("--rows", "--column", "observer"), "--column takes name=expression, as observer=source.observer.display"),
        (("--rows", "--column", "a=b"), "an extra column shows what the AuditEvent holds; say reveal=True"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: tuple[str, ...], expected: str, log: Path, workbench: Workbench
) -> None:
    """Each misuse says what to do."""
    refused = workbench("audit", "--log", log, *arguments)
    words = " ".join(refused.output.replace("│", " ").split())

    assert (refused.exit_code, expected in words) == (2, True), words


def test_drift_is_none_for_the_samples_and_told_for_what_is_new(project: Path, workbench: Workbench) -> None:
    """The samples against themselves differ in nothing that is new; a type that no sample has is told, and exits 1."""
    stripe = "mappings/stripe/integration.yaml"
    same = workbench("audit", "drift", stripe, "--events", "sample_events", "--json")
    paid = "sample_events/stripe/invoice.paid"
    new = workbench("audit", "drift", stripe, "--events", "sample_events", "--samples", paid, "--json")

    assert {"untranslated-code"} >= {json.loads(line)["kind"] for line in same.stdout.splitlines()}
    assert new.exit_code == 1
    told = [json.loads(line) for line in new.stdout.splitlines()]
    assert ("new-type", "customer.created") in [(row["kind"], row["event_type"]) for row in told]
