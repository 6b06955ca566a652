"""The samples of a provider → a first mapping on disk, with its code maps beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from workbench.errors import MappingError
from workbench.events.delivery import Event
from workbench.events.profile import profile_events
from workbench.mapping.event_types import accepts_type
from workbench.mapping.scaffold import Scaffold, scaffold_mapping

__all__ = ["draft_mapping", "write_draft"]


def draft_mapping(
    events: Iterable[Event], *, provider: str, patterns: Sequence[str], resource: str, name: str | None = None
) -> Scaffold:
    """A first mapping of the provider's events of these types to a FHIR resource type; `check` accepts it.

    Args:
        events: samples; those of other providers and types are passed over.
        provider: whose events to map.
        patterns: event types with `*` for any part and `!` to exclude, as `["invoice.*"]`.
        resource: the FHIR resource type to make.
        name: of the mapping; by default provider and resource type.

    Raises:
        MappingError: no event is of these types, or FHIR has no such resource type.
    """
    taken = [replace(one, type="*") for one in events if one.provider == provider and accepts_type(patterns, one.type)]
    if not taken:
        message = f"no {provider} event among the samples is of type {', '.join(patterns)}; check the patterns"
        raise MappingError(message)
    (profile,) = profile_events(taken).types.values()
    chosen = name or f"{provider}-{resource.lower()}"
    try:
        return scaffold_mapping(profile.fields, name=chosen, provider=provider, events=patterns, resource=resource)
    except ValueError as error:
        raise MappingError(str(error)) from error


def write_draft(draft: Scaffold, path: str | Path) -> tuple[Path, ...]:
    """Write a draft and its code maps; gives the files written. What is there already is never overwritten.

    Raises:
        MappingError: one of the files exists.
    """
    place = Path(path)
    texts = {place: draft.text, **{place.parent / name: text for name, text in draft.codes.items()}}
    if there := [str(file) for file in texts if file.exists()]:
        message = f"{', '.join(there)} exists; a draft never overwrites: give another path, or remove it"
        raise MappingError(message)
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tuple(texts)
