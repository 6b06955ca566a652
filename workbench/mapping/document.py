"""A mapping file → a `MappingDocument`, or every fault of the file at once.

Reading goes through the whole file whatever it finds. Faults of form (YAML, keys, expressions, code maps, identities)
are found here; `checks` then looks at the whole: names, unused parts, and the resource against FHIR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

from workbench.errors import MappingSpecError, Problem
from workbench.fhir.writes import WriteMode
from workbench.mapping.block_reading import BlockReader, variable_name
from workbench.mapping.blocks import At, IdentityRule, Leaf, Literal, MappingDocument, Rule, Unread
from workbench.mapping.checks import check_document
from workbench.mapping.code_maps import CodeMap, read_code_map
from workbench.mapping.event_types import dead_patterns
from workbench.mapping.problems import Findings, Place
from workbench.mapping.yaml_tree import Listing, Node, Scalar, Table, read_tree

__all__ = ["check_mapping", "code_map_paths", "read_mapping"]

_KEYS: Final = ("mapping", "version", "provider", "description", "events", "vars", "codes", "resources")
_NEEDED: Final = ("mapping", "version", "provider", "events", "resources")
_RULE_KEYS: Final = ("when", "each", "as", "identity", "write", "order", "resource")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RULE_NAME: Final = re.compile(r"[a-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_CODE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESOURCE_TYPE: Final = re.compile(r"[A-Z][A-Za-z]+")
_PATTERN: Final = re.compile(r"!?[^\s!?\[\]{}]+")
_MODES: Final[tuple[str, ...]] = get_args(WriteMode)


def read_mapping(text: str, *, file: str, codes: Mapping[str, str | Mapping[str, Any]]) -> MappingDocument:
    """The mapping of a YAML text.

    Args:
        text: the document.
        file: its name, for messages.
        codes: the ConceptMap, as JSON text or decoded, of each path that stands in the document's `codes`.

    Raises:
        MappingSpecError: the document has faults of severity `error`; `problems` holds all of them and the warnings.
    """
    document, problems = _read(text, file, codes)
    if document is None or any(problem.severity == "error" for problem in problems):
        raise MappingSpecError(problems)
    return document


def check_mapping(text: str, *, file: str, codes: Mapping[str, str | Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Every fault and warning of a mapping text in the order of the file; nothing where all is well."""
    return tuple(_read(text, file, codes)[1])


def code_map_paths(text: str) -> tuple[str, ...]:
    """The paths in the document's `codes`, for whoever reads the files; nothing where the text cannot be read."""
    tree = read_tree(text, Findings(file=""))
    codes = tree.get("codes") if isinstance(tree, Table) else None
    if not isinstance(codes, Table):
        return ()
    return tuple(node.value for _, node in codes.entries if isinstance(node, Scalar) and isinstance(node.value, str))


def _read(
    text: str, file: str, codes: Mapping[str, str | Mapping[str, Any]]
) -> tuple[MappingDocument | None, list[Problem]]:
    findings = Findings(file=file)
    tree = read_tree(text, findings)
    document = None
    if isinstance(tree, Table):
        reader = _DocumentReader(tree, findings, codes)
        document = reader.read(text)
    elif not findings.problems:
        findings.add(
            "yaml", "a mapping is a table of keys", tree.place if tree else None, remedy="begin with mapping: name"
        )
    if document is not None:
        check_document(document, findings)
    return document, findings.sorted()


