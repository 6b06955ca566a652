"""Invented AuditEvents of bot runs, in the exact shape that a Medplum 5.0.2 server stores (contract.md §5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random

__all__ = ["BOT", "audit_event", "instant", "invented_trail", "result_line", "searchset"]

BOT = "Bot/f73a12a6-b87d-4e96-b01f-a9c5b11901a9"
STACK = "    at exports.handler (evalmachine.<anonymous>:6:105)\n    at Script.runInContext (node:vm:149:12)"
TYPES = [
    ("invoice.paid", 30, 62),
    ("invoice.updated", 22, 58),
    ("customer.updated", 16, 31),
    ("charge.refunded", 6, 44),
    ("payment_intent.succeeded", 18, 40),
    ("customer.subscription.deleted", 4, 55),
    ("invoice.upcoming", 4, 6),
]


def instant(moment: datetime) -> str:
    """`moment` as Medplum writes it: UTC, milliseconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def result_line(*results: dict, provider: str = "stripe", **more: object) -> str:
    """The last console line of one of our bots."""
    line = {"workbench": 1, "provider": provider, "proof": "exact", "results": list(results), "ms": 12, **more}
    return json.dumps(line, separators=(",", ":"))


def audit_event(
    identifier: str,
    at: datetime,
    console: str | None = None,
    *,
    outcome: str = "0",
    milliseconds: int = 5,
    bot: str = BOT,
    stored: datetime | None = None,
    trace: str = "3f3f13dd-dd6f-499e-9225-4c869c26452a",
) -> dict:
    """One AuditEvent of a bot run that ended at `at`."""
    end = at.replace(microsecond=at.microsecond // 1000 * 1000)
    name = {"reference": bot, "display": "stripe-invoices"}
    client = "ClientApplication/258ad670-04e8-4c79-8644-92bab8fb73ff"
    event: dict = {
        "resourceType": "AuditEvent",
        "meta": {"versionId": f"v-{identifier}", "lastUpdated": instant(stored or end + timedelta(milliseconds=1))},
        "period": {"start": instant(end - timedelta(milliseconds=milliseconds)), "end": instant(end)},
        "recorded": instant(end),
        "type": {"system": "https://medplum.com/CodeSystem/audit-event", "code": "execute"},
        "agent": [
            {"who": {"reference": client, "display": "webhook client"}, "requestor": True},
            {"who": name, "requestor": False},
        ],
        "source": {"observer": name},
        "entity": [{"what": name, "role": {"code": "4", "display": "Domain"}}],
        "outcome": outcome,
        "outcomeDesc": console,
        "extension": [
            {
                "url": "https://medplum.com/fhir/StructureDefinition/tracing",
                "extension": [{"url": "requestId", "valueId": f"r-{identifier}"}, {"url": "traceId", "valueId": trace}],
            }
        ],
        "id": identifier,
    }
    return {key: value for key, value in event.items() if value is not None}


def searchset(resources: list[dict], *, next_url: str | None = None) -> dict:
    """A page of a search."""
    links = [{"relation": "self", "url": "http://medplum.test/fhir/R4/AuditEvent"}]
    if next_url:
        links.append({"relation": "next", "url": next_url})
    entries = [
        {"fullUrl": f"http://medplum.test/fhir/R4/AuditEvent/{r['id']}", "search": {"mode": "match"}, "resource": r}
        for r in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, "link": links}


def invented_trail(runs: int, until: datetime, *, days: float = 7, seed: int = 8) -> list[dict]:
    """A week of one bot's life: office hours busier than nights, slower at noon, one bad hour, a few refusals."""
    chance = Random(seed)
    start = until - timedelta(days=days)
    moments = sorted(start + timedelta(days=days * _office_hours(chance, days)) for _ in range(runs))
    bad = until - timedelta(hours=9.5)
    return [_run(chance, number, at, bad <= at < bad + timedelta(hours=1)) for number, at in enumerate(moments)]


def _office_hours(chance: Random, days: float) -> float:
    while True:
        share = chance.random()
        hour = share * days * 24 % 24
        if chance.random() < (1.0 if 7 <= hour < 19 else 0.25):
            return share


def _run(chance: Random, number: int, at: datetime, bad: bool) -> dict:
    kind, _, typical = chance.choices(TYPES, [weight for _, weight, _ in TYPES])[0]
    milliseconds = int(typical * chance.lognormvariate(0, 0.35) * (1.6 if 11 <= at.hour < 14 else 1)) + 2
    mapping = "stripe-invoice@3" if kind.startswith("invoice") else f"stripe-{kind.split('.')[0].replace('_', '-')}@2"
    event = {"event": f"evt_{number:06d}", "type": kind, "mapping": mapping}
    identifier = f"00000000-0000-4000-8000-{number:012d}"
    if kind == "invoice.upcoming":
        line = result_line({**event, "outcome": "ignored", "writes": []})
    elif chance.random() < 0.004:
        line = result_line({"event": None, "outcome": "refused", "writes": [], "problem": "signature-mismatched"})
        return audit_event(identifier, at, _thrown(line), outcome="4", milliseconds=3)
    elif (bad and kind == "charge.refunded") or chance.random() < 0.0025:
        line = result_line({**event, "outcome": "failed", "writes": [], "problem": "reference-not-found"})
        return audit_event(identifier, at, _thrown(line), outcome="4", milliseconds=milliseconds * 3)
    else:
        word = chance.choices(["applied", "unchanged", "duplicate", "stale"], [88, 6, 4, 2])[0]
        writes = [{"ref": f"Invoice/{number:08d}", "action": "update" if word == "applied" else "none"}]
        line = result_line({**event, "outcome": word, "writes": writes})
    return audit_event(identifier, at, line, milliseconds=milliseconds)


def _thrown(line: str) -> str:
    return f"{line}\nUnhandled error: {line}\nError: {line}\n{STACK}"
