"""Contract §0.11-0.15, §0.25, §7, §8f and §11: bots, their AuditEvents, webhooks, subscriptions."""

import json
import threading
import time
from typing import Any

import httpx
from parity_points import FHIR, Ground, point, text

BOT_RULE = {"resourceType": "Bot", "readonly": True}
PATIENCE = 15.0  # seconds to wait for what runs behind an answer


def webhook(ground: Ground, body: str, **fields: Any) -> str:
    """The path of a new bot's webhook."""
    bot = ground.handler(body, ground.policy({"resourceType": "Invoice"}), **{"publicWebhook": True, **fields})
    return f"webhook/{ground.membership('Bot/' + bot)['id']}"


def wait_for(what: Any) -> Any:
    """What a call gives once it is not empty."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    return what()


@point("0.11")
def require_throws(ground: Ground) -> None:
    """require() of anything throws `Dynamic require of "x" is not supported`, as in upstream's own 5.0.2 build."""
    answer = ground.execute(ground.handler("return require('crypto');"))

    assert (answer.status_code, text(answer)) == (400, 'Dynamic require of "crypto" is not supported')


@point("0.11")
def only_console_log_exists(ground: Ground) -> None:
    """console.error and warn throw a TypeError; there is no Buffer, crypto, TextDecoder, setTimeout or atob."""
    names = "['Buffer','crypto','TextDecoder','setTimeout','atob','AbortSignal','Headers','process']"
    missing = ground.execute(ground.handler(f"return {names}.filter((n) => typeof globalThis[n] !== 'undefined');"))
    thrown = ground.execute(ground.handler("console.error('x');"))

    assert missing.json() == []
    assert (thrown.status_code, text(thrown)) == (400, "console.error is not a function")


@point("0.12")
def only_exports_handler_counts(ground: Ground) -> None:
    """module.exports = {handler} and ESM fail when executed; $deploy checks nothing."""
    common = ground.bot("module.exports = { handler: async () => 1 };")
    module = ground.bot("export async function handler() { return 1; }")

    assert [text(ground.execute(bot)) for bot in (common, module)] == [
        "exports.handler is not a function",
        "Unexpected token 'export'",
    ]


@point("0.12")
def missing_semicolon_swallows_the_call(ground: Ground) -> None:
    """A file whose last line lacks its semicolon runs on into the server's own text: 500."""
    assert ground.execute(ground.bot("exports.handler = async () => 42")).status_code == 500


@point("0.13")
def event_has_six_keys(ground: Ground) -> None:
    """The event holds bot, input, contentType, secrets, traceId and headers, the clear credentials among them."""
    answer = ground.execute(ground.handler("return event;"), {"a": 1}, headers={"X-Custom": "1"}).json()

    assert sorted(answer) == ["bot", "contentType", "headers", "input", "secrets", "traceId"]
    assert (answer["input"], answer["contentType"], answer["headers"]["x-custom"]) == (
        {"a": 1},
        "application/json",
        "1",
    )
    assert answer["headers"]["authorization"].startswith("Basic ")


@point("0.13")
def xml_and_binary_bodies_are_lost(ground: Ground) -> None:
    """XML and octet-stream bodies reach the bot as {}; text stays text; forms become objects; numbers are doubles."""
    bot = ground.handler("return {got: event.input};")
    sent = {
        "application/xml": "<a/>",
        "application/octet-stream": "\0",
        "text/plain": "a=1",
        "application/x-www-form-urlencoded": "a=1&b=2&b=3",
        "application/json": "[12345678901234567890, 1.10]",
    }

    found = [
        json.loads(ground.execute(bot, content=c, headers={"content-type": t}).text)["got"] for t, c in sent.items()
    ]

    assert found == [{}, {}, "a=1", {"a": "1", "b": ["2", "3"]}, [12345678901234567000, 1.1]]


@point("0.13")
def malformed_and_large_bodies_never_reach_the_bot(ground: Ground) -> None:
    """Malformed JSON, a JSON scalar and more than 1 MB are 400 before the bot, without an AuditEvent."""
    bot = ground.handler("return 1;")
    headers = {"content-type": "application/json"}
    large = json.dumps({"x": "a" * 1024 * 1024})

    found = [text(ground.execute(bot, content=content, headers=headers)) for content in ('{"a":', "5", large)]

    assert found == ["Content could not be parsed", "Content could not be parsed", "File too large"]
    assert ground.events(bot) == []


