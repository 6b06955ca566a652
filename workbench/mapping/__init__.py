"""The mapping language: documents that say which FHIR resources come out of a provider's events.

`document` reads and checks a file, `compile` makes one Python and one JavaScript function of it, `expression` is the
portable JSONata that both are made of. `coverage`, `differences` and `scaffold` help to write one.
docs/mapping-language.md is the language itself.
"""

from workbench.mapping.compile import EventMapping, compile_mapping, javascript_runtime
from workbench.mapping.document import check_mapping, code_map_paths, read_mapping
from workbench.mapping.expression import MISSING, Expression, compile_expression

__all__ = [
    "MISSING",
    "EventMapping",
    "Expression",
    "check_mapping",
    "code_map_paths",
    "compile_expression",
    "compile_mapping",
    "javascript_runtime",
    "read_mapping",
]
