"""Events a second and HTTP calls an event: our built bot beside one written as people write them.

    python bench/bot.py [--events 150] [--connections 1,8] [--conflicts 0.05] [--latency 0.01]

The other bot works as Medplum's demo Stripe bot does: for each invoice it searches the account, makes it if there is
none, searches the invoice, makes it if there is none, updates it; one call after the other, and it checks no signature.
Both run on one sandbox, one after the other, over the same new invoices and then over a change of each. Calls are
counted by the server's own `RateLimit` header; the one call that brings the event is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from workbench.events.delivery import Delivery  # noqa: E402 - the path is set above
from workbench.flows.integrations import LoadedIntegration, load_integration  # noqa: E402
from workbench.flows.provision import Provisioned, apply_integration, plan_integration  # noqa: E402
from workbench.flows.signing import headers_to_send  # noqa: E402
from workbench.sandbox.launcher import start_sandbox  # noqa: E402
from workbench.servers.client import Server  # noqa: E402
from workbench.servers.projects import create_bot, create_client  # noqa: E402

SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_of_this_benchmark"}
ONE_MAPPING = """\
integration: one
provider: stripe
mappings: [stripe-invoice]
secrets: [{name: STRIPE_WEBHOOK_SECRET}]
"""
BY_HAND = """
const ACCOUNTS = 'https://hand.example/customer', INVOICES = 'https://hand.example/invoice';
exports.handler = async (medplum, event) => {
  const invoice = event.input.data.object;
  const found = async (type, system, value) => medplum.searchOne(type, { identifier: `${system}|${value}` });
  let account = await found('Account', ACCOUNTS, invoice.customer);
  if (!account) {
    account = await medplum.createResource({
      resourceType: 'Account', status: 'active', identifier: [{ system: ACCOUNTS, value: invoice.customer }],
      name: invoice.customer_name });
  }
  let stored = await found('Invoice', INVOICES, invoice.id);
  if (!stored) {
    stored = await medplum.createResource({
      resourceType: 'Invoice', status: 'draft', identifier: [{ system: INVOICES, value: invoice.id }] });
  }
  const money = (cents) => ({ value: cents / 100, currency: invoice.currency.toUpperCase() });
  await medplum.updateResource({
    ...stored, status: invoice.status === 'paid' ? 'balanced' : 'issued',
    account: { reference: `Account/${account.id}` },
    totalGross: money(invoice.amount_due), totalNet: money(invoice.amount_paid) });
  return true;
};
"""


def deliveries(events: int, wave: int) -> list[Delivery]:
    """One event for each of as many invoices; the second wave changes what the first made."""
    text = (ROOT / "sample_events/stripe/invoice.paid/membership.body").read_text(encoding="utf-8")
    template = json.loads(text)
    made = []
    for number in range(events):
        event = json.loads(text)
        event["id"] = f"evt_{wave}_{number}"
        event["created"] = template["created"] + wave * 1000
        invoice = event["data"]["object"]
        invoice["id"], invoice["customer"] = f"in_{number}", f"cus_{number}"
        invoice["total"] = template["data"]["object"]["total"] + wave
        invoice["amount_due"] = template["data"]["object"]["amount_due"] + wave
        body = json.dumps(event, indent=2, ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        made.append(Delivery(body=body, headers=headers, received_at=datetime.now(UTC), name=event["id"]))
    return made


def send_all(
    there: Provisioned, loaded: LoadedIntegration, wave: list[Delivery], connections: int
) -> tuple[float, Counter[str], list[float]]:
    """Events a second, what became of them, and each one's milliseconds; nothing is sent twice."""
    secret = SECRETS["STRIPE_WEBHOOK_SECRET"]
    with there.open_client(connections=connections) as http, ThreadPoolExecutor(connections) as pool:

        def send(delivery: Delivery) -> tuple[str, float]:
            started = time.perf_counter()
            headers = headers_to_send(delivery, delivery.body, loaded, secret, datetime.now(UTC))
            answer = http.post(there.endpoint, content=delivery.body, headers=headers)
            lost = answer.status_code != 200 or '"failed"' in answer.text or '"refused"' in answer.text
            return ("lost" if lost else "settled"), (time.perf_counter() - started) * 1000

        started = time.perf_counter()
        results = list(pool.map(send, wave))
        seconds = time.perf_counter() - started
    return len(wave) / seconds, Counter(name for name, _ in results), sorted(ms for _, ms in results)


