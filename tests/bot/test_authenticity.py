"""What a built bot takes for its provider's: on raw text, on parsed bodies, and by a shared value."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.bot.build import build_bot
from workbench.bot.settings import BotSettings
from workbench.events.providers import find_provider, provider_from
from workbench.events.signatures import sign

RunBot = Callable[..., dict[str, Any]]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MILLISECONDS = int(NOW.timestamp() * 1000)
SECRET = "whsec_of_these_tests"
NOTHING = "function map_nothing(event, problems) { return []; }"
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": 1760000000,
    "data": {"object": {"name": "Zoë <O'Neil> & 李", "metadata": {}, "lines": [], "percent_off": 25, "rate": 0.5}},
}


def bot_of(provider: str, **settings: Any) -> str:
    """A bot of this provider whose one mapping makes nothing of every event."""
    mapping = SimpleNamespace(name="nothing", version=1, provider=provider, events=("*",), javascript=NOTHING)
    return build_bot([mapping], find_provider(provider), BotSettings(secret_names=("KEY", "KEY_BEFORE"), **settings))  # type: ignore[list-item]


STRIPE = bot_of("stripe")


def send(
    run_bot: RunBot, text: str, *, parsed: bool, code: str = STRIPE, signed: str | None = None, **given: Any
) -> dict[str, Any]:
    """What the Stripe bot says of a text signed as Stripe signs."""
    body = (text if signed is None else signed).encode()
    headers = given.pop("headers", None) or sign(body, find_provider("stripe"), SECRET, NOW)
    given = {"secrets": {"KEY": SECRET}, "now": MILLISECONDS} | given
    return run_bot(code, json.loads(text) if parsed else text, headers=headers, **given)


def told(answer: dict[str, Any]) -> tuple[str, str | None]:
    """The proof and the first problem of a result, thrown or returned."""
    line = answer["value"] if "value" in answer else json.loads(answer["thrown"])
    return line["proof"], line["results"][0].get("problem")


WRITINGS = {
    "Stripe": json.dumps(EVENT, indent=2, ensure_ascii=False),
    "compact": json.dumps(EVENT, separators=(",", ":"), ensure_ascii=False),
    "Python": json.dumps(EVENT),
    "older Ruby": json.dumps(EVENT, indent=2, ensure_ascii=False)
    .replace("{}", "{\n      }")
    .replace("[]", "[\n\n      ]"),
    "escaped for HTML": json.dumps(EVENT, indent=2, ensure_ascii=False)
    .replace("<", "\\u003c")
    .replace(">", "\\u003e")
    .replace("&", "\\u0026"),
    "ASCII": json.dumps(EVENT, indent=2),
    "decimals kept": json.dumps(EVENT, indent=2, ensure_ascii=False).replace("25", "25.0"),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_parsed_body_is_proved_by_how_its_provider_writes(run_bot: RunBot, writing: str) -> None:
    """Medplum hands a bot parsed JSON; written again in a known way, the signature holds."""
    assert told(send(run_bot, WRITINGS[writing], parsed=True)) == ("reserialised", None)


@pytest.mark.parametrize("writing", WRITINGS)
def test_raw_text_is_proved_as_it_is(run_bot: RunBot, writing: str) -> None:
    """Where the server hands over the text, the signature is checked over it, however it is written."""
    assert told(send(run_bot, WRITINGS[writing], parsed=False)) == ("exact", None)


def test_a_large_body_is_proved_by_its_likely_writings_only(run_bot: RunBot) -> None:
    """Of 900 kB the way Stripe writes and the next are tried; more would hold up a server that shares its thread."""
    large = EVENT | {"filling": "x" * 900_000}
    unlikely = json.dumps(large)  # Python's writing, the third

    assert told(send(run_bot, json.dumps(large, indent=2, ensure_ascii=False), parsed=True)) == ("reserialised", None)
    assert told(send(run_bot, unlikely, parsed=True)) == ("none", "signature-unmatched")


@pytest.mark.parametrize(("parsed", "problem"), [(True, "signature-unmatched"), (False, "signature-mismatched")])
def test_one_changed_amount_is_refused(run_bot: RunBot, parsed: bool, problem: str) -> None:
    """A body that was changed after it was signed matches no writing."""
    forged = WRITINGS["Stripe"].replace("0.5", "0.4")
    answer = send(run_bot, forged, parsed=parsed, signed=WRITINGS["Stripe"])

    assert ("none", problem) == told(answer)
    assert answer["calls"] == []
    assert answer["logged"] == [answer["thrown"]]  # the provider is told to try again: a wrong secret can be mended


def test_what_cannot_be_proved_is_marked_where_that_is_wished(run_bot: RunBot) -> None:
    """A body whose text cannot be regained passes with `unmatched: mark`, and every row says so."""
    text = json.dumps(EVENT, indent=3)
    lenient = bot_of("stripe", unmatched="mark")

    assert told(send(run_bot, text, parsed=True)) == ("none", "signature-unmatched")
    assert told(send(run_bot, text, parsed=True, code=lenient)) == ("unproved", "signature-unmatched")
    assert told(send(run_bot, text, parsed=False, code=lenient, signed="{}")) == ("none", "signature-mismatched")


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"x": "y"}, "signature-missing"),
        ({"stripe-signature": "v1=00"}, "signature-malformed"),
        ({"stripe-signature": "t=1760000000,v0=00"}, "signature-malformed"),
        ({"stripe-signature": "t=1760000000,v1=00"}, "signature-mismatched"),
    ],
)
def test_each_way_of_not_being_signed_is_named(run_bot: RunBot, headers: dict[str, str], problem: str) -> None:
    """Missing, malformed and mismatched signatures are told apart."""
    assert ("none", problem) == told(send(run_bot, "{}", parsed=False, headers=headers))


@pytest.mark.parametrize("seconds", [301, -301])
def test_an_old_signature_and_one_from_the_future_are_refused(run_bot: RunBot, seconds: int) -> None:
    """Beyond the provider's tolerance a right signature is a replayed one."""
    answer = send(run_bot, WRITINGS["Stripe"], parsed=True, now=MILLISECONDS + seconds * 1000)

    assert told(answer) == ("none", "signature-expired")
    patient = bot_of("stripe", tolerance_seconds=400)
    answer = send(run_bot, WRITINGS["Stripe"], parsed=True, now=MILLISECONDS + seconds * 1000, code=patient)
    assert told(answer) == ("reserialised", None)


