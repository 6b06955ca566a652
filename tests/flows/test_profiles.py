"""The server profiles of an integration file."""

from __future__ import annotations

import pytest

from workbench.access.integration import Integration, ServerProfile
from workbench.errors import IntegrationError
from workbench.flows.profiles import connect_profile

STAGING = ServerProfile(
    name="staging", base_url="https://medplum.example.org", client_id="STAGING_ID", client_secret="STAGING_SECRET"
)
INTEGRATION = Integration(name="billing", provider="stripe", mappings=("m",), servers=(STAGING,))
ENVIRONMENT = {"STAGING_ID": "258ad670-04e8-4c79-8644-92bab8fb73ff", "STAGING_SECRET": "hush"}


def test_a_profile_names_its_own_variables() -> None:
    """The address is the profile's, the credentials are in the variables it names."""
    with connect_profile(INTEGRATION, "staging", ENVIRONMENT) as server:
        assert server.base_url == "https://medplum.example.org/"


def test_what_a_profile_lacks_is_told_at_once() -> None:
    """Both variables are named, with what to put there."""
    with pytest.raises(IntegrationError) as caught:
        connect_profile(INTEGRATION, "staging", {})

    assert str(caught.value) == (
        "environment: STAGING_ID is missing; give the id of a ClientApplication\n"
        "environment: STAGING_SECRET is missing; give that ClientApplication's secret"
    )


def test_a_profile_that_is_not_there_is_told() -> None:
    """The ones that are there are listed."""
    with pytest.raises(IntegrationError) as caught:
        connect_profile(INTEGRATION, "live", ENVIRONMENT)

    assert str(caught.value) == (
        "billing has no server profile 'live'; it has staging; name one of them, or add it under servers:"
    )
