"""What a project administrator does beyond FHIR."""

from __future__ import annotations

import json

import httpx
import pytest

from workbench.errors import ServerError
from workbench.servers.client import Server
from workbench.servers.projects import create_bot, set_secrets


def test_setting_a_secret_keeps_every_other() -> None:
    """Medplum replaces the whole list, so the others, of any type, are written back as they were."""
    others = [{"name": "N", "valueInteger": 5}, {"name": "OURS", "valueString": "old"}]
    written: list[object] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"project": {"id": "p1", "secret": others}})
        written.append(json.loads(request.content))
        return httpx.Response(200, json={})

    with Server("http://127.0.0.1/", "c", "s", "p1", auth="basic", transport=httpx.MockTransport(handle)) as server:
        set_secrets(server, {"OURS": "new"})

    assert written == [[{"name": "N", "valueInteger": 5}, {"name": "OURS", "valueString": "new"}]]


def test_a_bot_is_made_with_its_policy() -> None:
    """The bot is confined from its first moment; an answer without an id is told."""
    sent: list[object] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, json.loads(request.content)))
        return httpx.Response(201, json={"id": "b1"} if len(sent) == 1 else [])

    with Server("http://127.0.0.1/", "c", "s", "p1", auth="basic", transport=httpx.MockTransport(handle)) as server:
        bot = create_bot(server, name="n", description="d", policy="AccessPolicy/1", runtime="vmcontext")
        with pytest.raises(ServerError, match=r"^POST admin/projects/\{id\}/bot: the answer holds no id"):
            create_bot(server, name="n", description="d", policy="AccessPolicy/1", runtime="vmcontext")

    body = {
        "name": "n",
        "description": "d",
        "accessPolicy": {"reference": "AccessPolicy/1"},
        "runtimeVersion": "vmcontext",
    }
    assert bot == {"id": "b1"}
    assert ("/admin/projects/p1/bot", body) == sent[0]
