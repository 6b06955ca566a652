"""Bots whose settings keep runs out of the trail."""

from __future__ import annotations

import pytest

from workbench.audit.completeness import hidden_runs


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"auditEventTrigger": "always"}, None),
        ({"auditEventDestination": ["resource"]}, None),
        ({"auditEventDestination": []}, None),
        (
            {"auditEventTrigger": "never"},
            "bot b: none of its runs is recorded (auditEventTrigger never); set it to always",
        ),
        (
            {"auditEventTrigger": "on-output"},
            "bot b: runs that print nothing are not recorded (auditEventTrigger on-output); set it to always",
        ),
        (
            {"auditEventTrigger": "always", "auditEventDestination": ["log"]},
            "bot b: its runs go to the server's log only (auditEventDestination); add resource",
        ),
        ({"auditEventTrigger": "sometimes"}, None),
    ],
)
def test_what_is_hidden_is_told_as_medplum_obeys_it(settings: dict, expected: str | None) -> None:
    """The table of contract.md §5, row by row; a trigger that Medplum does not know hides nothing."""
    assert hidden_runs({"resourceType": "Bot", "name": "b", **settings}) == expected
