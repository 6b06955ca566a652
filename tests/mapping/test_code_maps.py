"""ConceptMap JSON → translations."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.mapping.code_maps import CodeMap, read_code_map
from workbench.mapping.problems import Findings


def read(*elements: dict[str, Any], **group: Any) -> CodeMap:
    """The code map of one group."""
    document = {"resourceType": "ConceptMap", "group": [{"element": list(elements), **group}]}
    code_map = read_code_map("status", document, "status.json", findings := Findings(file="m.yaml"))
    assert findings.problems == []
    assert code_map is not None
    return code_map


OPEN = {"code": "open", "target": [{"code": "issued", "equivalence": "equivalent"}]}


@pytest.mark.parametrize(
    ("unmapped", "translation", "results"),
    [
        (None, None, {"issued"}),
        ({"mode": "provided"}, "void", None),
        ({"mode": "fixed", "code": "draft"}, "draft", {"issued", "draft"}),
    ],
)
def test_unmapped_says_what_other_codes_become(
    unmapped: Any, translation: str | None, results: set[str] | None
) -> None:
    """Nothing, the same code, or a fixed one; what can come out follows from it."""
    code_map = read(OPEN, **({"unmapped": unmapped} if unmapped else {}))

    assert code_map.translate("open") == "issued"
    assert code_map.translate("void") == translation
    assert code_map.results() == (None if results is None else frozenset(results))


@pytest.mark.parametrize("equivalence", ["unmatched", "disjoint"])
def test_a_target_that_says_there_is_none_is_none(equivalence: str) -> None:
    """FHIR's two words for no translation leave the code to `unmapped`."""
    code_map = read(OPEN, {"code": "void", "target": [{"equivalence": equivalence}]})

    assert code_map.translate("void") is None
