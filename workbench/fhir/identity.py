"""Which resource on the server an event speaks of: one search token, never degenerate, escaped once and rightly.

A conditional write takes its target from a search. Medplum does not refuse a search that says too little or too much:
`Invoice?identifier=sys|` overwrites whichever Invoice has that system, `identifier=sys|a,b` means "a or b". So an
`Identity` cannot be made without a value, and FHIR's own escapes are applied before percent-encoding.

Sources: FHIR R4 search.html#escaping and #token; observed answers of Medplum 5.0.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import quote

__all__ = ["Identity", "escape_token", "reference_to"]

_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(:identifier)?")
_RESOURCE_TYPE: Final = re.compile(r"[A-Z][A-Za-z]+")
_ESCAPED: Final = re.compile(r"([\\,$|])")
_NO_TOKEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, and halves of a surrogate pair
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]+")  # nothing to escape
_UNTOUCHED: Final = "!'()*"  # with these, quote() encodes just what JavaScript's encodeURIComponent does


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The one search that finds a resource again: a type, a token parameter, a system and a value.

    Raises:
        ValueError: a part is empty, has blanks at its ends, control characters or lone surrogates, or is no name.

    >>> account = Identity(resource_type="Account", system="https://stripe.com/customer/id", value="cus_1,2")
    >>> account.search()
    'identifier=https%3A%2F%2Fstripe.com%2Fcustomer%2Fid%7Ccus_1%5C%2C2'
    >>> account
    Identity(resource_type='Account', system='https://stripe.com/customer/id', parameter='identifier')
    """

    resource_type: str
    value: str = field(repr=False)  # comes from a payload
    system: str | None = None  # None searches the value under any system
    parameter: str = "identifier"  # a token search parameter, or `<reference parameter>:identifier`

    def __post_init__(self) -> None:
        _require(bool(_RESOURCE_TYPE.fullmatch(self.resource_type)), "resource type", "a FHIR type such as Invoice")
        _require(bool(_PARAMETER.fullmatch(self.parameter)), "search parameter", "a name such as identifier or altid")
        _require(_is_token(self.value), "value", "text without control characters or blanks at its ends")
        if self.system is not None:
            usable = _is_token(self.system) and not re.search(r"\s", self.system)
            _require(usable, "system", "a URI without blanks, or nothing")

    def search(self) -> str:
        """The escaped query string, for `PUT Type?…`, `ifNoneExist` and `If-None-Exist` (without type and `?`)."""
        value = self.value if _PLAIN.fullmatch(self.value) else quote(escape_token(self.value), safe=_UNTOUCHED)
        return _beginning(self.parameter, self.system) + value

    def reference(self) -> str:
        """The conditional reference to this resource, as `Reference.reference`; the server resolves it on write."""
        return f"{self.resource_type}?{self.search()}"

    def identifier(self) -> dict[str, str]:
        """The FHIR Identifier of this identity, as it stands in `resource.identifier` or in a logical reference."""
        return {"value": self.value} if self.system is None else {"system": self.system, "value": self.value}


def reference_to(resource_type: str, parameter: str, system: str | None, value: str) -> str:
    """`Identity(…).reference()`, for many resources of few kinds.

    >>> reference_to("Account", "identifier", None, "cus_1")
    'Account?identifier=cus_1'
    """
    if _PLAIN.fullmatch(value):
        return _stem(resource_type, parameter, system) + value
    return Identity(resource_type=resource_type, parameter=parameter, system=system, value=value).reference()


@lru_cache(maxsize=1024)
def _stem(resource_type: str, parameter: str, system: str | None) -> str:
    """The reference up to the value."""
    return Identity(resource_type=resource_type, parameter=parameter, system=system, value="-").reference()[:-1]


@lru_cache(maxsize=1024)
def _beginning(parameter: str, system: str | None) -> str:
    """The search up to the value: the same for every resource of a rule."""
    system_part = "" if system is None else quote(f"{escape_token(system)}|", safe=_UNTOUCHED)
    return f"{parameter}={system_part}"


def escape_token(text: str) -> str:
    r"""The text with FHIR's search escapes: a backslash before `\`, `,`, `$` and `|`.

    >>> escape_token("a,b|c")
    'a\\,b\\|c'
    """
    return _ESCAPED.sub(r"\\\1", text)


def _is_token(text: object) -> bool:
    return isinstance(text, str) and text != "" and text == text.strip() and _NO_TOKEN.search(text) is None


def _require(held: bool, part: str, expected: str) -> None:
    if not held:
        message = f"identity: its {part} is degenerate and could match another resource; expected {expected}"
        raise ValueError(message)
