"""A server that answers AuditEvent searches as Medplum 5.0.2 does, for `httpx.MockTransport`.

It pages by cursor (the time of the next row, so neighbouring pages share the rows of one millisecond), counts on
request, hides rows until they are committed, and can be told to misbehave.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import httpx
from invented.audit_trail import searchset

from workbench.servers.client import Server

__all__ = ["AuditServer"]


class AuditServer:
    """The AuditEvents of a project; `calls` are the queries that were asked."""

    def __init__(self, events: list[dict], *, page_size: int | None = None) -> None:
        self.events = events
        self.page_size = page_size
        self.calls: list[str] = []
        self.fault: Callable[[str], httpx.Response | None] = lambda _query: None

    def connect(self) -> Server:
        """A client of it."""
        return Server(
            "http://127.0.0.1:8103/",
            "id",
            "secret",
            auth="basic",
            transport=httpx.MockTransport(self),
            sleep=lambda _: None,
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        query = request.url.query.decode()
        self.calls.append(query)
        if fault := self.fault(query):
            return fault
        asked = parse_qs(query)
        found = sorted(filter(lambda event: _matches(event, asked), self.events), key=_stored)
        if "_summary" in asked:
            return self._answer({"resourceType": "Bundle", "type": "searchset", "total": len(found)})
        size = self.page_size or int(asked["_count"][0])
        rest = [event for event in found if _stored(event) >= asked.get("_cursor", ["2-"])[0][2:]]
        following = None
        if len(rest) > size:
            kept = {key: value for key, value in asked.items() if key != "_cursor"}
            link = urlencode({**kept, "_cursor": f"2-{_stored(rest[size])}"}, doseq=True)
            following = f"http://behind-the-proxy:8103/fhir/R4/AuditEvent?{link}"
        return self._answer(searchset(rest[:size], next_url=following))

    @staticmethod
    def _answer(body: dict) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(body), headers={"Content-Type": "application/fhir+json"})


def _stored(event: dict) -> str:
    return str(event["meta"]["lastUpdated"])


def _matches(event: dict, asked: dict[str, list[str]]) -> bool:
    bots = asked.get("entity", [""])[0].split(",")
    if bots != [""] and event["source"]["observer"]["reference"] not in bots:
        return False
    bounds = asked.get("_lastUpdated", [])
    return all(_stored(event) >= b[2:] if b.startswith("ge") else _stored(event) < b[2:] for b in bounds)
