"""Compare two profiles, or a profile with what a mapping reads: what came, what went, what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workbench.events.profile import EventProfile, FieldProfile

__all__ = ["Drift", "compare_profiles", "unread_paths"]

Kind = Literal[
    "new-type", "vanished-type", "new-field", "vanished-field", "changed-types", "new-values", "changed-presence"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference of the second corpus from the first. Holds names, types and shares, and no value but codes.

    >>> print(Drift(kind="new-field", event_type="invoice.paid", path="data.object.parent", after="object"))
    invoice.paid data.object.parent: new-field (object)
    """

    kind: Kind
    event_type: str
    path: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        place = f"{self.event_type} {self.path}".rstrip()
        change = " → ".join(part for part in (self.before, self.after) if part)
        return f"{place}: {self.kind}" + (f" ({change})" if change else "")


def compare_profiles(first: EventProfile, second: EventProfile, *, presence: float = 0.1) -> tuple[Drift, ...]:
    """Return the differences of the second corpus from the first, in the order of event types and paths.

    Args:
        first: the corpus before.
        second: the corpus after.
        presence: how far a field's presence must move to be told; a field inside a new or vanished one is not told.
    """
    found: list[Drift] = []
    for name in sorted({*first.types, *second.types}):
        if name not in second.types:
            found.append(Drift(kind="vanished-type", event_type=name))
        elif name not in first.types:
            found.append(Drift(kind="new-type", event_type=name))
        else:
            before = {field.path: field for field in first.types[name].fields}
            after = {field.path: field for field in second.types[name].fields}
            found.extend(_outermost("vanished-field", name, before, after))
            found.extend(_outermost("new-field", name, after, before))
            for path, field in before.items():
                if path in after:
                    found.extend(_changes(field, after[path], presence))
    return tuple(found)


def unread_paths(profile: EventProfile, reads: Iterable[str]) -> tuple[str, ...]:
    """Return which of the paths that a mapping reads never stood in any event: a field that moved, or a slip.

    A path names keys only, as `data.object.lines.data.pricing`: positions and list members do not matter.
    """
    seen = {field.path.replace("[]", "") for field in profile.fields()}
    return tuple(sorted({path for path in reads if path not in seen}))


def _outermost(
    kind: Kind, event_type: str, there: dict[str, FieldProfile], missing: dict[str, FieldProfile]
) -> list[Drift]:
    """Return the paths that one corpus has and the other lacks, without those inside another such path."""
    only = [path for path in there if path not in missing]
    outer = [path for path in only if not any(path.startswith((f"{other}.", f"{other}[]")) for other in only)]
    types = {path: "|".join(sorted(there[path].types)) for path in outer}
    if kind == "new-field":
        return [Drift(kind=kind, event_type=event_type, path=path, after=types[path]) for path in outer]
    return [Drift(kind=kind, event_type=event_type, path=path, before=types[path]) for path in outer]


def _changes(before: FieldProfile, after: FieldProfile, presence: float) -> list[Drift]:
    changes: list[tuple[Kind, str, str]] = []
    old, new = ("|".join(sorted(each.types)) for each in (before, after))
    if old != new:
        changes.append(("changed-types", old, new))
    values = sorted(set(after.enum) - set(before.enum))
    if before.enum and values:
        changes.append(("new-values", "", ", ".join(values)))
    if abs(before.presence - after.presence) >= presence:
        changes.append(("changed-presence", f"{before.presence:.0%}", f"{after.presence:.0%}"))
    place = {"event_type": before.event_type, "path": before.path}
    return [Drift(kind=kind, before=was, after=now, **place) for kind, was, now in changes]
