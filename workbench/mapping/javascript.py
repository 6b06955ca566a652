"""A mapping document → the JavaScript function of the same meaning as its Python one.

Before the function stands one constant with what it needs of data: the provider's money exponents, the code maps, and
the place in the mapping of each numbered part, so that a fault in a bot names rule and path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from workbench.fhir.money import EXPONENTS
from workbench.mapping.blocks import At, MappingDocument
from workbench.mapping.javascript_dialect import JavaScript
from workbench.mapping.leaf_facts import uses_of
from workbench.mapping.walking import leaves_of
from workbench.mapping.writer import MappingWriter, needs_merge

__all__ = ["javascript_name", "write_javascript"]


def javascript_name(mapping: str) -> str:
    """The name of a mapping's JavaScript function.

    >>> javascript_name("stripe-invoice")
    'map_stripe_invoice'
    """
    return f"map_{mapping.replace('-', '_')}"


def write_javascript(document: MappingDocument) -> str:
    """The constant and the function, as text."""
    table = document.name.replace("-", "_")
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
        *_prologue(document, table),
        "  try {",
        *dialect.lines,
        "  } catch (error) {",
        f"    throw placedFault(error, {table}.places[at]);",
        "  }",
        f"  return {'mergeRows(rows)' if needs_merge(document) else 'rows'};",
        "}",
        "",
    ]
    return "\n".join(lines)


def _prologue(document: MappingDocument, table: str) -> list[str]:
    """The helpers that need the mapping's own data, where it uses them."""
    used = {use.name for scoped in leaves_of(document) for use in uses_of(scoped.leaf.node)}
    helpers = {
        "money": f"  const money = (amount, currency) => moneyOf({table}.exponents, amount, currency);",
        "code": f"  const code = (name, value) => codeOf({table}, name, value, at, problems);",
    }
    return [text for name, text in helpers.items() if name in used]


def _table(document: MappingDocument, name: str, places: Iterable[tuple[str, At]]) -> list[str]:
    exponents = EXPONENTS.get(document.provider, EXPONENTS["iso4217"])
    codes = {
        key: {"table": dict(found.table), "unmapped": found.unmapped, **({"fixed": found.fixed} if found.fixed else {})}
        for key, found in document.codes.items()
    }
    return [
        f"const {name} = {{",
        f"  exponents: {json.dumps(dict(exponents))}, // currencies that have not two decimals",
        f"  codes: {json.dumps(codes, ensure_ascii=False)},",
        "  places: [",
        *(f"    {json.dumps([rule, at.path, at.target], ensure_ascii=False)}," for rule, at in places),
        "  ],",
        "};",
    ]
