"""The blocks of a rule against FHIR's definition of its resource: what can be known before any event.

Found here: elements FHIR does not have, lists where FHIR has one value and the reverse, literals of a wrong type or
format, required elements that are never set, codes outside a required value set (also those a code map gives), several
members of one choice, and references to the wrong type. What an expression gives is judged when it runs, by
`fhir.validate`; here only where its last step says it (`$money` gives Money, `$instant` an instant).

Sources: FHIR R4 elementdefinition.html, references.html, terminologies.html#required.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from workbench.fhir.definitions import (
    Element,
    children,
    is_resource_type,
    required_elements,
    resource_types,
    search_parameters,
)
from workbench.fhir.faults import list_choices
from workbench.fhir.primitives import PRIMITIVES
from workbench.mapping.blocks import At, Block, Choice, Each, Fields, Items, Leaf, Literal, Reference, Rule
from workbench.mapping.code_maps import CodeMap
from workbench.mapping.leaf_facts import code_map_of, type_of
from workbench.mapping.problems import Findings, Place, nearest

__all__ = ["check_resource"]

_TEXTS: Final = frozenset(PRIMITIVES) - {"boolean", "decimal", "integer", "positiveInt", "unsignedInt"}
_NUMBERS: Final = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
_FITS: Final[Mapping[str, frozenset[str]]] = {
    "Money": frozenset({"Money"}),
    "instant": frozenset({"instant", "dateTime", "string", "markdown"}),
    "date": frozenset({"date", "dateTime", "string", "markdown"}),
    "string": _TEXTS,
    "number": _NUMBERS,
    "boolean": frozenset({"boolean"}),
}
"""What the last step of an expression gives → the FHIR types that can hold it."""


def check_resource(rule: Rule, codes: Mapping[str, CodeMap], findings: Findings) -> None:
    """Add every fault of a rule's resource and of its identity against FHIR to the findings."""
    if not is_resource_type(rule.resource_type):
        message, remedy = (
            f"FHIR R4 has no resource type {rule.resource_type}",
            nearest(rule.resource_type, resource_types()),
        )
        _fault(findings, "unknown-type", message, rule.resource.at, remedy)
        return
    _check_identity(rule, findings)
    _Walker(codes, findings).fields(
        rule.resource, rule.resource_type, has_identifier=rule.identity.parameter == "identifier"
    )


def _check_identity(rule: Rule, findings: Findings) -> None:
    parameter, _, modifier = rule.identity.parameter.partition(":")
    kind = search_parameters(rule.resource_type).get(parameter)
    searched = search_parameters(rule.resource_type).items()
    tokens = [name for name, found in searched if found == "token" and not name.startswith("_")]
    if kind is None or kind != ("reference" if modifier else "token"):
        message = f"{rule.resource_type} cannot be searched by the token {rule.identity.parameter}"
        remedy = f"use {list_choices(tokens)}"
        _fault(findings, "identity", message, rule.identity.at, remedy)


