"""What is wrong with a document as a whole: names that nothing has, parts that nothing uses, rules that never fire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from workbench.mapping.blocks import At, Choice, Each, Fields, Leaf, MappingDocument, Reference, Rule, Unread
from workbench.mapping.dialects import HELPERS, write_leaf
from workbench.mapping.expression.faults import FaultError
from workbench.mapping.expression.ir import Constant
from workbench.mapping.expression.library import LIBRARY, REFUSED_FUNCTIONS
from workbench.mapping.expression.writer import PythonWriter, Scope
from workbench.mapping.expression.writer import Slot as Variable
from workbench.mapping.fhir_checks import check_resource
from workbench.mapping.leaf_facts import Use, constant_truth, uses_of
from workbench.mapping.problems import Findings, Place, nearest
from workbench.mapping.walking import ScopedLeaf, blocks_of, leaves_of

__all__ = ["check_document"]


_BUILT_IN: Final = frozenset(LIBRARY) | frozenset(
    REFUSED_FUNCTIONS
)  # those refused are told by the expression compiler


def check_document(document: MappingDocument, findings: Findings) -> None:
    """Add every fault of the whole to the findings; parts with faults of their own are passed over."""
    leaves = list(leaves_of(document))
    for scoped in leaves:
        told = len(findings.problems)
        _check_names(scoped, document, findings)
        if len(findings.problems) == told:
            _check_portable(scoped, findings)
    _check_unused(document, leaves, findings)
    _check_shadows(document, findings)
    _check_identities(document.rules, findings)
    for rule in document.rules:
        _check_reachable(rule, findings)
        _check_references(rule, document.rules, findings)
        _check_meta(rule, findings)
        check_resource(rule, document.codes, findings)


def _check_names(scoped: ScopedLeaf, document: MappingDocument, findings: Findings) -> None:
    known = {*scoped.variables, *_BUILT_IN, *HELPERS}
    for use in uses_of(scoped.leaf.node):
        if use.name in HELPERS:
            _check_helper(use, scoped.leaf, document, findings)
        elif use.name == "ref":
            remedy = "write {$ref: rule} where the Reference belongs"
            _fault(findings, "unknown-variable", "$ref is a block, not a function", scoped.leaf, use, remedy)
        elif use.name == "index" and use.name not in known:
            _fault(
                findings,
                "unknown-variable",
                "$index counts only inside each and $each",
                scoped.leaf,
                use,
                "use it there",
            )
        elif use.name not in known:
            remedy = nearest(use.name, known).replace("did you mean ", "did you mean $")
            remedy = "name it in vars" if remedy == "remove it" else remedy
            _fault(findings, "unknown-variable", f"nothing is named ${use.name}", scoped.leaf, use, remedy)


def _check_portable(scoped: ScopedLeaf, findings: Findings) -> None:
    """Write the expression for nobody: what only its neighbours show to be outside the profile is refused then."""
    used = {use.name for use in uses_of(scoped.leaf.node)}
    variables = {name: Variable(code=f"v_{name}", raw=True, absent=True) for name in used & set(scoped.variables)}
    scope = Scope(context="event", this="event", whole="event", raw=True, variables=variables)
    try:
        write_leaf(PythonWriter(helpers=HELPERS), scoped.leaf.node, scope)
    except FaultError as error:
        fault, leaf = error.fault, scoped.leaf
        place = leaf.scalar.place_of(fault.span.start + 1, max(1, fault.span.end - fault.span.start))
        at = leaf.at
        findings.add(fault.code, fault.message, place, path=at.path, target=at.target, remedy=fault.remedy)


def _check_helper(use: Use, leaf: Leaf, document: MappingDocument, findings: Findings) -> None:
    least, most = HELPERS[use.name].least, HELPERS[use.name].most
    wanted = f"{least} argument" + ("s" if least > 1 else "")
    if not use.called or not least <= use.arguments <= most:
        found = f"found {use.arguments}" if use.called else "found no call"
        _fault(findings, "helper", f"${use.name} takes {wanted}, {found}", leaf, use, f"call it with {wanted}")
    elif use.name == "code":
        given = use.argument.value if isinstance(use.argument, Constant) else None
        if not isinstance(given, str):
            _fault(
                findings, "helper", "$code names its code map by a literal text", leaf, use, 'write $code("name", …)'
            )
        elif given not in document.codes and not _is_broken_map(given, document):
            remedy = nearest(given, document.codes) if document.codes else f"add codes: {{{given}: codes/{given}.json}}"
            _fault(findings, "code-map", f"no code map is named {given}", leaf, use, remedy)


def _is_broken_map(name: str, document: MappingDocument) -> bool:
    """Whether `codes` names it, though its file could not be read: that is told already."""
    return bool(re.search(rf"(?m)^\s+[\"']?{re.escape(name)}[\"']?\s*:", document.text))


def _check_unused(document: MappingDocument, leaves: Iterable[ScopedLeaf], findings: Findings) -> None:
    used = {use.name for scoped in leaves for use in uses_of(scoped.leaf.node)}
    maps = {
        use.argument.value
        for scoped in leaves
        for use in uses_of(scoped.leaf.node)
        if use.name == "code" and isinstance(use.argument, Constant)
    }
    for name, value in document.variables:
        # an expression with faults of its own may use it as well: then the text is asked
        if name not in used and not (findings.problems and re.search(rf"\${re.escape(name)}\b", document.text)):
            findings.add(
                "unused", f"the variable {name} is never used", value.at.place, path=value.at.path, remedy="remove it"
            )
    for name in document.codes:
        if name not in maps and not (
            findings.problems and re.search(rf"\$code\(\s*[\"']{re.escape(name)}[\"']", document.text)
        ):
            findings.add(
                "unused",
                f"the code map {name} is never used",
                _line_of(name, document),
                path=f"codes.{name}",
                remedy="remove it",
            )


def _line_of(name: str, document: MappingDocument) -> Place | None:
    lines = document.text.split("\n")
    start = next((index for index, line in enumerate(lines) if re.match(r"codes\s*:", line)), 0)
    for index, line in enumerate(lines[start:], start + 1):
        if found := re.search(rf"[\"']?{re.escape(name)}[\"']?\s*:", line):
            return Place(line=index, column=found.start() + 1, length=len(name))
    return None


def _check_shadows(document: MappingDocument, findings: Findings) -> None:
    names = [name for name, _ in document.variables]
    for rule in document.rules:
        if rule.each is not None and rule.element in names:
            _shadow(findings, rule.element, rule.at)
        outer = {*names, *([rule.element] if rule.each is not None else [])}
        for block in blocks_of(rule.resource):
            if isinstance(block, Each):
                for name in filter(None, (block.name, block.index)):
                    if name in outer or name in _BUILT_IN or name in HELPERS:
                        _shadow(findings, name, block.at)


def _shadow(findings: Findings, name: str, at: At) -> None:
    findings.add("shadow", f"${name} is named already", at.place, path=at.path, remedy="choose another name")


def _check_identities(rules: Iterable[Rule], findings: Findings) -> None:
    """One resource has one way of writing: two rules may meet in the same identity."""
    first: dict[tuple[str, str | None, str], Rule] = {}
    for rule in rules:
        other = first.setdefault((rule.resource_type, rule.identity.system, rule.identity.parameter), rule)
        if other.write != rule.write and not isinstance(rule.identity.value, Unread):
            modes = f"one by {rule.write} and one by {other.write}"
            message = f"{rule.name} and {other.name} may write the same {rule.resource_type}, {modes}"
            findings.add("identity", message, rule.at.place, path=f"{rule.at.path}.write", remedy="write both alike")


def _check_reachable(rule: Rule, findings: Findings) -> None:
    if rule.when is not None and (truth := constant_truth(rule.when.node)) is not None:
        message = f"the rule {rule.name} {'always' if truth else 'never'} applies"
        remedy = "remove when" if truth else "remove the rule, or let when ask the event"
        findings.add("unreachable", message, rule.when.at.place, path=rule.when.at.path, remedy=remedy)
    for block in blocks_of(rule.resource):
        if isinstance(block, Choice) and (truth := constant_truth(block.condition.node)) is not None:
            at, dead = block.condition.at, "$else" if truth else "$then"
            message = f"the condition is always {'true' if truth else 'false'}, so {dead} never applies"
            findings.add(
                "unreachable", message, at.place, path=at.path, target=at.target, remedy="let it ask the event"
            )


def _check_references(rule: Rule, rules: Iterable[Rule], findings: Findings) -> None:
    repeated = {other.name for other in rules if other.each is not None}
    for block in blocks_of(rule.resource):
        if isinstance(block, Reference) and block.to in repeated:
            message = f"{block.to} makes many resources, so $ref cannot tell which is meant"
            remedy = "name one by its identity: $ref: {type: …, system: …, value: =…}"
            findings.add(
                "reference", message, block.at.place, path=block.at.path, target=block.at.target, remedy=remedy
            )


def _check_meta(rule: Rule, findings: Findings) -> None:
    meta = dict(rule.resource.entries).get("meta")
    if rule.order is not None and meta is not None and not (isinstance(meta, Fields) and not meta.require):
        message = "order stamps meta, so meta must be a plain object"
        findings.add(
            "wrong-type",
            message,
            meta.at.place,
            path=meta.at.path,
            target=meta.at.target,
            remedy="write its elements below it",
        )


def _fault(findings: Findings, code: str, message: str, leaf: Leaf, use: Use, remedy: str) -> None:
    place = leaf.scalar.place_of(use.span.start + 1, use.span.end - use.span.start)
    findings.add(code, message, place, path=leaf.at.path, target=leaf.at.target, remedy=remedy)