@point("0.14")
def uncaught_client_errors_become_the_400(ground: Ground) -> None:
    """An uncaught 403 of the medplum client is a 400 whose body is that outcome, id `forbidden`."""
    bot = ground.handler("return medplum.readResource('Patient', 'x');", ground.policy({"resourceType": "Invoice"}))

    answer = ground.execute(bot)

    assert (answer.status_code, answer.json()["id"], ground.events(bot)[0]["outcome"]) == (400, "forbidden", "4")


@point("0.14")
def minimal_answers_are_empty(ground: Ground) -> None:
    """Prefer: return=minimal empties the answer of $execute."""
    answer = ground.execute(ground.handler("return {a: 1};"), headers={"prefer": "return=minimal"})

    assert (answer.status_code, answer.text) == (200, "")


@point("0.15")
def timeout_ends_only_what_precedes_the_first_await(ground: Ground) -> None:
    """bot.timeout ends synchronous code before the first await, and nothing after it."""
    spin = "const t = Date.now(); while (Date.now() - t < 1500) {} return 'spun';"
    before = ground.execute(ground.handler(spin, timeout=1))
    after = ground.execute(ground.handler("await null;" + spin, timeout=1))

    assert (before.status_code, text(before)) == (400, "Script execution timed out after 1000ms")
    assert (after.status_code, after.text) == (200, "spun")


@point(
    "0.15", differs="bots run in processes of their own, so one that spins blocks nobody; on the real server it does"
)
def a_spinning_bot_blocks_every_request(ground: Ground) -> None:
    """While a bot spins, no other request is answered."""
    bot = ground.handler("await null; const t = Date.now(); while (Date.now() - t < 2000) {} return 1;")
    ended: list[str] = []
    caller = threading.Thread(target=lambda: (ground.execute(bot), ended.append("bot")))
    caller.start()
    time.sleep(0.5)
    ground.anonymous().get("healthcheck")
    ended.append("healthcheck")
    caller.join()

    assert ended == ["bot", "healthcheck"]


@point("0.25")
def every_run_saves_one_audit_event(ground: Ground) -> None:
    """One AuditEvent a run: type execute, outcome 0 or 4, the log's last 10,240 characters, no duration."""
    bot = ground.handler("console.log('x'.repeat(20000)); if (event.input.fail) throw new Error('boom');")
    ground.execute(bot)
    ground.execute(bot, {"fail": True})
    failed, good = ground.events(bot)

    assert good["type"] == {"system": "https://medplum.com/CodeSystem/audit-event", "code": "execute"}
    assert (good["outcome"], failed["outcome"], len(good["outcomeDesc"])) == ("0", "4", 10240)
    assert failed["outcomeDesc"].endswith("Error boom")
    assert {"subtype", "action"} & set(good) == set()
    assert [agent["requestor"] for agent in good["agent"]] == [True, False]
    assert set(good["period"]) == {"start", "end"}


@point("0.25")
def rest_calls_save_no_audit_event(ground: Ground) -> None:
    """Ordinary FHIR calls save no AuditEvent."""
    with ground.another() as own:
        own.create(own.invoice())

        assert own.admin.get(f"{FHIR}AuditEvent?_summary=count").json()["total"] == 0


@point("0.25")
def triggers_and_destinations_choose(ground: Ground) -> None:
    """auditEventTrigger and auditEventDestination save events as the contract's table says."""
    code = "if (event.input.say) console.log('x'); if (event.input.fail) throw new Error('f');"
    table: dict[str, tuple[dict[str, Any], list[int]]] = {
        "nothing": ({}, [1, 1, 1]),
        "always": ({"auditEventTrigger": "always"}, [1, 1, 1]),
        "never": ({"auditEventTrigger": "never"}, [0, 0, 0]),
        "on-error": ({"auditEventTrigger": "on-error"}, [0, 0, 1]),
        "on-output": ({"auditEventTrigger": "on-output"}, [0, 1, 1]),
        "log": ({"auditEventDestination": ["log"]}, [0, 0, 0]),
        "both": ({"auditEventDestination": ["resource", "log"]}, [1, 1, 1]),
    }
    found: dict[str, list[int]] = {}
    for name, (fields, _) in table.items():
        bot = ground.handler(code, **fields)
        found[name] = []
        for body in ({}, {"say": 1}, {"fail": 1}):
            before = len(ground.events(bot))
            ground.execute(bot, body)
            found[name].append(len(ground.events(bot)) - before)

    assert found == {name: expected for name, (_, expected) in table.items()}


