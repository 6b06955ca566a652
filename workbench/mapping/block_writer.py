"""The blocks of a resource → statements of one function, in whichever language the dialect writes.

Every value becomes a local, in the order of the document, with its expression as a comment; an object is then built of
what is not missing. So nothing is built to be thrown away, no pass follows, and the two languages cannot drift apart:
this file says once what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from workbench.mapping.blocks import (
    At,
    Block,
    Choice,
    Each,
    Fields,
    IdentityRule,
    Items,
    Leaf,
    Literal,
    MappingDocument,
    Reference,
    Slot,
    Unread,
)
from workbench.mapping.dialects import Dialect, Kind, Value, write_leaf
from workbench.mapping.expression.writer import Scope
from workbench.mapping.expression.writer import Slot as Variable
from workbench.mapping.functions import search_token
from workbench.mapping.leaf_facts import is_certain, type_of, uses_of
from workbench.mapping.walking import leaves_in

__all__ = ["BlockWriter", "locals_of", "with_variables"]

_KINDS: Final[Mapping[str | None, Kind]] = {
    "string": "text",
    "instant": "text",
    "date": "text",
    "Money": "some",
    "boolean": "some",
}


class BlockWriter:
    """Writes blocks into one function body; `places` then holds what each numbered part is."""

    def __init__(self, document: MappingDocument, dialect: Dialect, *, traced: bool = False) -> None:
        self.document = document
        self.dialect = dialect
        self._traced = traced
        self._locals = 0
        self.rule = ""
        self.slots: dict[str, str] = {}
        self.identities: dict[str, str] = {}  # rule name → the local that holds its resource's identity
        self._writers: dict[type[Block], Callable[[Any, Scope], Value]] = {
            Leaf: self._leaf,
            Fields: self.fields,
            Items: self._items,
            Each: self._each,
            Choice: self._choice,
            Reference: self._reference,
        }
        self.places: list[tuple[str, At]] = []  # (rule, at) of each part that can fail or be traced

    def given(self, value: Leaf | Literal | Unread, scope: Scope) -> str:
        """The text of an expression or a literal that stands outside a resource."""
        assert not isinstance(value, Unread)  # a document with faults is never compiled
        return self.read(value, scope) if isinstance(value, Leaf) else self.dialect.literal(value.value)

    def _block(self, block: Block, scope: Scope) -> Value:
        if isinstance(block, Literal):
            return Value(self.dialect.literal(block.value), "always")
        if isinstance(block, Slot):
            return Value(self.slots[block.name], "always")
        return self._writers[type(block)](block, scope)

    def _leaf(self, leaf: Leaf, scope: Scope) -> Value:
        """What a leaf of a resource gives, without nulls and empties."""
        number, text = self._operand(leaf, scope)
        kind: Kind = "always" if is_certain(leaf.node) else _KINDS.get(type_of(leaf.node), "json")
        text = self.new(self.dialect.prune(text)) if kind == "json" else self._local(text)
        self._trace(number, text)
        return Value(text, kind)

    def read(self, leaf: Leaf, scope: Scope) -> str:
        """The local with what an expression gives, as the event has it."""
        number, text = self._operand(leaf, scope)
        text = self._local(text) if self._traced or not self.dialect.is_compact else text
        self._trace(number, text)
        return text

    def _operand(self, leaf: Leaf, scope: Scope) -> tuple[int, str]:
        number = self._place(leaf.at)
        title = leaf.at.target or leaf.at.path.rpartition(".")[2]
        reports = any(use.name == "code" for use in uses_of(leaf.node))
        first = len(self.dialect.expressions.lines)
        text = write_leaf(self.dialect.expressions, leaf.node, scope)
        self.dialect.begin(first, number, title, " ".join(leaf.text.split()), reports=reports)
        return number, text

    def _local(self, text: str) -> str:
        """The local that holds a value, made where there is none yet."""
        return text if _is_local(text) else self.new(text)

    def fields(self, block: Fields, scope: Scope) -> Value:
        """An object."""
        if not block.require:
            return self._object(
                [(name, self._block(child, scope)) for name, child in block.entries if not _is_empty(child)]
            )
        dialect, local = self.dialect, self._name()
        required = {
            name: self._held(self._block(child, scope)) for name, child in block.entries if name in block.require
        }
        dialect.declare(local)
        dialect.open_if(dialect.all_present(list(required.values())))
        inner = scope.branch()
        entries = [
            (name, Value(required[name].text, "always") if name in required else self._block(child, inner))
            for name, child in block.entries
            if not _is_empty(child)
        ]
        dialect.assign(local, self._object(entries).text)
        dialect.close()
        return Value(local, "some")

    def _object(self, entries: list[tuple[str, Value]]) -> Value:
        dialect = self.dialect
        certain = next((index for index, (_, value) in enumerate(entries) if value.kind != "always"), len(entries))
        first = dialect.object_of([(name, value.text) for name, value in entries[:certain]])
        if certain == len(entries):
            return Value(first, "always" if entries else "object") if entries else Value(self.new(first), "object")
        local = self.new(first)
        for name, value in entries[certain:]:
            dialect.put(local, name, value)
        return Value(local, "always" if any(value.kind == "always" for _, value in entries) else "object")

    def _items(self, block: Items, scope: Scope) -> Value:
        dialect = self.dialect
        values = [self._item(item, scope) for item in block.items if not _is_empty(item)]
        plain = [value.kind == "always" for value in values]
        leading = plain.index(False) if False in plain else len(plain)
        first = dialect.list_of([value.text for value in values[:leading]])
        if leading == len(values) and values and not block.distinct:
            return Value(first, "always")
        local = self.new(first)
        for value in values[leading:]:
            dialect.append(local, value)
        if block.distinct:
            local = self.new(dialect.call("each_once", local))
        return Value(local, "list")

    def _item(self, block: Block, scope: Scope) -> Value:
        value = self._block(block, scope)
        return Value(value.text, "list") if isinstance(block, Items) else value

    def _each(self, block: Each, scope: Scope) -> Value:
        dialect = self.dialect
        local = self.new(dialect.list_of([]))
        inner = self.open_loop(block.source, block.name, block.index, scope, leaves_in(block.item))
        item = self._block(block.item, inner)
        dialect.append(local, item)
        dialect.close()
        return Value(local, "list")

    def open_loop(self, source: Leaf, name: str, index: str | None, scope: Scope, body: Iterable[Leaf]) -> Scope:
        """Begin a loop; gives the scope of its body."""
        dialect, counted = self.dialect, {"index", *([index] if index else [])}
        elements = self.read(source, scope)
        element = dialect.variable(name, locals_of(scope))
        is_counted = any(use.name in counted for leaf in body for use in uses_of(leaf.node))
        count = dialect.variable("index", locals_of(scope)) if is_counted else None
        dialect.open_loop(element, count, elements)
        variables = {name: element, **(dict.fromkeys(counted, count) if count else {})}
        return with_variables(scope.branch(), variables)

    def open_condition(self, condition: Leaf, scope: Scope) -> Scope:
        """Begin what is done where a condition holds; gives the scope of its body."""
        local, dialect = self.read(condition, scope), self.dialect
        is_boolean = type_of(condition.node) == "boolean"
        dialect.open_if(dialect.is_true(local) if is_boolean else dialect.call("holds", local))
        return scope.branch()

    def _choice(self, block: Choice, scope: Scope) -> Value:
        dialect, local = self.dialect, self._name()
        dialect.declare(local)
        inner = self.open_condition(block.condition, scope)
        self._branch(local, block.then, inner)
        if block.otherwise is not None:
            dialect.open_else()
            self._branch(local, block.otherwise, scope.branch())
        dialect.close()
        is_list = any(isinstance(branch, Items | Each | Leaf | Choice) for branch in (block.then, block.otherwise))
        return Value(local, "json" if is_list else "some")

    def _branch(self, local: str, block: Block | None, scope: Scope) -> None:
        if block is None or _is_empty(block):
            return
        number = self._place(block.at)
        value = self._held(self._block(block, scope))
        self.dialect.assign(local, self.dialect.optional(value))
        self._trace(number, local)

    def _reference(self, block: Reference, scope: Scope) -> Value:
        dialect = self.dialect
        if isinstance(block.to, str):
            rule = next(rule for rule in self.document.rules if rule.name == block.to)
            identity, value = rule.identity, self.identities[block.to]
        else:
            identity = block.to
            found = self.new(self.given(identity.value, scope))
            value = self.new(dialect.call("optional_identity", found))
        local = self._name()
        dialect.declare(local)
        dialect.open_if(dialect.all_present([Value(value, "some")]))
        target = f"{dialect.literal(_search(block.resource_type, identity))} + {dialect.call('search_token', value)}"
        entries = [("reference", Value(target, "always"))]
        entries += [(name, self._block(child, scope.branch())) for name, child in block.fields.entries]
        dialect.assign(local, self._object(entries).text)
        dialect.close()
        return Value(local, "some")

    def _held(self, value: Value) -> Value:
        """The value in a local, so that it can be tested and used."""
        return value if _is_local(value.text) else Value(self.new(value.text), value.kind)

    def _trace(self, number: int, local: str) -> None:
        if self._traced:
            self.dialect.note(number, local)

    def _place(self, at: At) -> int:
        self.places.append((self.rule, at))
        return len(self.places) - 1

    def new(self, text: str) -> str:
        """A new local with this value."""
        local = self._name()
        self.dialect.let(local, text)
        return local

    def _name(self) -> str:
        return f"x{self._number()}"

    def _number(self) -> int:
        self._locals += 1
        return self._locals


def _is_empty(block: Block) -> bool:
    return isinstance(block, Literal) and block.value == ""


def _search(resource_type: str, identity: IdentityRule) -> str:
    """A conditional reference up to the identity's value."""
    system = "" if identity.system is None else f"{search_token(identity.system)}%7C"
    return f"{resource_type}?{identity.parameter}={system}"


def with_variables(scope: Scope, variables: Mapping[str, str]) -> Scope:
    """The scope with more variables: locals with what is missing as None, and data's nulls still inside."""
    slots = {name: Variable(code=code, raw=True, absent=True) for name, code in variables.items()}
    return replace(scope, variables={**scope.variables, **slots})


def locals_of(scope: Scope) -> set[str]:
    """The locals that hold variables here."""
    return {slot.code for slot in scope.variables.values()}


def _is_local(text: str) -> bool:
    return text.replace("$", "_").isidentifier()
