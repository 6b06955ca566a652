"""Every block and every expression of a document, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.mapping.blocks import At, Block, Choice, Each, Fields, Items, Leaf, MappingDocument, Reference, Rule

__all__ = ["ScopedLeaf", "blocks_of", "inside", "leaves_in", "leaves_of", "parts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedLeaf:
    """An expression and the variables that it may use, the innermost last."""

    leaf: Leaf
    variables: tuple[str, ...]
    rule: str | None  # None for a variable's own expression


def blocks_of(block: Block) -> Iterator[Block]:
    """The block and all inside it."""
    yield block
    for child in inside(block):
        yield from blocks_of(child)


def leaves_in(block: Block) -> Iterator[Leaf]:
    """Every expression inside the block."""
    return (found for found in blocks_of(block) if isinstance(found, Leaf))


def leaves_of(document: MappingDocument) -> Iterator[ScopedLeaf]:
    """Every expression of the document with its scope."""
    names: tuple[str, ...] = ()
    for name, value in document.variables:
        if isinstance(value, Leaf):
            yield ScopedLeaf(leaf=value, variables=names, rule=None)
        names = (*names, name)
    for rule in document.rules:
        yield from _rule_leaves(rule, names)


def parts_of(document: MappingDocument) -> Iterator[At]:
    """Where each expression and each branch of the document stands: what coverage counts."""
    for scoped in leaves_of(document):
        yield scoped.leaf.at
    for rule in document.rules:
        for block in blocks_of(rule.resource):
            if isinstance(block, Choice):
                branches = (block.then, block.otherwise)
                yield from (branch.at for branch in branches if branch is not None and not isinstance(branch, Leaf))


def _rule_leaves(rule: Rule, names: tuple[str, ...]) -> Iterator[ScopedLeaf]:
    if rule.each is not None:
        yield ScopedLeaf(leaf=rule.each, variables=names, rule=rule.name)
        names = (*names, rule.element, "index")
    for leaf in (rule.when, rule.identity.value, rule.order):
        if isinstance(leaf, Leaf):
            yield ScopedLeaf(leaf=leaf, variables=names, rule=rule.name)
    yield from _block_leaves(rule.resource, names, rule.name)


def _block_leaves(block: Block, names: tuple[str, ...], rule: str) -> Iterator[ScopedLeaf]:
    if isinstance(block, Leaf):
        yield ScopedLeaf(leaf=block, variables=names, rule=rule)
        return
    if isinstance(block, Each):
        yield ScopedLeaf(leaf=block.source, variables=names, rule=rule)
        names = (*names, block.name, "index", *([block.index] if block.index else []))
        yield from _block_leaves(block.item, names, rule)
        return
    for child in inside(block):
        yield from _block_leaves(child, names, rule)


def inside(block: Block) -> tuple[Block, ...]:
    """The blocks right inside a block."""
    if isinstance(block, Fields):
        return tuple(child for _, child in block.entries)
    if isinstance(block, Items):
        return block.items
    if isinstance(block, Each):
        return (block.source, block.item)
    if isinstance(block, Choice):
        return tuple(child for child in (block.condition, block.then, block.otherwise) if child is not None)
    if isinstance(block, Reference):
        value = () if isinstance(block.to, str) else (block.to.value,)
        return (*value, block.fields)
    return ()
