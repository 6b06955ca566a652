"""One sandbox for the tests that only talk to it, fresh ones for those that break it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from workbench.sandbox.launcher import Sandbox, start_sandbox

sys.path.insert(0, str(Path(__file__).parent))  # the probes are modules beside the tests

CONTRACT = Path(__file__).parents[3] / "shared" / "medplum"


@pytest.fixture(scope="session")
def contract() -> str:
    """The contract's text, or a skip where the shared folder is absent."""
    path = CONTRACT / "contract.md"
    if not path.is_file():
        pytest.skip(f"{path} is absent: nothing to compare with")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox shared by the tests of the session."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def connect() -> Iterator[Callable[[Sandbox], httpx.Client]]:
    """Gives clients of a sandbox with the admin's credentials; closed at the end."""
    clients: list[httpx.Client] = []

    def client(sandbox: Sandbox) -> httpx.Client:
        opened = httpx.Client(
            base_url=sandbox.base_url, auth=(sandbox.client_id, sandbox.client_secret), timeout=60, trust_env=False
        )
        clients.append(opened)
        return opened

    yield client
    for opened in clients:
        opened.close()


@pytest.fixture(scope="session")
def admin(sandbox: Sandbox, connect: Callable[[Sandbox], httpx.Client]) -> httpx.Client:
    """The admin's client of the shared sandbox."""
    return connect(sandbox)


@pytest.fixture
def fresh(tmp_path: Path, connect: Callable[[Sandbox], httpx.Client]) -> Iterator[httpx.Client]:
    """The admin's client of a sandbox that holds nothing else."""
    with start_sandbox(tmp_path / "data") as running:
        yield connect(running)
