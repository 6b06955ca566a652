"""What a mapping made of an event: resources with their identities, and what it wants to have said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workbench.errors import Problem
from workbench.fhir.bundle import conditional_entry, make_bundle
from workbench.fhir.identity import Identity
from workbench.fhir.writes import WriteMode

__all__ = ["MappedResource", "MappingResult", "TraceStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedResource:
    """One resource, and how it is to be written."""

    rule: str  # the name of the rule that made it
    resource: dict[str, Any] = field(repr=False)
    identity: Identity
    write: WriteMode
    order: str | None  # the event's time as `YYYY-MM-DDTHH:MM:SS.mmmZ`; None where the rule has no order


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """What one expression of the mapping did for this event."""

    rule: str | None
    path: str  # in the mapping document
    line: int
    reads: tuple[str, ...]  # event paths, as `data.object.total`
    expression: str
    gave: str  # the type of the value: string, number, boolean, object, list; `nothing` where it was missing
    target: str  # FHIR path it set; empty for conditions, identities and variables
    value: Any = field(repr=False)  # from the payload: for the screen of who asks for it, never for a log


class MappingResult:
    """The outcome of one event; `rows` is the same list that the JavaScript function returns."""

    def __init__(
        self,
        rows: list[dict[str, Any]],
        problems: Iterable[Problem] = (),
        trace: tuple[TraceStep, ...] = (),
        unmapped: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._rows = rows
        self.problems = tuple(problems)
        self.trace = trace
        self.unmapped = tuple(unmapped)  # (code map, code of the event) of each code without translation

    def __repr__(self) -> str:
        made = ", ".join(f"{row['rule']} → {row['resource']['resourceType']}" for row in self._rows)
        return f"MappingResult([{made}], problems={len(self.problems)})"

    @cached_property
    def resources(self) -> tuple[MappedResource, ...]:
        """The resources in the order in which they are to be written."""
        return tuple(
            MappedResource(
                rule=row["rule"],
                resource=row["resource"],
                identity=Identity(
                    resource_type=row["resource"]["resourceType"],
                    system=row["system"],
                    value=row["value"],
                    parameter=row["parameter"],
                ),
                write=row["write"],
                order=row["order"],
            )
            for row in self._rows
        )

    def as_list(self) -> list[dict[str, Any]]:
        """The rows {rule, write, parameter, system, value, order, resource}, ready for JSON."""
        return self._rows

    def bundle(self) -> dict[str, Any]:
        """A FHIR batch Bundle with a conditional entry for each resource."""
        return make_bundle(conditional_entry(made.resource, made.identity, made.write) for made in self.resources)
