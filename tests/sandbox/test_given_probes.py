"""The given probe program, run against the sandbox, and the page that reports it."""

import json
import subprocess
import sys
from pathlib import Path

import parity_page
import pytest

from workbench.sandbox.launcher import start_sandbox

PROGRAM = parity_page.GIVEN.with_name("probe.py")
RUN = "run1795454947"  # the tag of the recorded run: some error texts repeat it


def given() -> list[str]:
    """The names of the given probes, or a skip where they are absent."""
    if not PROGRAM.is_file():
        pytest.skip(f"{PROGRAM} is absent: nothing to compare with")
    return parity_page.given_names()


def test_given_probes_are_identical(tmp_path: Path) -> None:
    """Each of the given probes has the recorded status, text and shape, except those that the page names."""
    names = given()
    with start_sandbox(tmp_path / "data") as sandbox:
        arguments = [sandbox.base_url, sandbox.client_id, sandbox.client_secret, str(tmp_path / "out.json"), RUN]
        subprocess.run([sys.executable, str(PROGRAM), *arguments], check=True, capture_output=True)

    real, found = (json.loads(path.read_text()) for path in (parity_page.GIVEN, tmp_path / "out.json"))

    assert {name for name in names if real[name] != found.get(name)} == set(parity_page.GIVEN_DIFFERENT)


def test_parity_page_is_current() -> None:
    """docs/parity.md is what its generator writes now."""
    assert parity_page.render(given()) == parity_page.PAGE.read_text(encoding="utf-8")
