"""The environment that names a server."""

from __future__ import annotations

import pytest

from workbench.errors import IntegrationError
from workbench.servers.settings import read_settings, server_from_environment

GOOD = {
    "MEDPLUM_BASE_URL": "http://127.0.0.1:8103",
    "MEDPLUM_CLIENT_ID": "258ad670-04e8-4c79-8644-92bab8fb73ff",
    "MEDPLUM_CLIENT_SECRET": "hush",
}


def test_every_problem_is_told_at_once() -> None:
    """An empty environment gives three problems, one a line, each with its remedy."""
    with pytest.raises(IntegrationError) as caught:
        read_settings({})

    assert str(caught.value) == (
        "environment: MEDPLUM_BASE_URL is missing; give the server's address, as https://api.medplum.com/\n"
        "environment: MEDPLUM_CLIENT_ID is missing; give the id of a ClientApplication\n"
        "environment: MEDPLUM_CLIENT_SECRET is missing; give that ClientApplication's secret"
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MEDPLUM_BASE_URL", "http://10.1.2.3/", "is plain http to another machine, where a secret could be read on"),
        ("MEDPLUM_BASE_URL", "https://user:pw@host/", "holds credentials"),
        ("MEDPLUM_BASE_URL", "https://host/?a=1", "holds a query"),
        ("MEDPLUM_BASE_URL", "https://host:port/", "is not a web address"),
        ("MEDPLUM_CLIENT_ID", "0815-x", "is not an id as 258ad670-04e8-4c79-8644-92bab8fb73ff"),
        ("MEDPLUM_CLIENT_SECRET", "a:b", "holds a colon, at which Medplum cuts a Basic secret off"),
    ],
)
def test_a_wrong_setting_is_told_without_its_value(name: str, value: str, told: str) -> None:
    """The message names the variable and what is wrong with it."""
    with pytest.raises(IntegrationError) as caught:
        read_settings(GOOD | {name: value})

    assert str(caught.value).startswith(f"environment: {name} {told}")
    assert value not in str(caught.value)


def test_the_environment_makes_a_client() -> None:
    """The settings are those of Medplum's own CLI; the secret is not in a repr."""
    with server_from_environment(GOOD | {"MEDPLUM_PROJECT_ID": "p1"}) as server:
        assert (server.base_url, server.project_id) == ("http://127.0.0.1:8103/", "p1")
    assert "hush" not in repr(read_settings(GOOD))
