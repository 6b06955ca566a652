"""A FHIR resource → whether it is surely valid, by generated Python that builds nothing.

`validate` asks here first, since most resources are valid, and only what is in doubt is judged for its faults. In doubt
is every resource with a fault, and a valid one that has a `_name` property or a null in a list.

Each type becomes one function, written when its first value is met: a branch for each element, with the common form of
its type tested in line. Whatever is not of the common form is left to the same checks that find the faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import isfinite
from typing import Any, Final

from workbench.fhir.bindings import make_check_of_use, required_binding
from workbench.fhir.definitions import (
    Element,
    children,
    invariants_of,
    is_resource_type,
    required_elements,
)
from workbench.fhir.faults import Check
from workbench.fhir.invariants import compile_invariant
from workbench.fhir.primitives import PRIMITIVES

__all__ = ["is_surely_valid"]

_DOUBT: Final = "is in doubt"  # a judge is a `Check`, so that the makers of checks take it
# What is printable has no control character, no half of a surrogate pair and no blank but the space; the million is a
# little less than FHIR's 1 MB.
_TEXT: Final = "(type(child) is not str or not child.isprintable() or not child.strip() or len(child) > 1_000_000)"
_SOLID: Final = "(type(child) is not str or not child.isprintable() or ' ' in child or not 0 < len(child) < 1_000_000)"
_UNCOMMON: Final = {  # primitive type → an expression that is false for its common form
    **dict.fromkeys(("markdown", "string", "xhtml"), _TEXT),
    **dict.fromkeys(("canonical", "code", "uri", "url"), _SOLID),
    "decimal": "type(child) is not int and (type(child) is not float or not isfinite(child))",
    "positiveInt": "(type(child) is not int or not 0 < child < 2_147_483_648)",
    "boolean": "child is not True and child is not False",
}
# A judge compares names one after another, those that mappings seldom write last.
_SELDOM: Final = ("id", "implicitRules", "language", "text", "contained", "extension", "modifierExtension")


def is_surely_valid(resource: Any) -> bool:
    """Whether a look at the common forms is enough to know that `validate` finds nothing.

    >>> is_surely_valid({"resourceType": "Invoice", "status": "issued"})
    True
    >>> is_surely_valid({"resourceType": "Invoice", "status": "paid"})
    False
    """
    try:
        return _judge_resource(resource) is None
    except RecursionError:  # who finds the faults will say so
        return False


def _judge_resource(value: Any) -> str | None:
    name = value.get("resourceType") if type(value) is dict else None
    if type(name) is not str or not is_resource_type(name) or _judge(name)(value):
        return _DOUBT
    return None


@cache
def _judge(type_name: str) -> Check:
    """The judge of a JSON object of one type; it gives None where the object is surely valid."""
    names: dict[str, Any] = {"DOUBT": _DOUBT, "isfinite": isfinite}
    source = "\n".join(_write_judge(type_name, names))
    exec(compile(source, f"<judge of {type_name}>", "exec"), names)  # noqa: S102 - made of FHIR's definitions alone
    judge: Check = names["judge"]
    return judge


def _write_judge(type_name: str, names: dict[str, Any]) -> Iterator[str]:
    """The lines of a judge; the objects they speak of are put into `names`."""
    elements = children(type_name)
    choices = {element.choice: f"choice_{i}" for i, element in enumerate(elements.values()) if element.choice}
    yield "def judge(value):"
    yield "    if type(value) is not dict or not value: return DOUBT"
    yield from (f"    {count} = 0" for count in choices.values())
    yield "    for key, child in value.items():"
    if is_resource_type(type_name):
        yield "        if key == 'resourceType': continue"
    for name in sorted(elements, key=_SELDOM.__contains__):
        element = elements[name]
        yield f"        if key == {name!r}:"
        if element.choice:
            yield f"            {choices[element.choice]} += 1"
        yield from _write_element(element, names)
        yield "            continue"
    yield "        return DOUBT"
    yield from _write_rules(type_name, choices, names)


def _write_element(element: Element, names: dict[str, Any]) -> Iterator[str]:
    doubt = _write_doubt(element, names)
    if not element.is_array:
        yield f"            if {doubt}: return DOUBT"
        return
    most = "" if element.max is None else f" or len(child) > {element.max}"
    yield f"            if type(child) is not list or not child{most}: return DOUBT"
    yield "            for child in child:"
    yield f"                if {doubt}: return DOUBT"


def _write_doubt(element: Element, names: dict[str, Any]) -> str:
    """An expression that is false for a good `child`."""
    slot = f"check_{len(names)}"
    bound = required_binding(element)
    if bound and bound.codes and element.type in PRIMITIVES:
        names[slot] = frozenset[str]().union(*bound.codes.values())
        return f"type(child) is not str or child not in {slot}"
    if element.type in PRIMITIVES:
        names[slot] = PRIMITIVES[element.type]
        common = _UNCOMMON.get(element.type)
        return f"{common} and {slot}(child)" if common else f"{slot}(child)"
    names[slot] = _judge_resource if element.type == "Resource" else _late_judge(element, names, slot)
    return f"{slot}(child)"


def _late_judge(element: Element, names: dict[str, Any], slot: str) -> Check:
    """The judge of an object as an element uses it, made when first called, since types hold one another."""

    def judge(value: Any) -> Any:
        names[slot] = made = make_check_of_use(element, _judge(element.type))  # from now on in place of this one
        return made(value)

    return judge


def _write_rules(type_name: str, choices: dict[str, str], names: dict[str, Any]) -> Iterator[str]:
    for name in required_elements(type_name):
        doubt = f"{choices[name]} == 0" if name in choices else f"{name!r} not in value"
        yield f"    if {doubt}: return DOUBT"
    for count in choices.values():
        yield f"    if {count} > 1: return DOUBT"
    groups: dict[tuple[frozenset[str], bool], list[str]] = {}
    for _, rule in invariants_of(type_name):
        if invariant := compile_invariant(type_name, rule):
            slot = f"is_kept_{len(names)}"
            names[slot] = invariant.is_kept
            group = groups.setdefault((invariant.names, invariant.kept_when_absent), [])
            group.append(f"{slot}(value)")
    for (watched, kept_when_absent), calls in groups.items():
        slot = f"watched_{len(names)}"
        names[slot] = watched
        absent, kept = f"value.keys().isdisjoint({slot})", " and ".join(calls)
        doubt = f"not ({absent} or {kept})" if kept_when_absent else f"{absent} or not ({kept})"
        yield f"    if {doubt}: return DOUBT"
