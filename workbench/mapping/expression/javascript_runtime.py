"""The JavaScript runtime, only as much of it as a text calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Final

from workbench.mapping.expression.notation import JAVASCRIPT

__all__ = ["runtime_names_in", "runtime_source"]

_BEGIN: Final = re.compile(r"^(?:function|const|class) (\w+)", re.MULTILINE)
_MENTION: Final = re.compile(
    r"(?<![.\w])(?:[a-z]\w*(?=\()|[A-Z]\w*)"
)  # functions where they are called; constants, classes


@lru_cache(maxsize=1)
def _parts() -> dict[str, tuple[str, frozenset[str]]]:
    """Each top-level definition of `runtime/*.js` by name: its text, and the definitions that it needs."""
    texts: dict[str, str] = {}
    folder = files("workbench.mapping.expression") / "runtime"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".js"):
            texts.update(_definitions(file.read_text(encoding="utf-8")))
    return {name: (text, frozenset(_MENTION.findall(text)) & texts.keys() - {name}) for name, text in texts.items()}


def _definitions(source: str) -> dict[str, str]:
    starts = [(found.start(), found[1]) for found in _BEGIN.finditer(source)]
    ends = [start for start, _ in starts[1:]] + [len(source)]
    return {
        name: re.sub(r"\n//[^\n]*\s*\Z", "", source[start:end].rstrip()).rstrip()
        for (start, name), end in zip(starts, ends, strict=True)
    }


def runtime_names_in(text: str) -> frozenset[str]:
    """The runtime's definitions that a text calls or names."""
    return frozenset(_MENTION.findall(text)) & _parts().keys()


def runtime_source(used: Iterable[str]) -> str:
    """The definitions that a text needs, by the runtime's own names, in an order in which they can stand."""
    parts = _parts()
    waiting = [JAVASCRIPT.runtime(name) for name in used] + ["guarded"]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(parts[name][1])
    return "\n".join(text for name, (text, _) in parts.items() if name in needed)
