"""Which field of the events fills a FHIR element, judged by name, format and type; and what stands there otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from workbench.events.profile import FieldProfile
from workbench.fhir.definitions import Element, is_type
from workbench.fhir.faults import list_choices
from workbench.fhir.primitives import PRIMITIVES
from workbench.mapping.yaml_text import Noted

__all__ = ["Sources", "element_value"]

_TIME_NAMES: Final = ("created", "published", "timestamp", "time", "occurred_at", "created_at", "date")
_TIMES: Final = frozenset({"epoch-seconds", "epoch-milliseconds", "date-time"})
_ID_NAMES: Final = ("id", "uuid", "guid", "key")
_OBJECT_NAMES: Final = ("object", "resource", "payload", "data", "after")
_UNDECIDED: Final = "to be decided"
_LITERALS: Final[dict[str, Any]] = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 0,
    "decimal": 0,
    "uri": "https://example.com/to-be-decided",
    "url": "https://example.com/to-be-decided",
    "canonical": "https://example.com/to-be-decided",
    "time": "00:00:00",
    "base64Binary": "dG8gYmUgZGVjaWRlZA==",
    "code": "to-be-decided",
    "id": "to-be-decided",
}


class Sources:
    """The fields of the events, and what has been taken of them."""

    def __init__(self, fields: Sequence[FieldProfile], provider: str, events: Sequence[str]) -> None:
        self._plain = [found for found in fields if "[]" not in found.keys and "*" not in found.keys]
        self._noun = re.sub(r"[^A-Za-z]+", "-", next(iter(events)).partition(".")[0]).strip("-") or "event"
        self._provider = provider
        self.read: set[str] = set()  # paths that the mapping reads
        self.code_maps: dict[str, dict[str, str | None]] = {}
        self._identity = self._find_identity()
        self.object = self._identity.path.rpartition(".")[0] if self._identity else ""
        self.time = self._find_time()

    def system(self, name: str) -> str:
        """A URI for the provider's numbering of something."""
        return f"https://{self._provider}.com/{self._noun}/{name}"

    def identity(self) -> Any:
        """The expression of the provider's id."""
        if self._identity is None:
            return Noted(value="=id", note="the field that identifies the resource")
        value = self.take(self._identity)
        missing = 1 - self._identity.presence
        return (
            Noted(value=value, note=f"not in {missing:.0%} of these events: exclude their types") if missing else value
        )

    def take(self, found: FieldProfile, wrap: str = "{}") -> str:
        """The expression that reads a field, from `$object` where it is inside."""
        self.read.add(found.path)
        inner = found.path.removeprefix(f"{self.object}.") if self.object else found.path
        return "=" + wrap.format(f"$object.{inner}" if inner != found.path else inner)

    def guess(self, element: Element, found: FieldProfile, value: str) -> Any:
        """The value, with a comment where the names are not quite the same."""
        same = _words(_name(element)) == _words(found.keys[-1])
        return value if same else Noted(value=value, note=f"a guess: {element.short or element.name}")

    def matching(
        self, element: Element, formats: Sequence[str | None], kind: str, *, must: bool
    ) -> FieldProfile | None:
        """The field of one of these formats whose name says most of what the element's name says.

        What must be set is only taken from a field that every event has.
        """
        wanted = _words(_name(element))
        scored = [
            (len(wanted & words) / len(wanted | words), -len(found.keys), found)
            for found in self._plain
            if found.format in formats
            and kind in found.types
            and self._is_near(found)
            and (_is_sure(found) or not must)
            if (words := _words(found.keys[-1])) & wanted
        ]
        best = max(scored, key=lambda one: one[:2], default=None)
        return best[2] if best and best[0] >= 0.5 else None

    def first(self, formats: Sequence[str]) -> FieldProfile | None:
        """The first field of one of these formats, near the object, that every event has."""
        return next(
            (one for one in self._plain if one.format in formats and self._is_near(one) and _is_sure(one)), None
        )

    def currency_beside(self, amount: FieldProfile) -> FieldProfile | None:
        """The currency that stands beside an amount, where every event has it."""
        beside = (one for one in self._plain if one.format == "currency" and one.keys[:-1] == amount.keys[:-1])
        return next(filter(_is_sure, beside), None)

    def _is_near(self, found: FieldProfile) -> bool:
        """Whether the field belongs to the object itself, not to something inside it."""
        return found.path.rpartition(".")[0] == self.object

    def _find_identity(self) -> FieldProfile | None:
        """The id of the object that the events tell of; one that a few events lack is better than that of the event."""
        ids = [one for one in self._plain if one.keys[-1] in _ID_NAMES and set(one.types) == {"string"}]
        inner = [one for one in ids if len(one.keys) > 1 and one.keys[-2] in _OBJECT_NAMES and one.presence >= 0.5]
        sure = [one for one in ids if one.presence == 1]
        return min(inner or sure, key=lambda one: (len(one.keys), _ID_NAMES.index(one.keys[-1])), default=None)

    def _find_time(self) -> str | None:
        times = [one for one in self._plain if one.format in _TIMES and len(one.keys) == 1 and one.presence == 1]
        known = [one for one in times if one.keys[0] in _TIME_NAMES]
        found = min(known or times, key=lambda one: one.keys[0] not in _TIME_NAMES, default=None)
        return self.take(found) if found else None


