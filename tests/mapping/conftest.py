"""A JavaScript process for the tests that hold the two backends together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.flows.javascript import JavaScriptProcess


@pytest.fixture(scope="session")
def javascript() -> Iterator[JavaScriptProcess]:
    """A Deno process, kept for all tests."""
    with JavaScriptProcess() as process:
        yield process