def requests_left(server: Server) -> int:
    """What the server says is left of its requests in this minute."""
    server.request("GET", "auth/me")
    assert server.quota is not None
    assert server.quota.requests_left is not None
    return server.quota.requests_left


def calls_of_one_event(server: Server, there: Provisioned, loaded: LoadedIntegration, delivery: Delivery) -> int:
    """How many HTTP calls the bot itself makes for one event; tried again if the server's minute ended in between."""
    while True:
        before = requests_left(server)
        send_all(there, loaded, [delivery], 1)
        calls = before - requests_left(server) - 2  # the event's own call, and the question of what is left
        if 0 <= calls < 100:
            return calls


def bots(server: Server) -> dict[str, tuple[LoadedIntegration, Provisioned]]:
    """The contestants, deployed."""
    whole = load_integration(ROOT / "mappings/stripe/integration.yaml")
    with tempfile.TemporaryDirectory() as folder:
        for path in (ROOT / "mappings/stripe").rglob("*"):
            if path.is_file():
                copy = Path(folder) / path.relative_to(ROOT / "mappings/stripe")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        text = (
            "integration: one\nprovider: stripe\nmappings: [stripe-invoice]\nsecrets: [{name: STRIPE_WEBHOOK_SECRET}]\n"
        )
        (Path(folder) / "integration.yaml").write_text(text)
        one = load_integration(Path(folder) / "integration.yaml")
    made: dict[str, tuple[LoadedIntegration, Provisioned]] = {}
    for name, loaded in ((f"ours, {len(whole.mappings)} mappings", whole), ("ours, stripe-invoice", one)):
        plan = plan_integration(server, loaded, SECRETS)
        made[name] = loaded, apply_integration(server, loaded, SECRETS, confirm=plan.checksum)
    hand = server.create({"resourceType": "AccessPolicy", "name": "hand", "resource": [{"resourceType": "*"}]})
    policy = f"AccessPolicy/{hand['id']}"
    bot = create_bot(server, name="by hand", description="", policy=policy, runtime="vmcontext")
    server.deploy(bot["id"], BY_HAND)
    client = create_client(server, name="by hand", description="", policy=policy)
    there = replace(
        made["ours, stripe-invoice"][1], bot_id=bot["id"], client_id=client["id"], client_secret=client["secret"]
    )
    return {"by hand": (one, there), **made}


def empty(server: Server) -> None:
    """Delete what a contestant wrote, so that the next one meets the same server."""
    for kind in ("Invoice", "Account", "Task"):
        for found in server.search(kind, {"_count": "1000", "_fields": "id"}):
            server.delete(kind, found["id"])


def main() -> None:
    """Run every contestant over every wave and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=150)
    parser.add_argument("--connections", default="1,8")
    parser.add_argument("--conflicts", type=float, default=0.0)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds every call takes longer, as to a real server"
    )
    options = parser.parse_args()
    rates: dict[tuple[str, int, int], Any] = {}
    folder = tempfile.TemporaryDirectory()
    with (
        folder,
        start_sandbox(
            Path(folder.name) / "sandbox", conflict_rate=options.conflicts, latency=options.latency, seed=1
        ) as sandbox,
        Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as server,
    ):
        contestants = bots(server)
        for name, (loaded, there) in contestants.items():
            warm = deliveries(8, 0)
            send_all(there, loaded, warm, 2)
            print(f"{name}: bot of {len(loaded.code) if name != 'by hand' else len(BY_HAND)} bytes")
            if not options.conflicts:
                existing, changed = deliveries(1, 0)[0], deliveries(1, 1)[0]
                calls = [calls_of_one_event(server, there, loaded, each) for each in (existing, changed)]
                print(f"  HTTP calls of an event: {calls[0]} repeated, {calls[1]} changing an existing invoice")
            empty(server)
        for connections in map(int, options.connections.split(",")):
            for name, (loaded, there) in contestants.items():
                for wave, what in ((1, "new"), (2, "changed")):
                    rate, outcomes, ms = send_all(there, loaded, deliveries(options.events, wave), connections)
                    rates[name, connections, wave] = rate
                    ratio = rate / rates["by hand", connections, wave]
                    p50, p95 = ms[len(ms) // 2], ms[int(len(ms) * 0.95)]
                    print(
                        f"{connections} conn, {what:8s} {name:22s} {rate:6.1f} events/s  {ratio:4.2f}x  "
                        f"p50 {p50:5.1f} ms  p95 {p95:5.1f} ms  lost {outcomes['lost']}"
                    )
                empty(server)


if __name__ == "__main__":
    main()
