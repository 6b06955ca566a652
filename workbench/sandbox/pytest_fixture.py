"""A pytest fixture for those who test their own integration: a sandbox for the session.

In a `conftest.py`: `from workbench.sandbox.pytest_fixture import medplum_sandbox`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.sandbox.launcher import Sandbox, start_sandbox

__all__ = ["medplum_sandbox"]


@pytest.fixture(scope="session")
def medplum_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox with an empty project; gone, with its folder, after the session."""
    with start_sandbox(tmp_path_factory.mktemp("medplum")) as sandbox:
        yield sandbox
