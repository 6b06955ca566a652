"""FHIR's primitive types at their edges."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.fhir.primitives import PRIMITIVES

GOOD: list[tuple[str, Any]] = [
    ("date", "2026"),
    ("date", "2024-02-29"),
    ("dateTime", "2026-01-31T23:59:60.123456789+14:00"),
    ("dateTime", "2026-06"),
    ("instant", "2026-01-01T00:00:00Z"),
    ("time", "23:59:59"),
    ("code", "a b"),
    ("id", "A-1.b"),
    ("uri", "urn:ä"),
    ("oid", "urn:oid:1.2.3"),
    ("uuid", "urn:uuid:7a5f0cc8-2a80-4ba6-b3b7-8b4dfb9ff9a2"),
    ("string", "line\nline\ttab 😀"),
    ("base64Binary", "aGVsbG8="),
    ("integer", -(2**31)),
    ("integer", 3.0),
    ("positiveInt", 1),
    ("unsignedInt", 0),
    ("decimal", 1e-7),
    ("boolean", False),
]

BAD: list[tuple[str, Any, str]] = [
    ("date", "2026-1-1", "is not written as a FHIR date"),
    ("date", "0000", "is not written as a FHIR date"),
    ("date", "2026-01-01T00:00:00Z", "is not written as a FHIR date"),
    ("date", "2023-02-29", "is no date: its month has no such day"),
    ("dateTime", "2026-01-01T10:00Z", "is not written as a FHIR dateTime"),
    ("dateTime", "2026-01-01T24:00:00Z", "is not written as a FHIR dateTime"),
    ("dateTime", "٢٠٢٦", "is not written as a FHIR dateTime"),
    ("instant", "2026-01-01", "is not written as a FHIR instant"),
    ("code", "a  b", "is not written as a FHIR code"),
    ("code", "a\ufeff", "is not written as a FHIR code"),
    ("id", "a_b", "is not written as a FHIR id"),
    ("id", "a" * 65, "is not written as a FHIR id"),
    ("uri", "a b", "is not written as a FHIR uri"),
    ("uri", "", "is empty or blank"),
    ("string", "\ufeff ", "is empty or blank"),
    ("string", "a\x00", "holds a control character or half a surrogate pair"),
    ("string", "\ud800", "holds a control character or half a surrogate pair"),
    ("string", "a" * (1024 * 1024 + 1), "has 1048577 characters, more than 1 MB"),
    ("string", 5, "is a number, not text"),
    ("string", None, "is null, not text"),
    ("base64Binary", "aGVsbG8", "is not written as a FHIR base64Binary"),
    ("integer", 2**31, "is not between -2147483648 and 2147483647"),
    ("integer", 1.5, "has a fraction, and a FHIR integer is whole"),
    ("integer", True, "is true or false, not a number"),
    ("positiveInt", 0, "is not between 1 and 2147483647"),
    ("unsignedInt", -1, "is not between 0 and 2147483647"),
    ("decimal", "1.0", "is text, not a number"),
    ("decimal", float("nan"), "is a number that JSON cannot carry"),
    ("decimal", [1], "is a list, not a number"),
    ("boolean", 1, "is a number, neither true nor false"),
    ("boolean", {}, "is an object, neither true nor false"),
]


@pytest.mark.parametrize(("name", "value"), GOOD, ids=str)
def test_a_good_value_has_no_fault(name: str, value: Any) -> None:
    """Values at the edges of each type are good."""
    assert PRIMITIVES[name](value) is None


@pytest.mark.parametrize(("name", "value", "expected"), BAD, ids=[f"{name}-{text}" for name, _, text in BAD])
def test_a_wrong_value_is_said_to_be_wrong(name: str, value: Any, expected: str) -> None:
    """Each wrong value gives the sentence for its fault, without the value."""
    assert expected == PRIMITIVES[name](value)
