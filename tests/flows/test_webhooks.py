"""The provider's side: instructions, a change of secret without a gap, and a test event followed to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workbench.errors import PlanError
from workbench.events.delivery import Delivery
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load import load_events
from workbench.flows.provision import Provisioned, apply_integration, plan_integration, remove_integration
from workbench.flows.verification import verify_setup
from workbench.flows.webhooks import _events_to_choose, describe_webhook, retire_sender, rotate_sender
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

SECRETS = {"OKTA_HOOK_SECRET": "hush-of-these-tests"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def loaded() -> LoadedIntegration:
    """The shipped Okta integration."""
    return load_integration(ROOT / "mappings/okta/integration.yaml")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An administrator's client of an embedded Medplum."""
    with (
        start_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox,
        Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as client,
    ):
        yield client


@pytest.fixture
def there(server: Server, loaded: LoadedIntegration) -> Provisioned:
    """The integration, freshly applied."""
    plan = remove_integration(server, loaded)
    remove_integration(server, loaded, confirm=plan.checksum, allow_delete=True)
    plan = plan_integration(server, loaded, SECRETS)
    return apply_integration(server, loaded, SECRETS, confirm=plan.checksum)


@pytest.fixture(scope="module")
def sample() -> Delivery:
    """A delivery that makes an AuditEvent and a Practitioner."""
    (judged,) = load_events(ROOT / "sample_events/okta/user.lifecycle.activate").deliveries
    assert judged.delivery is not None
    return judged.delivery


def is_alive(there: Provisioned) -> bool:
    """Whether the URL still answers Okta's question."""
    answer = httpx.get(there.webhook_url(reveal=True), headers={"x-okta-verification-challenge": "c"})
    return answer.status_code == 200 and answer.json() == {"verification": "c"}


def test_the_old_url_works_until_it_is_retired(server: Server, loaded: LoadedIntegration, there: Provisioned) -> None:
    """Both URLs are alive after the rotation, only the new one after the old client is gone."""
    new = rotate_sender(server, loaded, SECRETS)

    assert there.client_id != new.client_id
    assert [is_alive(there), is_alive(new)] == [True, True]
    assert plan_integration(server, loaded, SECRETS).is_empty
    with pytest.raises(PlanError, match=r"^rotate okta-workforce: an older client is still there; retire it first$"):
        rotate_sender(server, loaded, SECRETS)
    assert (f"ClientApplication/{there.client_id}",) == retire_sender(server, loaded)
    assert [is_alive(there), is_alive(new)] == [False, True]
    assert retire_sender(server, loaded) == ()


def test_removal_takes_a_retiring_client_too(server: Server, loaded: LoadedIntegration, there: Provisioned) -> None:
    """No door is forgotten because it was about to be shut."""
    new = rotate_sender(server, loaded, SECRETS)
    plan = remove_integration(server, loaded)
    remove_integration(server, loaded, confirm=plan.checksum, allow_delete=True)

    assert [is_alive(there), is_alive(new)] == [False, False]
    assert [each for each in server.search("ClientApplication") if "okta-workforce" in each["name"]] == []


def test_an_integration_that_drifted_is_not_rotated(
    server: Server, loaded: LoadedIntegration, there: Provisioned
) -> None:
    """First apply what is planned, then rotate."""
    server.deploy(there.bot_id, "exports.handler = async () => 1;")

    with pytest.raises(PlanError, match=r"^rotate okta-workforce: the server is not as planned \(1 changes\); apply"):
        rotate_sender(server, loaded, SECRETS)


def test_the_steps_at_okta_name_the_header_and_hide_the_secret(loaded: LoadedIntegration, there: Provisioned) -> None:
    """Okta's Authorization field takes Basic, the shared value has a header of its own."""
    masked, revealed = describe_webhook(loaded, there), describe_webhook(loaded, there, reveal=True)

    assert "Authentication field: Authorization, secret: Basic base64 of <client id>:<client secret>" in masked
    assert any(
        "Custom header field: x-okta-hook-secret, value: the value of OKTA_HOOK_SECRET" in step for step in masked
    )
    assert str(there.client_secret) not in "".join(masked)
    basic = httpx.BasicAuth(str(there.client_id), str(there.client_secret))._auth_header
    assert f"Authentication field: Authorization, secret: {basic}" in revealed


def test_the_steps_at_stripe_hold_the_url(there: Provisioned) -> None:
    """Stripe takes credentials in the URL; it is masked unless it is to be revealed."""
    stripe = load_integration(ROOT / "mappings/stripe/integration.yaml")

    assert f"Endpoint URL: {there.webhook_url()}" in describe_webhook(stripe, there)
    assert f"Endpoint URL: {there.webhook_url(reveal=True)}" in describe_webhook(stripe, there, reveal=True)


def test_a_test_event_is_followed_to_its_resources(
    server: Server, loaded: LoadedIntegration, there: Provisioned, sample: Delivery
) -> None:
    """Webhook, bot, AuditEvent, resources: all four stations are passed."""
    steps = verify_setup(server, loaded, there, SECRETS, sample)

    assert [step.ok for step in steps] == [True, True, True, True]
    assert [step.found for step in steps[:2]] == ["status 200", "applied"]


def test_the_way_of_a_test_event_ends_where_it_is_broken(
    server: Server, loaded: LoadedIntegration, there: Provisioned, sample: Delivery
) -> None:
    """With another secret than the project's the bot is reached, and refuses."""
    steps = verify_setup(server, loaded, there, {"OKTA_HOOK_SECRET": "wrong"}, sample)

    assert [step.ok for step in steps] == [True, False, False, False]
    assert steps[1].found == "refused, signature-mismatched"


def test_the_events_to_choose_are_said_once() -> None:
    """What a wider pattern covers is not named, what another mapping takes is not excluded."""
    loaded = load_integration(Path(__file__).parents[2] / "mappings/stripe/integration.yaml")

    chosen = _events_to_choose(loaded.mappings).split(", ")

    assert "invoice.*" in chosen
    assert [name for name in chosen if name.startswith("!") or name == "invoice.upcoming"] == []
