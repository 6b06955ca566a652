"""A rule's resource → the same with what every written resource carries: its identifier, and the event's time.

The identity's `{system, value}` stands first in `identifier`, unless the mapping itself puts it there. A rule with
`order` gets the extension `event-time` in `meta`, by which an older event never overwrites a newer one.
"""

from __future__ import annotations

from dataclasses import replace

from workbench.fhir.definitions import children
from workbench.fhir.writes import EVENT_TIME_URL
from workbench.mapping.blocks import At, Block, Fields, Items, Leaf, Literal, Rule, Slot

__all__ = ["complete_resource"]


def complete_resource(rule: Rule) -> Fields:
    """The block of all that the rule writes."""
    resource = rule.resource
    if rule.order is not None:
        resource = _with_event_time(resource)
    if rule.identity.parameter == "identifier":
        resource = _with_identifier(resource, rule)
    return resource


def _with_identifier(resource: Fields, rule: Rule) -> Fields:
    at = rule.identity.at
    own = _fields(
        at, ("system", Literal(value=rule.identity.system or "", at=at)), ("value", Slot(name="identity", at=at))
    )
    given = dict(resource.entries).get("identifier")
    element = children(rule.resource_type).get("identifier")
    if element is not None and not element.is_array:  # QuestionnaireResponse, Composition: one identifier, ours
        return resource if given is not None else _with_entry(resource, "identifier", own)
    if given is None:
        return _with_entry(resource, "identifier", Items(items=(own,), at=at))
    items = given.items if isinstance(given, Items) else (given,)
    if any(_is_identity(item, rule) for item in items):
        return resource
    distinct = not all(_has_other_system(item, rule.identity.system) for item in items)
    return _with_entry(resource, "identifier", Items(items=(own, *items), distinct=distinct, at=given.at))


def _with_event_time(resource: Fields) -> Fields:
    at = resource.at
    stamp = _fields(at, ("url", Literal(value=EVENT_TIME_URL, at=at)), ("valueInstant", Slot(name="order", at=at)))
    meta = dict(resource.entries).get("meta")
    if not isinstance(meta, Fields):
        return _with_entry(resource, "meta", _fields(at, ("extension", Items(items=(stamp,), at=at))))
    given = dict(meta.entries).get("extension")
    items = () if given is None else given.items if isinstance(given, Items) else (given,)
    return _with_entry(resource, "meta", _with_entry(meta, "extension", Items(items=(*items, stamp), at=at)))


def _with_entry(fields: Fields, name: str, block: Block) -> Fields:
    """The object with this entry: in the place it has, or behind resourceType."""
    names = [known for known, _ in fields.entries]
    if name in names:
        entries = tuple((known, block if known == name else found) for known, found in fields.entries)
        return replace(fields, entries=entries)
    position = 1 if names[:1] == ["resourceType"] else 0
    entries = (*fields.entries[:position], (name, block), *fields.entries[position:])
    keys = (*fields.keys[:position], block.at.place, *fields.keys[position:])
    return replace(fields, entries=entries, keys=keys)


def _fields(at: At, *entries: tuple[str, Block]) -> Fields:
    return Fields(entries=entries, keys=(at.place,) * len(entries), at=at)


def _is_identity(item: Block, rule: Rule) -> bool:
    """Whether the mapping itself writes the identity here, word for word."""
    entries = dict(item.entries) if isinstance(item, Fields) else {}
    system, value, wanted = entries.get("system"), entries.get("value"), rule.identity.value
    if not isinstance(system, Literal) or system.value != rule.identity.system:
        return False
    if isinstance(value, Leaf) and isinstance(wanted, Leaf):
        return value.text == wanted.text
    return isinstance(value, Literal) and isinstance(wanted, Literal) and value.value == wanted.value


def _has_other_system(item: Block, system: str | None) -> bool:
    found = dict(item.entries).get("system") if isinstance(item, Fields) else None
    return isinstance(found, Literal) and found.value != system
