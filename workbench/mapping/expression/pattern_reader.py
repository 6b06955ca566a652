"""The text of a JavaScript regular expression → a tree, as far as both languages understand it alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ANY",
    "Assertion",
    "Branches",
    "Chars",
    "Group",
    "Look",
    "PatternError",
    "Ranges",
    "Repeat",
    "Row",
    "Tree",
    "inverted",
    "read_pattern",
]

Ranges = tuple[tuple[int, int], ...]  # UTF-16 units, sorted, ends included

_LAST: Final = 0xFFFF
ANY: Final[Ranges] = ((0, _LAST),)
_DIGIT: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Final[Ranges] = (
    (9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_LINE_END: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{([0-9]{1,6})(,([0-9]{0,6}))?\})(\??)")


class PatternError(ValueError):
    """The pattern holds what is not portable; the text says what."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Chars:
    """One unit out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Assertion:
    """^ $ b or B."""

    sign: str


@dataclass(frozen=True, slots=True)
class Row:
    """Parts one after the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """One part out of several, the first that fits."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    body: Tree


@dataclass(frozen=True, slots=True)
class Look:
    """A lookahead."""

    body: Tree
    positive: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part again and again; most is None without end."""

    body: Tree
    least: int
    most: int | None
    lazy: bool


Tree = Chars | Assertion | Row | Branches | Group | Look | Repeat


def read_pattern(pattern: str, *, ignore_case: bool) -> Tree:
    """The tree of a pattern.

    Raises:
        PatternError: it holds what is not portable.
    """
    reader = _Reader(pattern, ignore_case)
    tree = reader.branches()
    if reader.at < len(pattern):
        raise PatternError(reason="a ) without a (")
    return tree


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """The ranges sorted, those that meet joined."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def inverted(ranges: Ranges) -> Ranges:
    """All units that the ranges do not hold."""
    out, low = [], 0
    for first, last in ranges:
        if low < first:
            out.append((low, first - 1))
        low = last + 1
    return (*out, (low, _LAST)) if low <= _LAST else tuple(out)


class _Reader:
    def __init__(self, text: str, ignore_case: bool) -> None:
        self._text = text
        self._ignore_case = ignore_case
        self.at = 0

    def branches(self) -> Tree:
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Branches(tuple(parts))

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _row(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self._text) and self._text[self.at] not in "|)":
            parts.append(self._quantified())
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _quantified(self) -> Tree:
        atom = self._atom()
        found = _QUANTIFIER.match(self._text, self.at)
        if not found:
            return atom
        if isinstance(atom, Assertion | Look):
            raise PatternError(reason="a repeated assertion")
        self.at = found.end()
        least = 1 if found[0][0] == "+" else 0
        most = 1 if found[0][0] == "?" else None
        if found[1] is not None:
            least = int(found[1])
            most = least if found[2] is None else int(found[3]) if found[3] else None
        if most is not None and most < least:
            raise PatternError(reason="a {,} whose numbers are the wrong way round")
        return Repeat(atom, least, most, found[4] == "?")

    def _atom(self) -> Tree:
        sign = self._text[self.at]
        self.at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign in "^$":
            return Assertion(sign)
        if sign == ".":
            return Chars(inverted(_LINE_END))
        if sign == "\\":
            if self._text[self.at : self.at + 1] in ("b", "B"):
                self.at += 1
                return Assertion(self._text[self.at - 1])
            return Chars(self._folded(self._escape()))
        if sign in "*+?{":
            raise PatternError(reason=f"a {sign} with nothing before it to repeat")
        return self._literal(sign)

    def _literal(self, sign: str) -> Tree:
        code = ord(sign)
        if code > _LAST:
            high, low = 0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code & 0x3FF)
            if _QUANTIFIER.match(self._text, self.at):
                raise PatternError(reason="a repeated character beyond U+FFFF")
            return Row((Chars(((high, high),)), Chars(((low, low),))))
        return Chars(self._folded(((code, code),)))

    def _group(self) -> Tree:
        kind = "plain"
        if self._take("?"):
            if self._take(":"):
                kind = "bare"
            elif self._take("="):
                kind = "ahead"
            elif self._take("!"):
                kind = "not ahead"
            else:
                raise PatternError(reason="a lookbehind, a named group or a mode")
        body = self.branches()
        if not self._take(")"):
            raise PatternError(reason="a ( without a )")
        if kind == "plain":
            return Group(body)
        return Row((body,)) if kind == "bare" else Look(body, kind == "ahead")

    def _escape(self, *, in_class: bool = False) -> Ranges:
        if self.at >= len(self._text):
            raise PatternError(reason="a \\ at the end")
        sign = self._text[self.at]
        self.at += 1
        shorthand = {"d": _DIGIT, "w": _WORD, "s": _SPACE}.get(sign.lower())
        if shorthand is not None and sign.isascii():
            return shorthand if sign.islower() else inverted(shorthand)
        if sign in _CONTROLS and not (sign == "0" and self._text[self.at : self.at + 1].isdigit()):
            return ((_CONTROLS[sign],) * 2,)
        if sign == "b" and in_class:
            return ((8, 8),)
        if sign in "xu":
            size = 2 if sign == "x" else 4
            digits = self._text[self.at : self.at + size]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{size}}}", digits):
                raise PatternError(reason=f"a \\{sign} without {size} hex digits")
            self.at += size
            return ((int(digits, 16),) * 2,)
        if sign.isalnum() or ord(sign) > 127:
            raise PatternError(reason="a back reference" if sign.isdigit() else f"\\{sign}")
        return ((ord(sign),) * 2,)

    def _class(self) -> Tree:
        negative = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._class_member()
            if self._text.startswith("-", self.at) and not self._text.startswith("-]", self.at):
                self.at += 1
                high = self._class_member()
                if (
                    len(low) != 1
                    or len(high) != 1
                    or low[0][0] != low[0][1]
                    or high[0][0] != high[0][1]
                    or low[0][0] > high[0][0]
                ):
                    raise PatternError(reason="a range in [ ] without two ends in order")
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges.extend(low)
        found = self._folded(merged(ranges))
        return Chars(inverted(found) if negative else found)

    def _class_member(self) -> Ranges:
        if self.at >= len(self._text):
            raise PatternError(reason="a [ without a ]")
        sign = self._text[self.at]
        self.at += 1
        if sign == "\\":
            return self._escape(in_class=True)
        if ord(sign) > _LAST:
            raise PatternError(reason="a character beyond U+FFFF in [ ]")
        return ((ord(sign),) * 2,)

    def _folded(self, ranges: Ranges) -> Ranges:
        """The ranges with both cases of each ASCII letter, where case is ignored."""
        if not self._ignore_case:
            return ranges
        extra = []
        for low, high in ranges:
            if low > 127 and low == high and chr(low).upper() != chr(low).lower():
                raise PatternError(reason="a letter beyond ASCII where case is ignored")
            if (
                low > 127
                and low != high
                and ranges not in (_SPACE, inverted(_SPACE), inverted(_WORD), inverted(_DIGIT))
                and (low, high) not in _SPACE
            ):
                raise PatternError(reason="a range beyond ASCII where case is ignored")
            extra += [
                (ord(chr(code).swapcase()),) * 2 for code in range(low, min(high, 127) + 1) if chr(code).isalpha()
            ]
        return merged([*ranges, *extra])
