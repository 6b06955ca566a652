"""The documentation site builds without a warning; its links and its examples are right."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import typer

from workbench.faces.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
WRITTEN_BY_HAND = [page for page in PAGES if "reference" not in page.relative_to(ROOT).parts]
WRONG_USAGE = typer.BadParameter.__mro__[1]  # typer carries a click of its own and names only this child of its error


class _Links(HTMLParser):
    """Collects what a page links to, what it loads, and the anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {str(found[key]) for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag == "link" and "stylesheet" in str(found.get("rel")):
            self.loads.append(str(found["href"]))
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loads.append(str(found["src"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` builds it: a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(out / ".doctrees")]
    built = subprocess.run([*command, str(ROOT / "docs"), str(out)], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Links]:
    """What each page of the site links to, by its path."""
    found = {}
    for page in site.rglob("*.html"):
        found[page] = _Links()
        found[page].feed(page.read_text(encoding="utf-8"))
    return found


def test_no_link_is_broken(pages: dict[Path, _Links]) -> None:
    """Every link within the site leads to a page that is there, and to an anchor that is on it."""
    broken = []
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            anchored = not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].anchors
            if not target.exists() or not anchored:
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_a_page_loads_nothing_from_elsewhere(site: Path, pages: dict[Path, _Links]) -> None:
    """Scripts, styles and pictures are the site's own, so that it can be read offline."""
    assert [load for found in pages.values() for load in found.loads if urlsplit(load).netloc] == []
    styles = [sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css")]
    assert [
        found for sheet in styles for found in re.findall(r"(?:@import|url\()\s*[\"']?https?:[^)\"']+", sheet)
    ] == []


def test_every_command_and_name_has_its_reference(site: Path) -> None:
    """The generated pages hold every command and every public name, with what its help says."""
    import workbench as wb

    commands = (site / "reference/commands.html").read_text(encoding="utf-8")
    python = (site / "reference/python.html").read_text(encoding="utf-8")

    assert [name for name in typer.main.get_command(app).commands if f'id="workbench-{name}"' not in commands] == []
    assert [name for name in wb.__all__ if f'id="workbench.{name}"' not in python] == []
    assert "[dim]" not in commands


def _examples(page: Path) -> list[str]:
    """The lines of a page's shell examples that call the workbench."""
    blocks = re.findall(r"^\s*```sh\n(.*?)^\s*```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [found[1] for line in lines if (found := re.search(r"(?:^|[ /])(workbench [a-z-].*)", line))]


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_are_right_usage(page: Path) -> None:
    """Each command in a shell example exists, takes what it is given, and is given what it needs."""
    wrong = []
    for example in _examples(page):
        words = shlex.split(example.replace("…", "X"), comments=True)[1:]
        command: Any = typer.main.get_command(app)
        while words and hasattr(command, "commands") and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        words = words[
            : next((place for place, word in enumerate(words) if word in {"|", "||", "&&", ">", "&"}), len(words))
        ]
        try:
            command.make_context(command.name, words)
        except WRONG_USAGE as fault:
            wrong.append(f"{example}: {fault}")
    assert wrong == []


def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    """Every block of it, in one shell, in an empty folder; a command that fails ends it."""
    tutorial = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", tutorial, flags=re.MULTILINE | re.DOTALL)
    stop = "trap 'workbench sandbox stop >/dev/null 2>&1' EXIT"
    script = "\n".join(["set -eu", stop, *blocks])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    assert "1 applied" in done.stdout
    assert "converge" in done.stdout
    assert (tmp_path / "clinic/reports/06_report.html").exists()
    assert "Ada Lovelace" not in done.stderr
