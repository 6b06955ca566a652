"""The fuzzer: it ends well on what we have, and it would tell if something broke."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python at the root of the project, where `fuzz` is found."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_target_keeps_its_promises_on_the_same_cases() -> None:
    """Three hundred cases of each end in a result or an error of ours, and each says how many of which."""
    done = run_python("-m", "fuzz", "--cases", "300", "--seed", "1")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["signatures", "files", "mappings"]
    assert all(": 300 cases in " in line for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("fault", "said"),
    [("raise ValueError('broke')", "ValueError: broke"), ("raise BrokenPromiseError('leaked')", "leaked")],
)
def test_a_fault_ends_the_run_with_the_way_to_repeat_it(fault: str, said: str) -> None:
    """Any error that is not ours ends the program non-zero, and names seed and case."""
    program = f"""
from fuzz.campaign import BrokenPromiseError, run
def case(chance):
    if chance.random() > 0.5:
        {fault}
    return "well"
run({{"coins": case}}, ["--cases", "100", "--seed", "7"])
"""
    done = run_python("-c", program)

    assert done.returncode == 1
    assert said in done.stderr
    assert "repeat it by: python -m fuzz.coins --seed 7 --case " in done.stderr


def test_an_error_of_ours_is_an_end_like_another() -> None:
    """What the workbench refuses is counted by its name."""
    program = """
from fuzz.campaign import run
from workbench.errors import DeliveryError
def case(chance):
    raise DeliveryError("no")
raise SystemExit(run({"refusals": case}, ["--cases", "5", "--seed", "7"]))
"""
    done = run_python("-c", program)

    assert (done.returncode, "5 DeliveryError" in done.stdout) == (0, True)
