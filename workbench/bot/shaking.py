"""JavaScript text → the same text without the top-level declarations that nothing in it uses.

Every bot shares one runtime, and no bot needs all of it: Okta sends no signature, most mappings never call `$date`. The
runtime is ours and plainly laid out (each declaration begins in the first column), so no parser is needed.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["keep_used"]

_DECLARATION: Final = re.compile(r"^(?:async )?(?:function\*?|const|let|class) (\w+)")
_COMMENT: Final = re.compile(r"(?:^| )//(?: .*)?$", re.MULTILINE)
_CONTINUES: Final = re.compile(r"[ \t})\]`]|$")
_TEXT: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')
_SLOT: Final = re.compile(r"\$\{([^}]*)")  # of a template: the code in it, up to its end or that of the text
_NAME: Final = re.compile(r"(?<![\w$\])?]\.)(?<![\w$])[A-Za-z_$][\w$]*(?![\w$]|:)")  # neither a property nor a key


def keep_used(code: str, roots: set[str]) -> str:
    """The code with the declarations that the roots need, in their order; what declares nothing stays.

    >>> print(keep_used("function a() {\\n  b();\\n}\\nfunction b() {}\\nfunction c() {}", {"a"}))
    function a() {
      b();
    }
    function b() {}
    """
    blocks = _blocks(code)
    names = {name for name, _ in blocks if name}
    uses = {name: _used(text) & names for name, text in blocks if name}
    needed = roots & names
    needed |= {used for name, text in blocks if not name for used in _used(text) & names}
    waiting = list(needed)
    while waiting:
        found = uses[waiting.pop()] - needed
        needed |= found
        waiting += found
    kept = [text for name, text in blocks if not name or name in needed]
    following = [*kept[1:], ""]
    return "\n".join(
        text for text, after in zip(kept, following, strict=True) if not (_says_only(text) and _says_only(after))
    )


def _says_only(text: str) -> bool:
    """Whether this is a heading; one that the next follows heads nothing."""
    return bool(text) and all(line.startswith("//") or not line for line in text.splitlines())


def _used(text: str) -> set[str]:
    return set(_NAME.findall(_COMMENT.sub("", _TEXT.sub(_code_within, text))))


def _code_within(text: re.Match[str]) -> str:
    """The text of a literal replaced by what it calls: the words of an error are no use of what is named so."""
    return f'"" {" ".join(_SLOT.findall(text[0]))}' if text[0].startswith("`") else '""'


def _blocks(code: str) -> list[tuple[str | None, str]]:
    """The code cut before each top-level declaration and the comment above it; what declares nothing has no name."""
    blocks: list[tuple[str | None, list[str]]] = []
    comment: list[str] = []
    for line in code.splitlines():
        declared = _DECLARATION.match(line)
        if line.startswith("//") and not line.startswith("// --"):
            comment.append(line)
        elif declared:
            blocks.append((declared[1], [*comment, line]))
            comment = []
        elif not blocks or comment or (not _CONTINUES.match(line) and blocks[-1][0] is not None):
            blocks.append((None, [*comment, line]))
            comment = []
        else:
            blocks[-1][1].append(line)
    if comment:
        blocks.append((None, comment))
    return [(name, "\n".join(lines)) for name, lines in blocks]
