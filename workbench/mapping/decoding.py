"""JSON text → an event with no more in it than is needed: what nobody reads is checked to be JSON, and left out.

A decoder knows the objects that the needed paths lead through, and lists of them; what a path ends at is kept whole.
An event that is built in another way (a list of lists, an integer beyond 64 bits, a value nested deeper than
`_DEEPEST`) is decoded as a whole by orjson, and so is whatever is not JSON, so that its error is orjson's own.

The one difference to orjson: a number beyond the range of a double, such as `1e400`, and nesting beyond 1,024 levels
are faults only where they are needed. They are JSON, and the bot, which reads with `JSON.parse`, takes them too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypedDict, Union

import msgspec
import orjson

from workbench.mapping.needs import Needs

__all__ = ["event_decoder"]

_DEEPEST: Final = 3
_INTEGER: Final[Any] = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # orjson makes floats of larger ones
_SCALAR: Final[Any] = Union[None, bool, str, _INTEGER, float]  # noqa: UP007 - put together at run time
_REFUSED: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)

Tree = dict[str, "Tree | None"]
"""Needed names and what is needed below them; None where that is everything."""


def event_decoder(needs: Needs) -> Callable[[bytes], Any]:
    """What decodes the JSON of an event, for who needs no more of it.

    >>> event_decoder(Needs(whole={("data", "id")}))(b'{"id": 1, "data": {"id": 2, "of": [3]}}')
    {'data': {'id': 2}}

    The decoder raises `orjson.JSONDecodeError`.
    """
    tree = _tree(needs)
    # msgspec 0.22 does not find the fields of a TypedDict that have other names
    if tree is None or not all(name.isascii() for name in _names(tree)):
        return orjson.loads
    decode = msgspec.json.Decoder(_object_type(tree)).decode

    def decode_event(body: bytes) -> Any:
        try:
            if not body.isascii():
                body.decode()  # msgspec looks at the text of what it keeps only
            return decode(body)
        except _REFUSED:
            return orjson.loads(body)

    return decode_event


def _tree(needs: Needs) -> Tree | None:
    """The needed names, as they stand one in the other."""
    if () in needs.whole:
        return None
    tree: Tree = {}
    for path in sorted(needs.passed | needs.whole):
        here: Tree | None = tree
        for depth, name in enumerate(path, start=1):
            if here is None:  # whole already
                break
            here = here.setdefault(name, None if path[:depth] in needs.whole else {})
    return tree


def _names(tree: Tree) -> list[str]:
    return [name for key, below in tree.items() for name in (key, *_names(below or {}))]


def _object_type(tree: Tree) -> Any:
    return TypedDict("Part", {name: _type(below) for name, below in tree.items()}, total=False)  # type: ignore[operator]


def _type(tree: Tree | None) -> Any:
    """The type of a value that is whole, or of which only some fields are needed: alone, or each one of a list."""
    if tree is None:
        return _WHOLE
    element: Any = Union[_SCALAR, _object_type(tree)]  # noqa: UP007
    return Union[element, list[element]]  # noqa: UP007


def _whole(depth: int) -> Any:
    below: Any = _whole(depth - 1) if depth else _SCALAR
    return Union[_SCALAR, dict[str, below], list[below]]  # noqa: UP007


_WHOLE: Final[Any] = _whole(_DEEPEST)
