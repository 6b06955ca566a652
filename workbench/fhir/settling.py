"""What a resource becomes when mapped resources are written over it: merged, replaced, or left as it is.

These are the rules of the bot's `runtime/resources.js` and `runtime/settle.js`, in Python: a replay that writes here, a
backfill and a convergence check leave on a server exactly what the bot would. Tests hold the two against each other.

| mode | where there is none | where there is one |
|---|---|---|
| `create-if-missing` | created | left as it is |
| `merge` | created | the elements that the mapping names are replaced, others stay |
| `replace` | created | id and meta stay, everything else is ours |

An older event (by the stamp in `meta.extension`) changes nothing; what would not change is not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from workbench.fhir.writes import WriteMode, event_time_of, stamp_event_time

__all__ = [
    "Action",
    "Decision",
    "Write",
    "conditional_references",
    "decide",
    "fold",
    "same",
    "shape_of",
    "with_references",
]

Action = Literal["create", "update", "none"]
Resource = dict[str, Any]

_UNITED: Final = (("identifier", "system"), ("extension", "url"))  # lists whose items others may add to, by their keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One resource that an event makes, and how it is to be written."""

    resource: Resource = field(repr=False)
    mode: WriteMode
    order: str | None  # the event's time, 24 characters; None where the rule has no order


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one resource: `next` is what to write, None when nothing has to be."""

    next: Resource | None = field(repr=False)
    actions: tuple[Action, ...]  # one a write, in their order
    kept: tuple[Literal["stale", "duplicate"] | None, ...]  # why a write did nothing


def decide(existing: Resource | None, writes: Sequence[Write]) -> Decision:
    """Give what a resource becomes after writes in their order, and what each of them did.

    Args:
        existing: as the server holds it; None where there is none.
        writes: of one identity.

    >>> old = {"resourceType": "Account", "id": "1", "status": "active", "name": "by hand"}
    >>> made = Write(resource={"resourceType": "Account", "status": "inactive"}, mode="merge", order=None)
    >>> decide(old, [made]).next
    {'resourceType': 'Account', 'id': '1', 'status': 'inactive', 'name': 'by hand'}
    """
    following = existing
    actions: list[Action] = []
    kept: list[Literal["stale", "duplicate"] | None] = []
    for write in writes:
        ours = stamp_event_time(write.resource, write.order) if write.order else write.resource
        action: Action = "none"
        why: Literal["stale", "duplicate"] | None = None
        if following is None:
            following, action = ours, "create"
        elif write.mode != "create-if-missing":
            time = event_time_of(following)
            if write.order and time and write.order < time:
                why = "stale"
            else:
                combined = _combine(following, ours, write.mode)
                if not same(combined, following):
                    action = "update" if existing is not None else "create"
                elif write.order and write.order == time:
                    why = "duplicate"
                following = combined
        actions.append(action)
        kept.append(why)
    unchanged = following is existing or (existing is not None and same(following, existing))
    return Decision(next=None if unchanged else following, actions=tuple(actions), kept=tuple(kept))


def fold(writes: Sequence[Write]) -> Resource:
    """Give what is left of writes in the order of their times, where nothing was before: `decide(None, writes).next`.

    >>> fold([Write(resource={"resourceType": "Account", "name": name}, mode="merge", order=None) for name in "ab"])
    {'resourceType': 'Account', 'name': 'b'}
    """
    folded: Resource | None = None
    for write in writes:
        if folded is not None and write.mode == "create-if-missing":
            continue
        ours = stamp_event_time(write.resource, write.order) if write.order else write.resource
        folded = ours if folded is None else _combine(folded, ours, write.mode)
    assert folded is not None
    return folded


def shape_of(resource: Resource) -> tuple[Any, ...] | None:
    """All of a mapped resource that decides how it is combined with another, beside its values; None if that is more.

    Of two merges of one shape, both with an order or both without, the later leaves nothing of the earlier.

    >>> shape_of({"resourceType": "Account", "identifier": [{"system": "urn:s", "value": "1"}], "status": "active"})
    ('resourceType', 'identifier', 'status', ('urn:s',), ())
    """
    named, extended = _keys(resource.get("identifier"), "system"), _keys(resource.get("extension"), "url")
    if named is None or extended is None or "id" in resource:
        return None
    meta = resource.get("meta")
    if meta is None:
        return (*resource, named, extended)
    stamped = _keys(meta.get("extension"), "url")
    return None if stamped is None else (*resource, named, extended, *meta, stamped, orjson.dumps(meta.get("tag")))


def same(left: object, right: object) -> bool:
    """Whether two JSON values are equal, whatever the order of their keys; 1 and 1.0 are, 1 and true are not.

    >>> same({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}), same([True], [1])
    (True, False)
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and left == right


