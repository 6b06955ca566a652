"""What may come next in a mapping that somebody is writing: event paths, functions, FHIR elements, keys, codes.

It works on text that is not finished, so it looks at lines and their indentation, not at a parsed document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from workbench.fhir.definitions import binding_codes, children, element, required_elements, resource_types
from workbench.mapping.dialects import HELPERS
from workbench.mapping.expression.library import LIBRARY

__all__ = ["Suggestion", "suggest"]

_KEY: Final = re.compile(r"^(\s*)(?:- )?\s*([\w$]+):")
_TYPED_KEY: Final = re.compile(r"^(\s*)((?:- )*)([\w$]*)$")
_EXPRESSION: Final = re.compile(r"""(?:^\s*-\s+|[:,\[{]\s*)["']?=([^"']*(?:["'][^"']*["'][^"']*)*)$""")
_TOKEN: Final = re.compile(r"[\w$.]*$")
_CODE: Final = re.compile(r"^(\s*)(?:- )?([\w]+):\s*([\w-]*)$")
_BLOCKS: Final = ("$each", "$as", "$item", "$if", "$then", "$else", "$ref", "$require")
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One thing that may stand here."""

    label: str
    detail: str  # what it is, in a few words
    kind: str  # path, function, variable, element, key or code
    apply: str  # what is written for the token


def suggest(
    text: str, line: int, column: int, paths: Mapping[str, str], codes: Iterable[str] = ()
) -> tuple[int, tuple[Suggestion, ...]]:
    """Give where the token begins, as a column, and what may stand for it.

    Args:
        text: of the document.
        line: of the cursor, from 1.
        column: of the cursor, from 0: so many characters stand before it.
        paths: of the events' fields, with what is there.
        codes: names of code maps.

    >>> suggest("vars: {}\\nresources:\\n  a:\\n    when: =data.ob", 4, 18, {"data.object.id": "string"})[1][0].label
    'data.object'
    """
    lines = text.splitlines() or [""]
    before = lines[min(line, len(lines)) - 1][:column]
    if inside := _EXPRESSION.search(before):
        token = _TOKEN.search(inside[1])
        assert token
        return column - len(token[0]), _in_expression(token[0], lines, paths, codes)
    above = _keys_above(lines[: line - 1], before)
    if written := _TYPED_KEY.match(before):
        return column - len(written[3]), tuple(one for one in _keys(above) if one.label.startswith(written[3]))
    if written := _CODE.match(before):
        return column - len(written[3]), _values([*above, written[2]])
    return column, ()


def _in_expression(
    token: str, lines: Sequence[str], paths: Mapping[str, str], codes: Iterable[str]
) -> tuple[Suggestion, ...]:
    variables = _variables(lines)
    name, dot, _ = token.partition(".")
    if name.startswith("$") and not dot:
        functions = [(f"${known}", "helper") for known in HELPERS] + [(f"${known}", "function") for known in LIBRARY]
        made = [_one(f"${known}", f"variable {path}", "variable") for known, path in variables.items()]
        made += [_one(f"{label}(", detail, "function") for label, detail in functions]
        if token.startswith("$co"):
            made += [_one(f'$code("{known}", ', "code map", "function") for known in codes]
        return tuple(one for one in made if one.label.startswith(token))
    start = variables.get(name.removeprefix("$"), "") if name.startswith("$") else ""
    known = {
        f"{name}{path.removeprefix(start)}" if start else path: what
        for path, what in paths.items()
        if not start or path.startswith(f"{start}.")
    }
    return tuple(_next_steps(token, known))


def _next_steps(token: str, paths: Mapping[str, str]) -> list[Suggestion]:
    """Give the fields one step further than what is written, each with what is there."""
    around = token.rpartition(".")[0]
    found: dict[str, str] = {}
    for path, what in paths.items():
        plain = path.replace("[]", "")
        if not plain.startswith(token):
            continue
        step = plain[len(around) + 1 if around else 0 :].partition(".")
        whole = f"{around}.{step[0]}" if around else step[0]
        found.setdefault(whole, "…" if step[1] else what)
    return [_one(path, what, "path") for path, what in list(found.items())[:_MOST]]


def _keys(above: Sequence[str]) -> list[Suggestion]:
    """Give the keys that may stand below these."""
    if "resource" in above and above[0] == "resources":
        kind, *inner = above[above.index("resource") + 1 :]
        path = ".".join(name for name in inner if not name.startswith("$"))
        found = element(kind, path) if path else None
        type_name = found.type if found else kind
        must = {name.removesuffix("[x]") for name in required_elements(type_name)}
        made = [
            _one(
                f"{one.name}: ",
                f"{one.type}{' ×n' if one.is_array else ''}{', required' if _is_required(one, must) else ''}",
                "element",
                one.name,
            )
            for one in children(type_name).values()
        ]
        return [*made, *(_one(f"{name}: ", "block", "key", name) for name in _BLOCKS)]
    schema = _schema()
    where = schema["properties"]
    if above[:1] == ["resources"]:
        where = {1: {}, 2: schema["$defs"]["rule"]["properties"]}.get(len(above), {})
        if len(above) == 3 and above[2] == "identity":
            where = schema["$defs"]["identity"]["properties"]
    elif above:
        where = {}
    return [_one(f"{name}: ", what.get("description", "")[:60], "key", name) for name, what in where.items()]


def _is_required(one: Any, must: set[str]) -> bool:
    return one.name in must or bool(one.choice and one.choice.removesuffix("[x]") in must)


def _values(keys: Sequence[str]) -> tuple[Suggestion, ...]:
    if keys[-1] == "resourceType":
        return tuple(_one(name, "resource type", "code") for name in resource_types())
    if keys[-1] == "write" and "resource" not in keys:
        return tuple(_one(name, "how it is written", "code") for name in ("merge", "replace", "create-if-missing"))
    if "resource" in keys:
        kind, *path = keys[keys.index("resource") + 1 :]
        bound = binding_codes(kind, ".".join(name for name in path if not name.startswith("$")))
        return tuple(_one(code, "code", "code") for code in bound[:_MOST])
    return ()


def _keys_above(lines: Sequence[str], line: str) -> list[str]:
    """Give the keys around a line, by indentation; after `resource` its type stands in the list."""
    indent = len(line) - len(line.lstrip(" -"))
    found: list[str] = []
    for number in range(len(lines) - 1, -1, -1):
        key = _KEY.match(lines[number])
        if key is None:
            continue
        depth = key.start(2)
        if depth < indent:
            found.insert(0, key[2])
            if key[2] == "resource":
                found.insert(1, _type_of(lines[number:], line))
            indent = depth
    return found


def _type_of(below: Sequence[str], line: str) -> str:
    for each in [*below, line]:
        if named := re.search(r"resourceType:\s*([A-Z][A-Za-z]+)", each):
            return named[1]
    return "Resource"


def _variables(lines: Sequence[str]) -> dict[str, str]:
    """Give the document's variables that are plain paths, and the others without one."""
    found: dict[str, str] = {}
    inside = False
    for line in lines:
        if re.match(r"\S", line):
            inside = line.startswith("vars:")
        elif inside and (one := re.match(r"\s+(\w+):\s*[\"']?=?\s*([\w.]*)(.*)$", line)):
            found[one[1]] = one[2] if not one[3].strip(" \"'") else ""
    return found


def _one(label: str, detail: str, kind: str, shown: str | None = None) -> Suggestion:
    return Suggestion(label=shown or label, detail=detail, kind=kind, apply=label)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files("workbench.mapping").joinpath("mapping.schema.json").read_text("utf-8"))
    return schema
