"""The text of an expression → tokens, as JSONata reads it.

Whether `/` divides or begins a regular expression depends on what stands before it, so the parser asks for one token
at a time and says which it expects. Source: https://docs.jsonata.org/overview (grammar by observation of 2.2.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from workbench.mapping.expression.faults import Fault, FaultError, Span

__all__ = ["OPERATORS", "Lexer", "Token"]

# operator → binding power; some are here only because a name ends before them
OPERATORS: Final[dict[str, int]] = {
    ".": 75, "[": 80, "]": 0, "{": 70, "}": 0, "(": 80, ")": 0, ",": 0, "@": 80, "#": 80, ";": 80, ":": 80, "?": 20,
    "+": 50, "-": 50, "*": 60, "/": 60, "%": 60, "|": 20, "=": 40, "<": 40, ">": 40, "^": 40, "**": 60, "..": 20,
    ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "?:": 40, "??": 40, "and": 30, "or": 25, "in": 40, "&": 50,
    "!": 0, "~": 0,
}  # fmt: skip
_DOUBLE: Final = ("..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??")
_BLANKS: Final = " \t\n\r\v"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[dict[str, tuple[str, Any]]] = {
    "or": ("operator", "or"), "in": ("operator", "in"), "and": ("operator", "and"),
    "true": ("value", True), "false": ("value", False), "null": ("value", None),
}  # fmt: skip
_HEX4: Final = re.compile(r"[0-9a-fA-F]{1,4}")
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class Token:
    """One token; kind is operator, string, number, value, name, variable, regex or end."""

    kind: str
    value: Any  # a regex has (pattern, flags)
    span: Span


class Lexer:
    """Gives the tokens of a text one by one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def next(self, *, after_value: bool) -> Token:
        """The next token; `after_value` says that `/` can only divide here."""
        self._skip()
        text, start = self._text, self._at
        if start >= len(text):
            return Token("end", "(end)", Span(len(text), len(text)))
        sign = text[start]
        if sign == "/" and not after_value:
            return self._regex(start)
        pair = text[start : start + 2]
        if pair in _DOUBLE:
            return self._take("operator", pair, start + 2)
        if sign in OPERATORS:
            return self._take("operator", sign, start + 1)
        if sign in "\"'":
            return self._string(start)
        if number := _NUMBER.match(text, start):
            return self._number(number)
        return self._quoted_name(start) if sign == "`" else self._name(start)

    def _take(self, kind: str, value: Any, end: int) -> Token:
        token = Token(kind, value, Span(self._at, end))
        self._at = end
        return token

    def _skip(self) -> None:
        text = self._text
        while self._at < len(text):
            if text[self._at] in _BLANKS:
                self._at += 1
            elif text.startswith("/*", self._at):
                end = text.find("*/", self._at + 2)
                if end < 0:
                    raise _fault(self._at, len(text), "S0106", "a comment has no end", "close it with */")
                self._at = end + 2
            else:
                return

    def _number(self, found: re.Match[str]) -> Token:
        number = float(found[0])
        if number in (float("inf"), float("-inf")):
            raise _fault(found.start(), found.end(), "S0102", "a number is out of range", "numbers reach 1.8e308")
        exact = int(number) if number.is_integer() and abs(number) <= _LARGEST else number
        return self._take("number", exact, found.end())

    def _string(self, start: int) -> Token:
        text, quote, at = self._text, self._text[start], start + 1
        parts: list[str] = []
        while at < len(text):
            sign = text[at]
            if sign == quote:
                return self._take("string", _joined(parts), at + 1)
            if sign == "\\":
                value, at = self._escape(at + 1)
                parts.append(value)
            else:
                parts.append(sign)
                at += 1
        raise _fault(start, len(text), "S0101", "a text has no closing quote", f"close it with {quote}")

    def _escape(self, at: int) -> tuple[str, int]:
        sign = self._text[at : at + 1]
        if sign in _ESCAPES and sign:
            return _ESCAPES[sign], at + 1
        if sign == "u":
            digits = self._text[at + 1 : at + 5]
            if not _HEX4.fullmatch(digits):
                raise _fault(at, at + 5, "S0104", r"\u must be followed by four hex digits", r"write it as \u00e9")
            return chr(int(digits, 16)), at + 5
        raise _fault(at - 1, at + 1, "S0103", "an unknown escape in a text", r"known are \" \\ \/ \b \f \n \r \t \u")

    def _quoted_name(self, start: int) -> Token:
        end = self._text.find("`", start + 1)
        if end < 0:
            raise _fault(start, len(self._text), "S0105", "a quoted name has no closing backquote", "close it with `")
        return self._take("name", self._text[start + 1 : end], end + 1)

    def _name(self, start: int) -> Token:
        text, end = self._text, start
        while end < len(text) and text[end] not in _BLANKS and text[end] not in OPERATORS:
            end += 1
        name = text[start:end]
        if name.startswith("$"):
            return self._take("variable", name[1:], end)
        kind, value = _WORDS.get(name, ("name", name))
        return self._take(kind, value, end)

    def _regex(self, start: int) -> Token:
        text, depth, at = self._text, 0, start + 1
        while at < len(text):
            sign = text[at]
            if sign == "/" and depth == 0 and not self._escaped(at):
                if at == start + 1:
                    raise _fault(
                        start, at + 1, "S0301", "an empty regular expression", "write a pattern between / and /"
                    )
                end = at + 1
                while end < len(text) and text[end] in "im":
                    end += 1
                return self._take("regex", (text[start + 1 : at], text[at + 1 : end]), end)
            if text[at - 1] != "\\":
                depth += (sign in "([{") - (sign in ")]}")
            at += 1
        raise _fault(start, len(text), "S0302", "a regular expression has no closing /", "close it with /")

    def _escaped(self, at: int) -> bool:
        before = self._text[:at]
        return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _joined(parts: list[str]) -> str:
    r"""The parts as one text; two halves of a pair written as \ud83d\ude00 become the one character they are."""
    whole = "".join(parts)
    if any("\ud800" <= part <= "\udbff" for part in parts):
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return whole


def _fault(start: int, end: int, code: str, message: str, remedy: str) -> FaultError:
    return FaultError(Fault(span=Span(start, end), code=code, message=message, remedy=remedy))
