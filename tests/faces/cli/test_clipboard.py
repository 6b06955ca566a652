"""A text reaches the clipboard by the machine's program, in no argument; without one that is said."""

from __future__ import annotations

from pathlib import Path

from workbench.faces.cli.clipboard import copy_text


def test_the_machines_program_gets_the_text_on_its_input(tmp_path: Path) -> None:
    """A secret in an argument could be seen by every user of the machine."""
    program = tmp_path / "xclip"
    program.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/arguments"\n/bin/cat > "{tmp_path}/copied"\n')
    program.chmod(0o755)

    by = copy_text("https://id:hush@host/", {"PATH": str(tmp_path), "DISPLAY": ":0"})

    assert by == "xclip"
    assert (tmp_path / "copied").read_text() == "https://id:hush@host/"
    assert "hush" not in (tmp_path / "arguments").read_text()


def test_where_there_is_none_it_is_said(tmp_path: Path) -> None:
    """No program, no display, no terminal."""
    assert copy_text("x", {"PATH": str(tmp_path)}) is None
