"""The text functions. `$length` and `$substring` count code points; searching goes by UTF-16 units."""

from __future__ import annotations

import base64
import math
import re
from typing import Any, Final
from urllib.parse import quote

from workbench.mapping.expression.functions.values import LARGEST_TEXT, MISSING, fault

__all__ = [
    "base64_decode",
    "base64_encode",
    "contains_text",
    "decode_url",
    "decode_url_component",
    "encode_url",
    "encode_url_component",
    "join",
    "length",
    "lowercase",
    "mended",
    "pad",
    "replace_text",
    "split_text",
    "substring",
    "substring_after",
    "substring_before",
    "trim",
    "units",
    "uppercase",
]

_BLANKS: Final = re.compile(r"[ \t\n\r]+")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE: Final = re.compile("[\ud800-\udfff]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_ESCAPED: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_BAD_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_BASE64_SIGN: Final = re.compile("[^A-Za-z0-9+/]")


def units(text: str) -> str:
    """The text with one character for each UTF-16 unit."""
    if text.isascii() or not _ASTRAL.search(text):
        return text
    return _ASTRAL.sub(_halves, text)


def _halves(found: re.Match[str]) -> str:
    code = ord(found[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def mended(text: str) -> str:
    """The text with each pair of halves as the one character it is."""
    if text.isascii() or not _PAIR.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _pieces(text: str, sign: str) -> list[str]:
    """The text split at a sign, by UTF-16 units where the sign holds half a character."""
    if sign.isascii() or not _LONE.search(sign):
        return text.split(sign)
    return [mended(piece) for piece in units(text).split(sign)]


def length(text: Any) -> Any:
    """`$length(text)`, in code points."""
    return MISSING if text is MISSING else len(text)


def substring(text: Any, start: Any, size: Any = MISSING) -> Any:
    """`$substring(text, start, size)`, in code points; a negative start counts from the end."""
    if text is MISSING:
        return MISSING
    if start is MISSING:
        return "" if size is not MISSING else text
    count = len(text)
    start = min(start, count) if count + start >= 0 else 0  # 0 also for what is no number
    first = int(start) if start > -1 else max(0, count + int(start))
    if size is MISSING:
        return text[first:] if first < count else ""
    if not size > 0:
        return ""
    end = start + size if start >= 0 else count + start + size
    return mended(text[first : max(0, int(min(end, count)))])


def substring_before(text: Any, sign: Any) -> Any:
    """`$substringBefore(text, sign)`; the whole text where the sign is not in it."""
    if text is MISSING:
        return MISSING
    sign = "undefined" if sign is MISSING else sign  # as JavaScript searches for a missing text
    return "" if not sign else _pieces(text, sign)[0]


def substring_after(text: Any, sign: Any) -> Any:
    """`$substringAfter(text, sign)`; the whole text where the sign is not in it."""
    if text is MISSING or not sign or sign is MISSING:
        return text
    pieces = _pieces(text, sign)
    return text if len(pieces) == 1 else mended(sign.join(units(piece) for piece in pieces[1:]))


def lowercase(text: Any) -> Any:
    """`$lowercase(text)`."""
    return MISSING if text is MISSING else text.lower()


def uppercase(text: Any) -> Any:
    """`$uppercase(text)`."""
    return MISSING if text is MISSING else text.upper()


def trim(text: Any) -> Any:
    """`$trim(text)`: blanks inside become one space, those at the ends go."""
    if text is MISSING:
        return MISSING
    return _BLANKS.sub(" ", text).removeprefix(" ").removesuffix(" ")


def pad(text: Any, width: Any, sign: Any = MISSING) -> Any:
    """`$pad(text, width, sign)`: filled up at the end, or at the beginning for a negative width."""
    if text is MISSING or width is MISSING:
        return text
    sign = " " if sign is MISSING or not sign else sign
    if abs(width) > LARGEST_TEXT:
        raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
    missing = int(abs(width)) - len(text) if width == width else 0
    if missing <= 0:
        return text
    filling = (sign * (missing // len(sign) + 1))[:missing]
    return mended(text + filling if width > 0 else filling + text)


def contains_text(text: str, sign: str) -> bool:
    """Whether the text holds the sign."""
    return sign in text or len(_pieces(text, sign)) > 1 if sign else True


def split_text(text: str, sign: str, limit: Any) -> list[str]:
    """The text split at a sign; the empty sign splits it into UTF-16 units."""
    pieces = _pieces(text, sign) if sign else list(units(text))
    return pieces if limit is MISSING else pieces[: int(min(limit, len(pieces)))]


def replace_text(text: str, sign: str, replacement: str, limit: Any) -> str:
    """The text with a sign replaced, as often as the limit says."""
    pieces = _pieces(text, sign)
    most = len(pieces) - 1
    if limit is not MISSING:
        most = math.ceil(min(limit, most))
    if most * len(replacement) + len(text) > LARGEST_TEXT:
        raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
    return mended(replacement.join(pieces[: most + 1]) + "".join(sign + piece for piece in pieces[most + 1 :]))


def join(texts: Any, separator: Any = MISSING) -> Any:
    """`$join(texts, separator)`."""
    if texts is MISSING:
        return MISSING
    between = "" if separator is MISSING else separator
    if sum(map(len, texts)) + len(between) * len(texts) > LARGEST_TEXT:
        raise fault(code="D2015", message=f"a text is longer than {LARGEST_TEXT}")
    return mended(between.join(texts))


def base64_encode(text: Any) -> Any:
    """`$base64encode(text)`: each UTF-16 unit as one byte, its low half where it needs two."""
    return MISSING if text is MISSING else base64.b64encode(bytes(ord(unit) & 0xFF for unit in units(text))).decode()


def base64_decode(text: Any) -> Any:
    """`$base64decode(text)`: each byte as one character; what is no base64 is passed over."""
    if text is MISSING:
        return MISSING
    signs = "".join(chr(ord(unit) & 0xFF) for unit in units(text))  # as Node reads them
    body = signs.partition("=")[0].replace("-", "+").replace("_", "/")
    signs = _BASE64_SIGN.sub("", body)
    signs = signs[: -1 if len(signs) % 4 == 1 else None]
    return base64.b64decode(signs + "=" * (-len(signs) % 4)).decode("latin-1")


def encode_url_component(text: Any) -> Any:
    """`$encodeUrlComponent(text)`."""
    return _encoded(text, "-_.!~*'()", "encodeUrlComponent")


def encode_url(text: Any) -> Any:
    """`$encodeUrl(text)`."""
    return _encoded(text, ";,/?:@&=+$#-_.!~*'()", "encodeUrl")


def _encoded(text: Any, safe: str, name: str) -> Any:
    if text is MISSING:
        return MISSING
    if _LONE.search(text):
        raise fault(code="D3140", message=f"${name} met half a character")
    return quote(text, safe=safe)


def decode_url_component(text: Any) -> Any:
    """`$decodeUrlComponent(text)`."""
    return _decoded(text, "", "decodeUrlComponent")


def decode_url(text: Any) -> Any:
    """`$decodeUrl(text)`; the signs that part a URL stay encoded."""
    return _decoded(text, ";/?:@&=+$,#", "decodeUrl")


def _decoded(text: Any, kept: str, name: str) -> Any:
    if text is MISSING:
        return MISSING
    if _BAD_ESCAPE.search(text):
        raise fault(code="D3140", message=f"${name} met a % without two hex digits")
    try:
        return mended(_ESCAPED.sub(lambda found: _decoded_run(found[0], kept), text))
    except UnicodeDecodeError:
        raise fault(code="D3140", message=f"${name} met bytes that are no UTF-8") from None


def _decoded_run(run: str, kept: str) -> str:
    data = bytes.fromhex(run.replace("%", ""))
    out = []
    for place, sign in zip(_places(data), data.decode("utf-8"), strict=True):
        out.append(run[place * 3 : place * 3 + 3] if sign in kept and kept else sign)
    return "".join(out)


def _places(data: bytes) -> list[int]:
    return [place for place, byte in enumerate(data) if byte & 0xC0 != 0x80]
