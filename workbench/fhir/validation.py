"""A FHIR resource → everything that is wrong with it, at once, in microseconds.

Judged by Medplum's own R4 definitions: unknown elements, cardinality, JSON types and formats, choices, required
bindings, reference targets, and the invariants that `invariants.py` can compile. It is stricter than the server where
the server is looser than FHIR (Medplum stores a status outside its required value set), and looser only by the
invariants that `unchecked_invariants` lists.

A resource that `quick.py` finds surely valid costs no more than that. For any other, each type becomes one table
`property → check`, built when the type is first met, whose checks say what is wrong and where.

Sources: FHIR R4 validation.html, json.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from workbench.errors import Problem
from workbench.fhir.bindings import make_check_of_use, make_code_check, required_binding
from workbench.fhir.definitions import (
    Element,
    children,
    invariants_of,
    is_resource_type,
    required_elements,
    resource_types,
)
from workbench.fhir.faults import NULL, Check, Fault, as_faults, closest_name, list_choices, nest
from workbench.fhir.invariants import Invariant, compile_invariant
from workbench.fhir.primitives import PRIMITIVES
from workbench.fhir.quick import is_surely_valid

__all__ = ["find_problems", "unchecked_invariants", "validate"]

_EMPTY = Fault("empty-value", "is empty", "leave the element out")


def validate(resource: dict[str, Any]) -> list[Problem]:
    """Every problem of a resource; an empty list means that it is valid.

    Each `Problem` has `target` (as `Invoice.lineItem[0].sequence`), `code`, and a message without payload values.

    >>> for problem in validate({"resourceType": "Invoice", "staus": "issued", "lineItem": [{"sequence": 0}]}):
    ...     print(problem)
    Invoice.staus is no element of Invoice; did you mean status?
    Invoice.lineItem[0].sequence is not between 1 and 2147483647
    Invoice.lineItem[0].chargeItem[x] is required; set chargeItemCodeableConcept or chargeItemReference
    Invoice.status is required
    """
    return [] if is_surely_valid(resource) else find_problems(resource)


def find_problems(resource: dict[str, Any]) -> list[Problem]:
    """What `validate` gives, by the pass that can name every fault; it costs more where there is none."""
    try:
        faults = _check_resource(resource)
    except RecursionError:  # some hundred levels; no resource of any use is so deep
        faults = [Fault("too-deep", "is nested too deeply to be judged", "map less of the event")]
    if not faults:
        return []
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    root = name if isinstance(name, str) and is_resource_type(name) else "resource"
    return [
        Problem(
            message=f"{root}{fault.place} {fault.message}",
            target=f"{root}{fault.place}",
            code=fault.code,
            remedy=fault.remedy,
        )
        for fault in faults
    ]


def unchecked_invariants(type_name: str) -> tuple[str, ...]:
    """The keys of a type's invariants that need more FHIRPath than is compiled here; ask Medplum's `$validate`.

    >>> unchecked_invariants("Invoice")
    ()
    """
    return tuple(key for key, rule in invariants_of(type_name) if compile_invariant(type_name, rule) is None)


def _check_resource(value: Any) -> Sequence[Fault] | None:
    """The check of any resource: the root, one that is contained, one in a Bundle."""
    name = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(name, str):
        return [Fault("unknown-type", "has no resourceType", "give it one, such as Invoice")]
    if is_resource_type(name):
        return as_faults(_type_check(name)(value), value)
    near = closest_name(name, resource_types())
    remedy = f"did you mean {near}?" if near else None
    return [Fault("unknown-type", "has a resourceType that FHIR R4 does not know", remedy)]


class _Type(NamedTuple):
    """What is asked of a JSON object of one type."""

    table: dict[str, Check]  # by property
    required: frozenset[str]
    choices: list[tuple[str, frozenset[str], bool]]  # `value[x]`, its members, whether one is required
    invariants: list[tuple[str, Invariant]]


@cache
def _type_check(type_name: str) -> Check:
    """The check of a JSON object of one type; its table is built at the first value, since types hold one another."""
    wanted: _Type | None = None

    def check(value: Any) -> list[Fault] | None:
        nonlocal wanted
        wanted = wanted or _read_type(type_name)
        table, required, choices, invariants = wanted
        if type(value) is not dict:
            return [NULL if value is None else Fault("wrong-value", "is not an object")]
        if not value:
            return [_EMPTY]
        faults: list[Fault] = []
        for key, child in value.items():
            find = table.get(key)
            found = find(child) if find else [_unknown(key, type_name, table)]
            if found:
                faults += nest(found, child, "." + key)
        if faults:
            faults = _without_allowed_nulls(faults, value)
        if required and not required <= value.keys():
            faults += _missing(required, value)
        for choice, names, must in choices:
            present = names & value.keys()
            if len(present) > 1 or (must and not present):
                faults += _choice_faults(choice, names, present, value)
        for key, (names, kept_when_absent, is_kept) in invariants:
            if not (kept_when_absent if names.isdisjoint(value) else is_kept(value)):
                faults.append(Fault("invariant", f"breaks FHIR's invariant {key}"))
        return faults

    return check


def _read_type(type_name: str) -> _Type:
    compiled = ((key, compile_invariant(type_name, rule)) for key, rule in invariants_of(type_name))
    return _Type(
        table=_build_table(type_name),
        required=frozenset(name for name in required_elements(type_name) if not name.endswith("[x]")),
        choices=_choices_of(type_name),
        invariants=[(key, invariant) for key, invariant in compiled if invariant],
    )


def _build_table(type_name: str) -> dict[str, Check]:
    table: dict[str, Check] = {}
    for name, element in children(type_name).items():
        table[name] = _element_check(element)
        if element.type in PRIMITIVES:  # `_status` holds the id and extensions of `status`
            table[f"_{name}"] = (
                _array_check(_type_check("Element"), None) if element.is_array else _type_check("Element")
            )
    if is_resource_type(type_name):
        table["resourceType"] = lambda _value: None  # it chose this table
    return table


def _element_check(element: Element) -> Check:
    check = _value_check(element)
    return _array_check(check, element.max) if element.is_array else check


def _value_check(element: Element) -> Check:
    if element.type in PRIMITIVES:
        bound = required_binding(element)
        return make_code_check(element.type, bound) if bound else PRIMITIVES[element.type]
    return _check_resource if element.type == "Resource" else make_check_of_use(element, _type_check(element.type))


def _array_check(check: Check, most: int | None) -> Check:
    def checked(values: Any) -> list[Fault] | None:
        if type(values) is not list:
            return [NULL if values is None else Fault("not-a-list", "is not a list", "write a list, if only of one")]
        faults: list[Fault] | None = None if values else [_EMPTY]
        for index, value in enumerate(values):
            if found := check(value):
                faults = (faults or []) + nest(found, value, f"[{index}]")
        if most is not None and len(values) > most:
            faults = [*(faults or []), Fault("too-many", f"has {len(values)} values, at most {most} are allowed")]
        return faults

    return checked


def _choices_of(type_name: str) -> list[tuple[str, frozenset[str], bool]]:
    members: dict[str, set[str]] = {}
    for name, element in children(type_name).items():
        if element.choice:
            members.setdefault(element.choice, set()).add(name)
    required = required_elements(type_name)
    return [(choice, frozenset(names), choice in required) for choice, names in members.items()]


def _unknown(key: str, type_name: str, table: dict[str, Check]) -> Fault:
    near = closest_name(key, (name for name in table if not name.startswith("_")))
    return Fault("unknown-element", f"is no element of {type_name}", f"did you mean {near}?" if near else None)


def _missing(required: frozenset[str], value: dict[str, Any]) -> list[Fault]:
    names = sorted(name for name in required - value.keys() if f"_{name}" not in value)
    return [Fault("missing-element", "is required", None, f".{name}") for name in names]


def _choice_faults(choice: str, names: frozenset[str], present: frozenset[str], value: dict[str, Any]) -> list[Fault]:
    if len(present) > 1:
        return [
            Fault(
                "several-choices", f"is set {len(present)} times", f"keep one of {list_choices(present)}", f".{choice}"
            )
        ]
    if any(f"_{name}" in value for name in names):
        return []
    return [Fault("missing-element", "is required", f"set {list_choices(names)}", f".{choice}")]


def _without_allowed_nulls(faults: list[Fault], value: dict[str, Any]) -> list[Fault]:
    """Without the nulls FHIR allows: at a position of a primitive list where the `_` list has something, or reverse."""

    def is_allowed(fault: Fault) -> bool:
        name, bracket, rest = fault.place[1:].partition("[")
        partner = value.get(name[1:] if name.startswith("_") else f"_{name}")
        position = rest.removesuffix("]")
        if fault.code != "null-value" or not bracket or not position.isdigit() or not isinstance(partner, list):
            return False
        return int(position) < len(partner) and partner[int(position)] is not None

    return [fault for fault in faults if not is_allowed(fault)]
