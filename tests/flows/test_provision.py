"""Plan, apply, drift, interruption and removal of a shipped integration on the embedded Medplum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.errors import PlanError, StalePlanError, UnsafePlanError
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.provision import (
    Provisioned,
    apply_integration,
    find_provisioned,
    plan_integration,
    remove_integration,
)
from workbench.sandbox.launcher import Sandbox, start_sandbox
from workbench.servers.client import Server
from workbench.servers.projects import read_secrets, set_secrets

SECRETS = {"OKTA_HOOK_SECRET": "hush-of-these-tests"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One embedded Medplum for this file."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


@pytest.fixture(scope="module")
def loaded() -> LoadedIntegration:
    """The shipped Okta integration."""
    return load_integration(ROOT / "mappings/okta/integration.yaml")


@pytest.fixture
def server(sandbox: Sandbox, loaded: LoadedIntegration) -> Iterator[Server]:
    """An administrator's client; what a test leaves of the integration is taken away after it."""
    with Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as client:
        yield client
        plan = remove_integration(client, loaded)
        remove_integration(client, loaded, confirm=plan.checksum, allow_delete=True)


def apply(server: Server, loaded: LoadedIntegration) -> Provisioned:
    """Plan and apply without a person between."""
    plan = plan_integration(server, loaded, SECRETS)
    return apply_integration(server, loaded, SECRETS, confirm=plan.checksum)


def leftovers(server: Server) -> dict[str, int]:
    """How many resources of each kind bear the integration's name."""
    kinds = ("AccessPolicy", "Bot", "ClientApplication")
    return {kind: sum("okta-workforce" in found["name"] for found in server.search(kind)) for kind in kinds}


def test_after_apply_there_is_nothing_left_to_do(server: Server, loaded: LoadedIntegration) -> None:
    """Apply makes what the plan says, and planning again is empty; applying that changes nothing."""
    made = apply(server, loaded)
    again = plan_integration(server, loaded, SECRETS)

    assert len(made.changes) == 8
    assert again.is_empty
    assert apply_integration(server, loaded, SECRETS, confirm=again.checksum).changes == ()
    assert leftovers(server) == {"AccessPolicy": 2, "Bot": 1, "ClientApplication": 1}


def test_the_url_shows_its_secret_only_when_asked(server: Server, loaded: LoadedIntegration) -> None:
    """Masked in the text and in every repr; revealed it opens the bot."""
    made = apply(server, loaded)
    secret = str(made.client_secret)

    assert f"//{made.client_id}:••••••••@" in made.webhook_url()
    assert secret not in repr(made) + made.webhook_url()
    answer = httpx.get(made.webhook_url(reveal=True), headers={"x-okta-verification-challenge": "c1"})
    assert (answer.status_code, answer.json()) == (200, {"verification": "c1"})
    assert made.endpoint == find_provisioned(server, loaded).endpoint


def test_another_plan_than_the_reviewed_one_is_not_applied(server: Server, loaded: LoadedIntegration) -> None:
    """Whoever changed the server after the plan was made must be looked at first."""
    reviewed = plan_integration(server, loaded, SECRETS)
    set_secrets(server, SECRETS)

    with pytest.raises(StalePlanError, match=r"^apply okta-workforce: the plan is [0-9a-f]{16} by now, not "):
        apply_integration(server, loaded, SECRETS, confirm=reviewed.checksum)
    assert leftovers(server) == {"AccessPolicy": 0, "Bot": 0, "ClientApplication": 0}


def widened(server: Server) -> None:
    """Somebody lets the bot do anything."""
    policy = server.search("AccessPolicy", {"name": "okta-workforce bot"})[0]
    server.update({**policy, "resource": [{"resourceType": "*"}]})


def redeployed(server: Server) -> None:
    """Somebody deploys other code."""
    server.deploy(server.search("Bot", {"name": "okta-workforce bot"})[0]["id"], "exports.handler = async () => 1;")


def promoted(server: Server) -> None:
    """Somebody makes the sender an administrator."""
    client = server.search("ClientApplication", {"name": "okta-workforce sender"})[0]
    membership = server.search("ProjectMembership", {"profile": f"ClientApplication/{client['id']}"})[0]
    server.update({**membership, "admin": True})


def forgotten(server: Server) -> None:
    """Somebody changes the secret."""
    set_secrets(server, {"OKTA_HOOK_SECRET": "another"})


DRIFTS = [
    (widened, "bot-policy"),
    (redeployed, "code"),
    (promoted, "client-membership"),
    (forgotten, "secret:OKTA_HOOK_SECRET"),
]


