"""A small project to run commands in, and how to run them."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workbench.faces.cli import app

ROOT = Path(__file__).parents[3]
SAMPLES = (
    *("stripe/invoice.paid/membership.*", "stripe/invoice.voided/*", "stripe/customer.created/*"),
    "okta/user.lifecycle.create/*",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so started by `make test &`, and every command below with it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped mappings with a few samples and their golden files, as the current folder."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    for name in SAMPLES:
        for source, target in (("sample_events", "sample_events"), ("tests/golden", "tests/golden")):
            for file in (ROOT / source).glob(name):
                place = tmp_path / target / file.relative_to(ROOT / source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)
    shutil.copy(ROOT / "sample_events/secrets.json", tmp_path / "sample_events")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def workbench() -> Callable[..., Result]:
    """Runs the command; an error of ours is in `.exception`, its exit code 1."""

    def run(*arguments: str | Path, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return run
