"""The built-in functions: JSONata's name → signature, what implements it, and what the printers must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LIBRARY", "REFUSED_FUNCTIONS", "BuiltIn"]


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in function."""

    signature: str
    runtime: str  # the function of `functions/` and `runtime/` that does it, arguments already validated
    arity: int  # how many arguments JSONata's own function declares: what $map and a partial application see
    result: str = "any"  # any | string | number | boolean | sequence; all but sequence may also be nothing
    run: bool = False  # takes the run (its budget) as first argument
    always: bool = False  # never nothing


def _built_in(signature: str, runtime: str, arity: int, result: str = "any", *flags: str) -> BuiltIn:
    return BuiltIn(signature, runtime, arity, result, "run" in flags, "always" in flags)


LIBRARY: Final[dict[str, BuiltIn]] = {
    "abs": _built_in("<n-:n>", "absolute", 1, "number"),
    "append": _built_in("<xx:a>", "append", 2, "any", "run"),
    "assert": _built_in("<bs?:x>", "raise_assertion", 2),
    "average": _built_in("<a<n>:n>", "average", 1, "number"),
    "base64decode": _built_in("<s-:s>", "base64_decode", 1, "string"),
    "base64encode": _built_in("<s-:s>", "base64_encode", 1, "string"),
    "boolean": _built_in("<x-:b>", "boolean", 1, "boolean"),
    "ceil": _built_in("<n-:n>", "ceil", 1, "number"),
    "contains": _built_in("<s-(sf):b>", "contains", 2, "boolean", "run"),
    "count": _built_in("<a:n>", "count", 1, "number", "always"),
    "decodeUrl": _built_in("<s-:s>", "decode_url", 1, "string"),
    "decodeUrlComponent": _built_in("<s-:s>", "decode_url_component", 1, "string"),
    "distinct": _built_in("<x:x>", "distinct", 1, "sequence", "run"),
    "each": _built_in("<o-f:a>", "each", 2, "sequence", "run"),
    "encodeUrl": _built_in("<s-:s>", "encode_url", 1, "string"),
    "encodeUrlComponent": _built_in("<s-:s>", "encode_url_component", 1, "string"),
    "error": _built_in("<s?:x>", "raise_error", 1),
    "exists": _built_in("<x:b>", "exists", 1, "boolean", "always"),
    "filter": _built_in("<af>", "filtered", 2, "sequence", "run"),
    "floor": _built_in("<n-:n>", "floor", 1, "number"),
    "formatBase": _built_in("<n-n?:s>", "format_base", 2, "string"),
    "fromMillis": _built_in("<n-s?s?:s>", "from_millis", 3, "string"),
    "join": _built_in("<a<s>s?:s>", "join", 2, "string"),
    "keys": _built_in("<x-:a<s>>", "keys", 1, "sequence"),
    "length": _built_in("<s-:n>", "length", 1, "number"),
    "lookup": _built_in("<x-s:x>", "lookup_value", 2, "sequence"),
    "lowercase": _built_in("<s-:s>", "lowercase", 1, "string"),
    "map": _built_in("<af>", "mapped", 2, "sequence", "run"),
    "match": _built_in("<s-f<s:o>n?:a<o>>", "match", 3, "sequence", "run"),
    "max": _built_in("<a<n>:n>", "maximum", 1, "number"),
    "merge": _built_in("<a<o>:o>", "merge", 1),
    "min": _built_in("<a<n>:n>", "minimum", 1, "number"),
    "not": _built_in("<x-:b>", "negated", 1, "boolean"),
    "number": _built_in("<(nsb)-:n>", "to_number", 1, "number"),
    "pad": _built_in("<s-ns?:s>", "pad", 3, "string"),
    "power": _built_in("<n-n:n>", "power", 2, "number"),
    "reduce": _built_in("<afj?:j>", "reduced", 3, "sequence", "run"),
    "replace": _built_in("<s-(sf)(sf)n?:s>", "replace", 4, "string", "run"),
    "reverse": _built_in("<a:a>", "reverse", 1, "sequence"),
    "round": _built_in("<n-n?:n>", "rounded", 2, "number"),
    "sift": _built_in("<o-f?:o>", "sift", 2, "any", "run"),
    "single": _built_in("<af?>", "single", 2, "sequence", "run"),
    "sort": _built_in("<af?:a>", "sort", 2, "sequence", "run"),
    "split": _built_in("<s-(sf)n?:a<s>>", "split", 3, "any", "run"),
    "spread": _built_in("<x-:a<o>>", "spread", 1, "sequence", "run"),
    "sqrt": _built_in("<n-:n>", "square_root", 1, "number"),
    "string": _built_in("<x-b?:s>", "string", 1, "string"),
    "substring": _built_in("<s-nn?:s>", "substring", 3, "string"),
    "substringAfter": _built_in("<s-s:s>", "substring_after", 2, "string"),
    "substringBefore": _built_in("<s-s:s>", "substring_before", 2, "string"),
    "sum": _built_in("<a<n>:n>", "sum_of", 1, "number"),
    "toMillis": _built_in("<s-s?:n>", "to_millis", 2, "number"),
    "trim": _built_in("<s-:s>", "trim", 1, "string"),
    "type": _built_in("<x:s>", "type_name", 1, "string"),
    "uppercase": _built_in("<s-:s>", "uppercase", 1, "string"),
    "zip": _built_in("<a+>", "zipped", 0, "any"),
}

REFUSED_FUNCTIONS: Final[dict[str, tuple[str, str]]] = {
    "clone": ("clone", "values cannot be changed, so a copy is never needed: leave $clone out"),
    "eval": ("eval", "write the expression itself"),
    "formatInteger": ("number-picture", "use $string, $pad or $formatBase"),
    "formatNumber": ("number-picture", "use $string with $round, or $pad"),
    "millis": ("clock", "use a time of the event"),
    "now": ("clock", "use a time of the event"),
    "parseInteger": ("number-picture", "use $number"),
    "random": ("chance", "leave it out: a mapping gives the same result every time"),
    "shuffle": ("chance", "leave it out: a mapping gives the same result every time"),
}
