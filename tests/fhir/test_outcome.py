"""OperationOutcomes in one line, without what they quote."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.fhir.outcome import describe_outcome, is_success


def outcome(text: str, *places: str, code: str = "invalid", severity: str = "error") -> dict[str, Any]:
    """An OperationOutcome of one issue, as Medplum writes it."""
    issue = {"severity": severity, "code": code, "details": {"text": text}, "expression": list(places)}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            outcome("Missing required property", "Invoice.status"),
            "Missing required property (invalid) at Invoice.status",
        ),
        (outcome("Not found", code="not-found"), "Not found (not-found)"),
        (
            outcome(
                "Conditional reference 'Patient?identifier=urn:p|jane' did not match any resources", "Invoice.subject"
            ),
            "conditional reference to Patient did not match any resources (invalid) at Invoice.subject",
        ),
        (outcome('Invalid additional property "jane"', "Invoice.jane"), "unknown element (invalid) at Invoice.jane"),
        (
            outcome("Constraint axp-3 not met: Criteria must name jane", "AccessPolicy.resource[0]", code="invariant"),
            "invariant axp-3 is not met (invariant) at AccessPolicy.resource[0]",
        ),
        (outcome("jane was here", "Invoice.note[0].text"), "invalid, its text withheld at Invoice.note[0].text"),
        (outcome("Not found jane", "jane@example.org"), "invalid, its text withheld"),
        (
            {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": 5}]},
            "unknown, its text withheld",
        ),
        ({"resourceType": "OperationOutcome", "issue": []}, "no issue was given"),
        ({"resourceType": "Patient"}, "the answer is not an OperationOutcome"),
        ({}, "the answer is not an OperationOutcome"),
    ],
)
def test_an_outcome_is_one_line_without_values(given: dict[str, Any], expected: str) -> None:
    """Known sentences are repeated, those with a value rewritten, and unknown ones withheld."""
    assert expected == describe_outcome(given)


def test_errors_hide_information_and_repeat_nothing() -> None:
    """Two errors and a note give the two errors, each once."""
    both = outcome("Forbidden", code="forbidden")
    both["issue"] += outcome("Gone", code="deleted")["issue"] * 2
    both["issue"] += outcome("All OK", severity="information")["issue"]

    assert describe_outcome(both) == "Forbidden (forbidden); Gone (deleted)"


def test_success_is_an_outcome_without_errors() -> None:
    """Only an OperationOutcome without error or fatal issue is a success."""
    good, bad = outcome("All OK", severity="information"), outcome("Gone", severity="fatal")

    assert [is_success(good), is_success(bad), is_success({}), is_success({"issue": []})] == [True, False, False, False]
