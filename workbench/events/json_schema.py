"""Write a profile of an event type as a JSON Schema (2020-12), for other tools and for validation."""

from __future__ import annotations

from typing import Any

from workbench.events.profile import FieldProfile, TypeProfile

__all__ = ["event_schema"]

JSON_FORMATS = {"date-time", "date", "email", "ipv4", "ipv6", "uri", "uuid"}  # those the standard knows


def event_schema(profile: TypeProfile) -> dict[str, Any]:
    """Return the schema that every event of the profile meets: types, required keys, codes and formats.

    It says what was seen, not what is promised: a key that every object had is required, and further keys are allowed.
    """
    root: dict[str, Any] = {"type": ["object"]}
    for field in profile.fields:
        _place(root, field)
    _tidy(root)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{profile.provider} {profile.type}",
        "description": f"Inferred from {profile.count} events.",
        **root,
    }


def _place(root: dict[str, Any], field: FieldProfile) -> None:
    """Write a field into the schema of what is around it; fields come with the outer ones first."""
    node = root
    *around, last = field.keys
    for step in around:
        node = _inner(node, step)
    inner = _inner(node, last)
    inner["type"] = sorted(field.types)
    if field.enum:
        inner["enum"] = [*field.enum, *([None] if "null" in field.types else [])]
    if field.format in JSON_FORMATS:
        inner["format"] = field.format
    if field.presence == 1 and last not in ("[]", "*"):
        node.setdefault("required", []).append(last)


def _inner(node: dict[str, Any], step: str) -> dict[str, Any]:
    if step == "[]":
        found: dict[str, Any] = node.setdefault("items", {})
    elif step == "*":
        found = node.setdefault("additionalProperties", {})
    else:
        found = node.setdefault("properties", {}).setdefault(step, {})
    return found


def _tidy(node: dict[str, Any]) -> None:
    """Write a single type as a text, and members of lists that are objects as such."""
    kinds = node.get("type", [])
    if "properties" in node and "object" not in kinds:
        kinds = sorted([*kinds, "object"])
    if kinds:
        node["type"] = kinds[0] if len(kinds) == 1 else kinds
    inner = [*node.get("properties", {}).values(), node.get("items"), node.get("additionalProperties")]
    for each in inner:
        if isinstance(each, dict):
            _tidy(each)
