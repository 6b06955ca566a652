"""Which paths of the event each expression of a mapping reads, variables and loops followed to their source."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.mapping.blocks import Block, Each, Leaf, MappingDocument
from workbench.mapping.leaf_facts import Paths, origins_of
from workbench.mapping.walking import inside

__all__ = ["Reads", "event_path", "reads_of"]

_ROOT: Paths = frozenset({()})


def event_path(names: tuple[str, ...]) -> str:
    """The names as a path for people; the event itself is `$`.

    >>> event_path(("data", "object", "total")), event_path(())
    ('data.object.total', '$')
    """
    return ".".join(names) or "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What one expression reads of the event; what a variable or a loop only passes on is in `passed` as well."""

    paths: tuple[tuple[str, ...], ...]  # sorted
    passed: Paths = frozenset()
    asked: Paths = frozenset()  # of which only presence counts

    @property
    def used(self) -> Paths:
        """The paths whose values count in a result or a decision."""
        return frozenset(self.paths) - self.passed - self.asked


def reads_of(document: MappingDocument) -> dict[str, Reads]:
    """Path of each expression in the document → what it reads."""
    reads: dict[str, Reads] = {}
    known: dict[str, Paths] = {"": _ROOT, "$$": _ROOT}
    for name, value in document.variables:
        known[name] = _pass(value, known, reads) if isinstance(value, Leaf) else frozenset()
    for rule in document.rules:
        scope = dict(known)
        if rule.each is not None:
            scope |= {rule.element: _pass(rule.each, known, reads), "index": frozenset()}
        for leaf in (rule.when, rule.identity.value, rule.order):
            if isinstance(leaf, Leaf):
                _use(leaf, scope, reads)
        _follow(rule.resource, scope, reads)
    return reads


def _follow(block: Block, known: dict[str, Paths], reads: dict[str, Reads]) -> None:
    if isinstance(block, Leaf):
        _use(block, known, reads)
    elif isinstance(block, Each):
        names = {block.name: _pass(block.source, known, reads), "index": frozenset[tuple[str, ...]]()}
        _follow(block.item, {**known, **names}, reads)
    else:
        for child in inside(block):
            _follow(child, known, reads)


def _use(leaf: Leaf, known: dict[str, Paths], reads: dict[str, Reads]) -> None:
    found = origins_of(leaf.node, known)
    reads[leaf.at.path] = Reads(paths=tuple(sorted(found.read | found.asked)), asked=found.asked - found.read)


def _pass(leaf: Leaf, known: dict[str, Paths], reads: dict[str, Reads]) -> Paths:
    """Note a read whose value goes on under a name; gives where it comes from."""
    found = origins_of(leaf.node, known)
    asked = found.asked - found.read
    reads[leaf.at.path] = Reads(paths=tuple(sorted(found.read | asked)), passed=found.value, asked=asked)
    return found.value