def conditional_references(value: object) -> Iterator[str]:
    """Yield every conditional reference (`Account?identifier=…`) in a resource.

    >>> list(conditional_references({"subject": {"reference": "Account?identifier=a%7Cb"}}))
    ['Account?identifier=a%7Cb']
    """
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and "?" in reference:
            yield reference
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from conditional_references(inner)


def with_references(value: Any, known: Mapping[str, str]) -> Any:
    """Give a copy in which every conditional reference that is known is literal.

    >>> with_references({"account": {"reference": "Account?identifier=a"}}, {"Account?identifier=a": "Account/1"})
    {'account': {'reference': 'Account/1'}}
    """
    if isinstance(value, list):
        return [with_references(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: with_references(inner, known) for key, inner in value.items()}
    if isinstance(copy.get("reference"), str):
        copy["reference"] = known.get(copy["reference"], copy["reference"])
    return copy


def _combine(existing: Resource, ours: Resource, mode: WriteMode) -> Resource:
    """Give the existing resource with our elements; `replace` keeps id and meta only."""
    kept = existing if mode == "merge" else {key: value for key, value in existing.items() if key in {"id", "meta"}}
    following = {**kept, **ours}
    if "id" in existing:
        following["id"] = existing["id"]
    for name, key in _UNITED:
        if (theirs := kept.get(name)) and (mine := ours.get(name)):
            following[name] = _unite(theirs, mine, key)
    if "meta" in following:
        following["meta"] = _combine_meta(existing.get("meta") or {}, ours.get("meta") or {})
    return following


def _combine_meta(theirs: Resource, mine: Resource) -> Resource:
    following = {**theirs, **mine}
    if (extensions := theirs.get("extension")) and (others := mine.get("extension")):
        following["extension"] = _unite(extensions, others, "url")
    if (tags := theirs.get("tag")) and (others := mine.get("tag")):
        new = [tag for tag in others if not any(each == tag and same(each, tag) for each in tags)]
        following["tag"] = [*tags, *new]
    return following


def _keys(items: list[Resource] | None, key: str) -> tuple[Any, ...] | None:
    """The key of each item; None where one stands twice."""
    if not items:
        return ()
    keys = tuple([item.get(key) for item in items])
    return keys if len(keys) == 1 or len({*keys}) == len(keys) else None


def _unite(theirs: Sequence[Resource], ours: Sequence[Resource], key: str) -> list[Resource]:
    """Give their items in their order, those of a key that we name replaced by ours, ours that are new at the end."""
    names = [item.get(key) for item in ours]
    named = {*names}
    if len(named) == len(names) and [item.get(key) for item in theirs] == names:
        return [*ours]  # each of theirs has one of ours in its place
    placed: set[Any] = set()
    united: list[Resource] = []
    for item in theirs:
        kind = item.get(key)
        if kind not in named:
            united.append(item)
        elif kind not in placed:
            united += [each for each in ours if each.get(key) == kind]
        placed.add(kind)
    return [*united, *(item for item in ours if item.get(key) not in placed)]
