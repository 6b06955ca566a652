"""The fixture for those who test their own integration."""

import httpx

from workbench.sandbox.launcher import Sandbox
from workbench.sandbox.pytest_fixture import medplum_sandbox

__all__ = ["medplum_sandbox"]


def test_fixture_gives_a_running_sandbox(medplum_sandbox: Sandbox) -> None:
    """Importing the fixture is all it takes."""
    auth = (medplum_sandbox.client_id, medplum_sandbox.client_secret)

    answer = httpx.get(f"{medplum_sandbox.base_url}fhir/R4/Patient", auth=auth, trust_env=False)

    assert answer.json()["type"] == "searchset"