class _DocumentReader:
    def __init__(self, tree: Table, findings: Findings, codes: Mapping[str, str | Mapping[str, Any]]) -> None:
        self._tree = tree
        self._findings = findings
        self._codes = codes
        self._blocks = BlockReader(findings)

    def read(self, text: str) -> MappingDocument:
        self._blocks.only(self._tree, _KEYS, "")
        for name in _NEEDED:
            if self._tree.get(name) is None:
                self._findings.add(
                    "missing-key", f"the mapping has no {name}", self._tree.place, path=name, remedy=f"add {name}:"
                )
        expected = "a name in small letters, digits and hyphens"
        return MappingDocument(
            name=self._blocks.text(self._tree, "mapping", "", _NAME, expected) or "",
            version=self._version(),
            provider=self._blocks.text(self._tree, "provider", "", _NAME, "a provider's name such as stripe") or "",
            description=self._blocks.text(self._tree, "description", "", re.compile(r"(?s)[^=].*"), "a text") or "",
            events=self._events(),
            variables=tuple(self._variables()),
            codes=MappingProxyType(dict(self._code_maps())),
            rules=tuple(self._rules()),
            file=self._findings.file,
            text=text,
        )

    def _version(self) -> int:
        node = self._tree.get("version")
        if isinstance(node, Scalar) and type(node.value) is int and node.value >= 1:
            return node.value
        if node is not None:
            self._fault("wrong-value", "version is a whole number from 1", node, "version", "write version: 1")
        return 0

    def _events(self) -> tuple[str, ...]:
        node = self._tree.get("events")
        items = node.items if isinstance(node, Listing) else ()
        patterns: list[str] = []
        for index, item in enumerate(items):
            if isinstance(item, Scalar) and isinstance(item.value, str) and _PATTERN.fullmatch(item.value):
                patterns.append(item.value)
            else:
                message, remedy = (
                    "an event pattern is an event type, with * for any part",
                    "write invoice.* or !invoice.upcoming",
                )
                self._fault("wrong-value", message, item, f"events[{index}]", remedy)
        if node is not None and (not items or (patterns and all(one.startswith("!") for one in patterns))):
            self._fault("wrong-value", "events takes nothing", node, "events", "list event types, as [invoice.*]")
        elif node is not None:
            for dead in dead_patterns(patterns):
                self._fault("unreachable", f"the event pattern {dead} decides nothing", node, "events", "remove it")
        return tuple(patterns)

    def _variables(self) -> list[tuple[str, Leaf | Literal | Unread]]:
        read: list[tuple[str, Leaf | Literal | Unread]] = []
        for key, node in self._table("vars"):
            name, path = str(key.value), f"vars.{key.value}"
            if not _VARIABLE.fullmatch(name) or name == "index":
                self._fault(
                    "wrong-value", "this cannot be a variable's name", key, path, "use letters, digits and _; not index"
                )
            elif not isinstance(node, Scalar) or node.value is None:
                self._fault("wrong-value", "a variable is an expression or a literal", node, path, "write =… or a text")
            else:
                value = self._blocks.scalar(node, path)
                read.append((name, value if value is not None else Unread(at=At(place=node.place, path=path))))
        return read

    def _code_maps(self) -> list[tuple[str, CodeMap]]:
        read: list[tuple[str, CodeMap]] = []
        for key, node in self._table("codes"):
            name, path = str(key.value), f"codes.{key.value}"
            location = node.value if isinstance(node, Scalar) else None
            if not _CODE_NAME.fullmatch(name) or not isinstance(location, str):
                self._fault("wrong-value", "a code map is a name and a path", node, path, "write name: codes/name.json")
            elif location not in self._codes:
                self._fault("code-map", "there is no such code map", node, path, "give a path beside this file")
            else:
                folder = self._findings.file.rpartition("/")[0]
                file = f"{folder}/{location}" if folder else location
                if code_map := read_code_map(name, self._codes[location], file, self._findings):
                    read.append((name, code_map))
        return read

    def _rules(self) -> list[Rule]:
        rules: list[Rule] = []
        entries = self._table("resources")
        if self._tree.get("resources") is not None and not entries:
            node = self._tree.get("resources") or self._tree
            self._fault("missing-key", "the mapping makes no resource", node, "resources", "add a rule")
        for key, node in entries:
            name = str(key.value)
            if not _RULE_NAME.fullmatch(name):
                self._fault(
                    "wrong-value", "this cannot be a rule's name", key, f"resources.{name}", "use letters and digits"
                )
            if rule := self._rule(name, node, f"resources.{name}"):
                rules.append(rule)
        return rules

    def _rule(self, name: str, node: Node, path: str) -> Rule | None:
        if not isinstance(node, Table):
            self._fault("wrong-value", "a rule is a table", node, path, "give it identity and resource")
            return None
        self._blocks.only(node, _RULE_KEYS, path)
        when, each, order = (self._optional_leaf(node, key, path) for key in ("when", "each", "order"))
        element = variable_name(self._blocks, node, "as", path)
        if element and node.get("each") is None:
            message, where = "as names the element of an each that is not there", node.get("as") or node
            self._fault("wrong-value", message, where, f"{path}.as", "add each: =…")
        identity_node, resource = node.get("identity"), node.get("resource")
        identity = None if identity_node is None else self._blocks.identity(identity_node, f"{path}.identity")
        if identity_node is None:
            remedy = "add identity: {system: …, value: =…}; without it the same event would write twice"
            self._fault("identity", "the rule has no identity, so what it makes cannot be written", node, path, remedy)
        resource_type = self._resource_type(resource, node, path)
        if resource_type:
            self._blocks.rule_types[name] = resource_type
        if not isinstance(resource, Table) or resource_type is None:
            return None
        at = At(place=resource.place, path=f"{path}.resource", target=resource_type)
        fields = self._blocks.fields(resource, at)
        write = self._write(node, path)
        return Rule(
            name=name,
            resource_type=resource_type,
            when=when,
            each=each,
            element=element or "item",
            identity=identity or _unread_identity(node, path),
            write=write,
            order=order,
            resource=fields,
            at=At(place=node.place, path=path, target=resource_type),
        )

    def _resource_type(self, resource: Node | None, node: Table, path: str) -> str | None:
        if isinstance(resource, Table):
            found = resource.get("resourceType")
            if isinstance(found, Scalar) and isinstance(found.value, str) and _RESOURCE_TYPE.fullmatch(found.value):
                return found.value
            where = found or resource
            self._fault(
                "resource",
                "resourceType is a literal FHIR type",
                where,
                f"{path}.resource",
                "write resourceType: Invoice",
            )
        else:
            self._fault(
                "missing-key", "the rule has no resource", resource or node, path, "add resource: {resourceType: …}"
            )
        return None

    def _write(self, node: Table, path: str) -> WriteMode:
        found = node.get("write")
        if found is not None and not (isinstance(found, Scalar) and found.value in _MODES):
            self._fault(
                "wrong-value", "write is one of three modes", found, f"{path}.write", f"use {', '.join(_MODES)}"
            )
        if isinstance(found, Scalar) and found.value in ("replace", "create-if-missing"):
            return "replace" if found.value == "replace" else "create-if-missing"
        return "merge"

    def _optional_leaf(self, node: Table, key: str, path: str) -> Leaf | None:
        found = node.get(key)
        return None if found is None else self._blocks.leaf(found, f"{path}.{key}")

    def _table(self, key: str) -> list[tuple[Scalar, Node]]:
        node = self._tree.get(key)
        if node is None or isinstance(node, Table):
            return list(node.entries) if node else []
        self._fault("wrong-value", f"{key} is a table", node, key, f"write names and values below {key}:")
        return []

    def _fault(self, code: str, message: str, node: Node, path: str, remedy: str) -> None:
        place: Place = node.place
        self._findings.add(code, message, place, path=path, remedy=remedy)


def _unread_identity(node: Node, path: str) -> IdentityRule:
    """Stands in for an identity with faults while the rest of its rule is checked."""
    at = At(place=node.place, path=path)
    return IdentityRule(system=None, value=Unread(at=at), parameter="identifier", at=at)
