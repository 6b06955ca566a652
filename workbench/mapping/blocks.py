"""What a mapping document says, as values: blocks, rules and the document itself.

A block is what makes one part of a resource. Blocks nest as the YAML does, and each knows where it stands in the file
(`at.place`), in the document (`at.path`) and in the resource (`at.target`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

from workbench.fhir.writes import WriteMode
from workbench.mapping.code_maps import CodeMap
from workbench.mapping.expression.ir import Node
from workbench.mapping.problems import Place
from workbench.mapping.yaml_tree import Scalar

__all__ = [
    "At",
    "Block",
    "Choice",
    "Each",
    "Fields",
    "IdentityRule",
    "Items",
    "Leaf",
    "Literal",
    "MappingDocument",
    "Reference",
    "Rule",
    "Slot",
    "Unread",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a block stands, in all three documents."""

    place: Place
    path: str  # in the mapping: `resources.invoice.resource.lineItem.$each`
    target: str = ""  # in the resource: `Invoice.lineItem.sequence`; empty outside one


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value that is the same for every event."""

    value: str | int | float | bool
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An expression: what the text behind a `=` gives for an event."""

    text: str  # without the `=`
    node: Node = field(repr=False)
    at: At
    scalar: Scalar = field(repr=False)  # to find the place of a part of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """An object. Where a required field comes out missing, the whole object does."""

    entries: tuple[tuple[str, Block], ...]
    keys: tuple[Place, ...] = field(repr=False)  # where each entry's name stands
    require: tuple[str, ...] = ()
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list; an item that comes out as a list is spliced."""

    items: tuple[Block, ...]
    distinct: bool = False  # an item equal to an earlier one is left out
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A list with one item for each element of an expression's value."""

    source: Leaf
    name: str  # the variable that holds the element
    index: str | None  # a second variable for `$index`, which counts from 1
    item: Block
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of two blocks, or nothing."""

    condition: Leaf
    then: Block | None
    otherwise: Block | None
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRule:
    """How a resource is found again: a search parameter, a system, and a value from the event."""

    system: str | None
    value: Leaf | Literal | Unread
    parameter: str
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference to the resource of another rule, or to one that an identity names."""

    to: str | IdentityRule
    resource_type: str
    fields: Fields  # what stands beside `$ref`, such as display
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part with faults of its own. It stands in for the part while the rest is checked; no document keeps one."""

    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A text that the rule has worked out already: the value of its identity, or its event time."""

    name: OneOf["identity", "order"]
    at: At


Block = Literal | Leaf | Fields | Items | Each | Choice | Reference | Slot | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of resource that comes out of an event."""

    name: str
    resource_type: str
    when: Leaf | None
    each: Leaf | None
    element: str  # the variable of `each`
    identity: IdentityRule
    write: WriteMode
    order: Leaf | None
    resource: Fields
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingDocument:
    """One mapping file, read and found right."""

    name: str
    version: int
    provider: str
    description: str
    events: tuple[str, ...]
    variables: tuple[tuple[str, Leaf | Literal | Unread], ...]
    codes: Mapping[str, CodeMap]
    rules: tuple[Rule, ...]
    file: str
    text: str = field(repr=False)

    @property
    def may_repeat(self) -> bool:
        """Whether one event can make two resources of the same identity."""
        kinds = [(rule.resource_type, rule.identity.parameter, rule.identity.system) for rule in self.rules]
        return len(set(kinds)) < len(kinds) or any(rule.each is not None for rule in self.rules)
