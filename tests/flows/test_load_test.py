"""A load test sends new events at its rate, counts from when each was due, and says what gave way."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load_test import LoadReport, load_test
from workbench.flows.provision import apply_integration, plan_integration
from workbench.flows.replay_selection import ReplayRequest, select_deliveries
from workbench.flows.secrets import published_secrets
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

ROOT = Path(__file__).parents[2]
SAMPLES = [
    each.delivery
    for each in select_deliveries(ReplayRequest(events=str(ROOT / "sample_events/stripe"), type="invoice.paid"))
]


@pytest.fixture(scope="module")
def stripe() -> LoadedIntegration:
    """The shipped Stripe integration."""
    return load_integration(ROOT / "mappings/stripe/integration.yaml")


def loaded_server(
    folder: Path, stripe: LoadedIntegration, *, rate: float, seconds: float, **reality: float
) -> LoadReport:
    """What a load test of a fresh sandbox reports."""
    secrets = published_secrets(stripe)
    with (
        start_sandbox(folder, **reality) as box,  # type: ignore[arg-type]
        Server(box.base_url, box.client_id, box.client_secret) as server,
    ):
        plan = plan_integration(server, stripe, secrets)
        there = apply_integration(server, stripe, secrets, confirm=plan.checksum)
        (secret,) = secrets.values()
        report = load_test(SAMPLES, there, stripe, secret, rate=rate, seconds=seconds, connections=4)
        held = server.search("Invoice", {"_count": "1000"})
    assert len(held) == report.outcomes["applied"]
    return report


def test_every_event_is_new_and_accounted_for(tmp_path: Path, stripe: LoadedIntegration) -> None:
    """As many invoices as events; at a rate that the server keeps, nothing gives way."""
    report = loaded_server(tmp_path / "box", stripe, rate=10, seconds=2)

    assert (report.sent, report.outcomes, report.errors) == (20, {"applied": 20}, {})
    assert report.latency["p50"] >= report.service["p50"] > 0
    assert list(report.latency) == ["p50", "p95", "p99", "max"]


def test_a_slow_server_is_not_hidden_by_waiting(tmp_path: Path, stripe: LoadedIntegration) -> None:
    """With four connections and 0.2 s an answer, 40 a second queue up: latency grows from when they were due."""
    report = loaded_server(tmp_path / "box", stripe, rate=40, seconds=1.5, latency=0.2)

    assert report.limit == "the server: all 4 connections were waiting for answers, and events queued up"
    assert report.latency["max"] > 2 * report.service["max"]


def test_a_load_is_bounded(stripe: LoadedIntegration) -> None:
    """No event, or more than a million, is a misuse."""
    for rate, seconds in ((0.1, 1.0), (1e6, 60.0)):
        with pytest.raises(ValueError, match="1 to 1,000,000 events"):
            load_test(SAMPLES, None, stripe, "s", rate=rate, seconds=seconds)  # type: ignore[arg-type]
