"""Where the work goes: the sandbox of a folder, joined or started."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from workbench.errors import IntegrationError
from workbench.flows.connect import connect, sandbox
from workbench.sandbox.launcher import start_sandbox
from workbench.sandbox.lifecycle import find_sandbox


def test_a_sandbox_that_serves_the_folder_is_joined(tmp_path: Path) -> None:
    """The notebook's kernel sees what the command line's sandbox holds; its secret is in no repr."""
    with start_sandbox(tmp_path / "box") as box:
        found = find_sandbox(tmp_path / "box")
        with connect(data=tmp_path / "box") as server:
            base_url, project = server.base_url, server.project_id

    assert (base_url, project) == (box.base_url, box.project_id)
    assert found is not None
    assert found.client_secret == box.client_secret
    assert box.client_secret not in repr(found) + repr(server)
    assert find_sandbox(tmp_path / "box") is None


def test_an_environment_without_its_variables_is_refused() -> None:
    """Every missing one is named."""
    with pytest.raises(IntegrationError) as caught:
        connect("environment", environment={})

    assert all(name in str(caught.value) for name in ("MEDPLUM_BASE_URL", "MEDPLUM_CLIENT_ID", "MEDPLUM_CLIENT_SECRET"))


def test_a_sandbox_lives_as_long_as_its_block() -> None:
    """`with sandbox()` gives a client of a fresh server, whose folder is gone afterwards."""
    with sandbox(conflict_rate=0.0) as server:
        made = server.create({"resourceType": "Patient"})
        address = server.base_url
        assert server.read("Patient", made["id"])["id"] == made["id"]

    with pytest.raises(httpx.TransportError):
        httpx.get(f"{address}healthcheck", timeout=2)


def test_a_sandbox_keeps_a_folder_that_is_named(tmp_path: Path) -> None:
    """A named folder stays, and the next block finds in it what the last one left."""
    with sandbox(tmp_path / "box") as server:
        made = server.create({"resourceType": "Patient"})

    with sandbox(tmp_path / "box") as server:
        assert server.read("Patient", made["id"])["id"] == made["id"]
