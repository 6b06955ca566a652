"""`replay` against a bare httpx loop of the same concurrency: to the bot of one embedded Medplum, in turn."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from workbench.flows.compose import compose_event
from workbench.flows.integrations import load_integration
from workbench.flows.provision import apply_integration, plan_integration
from workbench.flows.replay import replay
from workbench.flows.replay_selection import ReplayRequest, select_deliveries
from workbench.flows.secrets import published_secrets
from workbench.flows.signing import bytes_to_send, headers_to_send
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

ROOT = Path(__file__).parents[1]
EVENTS, CONCURRENCY = 400, 8


def main(rounds: int) -> None:
    """Print events a second of both, and the median ratio of neighbours."""
    loaded = load_integration(ROOT / "mappings/stripe/integration.yaml")
    secrets = published_secrets(loaded)
    (secret,) = secrets.values()
    samples = select_deliveries(ReplayRequest(events=str(ROOT / "sample_events/stripe"), type="invoice.paid"))
    with tempfile.TemporaryDirectory() as folder, start_sandbox(Path(folder) / "box") as box:
        with Server(box.base_url, box.client_id, box.client_secret) as server:
            plan = plan_integration(server, loaded, secrets)
            there = apply_integration(server, loaded, secrets, confirm=plan.checksum)
        made = 0

        def fresh():
            nonlocal made
            batch = []
            for _ in range(EVENTS):
                made += 1
                sample = samples[made % len(samples)].delivery
                changes = {"data.object.id": f"in_bench{made}"}
                batch.append(
                    compose_event(sample, loaded.provider, secret=secret, now=datetime.now(UTC), changes=changes)
                )
            return batch

        def bare(batch):
            with there.open_client(connections=CONCURRENCY) as http, ThreadPoolExecutor(CONCURRENCY) as pool:

                def post(delivery):
                    body = bytes_to_send(delivery)
                    headers = headers_to_send(delivery, body, loaded, secret, datetime.now(UTC))
                    assert http.request("POST", there.endpoint, content=body, headers=headers).status_code == 200

                list(pool.map(post, batch))

        def ours(batch):
            report = replay(batch, there, loaded, secrets, concurrency=CONCURRENCY)
            assert report.outcomes() == {"applied": EVENTS}, report

        rates: dict[str, list[float]] = {"replay": [], "bare httpx loop": []}
        bare(fresh())
        for _ in range(rounds):
            for name, program in (("replay", ours), ("bare httpx loop", bare)):
                batch = fresh()
                started = time.perf_counter()
                program(batch)
                rates[name].append(EVENTS / (time.perf_counter() - started))
    ratios = [one / other for one, other in zip(*rates.values(), strict=True)]
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):.0f} events/s")
    print(f"ratio: {statistics.median(ratios):.2f} (goal 0.9)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
