"""The FHIRPath that is compiled, and what is left to Medplum's own validator."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.fhir.definitions import invariants_of, is_type, resource_types
from workbench.fhir.invariants import compile_invariant

KEPT: list[tuple[str, dict[str, Any], bool]] = [
    ("a.exists() or b.exists()", {"b": 1}, True),
    ("a.exists() or b.exists()", {"c": 1}, False),
    ("a.exists() and b.exists()", {"a": 1}, False),
    ("a.exists() xor b.exists()", {"a": 1, "b": 1}, False),
    ("a.exists() implies b.exists()", {"a": 1}, False),
    ("a.exists() implies b.exists()", {"b": 1}, True),
    ("a = 'x' implies b.exists()", {"b": 1}, True),
    ("a = 'x' implies b.exists()", {"a": "x"}, False),
    ("a != 'x' or b.empty()", {"a": "x", "b": 1}, False),
    ("a in ('x' | 'y')", {"a": "y"}, True),
    ("a in ('x' | 'y')", {"a": "z"}, False),
    ("(a.count() + b.count()) > 0", {}, True),  # addition is not compiled: kept, and listed as unchecked
    ("a.count() > 1", {"a": [1]}, False),
    ("a.count() > 1", {"a": [1, 2]}, True),
    ("a.b.empty()", {"a": [{"b": 1}]}, False),
    ("a.where(use = 'home').empty()", {"a": [{"use": "home"}]}, False),
    ("a.where(use = 'home').empty()", {"a": [{"use": "work"}]}, True),
    ("a.all(b.exists())", {"a": [{"b": 1}, {"c": 1}]}, False),
    ("a.b.isDistinct()", {"a": [{"b": 1}, {"b": 1}]}, False),
    ("a.startsWith('http') or a.contains('urn')", {"a": "ftp:x"}, False),
    ("a <= b", {"a": 2, "b": 1}, False),
    ("a <= b", {"a": 2}, True),  # empty in FHIRPath
    ("a <= b", {"a": "2026-02-01", "b": "2026-01-01"}, False),
    ("a <= b", {"a": "2026-02", "b": "2026-01-01"}, True),  # of two precisions: says nothing
    ("a <= b", {"a": "2026-01-01T10:00:00+02:00", "b": "2026-01-01T09:00:00+00:00"}, True),  # of two zones
    ("a.exists().not() or a", {"a": True}, True),
    ("a.exists().not() or a", {"a": False}, False),
]


@pytest.mark.parametrize(("expression", "node", "expected"), KEPT, ids=[f"{one[0]} {one[1]}" for one in KEPT])
def test_fhirpath_is_read_as_fhir_means_it(expression: str, node: dict[str, Any], expected: bool) -> None:
    """Paths, operators and functions with FHIRPath's rules for what is empty."""
    invariant = compile_invariant("Money", expression)

    assert expected == (invariant is None or invariant.is_kept(node))


@pytest.mark.parametrize(
    "expression",
    [
        "descendants().linkId.isDistinct()",
        "a.resolve().exists()",
        "(a.count() + b.count()) > 0",
        "%resource.kind = 'logical'",
        "answer is Boolean",
        "a.matches('^[0-9]+$')",
        "a.exists(",
        "",
    ],
)
def test_what_needs_more_is_not_compiled(expression: str) -> None:
    """An expression outside the supported part gives None, and never a wrong judgement."""
    assert compile_invariant("Money", expression) is None


def test_most_invariants_of_fhir_are_compiled() -> None:
    """Of all invariants of all resource types and their parts, by far the most are checked."""
    names = [*resource_types(), "Period", "Extension", "ContactPoint", "Reference", "Timing.repeat", "Ratio"]
    rules = {(name, key): rule for name in names if is_type(name) for key, rule in invariants_of(name)}

    compiled = [place for place, rule in rules.items() if compile_invariant(place[0], rule) is not None]

    assert len(compiled) / len(rules) > 0.8