@pytest.mark.parametrize(("drift", "key"), DRIFTS)
def test_drift_is_seen_and_mended(server: Server, loaded: LoadedIntegration, drift: Any, key: str) -> None:
    """What was changed on the server is one change of the next plan, and gone after it."""
    apply(server, loaded)
    drift(server)

    assert [key] == [change.key for change in plan_integration(server, loaded, SECRETS).changes]
    apply(server, loaded)
    assert plan_integration(server, loaded, SECRETS).is_empty


def test_other_peoples_secrets_and_fields_stay(server: Server, loaded: LoadedIntegration) -> None:
    """Secrets of any type, and what else was put on our resources, survive apply and removal."""
    project = [{"name": "THEIRS", "valueInteger": 7}]
    server.request("POST", "admin/projects/{id}/secrets", json=project, id=server.project_id)
    apply(server, loaded)
    client = server.search("ClientApplication", {"name": "okta-workforce sender"})[0]
    server.update({**client, "redirectUri": "https://theirs.example/"})
    widened(server)
    apply(server, loaded)

    assert server.read("ClientApplication", client["id"])["redirectUri"] == "https://theirs.example/"
    assert client["secret"] == server.read("ClientApplication", client["id"])["secret"]
    assert {"THEIRS", "OKTA_HOOK_SECRET"} == {secret["name"] for secret in read_secrets(server)}
    plan = remove_integration(server, loaded)
    remove_integration(server, loaded, confirm=plan.checksum, allow_delete=True)
    assert project == read_secrets(server)


class CutOff(httpx.HTTPTransport):
    """A line that is cut at the n-th request: before it is sent, or when its answer should come."""

    def __init__(self, at: int, *, answered: bool) -> None:
        super().__init__()
        self.left = at
        self.answered = answered

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, or die."""
        self.left -= 1
        if self.left == 0:
            if self.answered:
                super().handle_request(request).read()
            raise KeyboardInterrupt
        return super().handle_request(request)


@pytest.mark.parametrize("answered", [False, True], ids=["before it is sent", "before the answer comes"])
def test_apply_goes_on_after_being_killed_at_any_request(
    sandbox: Sandbox, server: Server, loaded: LoadedIntegration, answered: bool
) -> None:
    """Whichever request was the last, the next apply finishes the work and nothing is there twice."""
    killed = 0
    while True:
        plan = plan_integration(server, loaded, SECRETS)
        line = CutOff(killed + 1, answered=answered)
        with Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret, transport=line) as dying:
            try:
                apply_integration(dying, loaded, SECRETS, confirm=plan.checksum)
                break
            except KeyboardInterrupt:
                killed += 1
        made = apply(server, loaded)
        assert plan_integration(server, loaded, SECRETS).is_empty
        assert leftovers(server) == {"AccessPolicy": 2, "Bot": 1, "ClientApplication": 1}
        answer = httpx.get(made.webhook_url(reveal=True), headers={"x-okta-verification-challenge": "c1"})
        assert answer.json() == {"verification": "c1"}
        removal = remove_integration(server, loaded)
        remove_integration(server, loaded, confirm=removal.checksum, allow_delete=True)
    assert killed > 20


def test_removal_needs_leave_and_takes_everything(server: Server, loaded: LoadedIntegration) -> None:
    """Without `allow_delete` nothing goes; with it the URL is dead and nothing is left."""
    made = apply(server, loaded)
    plan = remove_integration(server, loaded)

    with pytest.raises(UnsafePlanError, match=r"^apply okta-workforce: the plan deletes ProjectMembership client memb"):
        remove_integration(server, loaded, confirm=plan.checksum)
    remove_integration(server, loaded, confirm=plan.checksum, allow_delete=True)
    assert leftovers(server) == {"AccessPolicy": 0, "Bot": 0, "ClientApplication": 0}
    assert httpx.get(made.webhook_url(reveal=True)).status_code in {401, 404, 410}
    with pytest.raises(PlanError) as caught:
        find_provisioned(server, loaded)
    assert str(caught.value) == (
        "okta-workforce is not on the server: bot, bot-membership, client, client-membership missing; "
        "plan and apply it first"
    )


def test_something_of_our_name_is_left_alone_until_it_is_adopted(server: Server, loaded: LoadedIntegration) -> None:
    """A policy that somebody made by hand stops the plan; named for adoption it becomes ours."""
    theirs = server.create({"resourceType": "AccessPolicy", "name": "okta-workforce bot", "resource": []})
    reference = f"AccessPolicy/{theirs['id']}"

    with pytest.raises(PlanError, match=f"^plan okta-workforce: {reference} has the name that bot-policy needs"):
        plan_integration(server, loaded, SECRETS)
    plan = plan_integration(server, loaded, SECRETS, adopt=[reference])
    assert (plan.changes[0].key, plan.changes[0].action) == ("bot-policy", "update")
    apply_integration(server, loaded, SECRETS, confirm=plan.checksum, adopt=[reference])
    assert plan_integration(server, loaded, SECRETS).is_empty
