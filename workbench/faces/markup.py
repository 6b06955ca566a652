"""HTML from the templates beside this module: escaped, without scripts, and asking the network for nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["Html", "render"]

_NAME = re.compile(r"[a-z]\w*(?:[._/]\w+)+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """Something to look at: HTML where a page can show it, one line of text elsewhere."""

    text: str  # what it says, for a terminal and for whoever cannot see it
    html: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/plain": self.text, "text/html": self.html}


def render(template: str, **values: Any) -> str:
    """The text of `templates/<template>.html.j2` with `values` in it, escaped unless they are `Markup`."""
    return _environment().get_template(f"{template}.html.j2").render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # here: only who looks pays for it

    environment = Environment(
        loader=PackageLoader("workbench.faces"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(text: str) -> str | Markup:
    """The name of an event or field with places where a line may end: a narrow table would cut it anywhere."""
    if not _NAME.fullmatch(text):
        return text
    from markupsafe import Markup, escape  # here: with Jinja

    return Markup("<wbr>").join(map(escape, re.split(r"(?<=[._/])(?=\w)", text)))
