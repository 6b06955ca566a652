"""A regular expression of an expression → one for each language that finds the same.

What the two engines do differently is refused: lookbehind, back references, `\\p`, groups inside a repetition, and
whatever could take for ever. The rest is written out for Python from sets of UTF-16 units.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workbench.mapping.expression import ir
from workbench.mapping.expression.faults import refused
from workbench.mapping.expression.pattern_reader import (
    ANY,
    Assertion,
    Branches,
    Chars,
    Group,
    Look,
    PatternError,
    Ranges,
    Repeat,
    Row,
    Tree,
    inverted,
    read_pattern,
)  # fmt: skip
from workbench.mapping.expression.pattern_risk import degree

__all__ = ["Pattern", "checked_pattern"]

_MOST_GROUPS: Final = 100  # they are read by recursion, one inside the other
_WORD: Final = "[A-Za-z0-9_]"
_LINE_END: Final = "\\n\\r\\u2028\\u2029"
_LONGEST: Final = (20_000_000, 20_000_000, 14_000, 600, 120)  # by degree: about 2e8 steps at the most


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One regular expression in both languages."""

    python: str
    javascript: str
    flags: str
    most: int  # the longest text it may search


def checked_pattern(node: ir.Regex) -> Pattern:
    """The pattern of a node.

    Raises:
        FaultError: the pattern is not portable.
    """
    try:
        return _translated(node.pattern, "".join(sorted(set(node.flags))), len(node.flags) != len(set(node.flags)))
    except PatternError as error:
        remedy = "use character sets, groups, * + ? {n,m} on single parts, ^ $ \\b and lookahead"
        raise refused(node.span, "regex", f"this regular expression is not portable: {error}", remedy) from None


@lru_cache(maxsize=512)
def _translated(pattern: str, flags: str, doubled: bool) -> Pattern:
    if doubled:
        raise PatternError(reason="a flag given twice")
    if pattern.count("(") > _MOST_GROUPS:
        raise PatternError(reason=f"more than {_MOST_GROUPS} groups")
    tree = read_pattern(pattern, ignore_case="i" in flags)
    _check(tree)
    longest = _LONGEST[min(degree(tree), len(_LONGEST) - 1)]
    return Pattern(python=_python(tree, "m" in flags), javascript=pattern, flags=flags, most=longest)


def _check(tree: Tree) -> None:
    """Raises for what JavaScript and Python do differently."""
    if isinstance(tree, Repeat):
        _check(tree.body)
        if _empty(tree.body):
            raise PatternError(reason="a repeated part that can be empty")
        inner = tree.body.body if isinstance(tree.body, Group) else tree.body
        if tree.most != 1 and _groups(inner):
            raise PatternError(reason="a group inside a repetition")
    elif isinstance(tree, Look):
        _check(tree.body)
        if not tree.positive and _groups(tree.body):
            raise PatternError(reason="a group inside a negative lookahead")
    elif isinstance(tree, Row | Branches):
        for part in tree.parts:
            _check(part)
    elif isinstance(tree, Group):
        _check(tree.body)


def _empty(tree: Tree) -> bool:
    if isinstance(tree, Row):
        return all(_empty(part) for part in tree.parts)
    if isinstance(tree, Branches):
        return any(_empty(part) for part in tree.parts)
    if isinstance(tree, Repeat):
        return tree.least == 0 or _empty(tree.body)
    return _empty(tree.body) if isinstance(tree, Group) else not isinstance(tree, Chars)


def _groups(tree: Tree) -> bool:
    if isinstance(tree, Row | Branches):
        return any(_groups(part) for part in tree.parts)
    return isinstance(tree, Group) or (isinstance(tree, Repeat | Look) and _groups(tree.body))


def _python(tree: Tree, lines: bool) -> str:
    if isinstance(tree, Chars):
        return _set(tree.ranges)
    if isinstance(tree, Assertion):
        return _assertion(tree.sign, lines)
    if isinstance(tree, Row):
        return "".join(
            f"(?:{_python(part, lines)})" if isinstance(part, Branches) else _python(part, lines) for part in tree.parts
        )
    if isinstance(tree, Branches):
        return "|".join(_python(part, lines) for part in tree.parts)
    if isinstance(tree, Group):
        return f"({_python(tree.body, lines)})"
    if isinstance(tree, Look):
        return f"(?{'=' if tree.positive else '!'}{_python(tree.body, lines)})"
    body = _python(tree.body, lines)
    body = body if isinstance(tree.body, Group | Chars) else f"(?:{body})"
    return f"{body}{{{tree.least},{'' if tree.most is None else tree.most}}}{'?' if tree.lazy else ''}"


def _assertion(sign: str, lines: bool) -> str:
    if sign == "^":
        return f"(?:\\A|(?<=[{_LINE_END}]))" if lines else "\\A"
    if sign == "$":
        return f"(?=[{_LINE_END}]|\\Z)" if lines else "\\Z"
    inside, outside = f"(?<={_WORD})", f"(?<!{_WORD})"
    if sign == "b":
        return f"(?:{inside}(?!{_WORD})|{outside}(?={_WORD}))"
    return f"(?:{inside}(?={_WORD})|{outside}(?!{_WORD}))"


def _set(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    if ranges == ANY:
        return "[\\s\\S]"
    negative = len(ranges) > len(inverted(ranges))
    parts = [
        _unit(low) if low == high else f"{_unit(low)}-{_unit(high)}"
        for low, high in (inverted(ranges) if negative else ranges)
    ]
    return f"[{'^' if negative else ''}{''.join(parts)}]"


def _unit(code: int) -> str:
    sign = chr(code)
    return sign if sign.isascii() and sign.isalnum() else f"\\u{code:04x}"
