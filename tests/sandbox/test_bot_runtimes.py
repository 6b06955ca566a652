"""Bots of the awslambda runtime find there what api.medplum.com's Lambda has, not what vmcontext lacks."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from workbench.sandbox.launcher import Sandbox, start_sandbox


class Cloud:
    """A sandbox whose bots run as on Lambda."""

    def __init__(self, client: httpx.Client, project: str) -> None:
        self.client, self.project = client, project

    def bot(self, code: str, filename: str = "index.cjs", **fields: object) -> str:
        """The id of a new bot that runs this code."""
        bot = self.client.post(f"admin/projects/{self.project}/bot", json={"name": "cloud"}).json()
        path = f"fhir/R4/Bot/{bot['id']}"
        if fields:
            self.client.put(path, json={**self.client.get(path).json(), **fields}).raise_for_status()
        self.client.post(f"{path}/$deploy", json={"code": code, "filename": filename}).raise_for_status()
        identity: str = bot["id"]
        return identity

    def run(self, bot: str, body: object = None) -> httpx.Response:
        """The answer to running a bot."""
        return self.client.post(f"fhir/R4/Bot/{bot}/$execute", json=body or {})

    def handler(self, body: str, **fields: object) -> str:
        """The id of a new bot whose handler has this body."""
        return self.bot(f"exports.handler = async (medplum, event) => {{ {body} }};", **fields)

    def log(self, bot: str) -> str:
        """What the newest AuditEvent of a bot says."""
        events = self.client.get(f"fhir/R4/AuditEvent?entity=Bot/{bot}&_sort=-_lastUpdated").json()["entry"]
        text: str = events[0]["resource"]["outcomeDesc"]
        return text


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, connect: Callable[[Sandbox], httpx.Client]) -> Iterator[Cloud]:
    """A sandbox started with the runtime awslambda."""
    with start_sandbox(tmp_path_factory.mktemp("cloud"), runtime="awslambda") as sandbox:
        yield Cloud(connect(sandbox), sandbox.project_id)


def test_new_bots_have_the_runtime_of_the_sandbox(cloud: Cloud) -> None:
    """A bot whose creator asks for no runtime gets the one the sandbox was started with."""
    bot = cloud.handler("return 1;")

    assert cloud.client.get(f"fhir/R4/Bot/{bot}").json()["runtimeVersion"] == "awslambda"


def test_nodes_globals_and_modules_are_there(cloud: Cloud) -> None:
    """Buffer, timers, process, crypto and @medplum/core, by require as in a bundled bot."""
    code = """
      const { createHmac } = require('crypto');
      const { getReferenceString } = require('@medplum/core');
      await new Promise((resolve) => setTimeout(resolve, 5));
      return {
        hmac: createHmac('sha256', 'k').update('x').digest('hex'),
        reference: getReferenceString({ resourceType: 'Patient', id: '1' }),
        text: Buffer.from('aGk=', 'base64').toString(),
        platform: process.platform,
        types: [typeof setTimeout, typeof TextDecoder, typeof structuredClone, typeof process.env],
      };
    """
    expected = {
        "hmac": "c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189",
        "reference": "Patient/1",
        "text": "hi",
        "platform": "linux",
        "types": ["function", "function", "function", "object"],
    }

    assert expected == cloud.run(cloud.handler(code)).json()


@pytest.mark.parametrize(
    ("code", "filename"),
    [
        ("module.exports = { handler: async () => 'ok' };", "index.cjs"),
        ("exports.handler = async () => 'ok'", "index.js"),
        ("import { allOk } from '@medplum/core';\nexport async function handler() { return allOk.id; }", "index.mjs"),
        ("import crypto from 'node:crypto';\nexport const handler = async () => crypto ? 'ok' : '';", "index.mjs"),
    ],
)
def test_every_form_of_export_is_found(code: str, filename: str, cloud: Cloud) -> None:
    """module.exports, exports without a semicolon, and ES modules by their filename."""
    assert cloud.run(cloud.bot(code, filename)).text == "ok"


def test_the_event_names_its_requester(cloud: Cloud) -> None:
    """The event has `requester` beside the six keys of vmcontext."""
    event = cloud.run(cloud.handler("return event;")).json()

    assert sorted(event) == ["bot", "contentType", "headers", "input", "requester", "secrets", "traceId"]
    assert event["requester"]["reference"].startswith("ClientApplication/")


def test_the_log_has_lambdas_lines(cloud: Cloud) -> None:
    """Each line carries time, request id and level; only the last 4 KB are kept, and only ASCII."""
    bot = cloud.handler("console.log('hello', {a: 1}); console.error('bad ü');")
    cloud.run(bot)
    long = cloud.handler("for (let i = 0; i < 500; i += 1) console.log('line ' + i);")
    cloud.run(long)
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\t"

    assert re.fullmatch(rf"{stamp}INFO\thello \{{ a: 1 \}}\n{stamp}ERROR\tbad C<\n", cloud.log(bot))
    assert (len(cloud.log(long)), cloud.log(long).endswith("INFO\tline 499\n")) == (4096, True)


def test_errors_are_lambdas(cloud: Cloud) -> None:
    """A throw is a 400 whose body is {errorType, errorMessage, trace}."""
    answers = [
        cloud.run(cloud.bot(code))
        for code in (
            "exports.handler = async () => { throw new RangeError('boom'); };",
            "exports.handler = async () => { throw 'text'; };",
            "exports.nothing = 1;",
            "exports.handler = async () => { return 1 +; };",
        )
    ]
    bodies = [json.loads(answer.text) for answer in answers]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert [(body["errorType"], body["errorMessage"]) for body in bodies] == [
        ("RangeError", "boom"),
        ("string", "text"),
        ("TypeError", "userCode.handler is not a function"),
        ("Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token ';'"),
    ]
    assert bodies[0]["trace"][0] == "RangeError: boom"


def test_the_timeout_ends_whatever_it_does(cloud: Cloud) -> None:
    """Lambda's timeout ends code that waits as well as code that spins."""
    waiting = cloud.run(cloud.handler("await new Promise(() => {});", timeout=1)).json()
    spinning = cloud.run(cloud.handler("await null; for (;;) {}", timeout=1)).json()

    assert [waiting["errorType"], spinning["errorType"]] == ["Sandbox.Timedout"] * 2
    assert waiting["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_a_warm_container_keeps_its_module(cloud: Cloud) -> None:
    """Variables of the module live from one run to the next, and no other bot sees them."""
    code = "let runs = 0; exports.handler = async () => { runs += 1; globalThis.mark = true; return runs; };"
    counting = cloud.bot(code)
    found = [cloud.run(counting).json() for _ in range(3)]
    other = cloud.run(cloud.handler("return typeof globalThis.mark;")).text

    assert (found, other) == ([1, 2, 3], "undefined")


def test_the_client_acts_as_the_bot(cloud: Cloud, tmp_path: Path) -> None:
    """A bot's writes are in its own name."""
    bot = cloud.handler("return medplum.createResource({ resourceType: 'Basic', code: { text: 'x' } });")

    assert cloud.run(bot).json()["meta"]["author"]["reference"] == f"Bot/{bot}"
