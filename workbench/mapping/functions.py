"""What the Python of a compiled mapping calls: the helpers of the language, and what keeps a resource pruned.

Missing goes in, missing comes out: None stands for both missing and null, because in a mapping they are the same.
`functions.js` beside this file says the same in JavaScript; every change is made in both, and the tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from workbench.fhir.money import LARGEST_AMOUNT, exponent, money
from workbench.mapping.code_maps import CodeMap
from workbench.mapping.run_faults import helper_fault

__all__ = [
    "code_translator",
    "each_once",
    "elements_of",
    "holds",
    "id_of",
    "identity_value",
    "merge_rows",
    "money_of_provider",
    "optional_identity",
    "pruned",
    "search_token",
]

_LARGEST: Final = 2**53 - 1
_DEEPEST: Final = 200
_LONGEST_IDENTITY: Final = 2_000  # characters: it becomes part of a URL
_BLANK: Final = "\\x20\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_DEGENERATE: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff]|^[{_BLANK}]|[{_BLANK}]$")
_SEARCH_SIGN: Final = re.compile(r"[\\,$|]")
_UNTOUCHED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!'()*")


def money_of_provider(provider: str) -> Callable[[Any, Any], dict[str, Any] | None]:
    """The `$money` of a provider: amount in minor units and currency → FHIR Money."""
    scales: dict[str, tuple[int, str]] = {}
    largest, smallest = LARGEST_AMOUNT, -LARGEST_AMOUNT

    def money_of(amount: Any, currency: Any) -> dict[str, Any] | None:
        if (
            amount.__class__ is int
            and currency.__class__ is str
            and currency in scales
            and smallest <= amount <= largest
        ):
            scale, code = scales[currency]
            return {"value": amount / scale if amount % scale else amount // scale, "currency": code}
        if amount is None:
            return None
        made = money(amount, currency, provider)
        scales[currency] = (_scale(currency, provider), made["currency"])
        return made

    return money_of


def id_of(value: Any) -> str | None:
    """An id, or the `id` of an object: providers give one or the other for the same field.

    >>> id_of("cus_1"), id_of({"id": "cus_1", "object": "customer"})
    ('cus_1', 'cus_1')
    """
    if value.__class__ is str or value is None:
        return value or None
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str) and found:
        return found
    raise helper_fault(value, "id", "an id is a text, or an object with a text id", "give the field that holds the id")


def code_translator(code_map: CodeMap) -> Callable[[Any, int, list[tuple[int, str, str]]], str | None]:
    """The `$code` of a code map; a code without translation is noted with the number of the part that asked."""
    name, table, same, fixed = code_map.name, code_map.table, code_map.unmapped == "same", code_map.fixed

    def code_of(code: Any, part: int, problems: list[tuple[int, str, str]]) -> str | None:
        if code is None:
            return None
        if code.__class__ is not str:
            raise helper_fault(code, "code", "a code to translate is a text", "turn it into one with $string")
        if code in table:
            return table[code]
        if same or fixed:
            return fixed or code or None
        problems.append((part, name, code))
        return None

    return code_of


def identity_value(value: Any) -> str:
    """The value if it can name a resource: a text, neither empty nor blank at an end, without control characters."""
    is_short = value.__class__ is str and len(value) <= _LONGEST_IDENTITY
    if is_short and (value.isidentifier() or (value and not _DEGENERATE.search(value))):
        text: str = value
        return text
    expected = (
        f"an identity's value is a text of at most {_LONGEST_IDENTITY} characters, "
        "none a control character, no blank at its ends"
    )
    raise helper_fault(value, "identity", expected, "give the provider's own id; a number needs $string")


def search_token(value: str) -> str:
    r"""The value as it stands in a search: FHIR's signs escaped, then percent-encoded.

    >>> search_token("in_1"), search_token("a,b c")
    ('in_1', 'a%5C%2Cb%20c')
    """
    if value.isidentifier() and value.isascii():
        return value
    escaped = _SEARCH_SIGN.sub(r"\\\g<0>", value)
    return "".join(chr(byte) if byte in _UNTOUCHED else f"%{byte:02X}" for byte in escaped.encode())


def pruned(value: Any, depth: int = 0) -> Any:
    """The value without nulls and empties, None where nothing is left; a whole float becomes an int, as in JavaScript.

    >>> pruned({"a": None, "b": [], "c": [{"d": ""}, 1.0]})
    {'c': [1]}
    """
    kind = value.__class__
    if kind is str or value is None:
        return value or None
    if kind is bool:
        return value
    if kind is int and -_LARGEST <= value <= _LARGEST:
        return value
    if kind is int or kind is float:
        return _number(value)
    if depth > _DEEPEST:
        raise helper_fault(
            value, "depth", f"a value is nested more than {_DEEPEST} levels deep", "map the parts you need"
        )
    if kind is dict:
        kept = {key: part for key, item in value.items() if (part := pruned(item, depth + 1)) is not None}
        return kept or None
    if isinstance(value, list):  # the expression compiler has lists of its own kinds
        return [part for item in value if (part := pruned(item, depth + 1)) is not None] or None
    raise helper_fault(
        value, "type", "an expression gave what JSON cannot hold", "give a text, number, boolean, list or object"
    )


def elements_of(value: Any) -> list[Any]:
    """The elements to go through: a list's own without its nulls, a single value alone, nothing for missing."""
    if isinstance(value, list):
        return [item for item in value if item is not None] if None in value else value
    return [] if value is None else [value]


def holds(value: Any) -> bool:
    """What JSONata's `$boolean` says of a value; missing is false.

    >>> [holds(value) for value in (None, "", "no", 0, [], [0, 1], {}, {"a": None}, {"a": False})]
    [False, False, True, False, False, True, False, False, True]
    """
    if isinstance(value, list):
        return any(holds(item) for item in value)
    return any(item is not None for item in value.values()) if isinstance(value, dict) else bool(value)


def optional_identity(value: Any) -> str | None:
    """The value of an identity that may be missing."""
    return None if value is None or value == "" else identity_value(value)


def each_once(items: list[Any]) -> list[Any]:
    """The items, each once, at its first place; they may be many, so that none is compared with all the others.

    >>> each_once([{"value": "a"}, {"value": True}, {"value": 1}, {"value": "a"}])
    [{'value': 'a'}, {'value': True}, {'value': 1}]
    """
    first: dict[str, Any] = {}
    for item in items:
        first.setdefault(repr(item), item)
    return list(first.values())


def merge_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with each identity once: what stands first stays, a later one adds elements and identifiers it lacks."""
    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    identifiers: dict[tuple[Any, ...], list[Any]] = {}  # of those that stand twice, gathered
    for row in rows:
        resource = row["resource"]
        identity = (resource["resourceType"], row["parameter"], row["system"], row["value"])
        kept = first.setdefault(identity, row)["resource"]
        if kept is resource:
            continue
        if "identifier" in resource:
            identifiers.setdefault(identity, list(kept.get("identifier", ()))).extend(resource["identifier"])
        for name, element in resource.items():
            kept.setdefault(name, element)
    for identity, gathered in identifiers.items():
        first[identity]["resource"]["identifier"] = each_once(gathered)
    return list(first.values())


def _number(value: float) -> float:
    if not -_LARGEST <= value <= _LARGEST:
        raise helper_fault(
            value, "number", "a number beyond 2^53 does not survive JSON", "map it as a text, if there is one"
        )
    return int(value) if value.__class__ is float and value == int(value) else value


def _scale(currency: str, provider: str) -> int:
    return int(10 ** exponent(currency, provider))
