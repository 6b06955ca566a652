"""What FHIR finds wrong with a mapped resource, told with the line of the mapping that made it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from workbench.errors import Problem
from workbench.fhir.validation import validate
from workbench.mapping.blocks import At, Choice, Each, Items, MappingDocument, Rule
from workbench.mapping.results import MappingResult
from workbench.mapping.walking import blocks_of

__all__ = ["place_problem", "validate_result"]

_INDEX: Final = re.compile(r"\[\d+\]")


def validate_result(document: MappingDocument, result: MappingResult) -> tuple[Problem, ...]:
    """Every FHIR fault of the resources of one event, by Medplum's own definitions, placed in the mapping."""
    return tuple(
        place_problem(document, row["rule"], problem)
        for row in result.as_list()
        for problem in validate(row["resource"])
    )


def place_problem(document: MappingDocument, rule: str, problem: Problem) -> Problem:
    """The problem of a resource with file, line and path of the block that makes the element, or the one around it.

    Works for what `fhir.validate` finds and for what a server's `$validate` says: `target` is the element's path.
    """
    found = next(one for one in document.rules if one.name == rule)
    at = _nearest(found, _INDEX.sub("", problem.target or found.resource_type))
    return replace(
        problem,
        file=document.file,
        line=at.place.line,
        column=at.place.column,
        length=at.place.length,
        path=at.path,
    )


def _nearest(rule: Rule, target: str) -> At:
    """Where the innermost block stands that makes the element or something around it."""
    best = rule.resource.at
    for block in blocks_of(rule.resource):
        if isinstance(block, Items | Each | Choice) or not block.at.target:
            continue
        wider = target == block.at.target or target.startswith(block.at.target + ".")
        if wider and len(block.at.target) > len(best.target):
            best = block.at
    return best