@point("5")
def a_resource_as_input_is_an_entity(ground: Ground) -> None:
    """An input that is a resource becomes a second entity; X-Trace-Id is kept."""
    bot = ground.handler("return 1;")
    trace = "3f3f13dd-dd6f-499e-9225-4c869c26452a"
    patient = {"resourceType": "Patient", "id": "4b790636-2a02-465a-804e-89665b35dfa1", "name": [{"family": "X"}]}
    ground.execute(bot, patient, headers={"x-trace-id": trace})
    event = ground.events(bot)[0]

    assert event["entity"][1] == {
        "what": {"reference": f"Patient/{patient['id']}", "display": "X"},
        "role": {"code": "1", "display": "Patient"},
    }
    assert event["extension"][0]["extension"][1] == {"url": "traceId", "valueId": trace}


@point("4")
def run_as_user_acts_as_the_caller(ground: Ground) -> None:
    """runAsUser lets the bot act with its caller's rights."""
    bot = ground.handler("return (await medplum.searchResources('Patient')).length >= 0;", runAsUser=True)
    caller = ground.limited(BOT_RULE)

    assert [ground.execute(bot).status_code, ground.execute(bot, client=caller).status_code] == [200, 400]


@point("3")
def a_bot_that_was_read_can_be_written_back(ground: Ground) -> None:
    """Reads show a bot's files as signed links that need no credentials; written back they are references again."""
    bot = ground.handler("return 'still here';")
    held = ground.admin.get(f"{FHIR}Bot/{bot}").json()
    link = held["executableCode"]["url"].removeprefix(ground.sandbox.base_url)
    ground.admin.put(f"{FHIR}Bot/{bot}", json={**held, "timeout": 5}).raise_for_status()

    assert "still here" in ground.anonymous().get(link).text
    assert ground.anonymous().get(f"{link}x").status_code == 404
    assert ground.execute(bot).text == "still here"


@point("4")
def bots_are_found_by_identifier(ground: Ground) -> None:
    """$execute?identifier= finds the bot; an unknown one is `Must specify bot ID or identifier.`."""
    name = ground.name()
    ground.handler("return 'found';", identifier=[{"system": "urn:bots", "value": name}])
    path = f"{FHIR}Bot/$execute?identifier="

    found = [ground.admin.post(path + query, json={}) for query in (f"urn:bots|{name}", name, "none")]

    assert [answer.text for answer in found[:2]] == ["found", "found"]
    assert text(found[2]) == "Must specify bot ID or identifier."


@point("4")
def respond_async_makes_a_job(ground: Ground) -> None:
    """Prefer: respond-async answers 202 with a job's address; the job holds the answer; it needs rights on AsyncJob."""
    bot = ground.handler("return 'one';")
    headers = {"prefer": "respond-async"}
    accepted = ground.execute(bot, headers=headers)
    job = accepted.headers["content-location"].removeprefix(ground.sandbox.base_url)
    ended = wait_for(lambda: (r := ground.admin.get(job)).json().get("output") and r.json())

    assert accepted.status_code == 202
    assert (ended["status"], ended["output"]["parameter"]) == (
        "completed",
        [{"name": "responseBody", "valueString": "one"}],
    )
    assert ground.execute(bot, headers=headers, client=ground.limited(BOT_RULE)).status_code == 403


@point("7")
def webhook_needs_a_willing_bot_with_a_policy(ground: Ground) -> None:
    """POST /webhook/<membership> is 403 text without publicWebhook, without a policy, or for another member."""
    unwilling = webhook(ground, "return 1;", publicWebhook=False)
    bare = ground.membership("Bot/" + ground.handler("return 1;", publicWebhook=True))["id"]
    client = ground.membership(f"ClientApplication/{ground.member()['id']}")["id"]

    found = [ground.anonymous().post(path, json={}) for path in (unwilling, f"webhook/{bare}", f"webhook/{client}")]

    assert [(answer.status_code, answer.text) for answer in found] == [
        (403, "Bot is not configured for public webhook access"),
        (403, "ProjectMembership must have an Access Policy"),
        (403, "ProjectMembership must be for a Bot resource"),
    ]


@point("7")
def webhook_runs_without_credentials(ground: Ground) -> None:
    """The bot gets no traceId; undefined answers ok; a throw is 400; a Binary goes out as its bytes."""
    seen = ground.anonymous().post(webhook(ground, "return event;"), json={"x": 1}).json()
    nothing = ground.anonymous().post(webhook(ground, ""), json={}).json()
    thrown = ground.anonymous().post(webhook(ground, "throw new Error('boom');"), json={})
    binary = "return {resourceType: 'Binary', contentType: 'text/xml', data: 'PGEvPg=='};"
    raw = ground.anonymous().post(webhook(ground, binary), json={})

    assert (sorted(seen), seen["input"]) == (["bot", "contentType", "headers", "input", "secrets"], {"x": 1})
    assert (nothing["id"], thrown.status_code, text(thrown)) == ("ok", 400, "boom")
    assert (raw.text, raw.headers["content-type"]) == ("<a/>", "text/xml; charset=utf-8")


