"""What of a failure's text may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audit.masking import MASK, mask_code, mask_text

PLANTED = [
    "Erika Mustermann",
    "erika mustermann",
    "MUSTERMANN",
    "O'Brien-Smith",
    "Þórdís Müller",
    "erika.mustermann@example.com",
    "1970-01-01",
    "+49 171 5550123",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJlcmlrYSJ9",
    "MRN-0042",
]


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize(
    "text",
    [
        "Error: Patient {} not found",
        "{}",
        "TypeError: {}",
        "Invoice for '{}' is invalid",
        "could not read ({}) at line 3",
        '{{"name":"{}"}}',
        "https://fhir.example/Patient?name={} failed",
        "Unhandled error: {} is not a function",
    ],
)
def test_no_part_of_a_person_or_secret_is_shown(planted: str, text: str) -> None:
    """Whatever stands in a text, only words of the list come out."""
    shown = mask_text(text.format(planted)).lower()

    assert [part for part in planted.lower().replace("-", " ").split() if part in shown] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("boom", MASK),
        (
            "Error: Cannot read properties of undefined (reading 'customer')",
            "Error Cannot read properties of undefined …",
        ),
        ("OperationOutcomeError: Not found", "OperationOutcomeError Not found"),
        ("Invoice.lineItem: is required", "Invoice lineItem is required"),
        ("Patient Grace Field not found", "Patient … not found"),
        ("code 409 after 3 attempts", "code … after … attempts"),
    ],
)
def test_words_of_the_trade_stay(text: str, expected: str) -> None:
    """Technical words and resource types are shown in their order, and one mask stands for each run of others."""
    assert expected == mask_text(text)


def test_failures_that_differ_only_in_whom_they_met_read_the_same() -> None:
    """Names, numbers and ids make no second incident."""
    assert mask_text("Error: Patient Hans Meier (id 7) not found") == mask_text(
        "Error: Patient Erika Ernst (id 8) not found"
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("signature-mismatched", "signature-mismatched"),
        ("conflict-409", "conflict-409"),
        ("erika-mustermann", MASK),
        ("no patient Erika", "no patient …"),
        ("12345678901", MASK),
    ],
)
def test_a_problem_code_is_shown_only_when_it_is_one(code: str, expected: str) -> None:
    """A bot that puts a sentence or a name where its code belongs is masked."""
    assert expected == mask_code(code)


@given(st.text(max_size=300))
def test_masking_again_shows_nothing_more(text: str) -> None:
    """A masked text holds only words that may be shown, whatever it was made of."""
    once = mask_text(text)

    assert set(mask_text(once).split()) <= {*once.split(), MASK}
