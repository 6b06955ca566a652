"""Regular expressions, and the text functions that take a text or one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from workbench.mapping.expression.functions.calls import invoke
from workbench.mapping.expression.functions.strings import contains_text, mended, replace_text, split_text, units
from workbench.mapping.expression.functions.values import LARGEST_TEXT, MISSING, Function, Run, Sequence, fault

__all__ = ["contains", "match", "regex_of", "replace", "split"]


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def regex_of(run: Run, pattern: str, most: int) -> Function:
    """A regular expression as a value; `most` is the longest text that it may search (it takes long on longer ones)."""
    compiled = _compiled(pattern)

    def found_from(text: str, start: int, first: bool) -> Any:
        found = compiled.search(text, start)
        run.spend(1 + len(text) // 1000)
        if found is None:
            return MISSING
        if not first and found.end() == found.start():
            raise fault(code="D1004", message="a regular expression matches the empty text again and again")
        groups = [MISSING if group is None else mended(group) for group in found.groups()]
        after = found.end()
        following = Function(lambda *_: found_from(text, after, False) if after < len(text) else MISSING, 0)
        return {"match": mended(found[0]), "start": found.start(), "end": after, "groups": groups, "next": following}

    def begin(text: Any = MISSING, start: Any = 0, *_: Any) -> Any:
        if text.__class__ is not str:
            raise fault(code="T0410", message="a regular expression searches a text")
        if len(text) > most:
            raise fault(
                code="U1001", message=f"the text is longer than {most}, which takes this regular expression too long"
            )
        whole, first = units(text), start if start.__class__ is int and start > 0 else 0
        return found_from(whole, first, True) if first <= len(whole) else MISSING

    return Function(begin, 2, pattern=compiled)


def _matches(run: Run, matcher: Any, text: str) -> Iterator[dict[str, Any]]:
    """What the matcher finds one after the other; places are UTF-16 units."""
    found = invoke(run, matcher, (text,))
    while found is not MISSING:
        if found.__class__ is not dict or not _is_match(found):
            raise fault(code="T1010", message="a matcher gives an object with match, start, end, groups and next")
        yield found
        found = invoke(run, found.get("next"), ())


def _is_match(found: dict[str, Any]) -> bool:
    start = found.get("start")
    return (
        (start.__class__ in (int, float))
        or isinstance(found.get("groups"), list)
        or found.get("next").__class__ is Function
    )


def contains(run: Run, text: Any, sign: Any) -> Any:
    """`$contains(text, sign)`."""
    if text is MISSING or sign is MISSING:
        return MISSING
    if sign.__class__ is str:
        return contains_text(text, sign)
    return next(_matches(run, sign, text), MISSING) is not MISSING


def match(run: Run, text: Any, pattern: Any, limit: Any = MISSING) -> Any:
    """`$match(text, pattern, limit)`: an object for each match; its index counts UTF-16 units."""
    if text is MISSING:
        return MISSING
    _check_limit(limit, "D3040", "match")
    out = Sequence()
    if limit is MISSING or limit > 0:
        for found in _limited(_matches(run, pattern, text), limit):
            names = (("match", "match"), ("index", "start"), ("groups", "groups"))
            out.append({name: found[key] for name, key in names if key in found})
    return out


def _limited(found: Iterator[dict[str, Any]], limit: Any) -> Iterator[dict[str, Any]]:
    """The first matches up to a limit; one more is looked for, as JSONata does, which may be a fault."""
    for count, one in enumerate(found):
        if limit is not MISSING and count >= limit:
            return
        yield one


def split(run: Run, text: Any, separator: Any, limit: Any = MISSING) -> Any:
    """`$split(text, separator, limit)`."""
    if text is MISSING:
        return MISSING
    _check_limit(limit, "D3020", "split")
    if limit is not MISSING and not limit > 0:
        return []
    if separator.__class__ is str:
        return split_text(text, separator, limit)
    _check_matcher(separator)
    out: list[Any] = []
    text, start = units(text), 0
    for found in _limited(_matches(run, separator, text), limit):
        out.append(mended(text[start : found["start"]]))
        start = found["end"]
    return [*out, mended(text[start:])] if limit is MISSING or len(out) < limit else out


def replace(run: Run, text: Any, pattern: Any, replacement: Any, limit: Any = MISSING) -> Any:
    """`$replace(text, pattern, replacement, limit)`."""
    if text is MISSING:
        return MISSING
    if pattern == "" and pattern.__class__ is str:
        raise fault(code="D3010", message="$replace cannot search for the empty text")
    _check_limit(limit, "D3011", "replace")
    if limit is not MISSING and not limit > 0:
        return text
    if pattern.__class__ is str:
        if replacement.__class__ is Function:
            raise fault(code="D3012", message="a text is replaced by a text")
        return replace_text(text, pattern, "undefined" if replacement is MISSING else replacement, limit)
    _check_matcher(pattern)
    return _replaced(run, units(text), pattern, replacement, limit)


def _replaced(run: Run, text: str, pattern: Any, replacement: Any, limit: Any) -> str:
    parts: list[str] = []
    position = size = 0
    for found in _limited(_matches(run, pattern, text), limit):
        parts += [text[position : found["start"]], _substitute(run, found, replacement)]
        position = found["start"] + len(units(found["match"]))
        size += len(parts[-1]) + len(parts[-2])
        if size > LARGEST_TEXT:
            raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
    return mended("".join([*parts, text[position:]]))


def _substitute(run: Run, found: dict[str, Any], replacement: Any) -> str:
    if replacement.__class__ is str:
        return units(_filled(replacement, found["match"], found["groups"]))
    if replacement is MISSING:
        raise fault(code="T0410", message="$replace has nothing to put in place")
    given = invoke(run, replacement, (found,))
    if given.__class__ is not str:
        raise fault(code="D3012", message="a match is replaced by a text")
    return units(given)


def _filled(template: str, matched: str, groups: list[Any]) -> str:
    """The replacement with $0, $1 … filled in and $$ as $."""
    out, position = [], 0
    digits = len(str(len(groups))) if groups else 1
    at = template.find("$")
    while at >= 0:
        out.append(template[position:at])
        position = at + 1
        sign = template[position : position + 1]
        if sign == "$" or sign == "0":
            out.append("$" if sign == "$" else matched)
            position += 1
        else:
            position = _group(template, position, digits, groups, out)
        at = template.find("$", position)
    return "".join([*out, template[position:]])


def _group(template: str, position: int, digits: int, groups: list[Any], out: list[str]) -> int:
    """Puts in the group whose number stands here; JSONata takes one digit less where there are not so many groups."""
    number = _leading(template[position : position + digits])
    if digits > 1 and number is not None and number > len(groups):
        number = _leading(template[position : position + digits - 1])
    if number is None:
        out.append("$")
        return position
    if 0 < number <= len(groups) and groups[number - 1] is not MISSING:
        out.append(groups[number - 1])
    return position + len(str(number))


def _leading(text: str) -> int | None:
    found = re.match(r"[ \t\n\r]*[+-]?[0-9]+", text)
    return int(found[0]) if found else None


def _check_limit(limit: Any, code: str, name: str) -> None:
    if limit is not MISSING and limit < 0:
        raise fault(code=code, message=f"the limit of ${name} is not negative")


def _check_matcher(pattern: Any) -> None:
    if pattern.__class__ is not Function:
        raise fault(code="T1010", message="a text is searched for a text or a regular expression")