def element_value(element: Element, sources: Sources, *, must: bool) -> Any:
    """What an element is given: from a field that fits; of one that must be set, else a literal with a comment."""
    if element.type == "code":
        return _code(element, sources, must)
    if element.type in ("instant", "dateTime", "date"):
        return _moment(element, sources, must)
    if element.type == "Money":
        return _money(element, sources, must)
    if element.type == "CodeableConcept":
        found = _text(element, sources, must)
        return {"text": found} if found else {"text": Noted(value=_UNDECIDED, note=element.short)} if must else None
    if element.type in ("Coding", "Identifier", "Quantity", "Period") and must:
        return {"display" if element.type == "Coding" else "id": Noted(value="to-be-decided", note=element.short)}
    if element.type == "Reference":
        return _reference(element, sources, must)
    if element.type in ("string", "markdown"):
        found = _text(element, sources, must)
        return found or (Noted(value=_UNDECIDED, note=element.short) if must else None)
    if element.type == "boolean":
        boolean = sources.matching(element, [None], "boolean", must=must)
        return sources.take(boolean) if boolean else Noted(value=True, note=element.short) if must else None
    if must and element.type in PRIMITIVES:
        return Noted(value=_LITERALS.get(element.type, _UNDECIDED), note=element.short)
    return {"id": Noted(value="to-be-decided", note=element.short)} if must and not is_type(element.type) else None


def _code(element: Element, sources: Sources, must: bool) -> Any:
    binding = element.binding
    bound = sorted(frozenset().union(*binding.codes.values())) if binding and binding.codes else []
    found = sources.matching(element, [None], "string", must=must)
    if found and found.enum:
        name = element.name
        sources.code_maps[name] = {code: code if code in bound else None for code in found.enum}
        note = f"translated by codes/; FHIR has {list_choices(bound)}" if bound else "translated by codes/"
        return Noted(value=sources.take(found, f'$code("{name}", {{}})'), note=note)
    if not must:
        return None
    literal = bound[0] if bound else _LITERALS["code"]
    return Noted(value=literal, note=f"one of {list_choices(bound)}" if bound else element.short)


def _moment(element: Element, sources: Sources, must: bool) -> Any:
    function = "$date({})" if element.type == "date" else "$instant({})"
    found = sources.matching(element, sorted(_TIMES), "integer", must=must)
    found = found or sources.matching(element, sorted(_TIMES), "string", must=must)
    if found is None and must:
        found = sources.first(sorted(_TIMES))
    if found is not None:
        return sources.guess(element, found, sources.take(found, function))
    if must and sources.time:
        return "=" + function.format(sources.time[1:])
    literal = "2026-01-01" if element.type == "date" else "2026-01-01T00:00:00Z"
    return Noted(value=literal, note=element.short) if must else None


def _money(element: Element, sources: Sources, must: bool) -> Any:
    found = sources.matching(element, ["minor-amount"], "integer", must=must) or (
        sources.first(["minor-amount"]) if must else None
    )
    currency = sources.currency_beside(found) if found else None
    if found and currency:
        amount, code = sources.take(found)[1:], sources.take(currency)[1:]
        return sources.guess(element, found, f"=$money({amount}, {code})")
    return {"value": Noted(value=0, note=element.short)} if must else None


def _text(element: Element, sources: Sources, must: bool) -> Any:
    found = sources.matching(element, [None, "email", "phone"], "string", must=must)
    return sources.guess(element, found, sources.take(found)) if found else None


def _reference(element: Element, sources: Sources, must: bool) -> Any:
    found = sources.matching(element, ["prefixed-id", "okta-id", "uuid"], "string", must=must)
    if found:
        return {"identifier": {"system": sources.system(found.keys[-1]), "value": sources.take(found, "$id({})")}}
    targets = f", a {list_choices(element.targets)}" if element.targets else ""
    return {"display": Noted(value=_UNDECIDED, note=f"{element.short}{targets}")} if must else None


def _name(element: Element) -> str:
    return element.choice[:-3] if element.choice else element.name


def _is_sure(found: FieldProfile) -> bool:
    """Whether every event has a value there."""
    return found.presence == 1 and found.null_share == 0


def _words(name: str) -> set[str]:
    """The words of a name, in small letters: `totalGross` and `total_gross` are two."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
