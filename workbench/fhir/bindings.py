"""Checks of codes against required value sets, and of references against the types they may point to.

Sources: FHIR R4 terminologies.html#required, references.html#Reference.
"""

from __future__ import annotations

import re
from typing import Any, Final

from workbench.fhir.definitions import Binding, Element, is_resource_type
from workbench.fhir.faults import Check, Fault, as_faults, list_choices
from workbench.fhir.primitives import PRIMITIVES

__all__ = ["make_check_of_use", "make_code_check", "required_binding"]

_TYPE_IN_REFERENCE: Final = re.compile(r"(?:https?://\S+/)?([A-Z][A-Za-z]+)[/?]\S+")
_OTHER_REFERENCE: Final = re.compile(
    r"#\S*|(?:urn|https?):\S+|system"
)  # `system`: Medplum's own agent of an AuditEvent

_NO_REFERENCE: Final = Fault(
    "wrong-reference-target",
    "holds a reference that leads nowhere",
    "write Type/id, Type?search, #id or a URL",
    ".reference",
)


def required_binding(element: Element) -> Binding | None:
    """The binding of an element that its codes can be held against; None where it has none, or no list of codes."""
    binding = element.binding
    return binding if binding and binding.strength == "required" and binding.codes else None


def make_check_of_use(element: Element, check_type: Check) -> Check:
    """The check of a JSON object as one element uses its type: with the element's codes, or its reference targets."""
    bound = required_binding(element)
    if bound and element.type in {"Coding", "CodeableConcept"}:
        return _make_coded_check(element.type, bound, check_type)
    if element.targets and "Resource" not in element.targets:
        return _make_target_check(element.targets, check_type)
    return check_type


def make_code_check(type_name: str, binding: Binding) -> Check:
    """The check of a primitive (code, string, uri) whose value must be one of a value set's codes."""
    codes = frozenset().union(*(binding.codes or {}).values())
    check_format = PRIMITIVES[type_name]
    fault = Fault(
        "code-not-in-value-set",
        f"is not one of the {len(codes)} codes of {binding.value_set}",
        f"use {list_choices(codes)}",
    )

    def check(value: Any) -> list[Fault] | str | None:
        if type(value) is str and value in codes:
            return None
        return check_format(value) or [fault]

    return check


def _make_coded_check(type_name: str, binding: Binding, check_type: Check) -> Check:
    """The check of a Coding or CodeableConcept of which one coding must be in a value set."""
    codes = binding.codes or {}
    anything = frozenset().union(*codes.values())
    fault = Fault(
        "code-not-in-value-set",
        f"has no coding from {binding.value_set}",
        f"use {list_choices(anything)} of {list_choices(codes)}",
    )

    def is_member(coding: Any) -> bool:
        system, code = (coding.get("system"), coding.get("code")) if isinstance(coding, dict) else (None, None)
        return code is None or code in (anything if system is None else codes.get(system, ()))

    def check(value: Any) -> list[Fault] | None:
        faults = list(as_faults(check_type(value), value))
        if not faults:
            codings = [value] if type_name == "Coding" else value.get("coding", [])
            if codings and not any(is_member(coding) for coding in codings):
                faults.append(fault)
        return faults or None

    return check


def _make_target_check(targets: tuple[str, ...], check_type: Check) -> Check:
    """The check of a Reference that may only point to some resource types, literal, conditional or logical."""
    allowed = frozenset(targets)
    is_plain = re.compile(rf"(?:{'|'.join(sorted(allowed))})[/?]\S+").fullmatch

    def check(value: Any) -> list[Fault] | None:
        if found := check_type(value):
            return list(as_faults(found, value))
        pointed = value.get("reference")
        if pointed and is_plain(pointed):
            return None  # the common case, before the slower ones
        named = _TYPE_IN_REFERENCE.fullmatch(pointed) if pointed else None
        if pointed and not named and not _OTHER_REFERENCE.fullmatch(pointed):
            return [_NO_REFERENCE]
        target = named.group(1) if named else value.get("type")
        if target is None or target in allowed or not is_resource_type(target):
            return None
        remedy = f"point to {list_choices(allowed)}"
        return [Fault("wrong-reference-target", f"points to {target}, which is not allowed here", remedy)]

    return check
