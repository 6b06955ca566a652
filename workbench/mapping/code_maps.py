"""FHIR ConceptMap JSON → the translation table that `$code` reads.

Of a ConceptMap the codes count, not the systems: a provider's statuses have none. So each source code may stand once,
and has one target. A target of equivalence `unmatched` or `disjoint` says that there is no translation.

Source: FHIR R4 conceptmap.html (group.element.target, group.unmapped).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from workbench.mapping.problems import Findings, Place

__all__ = ["CodeMap", "read_code_map"]

_NO_TRANSLATION: Final = ("unmatched", "disjoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMap:
    """A translation of codes.

    >>> CodeMap(name="status", table={"open": "issued"}, unmapped="same").translate("void")
    'void'
    """

    name: str
    table: Mapping[str, str]
    unmapped: str = "problem"  # what a code outside the table gives: "problem", "same", or "fixed"
    fixed: str | None = None  # the code given for all others where `unmapped` is "fixed"

    def translate(self, code: str) -> str | None:
        """The code's translation, None where it has none."""
        if code in self.table:
            return self.table[code]
        return code if self.unmapped == "same" else self.fixed

    def results(self) -> frozenset[str] | None:
        """Every code that can come out, None where any can."""
        if self.unmapped == "same":
            return None
        return frozenset(self.table.values()) | ({self.fixed} if self.fixed else set())


def read_code_map(name: str, source: str | Mapping[str, Any], file: str, findings: Findings) -> CodeMap | None:
    """The code map of a ConceptMap (JSON text, or already decoded); its faults are added to the findings."""
    own = Findings(file=file)
    document = _decoded(source, own)
    code_map = _CodeMapReader(own).read(name, document) if document is not None else None
    findings.problems.extend(own.problems)
    return None if own.problems else code_map


def _decoded(source: str | Mapping[str, Any], findings: Findings) -> Mapping[str, Any] | None:
    if not isinstance(source, str):
        return source
    try:
        document = json.loads(source)
    except json.JSONDecodeError as error:
        place = Place(line=error.lineno, column=error.colno)
        findings.add("code-map", f"not JSON: {error.msg}", place, remedy="correct the syntax here or just before")
        return None
    except (RecursionError, ValueError) as error:
        found = "is nested too deeply" if isinstance(error, RecursionError) else "holds a number of thousands of digits"
        findings.add("code-map", f"the file {found}", remedy="give a FHIR ConceptMap")
        return None
    if isinstance(document, dict) and document.get("resourceType") == "ConceptMap":
        return document
    findings.add(
        "code-map", "the file holds no FHIR ConceptMap", remedy='give an object with "resourceType": "ConceptMap"'
    )
    return None


class _CodeMapReader:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._table: dict[str, str] = {}
        self._unmapped: list[tuple[str, str | None]] = []

    def read(self, name: str, document: Mapping[str, Any]) -> CodeMap:
        for position, group in enumerate(_objects(document.get("group"))):
            path = f"group[{position}]"
            for index, element in enumerate(_objects(group.get("element"))):
                self._element(element, f"{path}.element[{index}]")
            self._unmapped.append(self._rest(group.get("unmapped"), f"{path}.unmapped"))
        if not self._unmapped:
            self._fault("a code map needs a group", "group", "add group[].element[] with code and target")
        rests = sorted(set(self._unmapped), key=str)
        if len(rests) > 1:
            self._fault("the groups disagree about codes that are not mapped", "group.unmapped", "say it alike in each")
        unmapped, fixed = rests[0] if rests else ("problem", None)
        return CodeMap(name=name, table=MappingProxyType(self._table), unmapped=unmapped, fixed=fixed)

    def _element(self, element: Mapping[str, Any], path: str) -> None:
        code = element.get("code")
        if not isinstance(code, str) or not code:
            self._fault("an element has no code", path, "add the provider's code")
            return
        targets = [
            target.get("code")
            for target in _objects(element.get("target"))
            if target.get("equivalence") not in _NO_TRANSLATION
        ]
        if any(not isinstance(target, str) or not target for target in targets):
            self._fault("a target has no code", path, "add the FHIR code")
        elif len(set(targets)) > 1:
            self._fault("a code has more than one target", path, "keep one: $code gives one code")
        elif code in self._table and targets:
            self._fault("a code stands twice", path, "keep one")
        elif targets:
            self._table[code] = str(targets[0])

    def _rest(self, unmapped: Any, path: str) -> tuple[str, str | None]:
        if unmapped is None:
            return "problem", None
        mode = unmapped.get("mode") if isinstance(unmapped, dict) else None
        if mode == "provided":
            return "same", None
        if mode == "fixed" and isinstance(unmapped.get("code"), str) and unmapped["code"]:
            return "fixed", unmapped["code"]
        remedy = "use mode provided (the same code), or fixed with a code"
        self._fault("this way of treating codes that are not mapped is not supported", path, remedy)
        return "problem", None

    def _fault(self, message: str, path: str, remedy: str) -> None:
        self._findings.add("code-map", f"{path}: {message}", path=path, remedy=remedy)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