def test_while_a_secret_is_rolled_either_proves(run_bot: RunBot) -> None:
    """Several signatures in the header and several secrets in the project: one pair that fits is enough."""
    made = sign(WRITINGS["Stripe"].encode(), find_provider("stripe"), SECRET, NOW)["stripe-signature"]
    rolled = {"stripe-signature": made.replace(",v1=", f",v1={'0' * 64},v1=")}
    secrets = {"KEY": "whsec_new", "KEY_BEFORE": SECRET}

    answer = send(run_bot, WRITINGS["Stripe"], parsed=True, headers=rolled, secrets=secrets)

    assert told(answer) == ("reserialised", None)


def test_without_a_secret_nothing_is_proved(run_bot: RunBot) -> None:
    """A project that lacks the secret refuses everything and says which thing is missing."""
    assert told(send(run_bot, WRITINGS["Stripe"], parsed=True, secrets={})) == ("none", "secret-missing")


def test_a_shared_value_is_compared_in_its_header(run_bot: RunBot) -> None:
    """Okta sends a value the administrator chose; beside Basic credentials it stands in a header of its own."""
    hook = {"eventType": "com.okta.event_hook", "data": {"events": [{"uuid": "u1", "eventType": "user.session.start"}]}}
    code = bot_of("okta", secret_header="x-okta-hook-secret")
    given = {"secrets": {"KEY": "shared"}, "now": MILLISECONDS}

    right = run_bot(code, hook, headers={"x-okta-hook-secret": "shared", "authorization": "Basic abc"}, **given)
    wrong = run_bot(code, hook, headers={"x-okta-hook-secret": "shareD"}, **given)
    missing = run_bot(code, hook, headers={"authorization": "shared"}, **given)

    assert told(right) == ("static", None)
    assert told(wrong) == ("none", "signature-mismatched")
    assert told(missing) == ("none", "signature-missing")


def test_oktas_question_is_answered_unsigned(run_bot: RunBot) -> None:
    """The GET before a hook is active comes with a challenge, and the answer is that challenge."""
    answer = run_bot(bot_of("okta"), {}, headers={"x-okta-verification-challenge": "abc123"})

    assert answer["value"] == {"verification": "abc123"}
    assert {name: value for name, value in json.loads(answer["logged"][-1]).items() if name != "ms"} == {
        "workbench": 1,
        "provider": "okta",
        "handshake": True,
        "results": [],
    }


def test_a_row_says_when_its_event_happened(run_bot: RunBot) -> None:
    """Stripe writes whole seconds, Okta ISO texts: both are told as instants, for the time an event took."""
    hook = {"eventType": "com.okta.event_hook", "data": {"events": [{"uuid": "u", "eventType": "t"}]}}
    hook["data"]["events"][0]["published"] = "2026-11-23T08:30:00+02:00"  # type: ignore[index]
    given = {"headers": {"authorization": "shared"}, "secrets": {"KEY": "shared"}}

    assert send(run_bot, WRITINGS["Stripe"], parsed=True)["value"]["results"][0]["at"] == "2025-10-09T08:53:20.000Z"
    assert run_bot(bot_of("okta"), hook, **given)["value"]["results"][0]["at"] == "2026-11-23T06:30:00.000Z"


def test_base64_secrets_and_signatures_work_too(run_bot: RunBot) -> None:
    """The scheme of Standard Webhooks: a decoded key, the id and time in headers, base64 in the signature."""
    entry = {
        "name": "standard",
        "title": "Standard",
        "proof": "a test",
        "sources": ["https://www.standardwebhooks.com/"],
        "signature": {
            "algorithm": "hmac-sha256",
            "header": "webhook-signature",
            "separator": " ",
            "prefix": "v1,",
            "encoding": "base64",
            "signed": "{header:webhook-id}.{timestamp}.{body}",
            "timestamp": {"header": "webhook-timestamp", "tolerance_seconds": 300},
            "secret": "base64",
            "secret_prefix": "whsec_",
        },
        "envelope": {"events": [{"when": {"type": "*"}, "at": "."}], "id": "header:webhook-id", "type": "type"},
    }
    provider = provider_from(entry)
    mapping = SimpleNamespace(name="nothing", version=1, provider="standard", events=("*",), javascript=NOTHING)
    code = build_bot([mapping], provider, BotSettings(secret_names=("KEY",)))  # type: ignore[list-item]
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    text = json.dumps({"type": "thing.done"}, separators=(",", ":"))
    headers = sign(text.encode(), provider, secret, NOW, headers={"webhook-id": "msg_1"})

    answer = run_bot(code, json.loads(text), headers=headers, secrets={"KEY": secret}, now=MILLISECONDS)

    assert told(answer) == ("reserialised", None)
    assert answer["value"]["results"][0]["event"] == "msg_1"
