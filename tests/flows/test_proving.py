"""Live probes: a least-privilege integration passes them all, and every open door is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.proving import prove_access
from workbench.flows.provision import Provisioned, apply_integration, plan_integration
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_of_these_tests"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def loaded() -> LoadedIntegration:
    """The shipped Stripe integration."""
    return load_integration(ROOT / "mappings/stripe/integration.yaml")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An administrator's client of an embedded Medplum that has another bot, too."""
    with (
        start_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox,
        Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as client,
    ):
        client.create({"resourceType": "Bot", "name": "somebody else's"})
        yield client


def provisioned(server: Server, loaded: LoadedIntegration) -> Provisioned:
    """The integration as planned."""
    plan = plan_integration(server, loaded, SECRETS)
    return apply_integration(server, loaded, SECRETS, confirm=plan.checksum)


def open_doors(server: Server, loaded: LoadedIntegration, there: Provisioned) -> list[str]:
    """What could be done that must not, or not be done that must."""
    return [
        f"{probe.actor}: {probe.tried}: {probe.found}" for probe in prove_access(server, loaded, there) if not probe.ok
    ]


def test_what_apply_made_has_no_open_door(server: Server, loaded: LoadedIntegration) -> None:
    """Every probe is as expected, the telling ones are among them, and nothing they made is left."""
    there = provisioned(server, loaded)
    told: list[str] = []
    probes = prove_access(server, loaded, there, progress=told.append)

    assert [probe for probe in probes if not probe.ok] == []
    tried = {(probe.actor, probe.tried) for probe in probes}
    assert {
        ("sender", "an unsigned body"),
        ("sender", "run another bot"),
        ("sender", "read Patient"),
        ("sender", "deploy code"),
        ("bot", "read Patient"),
        ("bot", "make a Invoice without its provider's identifier"),
        ("bot", "write an older event over a Invoice"),
    } <= tried
    assert len(probes) == len(told)
    assert server.search("Invoice") + server.search("Patient") == []


def widen_sender(server: Server, there: Provisioned) -> None:
    """The sender may do anything with Bots."""
    policy = server.search("AccessPolicy", {"name": "stripe-billing webhook"})[0]
    server.update({**policy, "resource": [{"resourceType": "Bot"}]})


def free_sender(server: Server, there: Provisioned) -> None:
    """The sender has no policy at all."""
    membership = server.search("ProjectMembership", {"profile": f"ClientApplication/{there.client_id}"})[0]
    server.update({name: value for name, value in membership.items() if name != "accessPolicy"})


def unconfine_bot(server: Server, there: Provisioned) -> None:
    """The bot may write any Invoice, and read Patients."""
    policy = server.search("AccessPolicy", {"name": "stripe-billing bot"})[0]
    server.update({**policy, "resource": [{"resourceType": "Invoice"}, {"resourceType": "Patient", "readonly": True}]})


def believe_anybody(server: Server, there: Provisioned) -> None:
    """The bot checks no signature."""
    server.deploy(there.bot_id, "exports.handler = async () => ({ ok: true });")


DOORS: list[tuple[Callable[[Server, Provisioned], None], set[str]]] = [
    (widen_sender, {"sender: list bots: allowed", "sender: deploy code: allowed", "sender: run another bot: allowed"}),
    (free_sender, {"sender: read Patient: allowed", "sender: read ClientApplication: allowed"}),
    (
        unconfine_bot,
        {
            "bot: read Patient: allowed",
            "bot: make a Invoice without its provider's identifier: allowed",
            "bot: write an older event over a Invoice: allowed",
        },
    ),
    (believe_anybody, {"sender: an unsigned body: answered 200"}),
]


@pytest.mark.parametrize(("opened", "seen"), DOORS)
def test_every_open_door_is_seen(
    server: Server, loaded: LoadedIntegration, opened: Callable[[Server, Provisioned], None], seen: set[str]
) -> None:
    """What somebody opened by hand is named, what went through it is deleted, and applying again shuts it."""
    there = provisioned(server, loaded)
    opened(server, there)

    assert seen <= set(open_doors(server, loaded, there))
    assert server.search("Invoice") + server.search("Patient") == []
    assert open_doors(server, loaded, provisioned(server, loaded)) == []


def test_a_dead_webhook_is_seen(server: Server, loaded: LoadedIntegration) -> None:
    """A sender with a wrong secret is not reached, which is a failure, too."""
    there = provisioned(server, loaded)
    transport = httpx.MockTransport(lambda _: httpx.Response(401))
    probes = prove_access(server, loaded, there, transport=transport)

    assert (probes[0].tried, probes[0].found, probes[0].ok) == ("an unsigned body", "answered 401", False)
