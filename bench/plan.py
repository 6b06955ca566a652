"""Seconds to plan an integration on a server where others live: 1,000 access policies and 1,000 bots that are not ours.

    python bench/plan.py [--others 1000] [--rounds 5]

Once where nothing of ours is there yet, and once where all of it is. The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from workbench.flows.integrations import LoadedIntegration, load_integration  # noqa: E402 - the path is set above
from workbench.flows.provision import apply_integration, plan_integration  # noqa: E402
from workbench.sandbox.launcher import start_sandbox  # noqa: E402
from workbench.servers.client import Server  # noqa: E402
from workbench.servers.projects import create_bot  # noqa: E402

SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_of_this_benchmark"}


def plan_seconds(server: Server, loaded: LoadedIntegration, rounds: int) -> float:
    """The median time of one plan."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        plan_integration(server, loaded, SECRETS)
        times.append(time.perf_counter() - started)
    return median(times)


def main() -> None:
    """Fill a sandbox with what belongs to others, then plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--others", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    loaded = load_integration(ROOT / "mappings/stripe/integration.yaml")
    folder = tempfile.TemporaryDirectory()
    with (
        folder,
        start_sandbox(Path(folder.name) / "sandbox") as sandbox,
        Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as server,
    ):
        for number in range(given.others):
            name = f"other {number}"
            resource = [{"resourceType": "Patient"}]
            policy = server.create({"resourceType": "AccessPolicy", "name": name, "resource": resource})
            create_bot(server, name=name, description="", policy=f"AccessPolicy/{policy['id']}", runtime="vmcontext")
        print(f"{given.others:,} policies and {given.others:,} bots of others")
        print(f"plan, nothing of ours there: {plan_seconds(server, loaded, given.rounds):.2f} s")
        plan = plan_integration(server, loaded, SECRETS)
        apply_integration(server, loaded, SECRETS, confirm=plan.checksum)
        print(f"plan, all of ours there:     {plan_seconds(server, loaded, given.rounds):.2f} s")


if __name__ == "__main__":
    main()