class _Walker:
    def __init__(self, codes: Mapping[str, CodeMap], findings: Findings) -> None:
        self._codes = codes
        self._findings = findings

    def fields(self, block: Fields, type_name: str, *, has_identifier: bool = False) -> None:
        """Check an object of a FHIR type."""
        known = children(type_name)
        choices: dict[str, list[str]] = {}
        for (name, child), place in zip(block.entries, block.keys, strict=True):
            element = known.get(name)
            if element is not None:
                choices.setdefault(element.choice or name, []).append(name)
                self._element(child, element)
            elif name.startswith("_") and name[1:] in known:
                continue
            elif not (name == "resourceType" and is_resource_type(type_name)):
                at = At(place=place, path=child.at.path, target=child.at.target)
                _fault(
                    self._findings, "unknown-element", f"{name} is no element of {type_name}", at, nearest(name, known)
                )
        present = set(choices) | ({"identifier"} if has_identifier else set())
        for required in required_elements(type_name):
            if required not in present:
                self._missing(required, block, known)
        for choice, names in choices.items():
            if len(names) > 1:
                message = f"{choice} is set {len(names)} times"
                _fault(self._findings, "several-choices", message, block.at, f"keep one of {list_choices(names)}")

    def _missing(self, required: str, block: Fields, known: Mapping[str, Element]) -> None:
        members = [name for name, element in known.items() if element.choice == required]
        remedy = f"set {list_choices(members)}" if members else f"add {required}:"
        at = At(place=block.at.place, path=block.at.path, target=f"{block.at.target}.{required}")
        _fault(self._findings, "missing-element", f"{at.target} is required and never set", at, remedy)

    def _element(self, block: Block, element: Element) -> None:
        for part, in_list in _parts(block, False):
            if element.is_array and not in_list:
                remedy = "write it as a list, as [ … ], or with $each"
                _fault(self._findings, "not-a-list", f"{element.path} is a list in FHIR", part.at, remedy)
            elif in_list and not element.is_array:
                remedy = "write the value alone, without a list"
                _fault(self._findings, "not-one-value", f"{element.path} is one value in FHIR", part.at, remedy)
            else:
                self._value(part, element)

    def _value(self, block: Block, element: Element) -> None:
        if isinstance(block, Literal):
            self._literal(block, element)
        elif isinstance(block, Leaf):
            self._leaf(block, element)
        elif isinstance(block, Reference):
            self._reference(block, element)
        elif isinstance(block, Fields):
            self._object(block, element)

    def _object(self, block: Fields, element: Element) -> None:
        if element.type in PRIMITIVES:
            remedy = f"give a {element.type} or an expression"
            _fault(self._findings, "wrong-type", f"{element.path} is a {element.type}, not an object", block.at, remedy)
        elif element.type != "Resource":
            self.fields(block, element.type)
            return
        contained = dict(block.entries).get("resourceType")
        if element.type == "Resource" and isinstance(contained, Literal) and is_resource_type(str(contained.value)):
            self.fields(block, str(contained.value))

    def _literal(self, block: Literal, element: Element) -> None:
        check = PRIMITIVES.get(element.type)
        if check is None:
            remedy = "write its elements below it"
            _fault(self._findings, "wrong-type", f"{element.path} is a {element.type}, an object", block.at, remedy)
        elif said := check(block.value):
            _fault(self._findings, "wrong-type", f"{element.path} {said}", block.at, f"write a FHIR {element.type}")
        elif isinstance(block.value, str):
            self._codes_allowed({block.value}, block.at, element)

    def _leaf(self, block: Leaf, element: Element) -> None:
        kind = type_of(block.node)
        if kind is not None and element.type not in _FITS[kind]:
            message = f"{element.path} is a {element.type}, and the expression gives a {kind}"
            _fault(
                self._findings,
                "wrong-type",
                message,
                block.at,
                _REMEDIES.get((kind, element.type), "map another value"),
            )
        code_map = self._codes.get(code_map_of(block.node) or "")
        results = code_map.results() if code_map else None
        if results:
            self._codes_allowed(set(results), block.at, element)

    def _codes_allowed(self, codes: set[str], at: At, element: Element) -> None:
        binding = element.binding
        if element.type not in PRIMITIVES or binding is None or binding.strength != "required" or not binding.codes:
            return
        allowed = frozenset().union(*binding.codes.values())
        for code in sorted(codes - allowed):
            message = f"{code} is no code of {element.path}"
            remedy = nearest(code, allowed)
            _fault(self._findings, "code-not-in-value-set", message, at, remedy)

    def _reference(self, block: Reference, element: Element) -> None:
        if element.type != "Reference":
            remedy = "move $ref to an element that is a Reference"
            _fault(
                self._findings, "wrong-type", f"{element.path} is a {element.type}, not a Reference", block.at, remedy
            )
            return
        if element.targets and "Resource" not in element.targets and block.resource_type not in element.targets:
            message = f"{element.path} cannot point to {block.resource_type}"
            _fault(
                self._findings, "wrong-reference-target", message, block.at, f"point to {list_choices(element.targets)}"
            )
        if not isinstance(block.to, str) and not is_resource_type(block.resource_type):
            message = f"FHIR R4 has no resource type {block.resource_type}"
            _fault(self._findings, "unknown-type", message, block.at, nearest(block.resource_type, resource_types()))
        self.fields(block.fields, "Reference")


_REMEDIES: Final[Mapping[tuple[str, str], str]] = {
    ("Money", "decimal"): "end it with .value",
    ("instant", "date"): "use $date",
    ("date", "instant"): "use $instant",
    ("number", "Money"): "use $money(amount, currency)",
    ("number", "instant"): "use $instant",
    ("number", "dateTime"): "use $instant or $date",
    ("number", "date"): "use $date",
    ("number", "string"): "use $string",
}


def _parts(block: Block, in_list: bool) -> Iterator[tuple[Block, bool]]:
    """The blocks of which one becomes the element, or an item of it, and whether it stands in a list."""
    if isinstance(block, Items):
        for item in block.items:
            yield from _parts(item, True)
    elif isinstance(block, Each):
        yield from _parts(block.item, True)
    elif isinstance(block, Choice):
        for branch in (block.then, block.otherwise):
            if branch is not None:
                yield from _parts(branch, in_list)
    else:
        yield block, in_list


def _fault(findings: Findings, code: str, message: str, at: At, remedy: str) -> None:
    place: Place = at.place
    findings.add(code, message, place, path=at.path, target=at.target, remedy=remedy)
