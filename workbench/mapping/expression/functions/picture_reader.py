"""The text of a date picture → its parts, as far as they are portable.

Source: https://docs.jsonata.org/date-time and XPath F&O 3.1 §9.8.4; what JSONata 2.2.2 does differently is followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workbench.errors import MappingRunError
from workbench.mapping.expression.functions.values import fault

__all__ = ["Marker", "PictureError", "read_picture", "unsupported"]

_DEFAULTS: Final = {
    "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "H": "1", "h": "1", "P": "n", "m": "01", "s": "01", "f": "1",
    "Z": "01:01", "z": "01:01", "C": "n", "E": "n",
}  # fmt: skip
_ZONE: Final = re.compile(r"[0-9]{1,6}|[0-9]+:[0-9]+")
_WIDTH: Final = re.compile(r"(?:\*|[0-9]+)(?:-(?:\*|[0-9]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One `[…]` of a picture."""

    part: str
    name: str | None = None  # lower, upper or title, where it is written as a name
    digits: int = 0
    ordinal: bool = False
    zulu: bool = False  # Z for no offset
    separator: int = 0  # digits behind the : of an offset
    longest: int | None = None
    width: bool = False  # a width is given
    year_digits: int = -1
    fault: str | None = None  # JSONata's code for what is found wrong only when the part is used


class PictureError(ValueError):
    """The picture is not portable; the text says why."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


def unsupported(picture: str, *, parsing: bool) -> str | None:
    """Why a picture is not portable, or None if it is (or is wrong in a way that JSONata reports itself)."""
    try:
        parts = read_picture(picture)
    except PictureError as error:
        return str(error)
    except MappingRunError:
        return None
    markers = [part for part in parts if isinstance(part, Marker)]
    if not parsing or not markers:
        return None
    if any(marker.fault for marker in markers):
        return None
    if any(marker.part in "CE" for marker in markers):
        return "[C] and [E] cannot be read"
    if not any(marker.part == "Y" for marker in markers):
        return "a time without a year [Y] depends on the clock"
    if len({marker.part for marker in markers}) < len(markers):
        return "a part that is given twice"
    return None


@lru_cache(maxsize=256)
def read_picture(picture: str) -> tuple[Marker | str, ...]:
    """The parts of a picture: texts as they are, and markers.

    Raises:
        PictureError: it is not portable.
        MappingRunError: it is wrong, with JSONata's code.
    """
    out: list[Marker | str] = []
    start = at = 0
    while at < len(picture):
        if picture[at] == "[":
            out.append(picture[start:at].replace("]]", "]"))
            if picture[at + 1 : at + 2] == "[":
                out.append("[")
                start = at = at + 2
                continue
            end = picture.find("]", at)
            if end < 0:
                raise fault(code="D3135", message="a picture has a [ without a ]")
            out.append(_marker("".join(picture[at + 1 : end].split())))
            at, start = end, end + 1
        at += 1
    out.append(picture[start:].replace("]]", "]"))
    return tuple(part for part in out if part != "")


def _marker(text: str) -> Marker:
    part, (how, comma, width) = text[:1], text[1:].rpartition(",")
    how = how if comma else text[1:]
    modifier = ""
    if len(how) > 1 and how[-1] in "atco":
        how, modifier = how[:-1], how[-1]
    if part in ("W", "w", "X", "x"):
        raise PictureError(reason=f"the week part [{part}]")
    if not how:
        if part not in _DEFAULTS:
            raise fault(code="D3132", message="a picture has an unknown part")
        how = _DEFAULTS[part]
    least, longest = _width(width) if comma else (None, None)
    return _made(part, how, modifier, least, longest, width=bool(comma))


def _made(part: str, how: str, modifier: str, least: int | None, longest: int | None, *, width: bool) -> Marker:
    if part not in _DEFAULTS:
        raise PictureError(reason=f"the part [{part}]")
    if how[0] in "nN":
        if part not in "MFPCE" and part not in "Zz":
            return Marker(part=part, fault="D3133")
        if part in "Zz":
            raise PictureError(reason="a name of a zone")
        return Marker(
            part=part,
            name="lower" if how[0] == "n" else "title" if how[1:2] == "n" else "upper",
            longest=longest,
            width=width,
        )
    if part in "PCE":
        raise PictureError(reason=f"[{part}] as a number")
    if part in "Zz":
        return _zone(part, how, modifier)
    if not (how.isascii() and how.isdigit()):
        raise PictureError(reason=f"the form {how} of [{part}]; only digits and names are")
    digits = max(len(how), least or 0)
    year = -1
    if part == "Y":
        if longest is not None:
            year = digits = longest
        elif digits >= 2:
            year = digits
    return Marker(part=part, digits=digits, ordinal=modifier == "o", longest=longest, year_digits=year)


def _zone(part: str, how: str, modifier: str) -> Marker:
    if not _ZONE.fullmatch(how):
        raise PictureError(reason=f"the form {how} of [{part}]")
    digits = len(how.replace(":", ""))
    wrong = "D3134" if ":" not in how and digits > 4 else None
    return Marker(part=part, fault=wrong, digits=digits, zulu=modifier == "t", separator=len(how.partition(":")[2]))


def _width(text: str) -> tuple[int | None, int | None]:
    if not _WIDTH.fullmatch(text):
        raise PictureError(reason=f"the width {text}")
    least, _, most = text.partition("-")
    return int(least) if least != "*" else None, int(most) if most.isdigit() else None
