"""Every command says what it does and shows an example; what the documents name exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from workbench.faces.cli import app

ROOT = Path(__file__).parents[3]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words, groups left out unless they work by themselves."""
    for name, command in group.commands.items():
        inner = (*path, name)
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield inner, command
            yield from commands(command, inner)
        else:
            yield inner, command


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_describes_and_shows_an_example(words: tuple[str, ...]) -> None:
    """The first line is a sentence; an example names the command itself, with options that it has."""
    command = ALL[words]
    text = command.help or ""
    examples = [part for line in re.findall(r"\[dim\](.*?)\[/dim\]", text) for part in re.split(r"[;|(]", line)]
    own = [example.split() for example in examples if f"workbench {' '.join(words)}" in example]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert text.splitlines()[0].strip()
    assert own, f"no example of workbench {' '.join(words)}"
    used = {word.strip(')"') for example in own for word in example if word.startswith("-") and len(word) > 1}
    assert used - known == set()


@pytest.mark.parametrize("name", ["README.md", "Makefile", "docs/mapping-language.md", "docs/architecture.md"])
def test_every_command_that_is_named_exists(name: str) -> None:
    """A document names no command that there is not."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^\s*|\s)workbench ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", text, flags=re.MULTILINE)
    known = {words[:1] for words in ALL} | set(ALL)
    groups = {words[0] for words in ALL if len(words) == 2 and (words[0],) not in ALL}
    inline = [words for words in named if f"`workbench {words[0]}" in text or name == "Makefile"]

    assert [words for words in inline if words[:1] not in known] == []
    assert [words for words in inline if words[0] in groups and words not in known and words[1]] == []


def test_the_help_lists_the_verbs_in_their_order() -> None:
    """The panels stand in the order of the story."""
    run = subprocess.run([sys.executable, "-m", "workbench", "--help"], capture_output=True, text=True, check=True)
    panels = re.findall(r"^╭─ (.*?) ─", run.stdout, flags=re.MULTILINE)

    expected = ["Start here", "Load", "Map", "Provision", "Replay", "Audit", "Report", "Server"]
    assert expected == [panel for panel in panels if panel != "Options"]


def test_importing_the_package_loads_no_command_line() -> None:
    """`import workbench` is for notebooks and programs; typer and rich come with the command only."""
    code = "import sys, workbench; print([name for name in ('typer', 'rich', 'pandas') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"
