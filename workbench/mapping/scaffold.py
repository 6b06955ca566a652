"""A profile of events and a FHIR resource type → a first mapping, so that nobody begins with an empty page.

It sets what FHIR requires and what a field of a like name can fill; what it cannot know it writes as a literal with
a comment. `check` accepts it as it is. The fields that it leaves out are listed below it, with how often they are
present.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workbench.events.profile import FieldProfile
from workbench.fhir.definitions import (
    Element,
    children,
    is_resource_type,
    required_elements,
    resource_types,
    search_parameters,
)
from workbench.mapping.problems import nearest
from workbench.mapping.scaffold_values import Sources, element_value
from workbench.mapping.yaml_text import Noted, write_yaml

__all__ = ["Scaffold", "scaffold_mapping"]

_OWN: Final = frozenset({"id", "meta", "implicitRules", "language", "text", "contained", "extension", "identifier"})
_OWN_PARTS: Final = frozenset({"modifierExtension"})
_MOST_LEFT_OUT: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """The text of a mapping, and its code maps by path beside it."""

    text: str
    codes: Mapping[str, str]


def scaffold_mapping(
    fields: Sequence[FieldProfile], *, name: str, provider: str, events: Sequence[str], resource: str
) -> Scaffold:
    """A first mapping of the events that the fields describe to one resource type.

    Args:
        fields: of all the events together, as one type.
        name: of the mapping.
        provider: who sends the events.
        events: the patterns of their types.
        resource: the FHIR resource type to make.

    Raises:
        ValueError: FHIR R4 has no such resource type.
    """
    if not is_resource_type(resource):
        message = f"FHIR R4 has no resource type {resource}; {nearest(resource, resource_types())}"
        raise ValueError(message)
    sources = Sources(fields, provider, events)
    body = {"resourceType": resource, **_elements(resource, sources)}
    identity = {"system": sources.system("id"), "value": sources.identity()}
    if "identifier" not in children(resource) or search_parameters(resource).get("identifier") != "token":
        body["meta"] = {"tag": [{"system": identity["system"], "code": identity["value"]}]}
        identity = {"parameter": "_tag", **identity}
    rule = {"identity": identity, **({"order": sources.time} if sources.time else {}), "resource": body}
    document = {
        "mapping": name,
        "version": 1,
        "provider": provider,
        "events": list(events),
        **({"vars": {"object": f"={sources.object}"}} if sources.object else {}),
        **({"codes": {code: f"codes/{name}-{code}.json" for code in sources.code_maps}} if sources.code_maps else {}),
        "resources": {resource[0].lower() + resource[1:]: rule},
    }
    codes = {f"codes/{name}-{code}.json": _concept_map(name, code, table) for code, table in sources.code_maps.items()}
    return Scaffold(text=write_yaml(document) + _left_out(fields, sources), codes=codes)


def _elements(type_name: str, sources: Sources) -> dict[str, Any]:
    """The elements of a resource, or of a part of one, that can be set or must be."""
    known = children(type_name)
    required = required_elements(type_name)
    chosen: dict[str, Any] = {}
    done: set[str] = set()
    for element in _in_order(known.values()):
        key = element.choice or element.name
        if element.name in _OWN | _OWN_PARTS or key in done:
            continue
        must = key in required
        value = element_value(element, sources, must=must)
        if value is None and must:
            value = _elements(element.type, sources) or {"id": Noted(value="to-be-decided", note=element.short)}
        if value is None:
            continue
        done.add(key)
        chosen[element.name] = [value] if element.is_array else value
    return chosen


def _in_order(elements: Iterable[Element]) -> list[Element]:
    """As FHIR has them, but of a choice the member first that is easiest to fill."""
    easy = ["CodeableConcept", "Reference", "string", "dateTime", "Money", "boolean", "code"]
    listed = list(elements)
    places = {element.choice or element.name: index for index, element in reversed(list(enumerate(listed)))}
    rank = {name: index for index, name in enumerate(easy)}
    return sorted(listed, key=lambda one: (places[one.choice or one.name], rank.get(one.type, 99) if one.choice else 0))


def _concept_map(mapping: str, name: str, table: Mapping[str, str | None]) -> str:
    elements = [
        {"code": code, "target": [{"code": target, "equivalence": "equivalent"}]}
        if target
        else {"code": code, "target": [{"equivalence": "unmatched", "comment": "choose a FHIR code"}]}
        for code, target in table.items()
    ]
    concept_map = {
        "resourceType": "ConceptMap",
        "name": f"{mapping}-{name}",
        "status": "draft",
        "group": [{"element": elements}],
    }
    return json.dumps(concept_map, indent=2, ensure_ascii=False) + "\n"


def _left_out(fields: Sequence[FieldProfile], sources: Sources) -> str:
    lines = ["", "# Fields of these events that nothing above reads:"]
    for found in fields:
        kinds = sorted(set(found.types) - {"null", "object", "array"})
        if kinds and found.path not in sources.read:
            lines.append(f"#   {found.path}  ({found.format or ' or '.join(kinds)}, in {found.presence:.0%})")
    more = len(lines) - 2 - _MOST_LEFT_OUT
    if more > 0:
        lines[2 + _MOST_LEFT_OUT :] = [f"#   and {more} more: `workbench map coverage` lists them"]
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""
