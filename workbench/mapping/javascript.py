"""A mapping document → the JavaScript function of the same meaning as its Python one.

Before the function stands one constant with what it needs of data: the provider's money exponents, the code maps, and
the place in the mapping of each numbered part, so that a fault in a bot names rule and path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from workbench.fhir.money import EXPONENTS
from workbench.mapping.blocks import At, MappingDocument
from workbench.mapping.expression.javascript_runtime import runtime_names_in, runtime_source
from workbench.mapping.javascript_dialect import JavaScript
from workbench.mapping.leaf_facts import uses_of
from workbench.mapping.walking import leaves_of
from workbench.mapping.writer import MappingWriter

__all__ = ["Script", "javascript_name", "javascript_runtime", "own_functions", "runtime_of", "write_javascript"]

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_DEFINITION: Final = re.compile(
    r"((?:^//[^\n]*\n)*)^(?:function|const) (\w+)[\s\S]*?(?=^(?://|function |const )|\Z)", re.MULTILINE
)


def javascript_name(mapping: str) -> str:
    """The name of a mapping's JavaScript function.

    >>> javascript_name("stripe-invoice")
    'map_stripe_invoice'
    """
    return f"map_{mapping.replace('-', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The JavaScript of one mapping."""

    source: str
    used: frozenset[str]  # names of runtime functions that it calls


def javascript_runtime() -> str:
    """All the JavaScript functions that mappings call, to stand once before them."""
    folder = files("workbench.mapping.expression").joinpath("runtime")
    parts = sorted((part for part in folder.iterdir() if part.name.endswith(".js")), key=lambda part: part.name)
    return "\n".join([*(part.read_text("utf-8") for part in parts), *own_functions().values()])


def runtime_of(script: Script) -> str:
    """Only the JavaScript functions that one mapping calls."""
    own = own_functions()
    needed: set[str] = set()
    waiting = [name for name in script.used if name in own]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [word for word in _WORD.findall(own[name]) if word in own]
    texts = [text for name, text in own.items() if name in needed]
    general = (script.used - own.keys()) | runtime_names_in("\n".join(texts))
    return "\n".join([runtime_source(sorted(general)), *texts])


@cache
def own_functions() -> dict[str, str]:
    """The definitions of `functions.js` and `times.js` by name, each with the comment above it."""
    folder = files("workbench.mapping")
    sources = [folder.joinpath(name).read_text("utf-8") for name in ("functions.js", "times.js")]
    return {found[2]: found[0].strip() for source in sources for found in _DEFINITION.finditer(source)}


def write_javascript(document: MappingDocument) -> Script:
    """The constant and the function of a mapping."""
    table = f"data_{document.name.replace('-', '_')}"  # no name of the language, nor of a function
    dialect = JavaScript()
    writer = MappingWriter(document, dialect)
    writer.write()
    lines = [
        *_table(document, table, writer.places),
        "",
        "// Gives the resources that an event makes, as {rule, write, parameter, system, value, order, resource}.",
        f"function {javascript_name(document.name)}(event, problems) {{",
        "  let at = 0; // the part that is running, for the place of a fault",
        "  const rows = [];",
        *(["  const run = newRun();"] if dialect.uses_run() else []),
        *_prologue(document, table),
        "  try {",
        *dialect.lines,
        "  } catch (error) {",
        f"    throw placedFault(error, {table}.places[at]);",
        "  }",
        f"  return {'mergeRows(rows)' if document.may_repeat else 'rows'};",
        "}",
        "",
    ]
    words = frozenset(word for line in lines for word in _WORD.findall(line))
    used = {dialect.expressions.notation.runtime(name) for name in dialect.expressions.used}
    used |= words & own_functions().keys() | ({"newRun"} if dialect.uses_run() else set())
    return Script(source="\n".join(lines), used=frozenset(used))


def _functions_used(document: MappingDocument) -> set[str]:
    return {use.name for scoped in leaves_of(document) for use in uses_of(scoped.leaf.node) if use.called}


def _prologue(document: MappingDocument, table: str) -> list[str]:
    """The helpers that need the mapping's own data, where it uses them."""
    used = _functions_used(document)
    helpers = {
        "money": f"  const money = (amount, currency) => moneyOf({table}.exponents, {table}.scales, amount, currency);",
        "code": f"  const code = (name, value) => codeOf({table}, name, value, at, problems);",
    }
    return [text for name, text in helpers.items() if name in used]


def _table(document: MappingDocument, name: str, places: Iterable[tuple[str, At]]) -> list[str]:
    lines = [f"const {name} = {{"]
    used = _functions_used(document)
    if "money" in used:
        exponents = EXPONENTS.get(document.provider, EXPONENTS["iso4217"])
        lines.append(f"  exponents: {json.dumps(dict(exponents))}, // currencies that have not two decimals")
        lines.append("  scales: new Map(), // what is known of the currencies met")
    if "code" in used:
        codes = json.dumps(_codes(document), ensure_ascii=False)
        codes = codes.replace('"__proto__": ', '["__proto__"]: ')  # in brackets a key like any other
        lines.append(f"  codes: {codes},")
    lines.append("  places: [ // of each part: rule, path in the rule, FHIR path")
    for rule, at in places:
        path = at.path.removeprefix(f"resources.{rule}.")
        lines.append(
            f"    {json.dumps([rule or None, path, *([at.target] if at.target else [])], ensure_ascii=False)},"
        )
    return [*lines, "  ],", "};"]


def _codes(document: MappingDocument) -> dict[str, dict[str, object]]:
    codes: dict[str, dict[str, object]] = {}
    for name, found in document.codes.items():
        codes[name] = {"table": dict(found.table), "unmapped": found.unmapped}
        if found.fixed:
            codes[name]["fixed"] = found.fixed
    return codes
