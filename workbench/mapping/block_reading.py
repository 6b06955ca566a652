"""YAML nodes → blocks: what a table with `$each`, `$if`, `$require` or `$ref` means, and what every leaf says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from workbench.errors import MappingSpecError
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
    Reference,
    Unread,
)
from workbench.mapping.expression.compile import parse
from workbench.mapping.expression.ir import Node as Expression
from workbench.mapping.problems import Findings, Place, nearest
from workbench.mapping.yaml_tree import Listing, Node, Scalar, Table

__all__ = ["BlockReader", "variable_name"]

_BLOCKS: Final[Mapping[str, tuple[str, ...]]] = {
    "$each": ("$each", "$as", "$index", "$item"),
    "$if": ("$if", "$then", "$else"),
}
_SIGNS: Final = ("$each", "$if", "$ref", "$require")
_PARTS: Final = {"$as": "$each", "$index": "$each", "$item": "$each", "$then": "$if", "$else": "$if"}
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(:identifier)?")
_RESOURCE_TYPE: Final = re.compile(r"[A-Z][A-Za-z]+")
_NO_BLANKS: Final = re.compile(r"\S+")


class BlockReader:
    """Reads the blocks of one document; `findings` collects every fault and reading goes on.

    In place of a part that is wrong stands an `Unread`, so a caller must look at the findings before it uses a block.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.rule_types: dict[str, str] = {}  # the rules read so far: what $ref may name, and its resource type

    def block(self, node: Node, path: str, target: str) -> Block | None:
        """The block of a node; `target` is the FHIR path that it makes."""
        at = At(place=node.place, path=path, target=target)
        if isinstance(node, Scalar):
            return self.scalar(node, path, target)
        if isinstance(node, Listing):
            read = (self.block(item, f"{path}[{index}]", target) for index, item in enumerate(node.items))
            return Items(items=tuple(block for block in read if block is not None), at=at)
        readers: dict[str, Callable[[Table, At], Block | None]] = {
            "$each": self._each,
            "$if": self._choice,
            "$ref": self._reference,
        }
        for sign, read_block in readers.items():
            if node.get(sign) is not None:
                return read_block(node, at)
        return self.fields(node, at)

    def scalar(self, node: Scalar, path: str, target: str = "") -> Leaf | Literal | Unread | None:
        """An expression, or a literal; a null makes nothing."""
        at = At(place=node.place, path=path, target=target)
        if not isinstance(node.value, str):
            return None if node.value is None else self._number(node.value, at)
        if node.value.startswith("=="):
            return Literal(value=node.value[1:], at=at)
        if not node.value.startswith("="):
            return Literal(value=node.value, at=at)
        text = node.value[1:]
        expression = self._expression(text, node, at)
        return Unread(at=at) if expression is None else Leaf(text=text.strip(), node=expression, at=at, scalar=node)

    def leaf(self, node: Node, path: str, target: str = "") -> Leaf | None:
        """An expression where nothing else will do."""
        read = self.scalar(node, path, target) if isinstance(node, Scalar) else None
        if isinstance(read, Leaf):
            return read
        if not isinstance(read, Unread):
            self._fault("expected-expression", "an expression belongs here", node, path, "begin it with =, as =data.id")
        return None

    def fields(self, node: Table, at: At, skip: str | None = None) -> Fields:
        """An object; `skip` names a key that was read before."""
        entries: list[tuple[str, Block]] = []
        keys: list[Place] = []
        for key, value in node.entries:
            name = str(key.value)
            if name in (skip, "$require"):
                continue
            if name.startswith("$"):
                owner = _PARTS.get(name)
                remedy = f"it belongs beside {owner}" if owner else nearest(name, _SIGNS)
                self._fault("unknown-block", f"{name} is no block", key, f"{at.path}.{name}", remedy)
            elif block := self.block(value, f"{at.path}.{name}", f"{at.target}.{name}"):
                entries.append((name, block))
                keys.append(key.place)
        required = self._required(node, at, [str(key.value) for key, _ in node.entries])
        return Fields(entries=tuple(entries), keys=tuple(keys), require=required, at=at)

    def identity(self, node: Node, path: str) -> IdentityRule | None:
        """The `identity:` of a rule, or what `$ref:` names."""
        if not isinstance(node, Table):
            remedy = "write identity: {system: …, value: =…}"
            self._fault("identity", "an identity is a table of system and value", node, path, remedy)
            return None
        self.only(node, ("system", "value", "parameter", "type"), path)
        parameter = (
            self.text(node, "parameter", path, _PARAMETER, "a search parameter such as identifier") or "identifier"
        )
        system = self.text(node, "system", path, _NO_BLANKS, "a literal URI without blanks")
        if parameter == "identifier" and node.get("system") is None:
            remedy = "add system: a URI that names the provider's numbering, such as https://stripe.com/invoice/id"
            self._fault("identity", "the identity has no system", node, path, remedy)
        found = node.get("value")
        if found is None:
            self._fault("identity", "the identity has no value", node, path, "add value: =… with the provider's id")
            return None
        value = self.scalar(found, f"{path}.value") if isinstance(found, Scalar) else None
        if value is None or (isinstance(value, Literal) and (not isinstance(value.value, str) or not value.value)):
            self._fault(
                "identity", "an identity's value is a text", found, f"{path}.value", "give an expression or a text"
            )
            return None
        return IdentityRule(system=system, value=value, parameter=parameter, at=At(place=node.place, path=path))

    def only(self, node: Table, known: tuple[str, ...], path: str) -> None:
        """Find every key that does not belong."""
        for key, _ in node.entries:
            if key.value not in known:
                name = str(key.value)
                self._fault("unknown-key", f"{name} is no key here", key, f"{path}.{name}", nearest(name, known))

    def text(self, node: Table, name: str, path: str, pattern: re.Pattern[str], expected: str) -> str | None:
        """The literal text of a key, None where it is absent or wrong."""
        found = node.get(name)
        if found is None:
            return None
        value = found.value if isinstance(found, Scalar) else None
        if isinstance(value, str) and not value.startswith("=") and pattern.fullmatch(value):
            return value
        self._fault("wrong-value", f"{name} is {expected}", found, f"{path}.{name}".lstrip("."), f"write {expected}")
        return None

    def _number(self, value: float, at: At) -> Literal | Unread:
        if isinstance(value, bool) or abs(value) <= 2**53 - 1:
            return Literal(value=value, at=at)
        message = "a number beyond 2^53 does not survive JSON"
        self._findings.add("wrong-value", message, at.place, path=at.path, target=at.target, remedy="quote it")
        return Unread(at=at)

    def _expression(self, text: str, node: Scalar, at: At) -> Expression | None:
        try:
            return parse(text)
        except MappingSpecError as error:
            for problem in error.problems:
                before = text.split("\n")[: (problem.line or 1) - 1]
                offset = sum(len(line) + 1 for line in before) + (problem.column or 1) - 1
                place = node.place_of(offset + 1, problem.length or 1)
                code, remedy = problem.code or "expression", problem.remedy
                self._findings.add(code, problem.message, place, path=at.path, target=at.target, remedy=remedy)
        return None

    def _required(self, node: Table, at: At, names: list[str]) -> tuple[str, ...]:
        found = node.get("$require")
        if found is None:
            return ()
        items = found.items if isinstance(found, Listing) else (found,)
        path = f"{at.path}.$require"
        if not items:
            self._fault("wrong-value", "$require names no field", found, path, "name a field of this object")
        required: list[str] = []
        for item in items:
            name = item.value if isinstance(item, Scalar) else None
            if isinstance(name, str) and name in names and not name.startswith("$"):
                required.append(name)
            else:
                known = [known for known in names if not known.startswith("$")]
                remedy = nearest(str(name), known)
                self._fault("unknown-field", "$require names a field that is not in this object", item, path, remedy)
        return tuple(required)

    def _each(self, node: Table, at: At) -> Block | None:
        self.only(node, _BLOCKS["$each"], at.path)
        source = self.leaf(node.get("$each") or node, f"{at.path}.$each")
        name = variable_name(self, node, "$as", at.path) or "item"
        index = variable_name(self, node, "$index", at.path)
        found = node.get("$item")
        if found is None:
            self._fault("each", "$each has no $item", node, at.path, "add $item: what each element becomes")
            return Unread(at=at)
        item = self.block(found, f"{at.path}.$item", at.target)
        if source is None or item is None:
            return Unread(at=at)
        return Each(source=source, name=name, index=index, item=item, at=at)

    def _choice(self, node: Table, at: At) -> Block | None:
        self.only(node, _BLOCKS["$if"], at.path)
        condition = self.leaf(node.get("$if") or node, f"{at.path}.$if")
        then, otherwise = (self._branch(node, name, at) for name in ("$then", "$else"))
        if node.get("$then") is None and node.get("$else") is None:
            self._fault("if", "$if has neither $then nor $else", node, at.path, "add $then: what is made when it holds")
        if condition is None:
            return Unread(at=at)
        return Choice(condition=condition, then=then, otherwise=otherwise, at=at)

    def _branch(self, node: Table, name: str, at: At) -> Block | None:
        found = node.get(name)
        return None if found is None else self.block(found, f"{at.path}.{name}", at.target)

    def _reference(self, node: Table, at: At) -> Block | None:
        found = node.get("$ref")
        assert found is not None
        path = f"{at.path}.$ref"
        beside = self.fields(node, at, skip="$ref")
        if isinstance(found, Table):
            resource_type = self.text(found, "type", path, _RESOURCE_TYPE, "a resource type such as Patient")
            identity = self.identity(found, path)
            if found.get("type") is None:
                self._fault(
                    "reference", "the reference names no resource type", found, path, "add type: Patient, or another"
                )
            if identity is None or resource_type is None:
                return Unread(at=at)
            return Reference(to=identity, resource_type=resource_type, fields=beside, at=at)
        name = found.value if isinstance(found, Scalar) else None
        if isinstance(name, str) and name in self.rule_types:
            return Reference(to=name, resource_type=self.rule_types[name], fields=beside, at=at)
        remedy = nearest(str(name), self.rule_types) if self.rule_types else "move the rule it names above this one"
        self._fault("reference", "$ref names no rule above this one", found, path, remedy)
        return Unread(at=at)

    def _fault(self, code: str, message: str, node: Node, path: str, remedy: str) -> None:
        self._findings.add(code, message, node.place, path=path, remedy=remedy)


def variable_name(reader: BlockReader, node: Table, key: str, path: str) -> str | None:
    """The name that `$as`, `$index` or `as` gives a variable; None where the key is absent or wrong."""
    return reader.text(node, key, path, _VARIABLE, "a variable name without the $, as line")
