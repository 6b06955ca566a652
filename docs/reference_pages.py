"""The code → three reference pages: every command, every public name, every provider.

They are written when the site is built and not kept in git: what is generated cannot be out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from typer.cli import get_docs_for_click

import workbench as wb
from workbench.events.locators import Locator
from workbench.events.providers import PROVIDERS, Provider
from workbench.events.schemes import Signature
from workbench.faces.cli import app

__all__ = ["api_page", "commands_page", "providers_page", "write_reference"]


def write_reference(folder: Path) -> None:
    """Write `commands.md`, `python.md` and `providers.md` into a folder."""
    folder.mkdir(exist_ok=True)
    pages: dict[str, Callable[[], str]] = {
        "commands.md": commands_page,
        "python.md": api_page,
        "providers.md": providers_page,
    }
    for name, page in pages.items():
        (folder / name).write_text(page(), encoding="utf-8")


def commands_page() -> str:
    """Every command with its arguments, options and examples, as its own help says them."""
    command: Any = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="workbench"), name="workbench")
    text = re.sub(r"\[dim\](.*?)\[/dim\]", lambda found: f"```sh\n{found[1]}\n```", text, flags=re.DOTALL)
    _, _, commands = text.partition("\n## ")
    return f"# Commands\n\n{_EXIT_CODES}\n\n## {commands}"


_EXIT_CODES = """\
Each command is one verb. Results go to stdout, progress and complaints to stderr, so that
`workbench … --json | jq` works.

| exit code | means |
|---|---|
| 0 | done; of `report`: healthy |
| 1 | a fault that the message explains; of `report`: a warning |
| 2 | wrong usage; of `report`: a breach |
| 3 | of `report`: could not tell |
| 130 | stopped by Ctrl-C |

`workbench --install-completion` teaches your shell the commands and options."""


def api_page() -> str:
    """The public Python surface, each name with its signature and docstring."""
    lines = ["# Python", "", "```python", "import workbench as wb", "```", ""]
    lines += ["These names are the whole public surface; in a notebook, `wb.replay?` shows the same text.", ""]
    for name in sorted(wb.__all__):
        lines += [f"## wb.{name}", "", "```{eval-rst}", f".. autofunction:: workbench.{name}", "```", ""]
    return "\n".join(lines)


def providers_page() -> str:
    """Each shipped provider: how its deliveries are proved, what it expects for an answer, and what to know of it."""
    return "\n".join([_PROVIDERS_INTRODUCTION, *(line for one in PROVIDERS.values() for line in _provider(one))])


_PROVIDERS_INTRODUCTION = """\
# Providers

What the workbench knows of each provider is one YAML entry in `workbench/events/catalogue/`; these sections are
written from them. A project describes its own in `providers/NAME.yaml`, in the same grammar: see
[a provider of your own](../how-to/own-provider.md).
"""


def _provider(one: Provider) -> Iterator[str]:
    yield from (f"## {one.title}", "")
    yield from (f"`provider: {one.name}` · entry proved by: {one.proof}", "")
    yield from (f"* **Proof of origin**: {_signature(each)}" for each in one.signatures)
    if not one.signatures:
        yield "* **Proof of origin**: none; the provider signs nothing"
    yield f"* **Events**: id from {_listed(one.envelope.id)}, type from {_listed(one.envelope.type)}" + (
        f", time from {_listed(one.envelope.time)}" if one.envelope.time else ", no time of their own"
    )
    if one.handshakes:
        yield "* **Handshake**: answered by `workbench capture` and by the bot, before any event is sent"
    if one.notes.strip():
        yield f"* **Know**: {' '.join(one.notes.split())}"
    yield from (f"* Source: <{page}>" for page in one.sources)
    yield ""


def _signature(each: Signature) -> str:
    if each.algorithm == "static":
        return f"a value that the administrator chose, repeated in `{each.header}`"
    age = f", at most {each.timestamp.tolerance_seconds} seconds old" if each.timestamp else ""
    return f"`{each.algorithm}` in `{each.header}`, {each.encoding}{age}"


def _listed(locators: tuple[Locator, ...]) -> str:
    return " or ".join(f"`{locator.text}`" for locator in locators)