@point("7")
def webhook_is_post_to_the_very_path(ground: Ground) -> None:
    """GET and a path suffix are express's HTML 404; an unknown membership is a FHIR 404."""
    path = webhook(ground, "return 1;")
    client = ground.anonymous()
    unknown = client.post("webhook/not-a-uuid", json={})

    found = [client.get(path), client.post(f"{path}/extra", json={})]

    assert [(answer.status_code, answer.headers["content-type"]) for answer in found] == [
        (404, "text/html; charset=utf-8")
    ] * 2
    assert f"<pre>Cannot GET /{path}</pre>" in found[0].text
    assert (unknown.status_code, unknown.json()["id"]) == (404, "not-found")


@point("7")
def anonymous_runs_name_nobody(ground: Ground) -> None:
    """The AuditEvent of a webhook's run has a requestor without `who`."""
    path = webhook(ground, "return 1;")
    ground.anonymous().post(path, json={})
    bot = ground.admin.get(f"{FHIR}ProjectMembership/{path.split('/')[1]}").json()["profile"]["reference"].split("/")[1]

    assert ground.events(bot)[0]["agent"][0] == {"requestor": True}


@point("8f")
def subscriptions_run_bots(ground: Ground) -> None:
    """A matching write runs the Subscription's bot with the whole resource and its headers."""
    bot = ground.handler("console.log(JSON.stringify(event));")
    name = ground.name()
    subscription = ground.create(
        {
            "resourceType": "Subscription",
            "status": "active",
            "reason": "test",
            "criteria": f"Account?name={name}",
            "channel": {"type": "rest-hook", "endpoint": f"Bot/{bot}"},
        }
    )
    account = ground.create({"resourceType": "Account", "status": "active", "name": name})
    event = wait_for(lambda: ground.events(bot))[0]
    seen = json.loads(event["outcomeDesc"])

    assert (seen["input"]["id"], seen["contentType"]) == (account["id"], "application/fhir+json")
    assert seen["headers"]["X-Medplum-Interaction"] == "create"
    assert seen["headers"]["X-Medplum-Subscription"] == subscription["id"]
    assert seen["input"]["meta"]["project"] == ground.project
    assert event["entity"][2]["role"] == {"code": "9", "display": "Subscriber"}


@point("11")
def handshakes_go_through_a_bot(ground: Ground) -> None:
    """GET $execute runs the bot, so that it can answer Okta's verification challenge."""
    bot = ground.handler("return {verification: event.headers['x-okta-verification-challenge']};")
    headers = {"x-okta-verification-challenge": "abc123"}

    answer = ground.admin.get(f"{FHIR}Bot/{bot}/$execute", headers=headers)

    assert (answer.json(), answer.headers["content-type"]) == (
        {"verification": "abc123"},
        "application/json; charset=utf-8",
    )


@point("11")
def raw_text_reaches_the_bot(ground: Ground) -> None:
    """A text/plain body reaches the bot as it was sent, digits and all."""
    path = webhook(ground, "return {got: event.input};")

    answer = ground.anonymous().post(path, content='{"a": 1.00}', headers={"content-type": "text/plain"})

    assert json.loads(answer.text) == {"got": '{"a": 1.00}'}


@point("11")
def constraints_confine_writes(ground: Ground) -> None:
    """A writeConstraint confines writes to one identifier system, and refuses a stale write."""
    stamp = "meta.extension.where(url='https://x/at').value"
    fresh = f"%before.exists() implies (%before.{stamp}.exists().not() or %before.{stamp} <= %after.{stamp})"
    own = "%after.identifier.where(system='urn:mine').exists()"
    constraints = [{"language": "text/fhirpath", "expression": expression} for expression in (own, fresh)]
    rule = {"resourceType": "Invoice", "interaction": ["create", "read", "update", "search"]}
    client = ground.limited({**rule, "writeConstraint": constraints})
    name = ground.name()

    def put(day: str, system: str = "urn:mine") -> int:
        extension = [{"url": "https://x/at", "valueInstant": f"{day}T00:00:00.000Z"}]
        body = {**ground.invoice(), "identifier": [{"system": system, "value": name}], "meta": {"extension": extension}}
        answer: httpx.Response = client.put(f"{FHIR}Invoice?identifier={system}|{name}", json=body)
        return answer.status_code

    assert [put("2026-01-02"), put("2026-01-01"), put("2026-01-03"), put("2026-01-04", "urn:other")] == [
        201,
        403,
        200,
        403,
    ]
