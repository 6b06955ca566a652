"""The text of a failure, made fit to be shown: words of a fixed list stay, everything else becomes `…`.

An AuditEvent's `outcomeDesc` is console output: it may hold a name, an address or a secret, and no pattern recognises
all of those. So the rule is turned round: only words that `words.txt` lists (technical English, FHIR's resource types)
are ever shown. What is in quotes or parentheses, numbers and identifiers go first, so that two failures that
differ only in whom they met read the same, and one text names one incident.

Source: Datadog's error grouping keeps "only word-like tokens" (docs.datadoghq.com/error_tracking/error_grouping).
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["MASK", "mask_code", "mask_text"]

MASK = "…"
_LONGEST = 24  # words of one masked text: a sentence, not a dump
_ASIDES = re.compile(
    r'"[^"\n]*"|`[^`\n]*`|(?<![A-Za-z])\'[^\'\n]*\'(?![A-Za-z])|\([^()\n]*\)|\{[^{}\n]*\}|\[[^\[\]\n]*\]'
)
_PARTS = re.compile(r"[^A-Za-z0-9]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ERROR_CLASS = re.compile(r"[A-Z][A-Za-z]*(?:Error|Exception)")


def mask_text(text: str) -> str:
    """The words of `text` that may be shown, in order, with one `…` for each run of others.

    >>> mask_text("Error: Patient Erika Mustermann (born 1970-01-01) not found")
    'Error Patient … not found'
    >>> mask_text("TypeError: Cannot read properties of undefined (reading 'surname')")
    'TypeError Cannot read properties of undefined …'
    """
    shown: list[str] = []
    starts = True  # a capital is only harmless where a sentence may begin
    for chunk in _strip_asides(text).split():
        if "@" in chunk or "://" in chunk:
            words = [MASK]
        else:
            words = [
                word if _may_show(word, starts=starts and index == 0) else MASK
                for index, word in enumerate(_PARTS.split(chunk))
                if word
            ]
        shown.extend(words or [MASK])
        starts = chunk[-1] in ":.;!?>"
    return " ".join(_collapse(shown)[:_LONGEST])


def mask_code(code: str) -> str:
    """A bot's short problem code as it is when every part of it may be shown, else its masked words.

    >>> mask_code("signature-mismatched")
    'signature-mismatched'
    >>> mask_code("no patient erika")
    'no patient …'
    """
    plain = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", code) is not None
    if plain and all((part.isdigit() and len(part) <= 3) or _may_show(part, starts=False) for part in code.split("-")):
        return code
    return mask_text(code)


def _strip_asides(text: str) -> str:
    """`text` with what is quoted or bracketed replaced by the mask, from the inside out."""
    before = None
    while before != text:
        before, text = text, _ASIDES.sub(f" {MASK} ", text)
    return text


def _may_show(word: str, *, starts: bool) -> bool:
    plain, types = _words()
    if word in types or word in plain or _ERROR_CLASS.fullmatch(word):
        return True
    if not word.isascii() or not word.isalpha():
        return False
    if word.isupper() or (starts and word[0].isupper()):
        return word.lower() in plain
    # `lineItem` and `PaymentIntent`-like names are code when all their parts are words of the list
    parts = _CAMEL.findall(word)
    return len(parts) > 1 and all(part.lower() in plain for part in parts)


def _collapse(words: list[str]) -> list[str]:
    return [word for index, word in enumerate(words) if word != MASK or index == 0 or words[index - 1] != MASK]


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """The list's plain words, and its resource types (those alone begin with a capital)."""
    text = resources.files("workbench.audit").joinpath("words.txt").read_text(encoding="utf-8")
    words = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (
        frozenset(word for word in words if word[0].islower()),
        frozenset(word for word in words if word[0].isupper()),
    )
