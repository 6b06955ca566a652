"""Which paths of the event each expression of a mapping reads, variables and loops followed to their source."""

from __future__ import annotations

from workbench.mapping.blocks import Block, Each, Leaf, MappingDocument
from workbench.mapping.leaf_facts import Paths, origins_of
from workbench.mapping.walking import inside

__all__ = ["event_path", "reads_of"]

_ROOT: Paths = frozenset({()})


def event_path(names: tuple[str, ...]) -> str:
    """The names as a path for people; the event itself is `$`.

    >>> event_path(("data", "object", "total")), event_path(())
    ('data.object.total', '$')
    """
    return ".".join(names) or "$"


def reads_of(document: MappingDocument) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Path of each expression in the document → the event paths that it reads, sorted."""
    reads: dict[str, tuple[tuple[str, ...], ...]] = {}
    known: dict[str, Paths] = {"": _ROOT, "$$": _ROOT}
    for name, value in document.variables:
        known[name] = _note(value, known, reads) if isinstance(value, Leaf) else frozenset()
    for rule in document.rules:
        scope = dict(known)
        if rule.each is not None:
            scope |= {rule.element: _note(rule.each, known, reads), "index": frozenset()}
        for leaf in (rule.when, rule.identity.value, rule.order):
            if isinstance(leaf, Leaf):
                _note(leaf, scope, reads)
        _follow(rule.resource, scope, reads)
    return reads


def _follow(block: Block, known: dict[str, Paths], reads: dict[str, tuple[tuple[str, ...], ...]]) -> None:
    if isinstance(block, Leaf):
        _note(block, known, reads)
    elif isinstance(block, Each):
        names = {block.name: _note(block.source, known, reads), "index": frozenset[tuple[str, ...]]()}
        _follow(block.item, {**known, **names}, reads)
    else:
        for child in inside(block):
            _follow(child, known, reads)


def _note(leaf: Leaf, known: dict[str, Paths], reads: dict[str, tuple[tuple[str, ...], ...]]) -> Paths:
    origin, read = origins_of(leaf.node, known)
    reads[leaf.at.path] = tuple(sorted(read))
    return origin
