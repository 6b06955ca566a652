"""What a bot reads and writes for the resources of an event, against what a server says to each of its batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.bot.build import build_bot
from workbench.bot.settings import BotSettings
from workbench.events.providers import find_provider
from workbench.fhir.identity import Identity
from workbench.fhir.writes import stamp_event_time

RunBot = Callable[..., dict[str, Any]]

INVOICES, CUSTOMERS = "https://stripe.com/invoice/id", "https://stripe.com/customer/id"
ACCOUNT = {"resourceType": "Account", "identifier": [{"system": CUSTOMERS, "value": "cus_1"}], "status": "active"}
REFERENCE = Identity(resource_type="Account", system=CUSTOMERS, value="cus_1").reference()
INVOICE = {
    "resourceType": "Invoice",
    "identifier": [{"system": INVOICES, "value": "in_1"}],
    "status": "issued",
    "account": {"reference": REFERENCE},
}
TIME = "2026-01-02T00:00:00.000Z"
EARLIER, LATER = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00.000Z"


def row(resource: dict[str, Any], write: str = "merge", order: str | None = TIME, **more: Any) -> dict[str, Any]:
    """What a mapping's function gives for one resource."""
    identifier = resource["identifier"][0]
    return {
        "rule": "r",
        "write": write,
        "parameter": "identifier",
        **identifier,
        "order": order,
        "resource": resource,
    } | more


MAPPING = "function map_m(event, problems) { if (event.fault) throw event.fault; return event.rows; }"
BOT = build_bot(
    [SimpleNamespace(name="m", version=2, provider="okta", events=("*",), javascript=MAPPING)],  # type: ignore[list-item]
    find_provider("okta"),
    BotSettings(secret_names=("KEY",), secret_header="x-key"),
)


def event(*rows: dict[str, Any], name: str = "e1", **more: Any) -> dict[str, Any]:
    """One event whose mapping gives these rows."""
    return {"uuid": name, "eventType": "t.x", "rows": list(rows), **more}


def deliver(run_bot: RunBot, events: list[dict[str, Any]], answers: list[Any]) -> dict[str, Any]:
    """What the bot does with one delivery of these events; `answers` are the server's, one a batch."""
    hook = {"eventType": "com.okta.event_hook", "data": {"events": events}}
    return run_bot(BOT, hook, headers={"x-key": "k"}, secrets={"KEY": "k"}, answers=answers)


def found(*resources: dict[str, Any]) -> dict[str, Any]:
    """A search's entry in the answer to a reading batch."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}
    return {"response": {"status": "200"}, "resource": bundle}


def stored(resource: dict[str, Any], number: str, at: str | None = TIME, **more: Any) -> dict[str, Any]:
    """A resource as the server has it, its references literal."""
    text = json.dumps(resource | more).replace(json.dumps(REFERENCE), '"Account/a1"')
    kept = json.loads(text) | {"id": number}
    kept = stamp_event_time(kept, at) if at else kept
    return kept | {"meta": {**kept.get("meta", {}), "versionId": f"v-{number}", "lastUpdated": "2026-01-05T00:00:00Z"}}


def there(resource: dict[str, Any]) -> dict[str, Any]:
    """The answer to a conditional create of what the server has: what it has."""
    return {"response": {"status": "200", "location": f"x/{resource['id']}"}, "resource": resource}


def said(status: str, location: str = "", code: str = "", text: str = "") -> dict[str, Any]:
    """An entry in the answer to a writing batch."""
    outcome = (
        {"resourceType": "OperationOutcome", "issue": [{"code": code, "details": {"text": text}}]} if code else None
    )
    return {"response": {"status": status, "location": location, "outcome": outcome}}


def entries(*listed: dict[str, Any]) -> dict[str, Any]:
    """The answer to a batch."""
    return {"resourceType": "Bundle", "entry": list(listed)}


def results(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Outcome and problem of each row, returned or thrown."""
    line = answer["value"] if "value" in answer else json.loads(answer["thrown"])
    return [(each["outcome"], each.get("problem")) for each in line["results"]]


def written(answer: dict[str, Any], batch: int = 1) -> list[tuple[str, str]]:
    """The requests of one of the bot's batches."""
    return [(each["request"]["method"], each["request"]["url"]) for each in answer["calls"][batch]["entry"]]


def test_two_new_resources_take_one_call(run_bot: RunBot) -> None:
    """One batch makes both conditionally, what is referred to first, searches escaped as Python escapes them."""
    answers = [entries(said("201", "Account/a1"), said("201", "Invoice/i1/_history/1"))]
    answer = deliver(run_bot, [event(row(INVOICE), row(ACCOUNT, "create-if-missing", None))], answers)

    assert len(answer["calls"]) == 1
    assert written(answer, 0) == [("POST", "Account"), ("POST", "Invoice")]
    account, invoice = answer["calls"][0]["entry"]
    assert f"Account?{account['request']['ifNoneExist']}" == REFERENCE
    found_by = Identity(resource_type="Invoice", system=INVOICES, value="in_1")
    assert found_by.search() == invoice["request"]["ifNoneExist"]
    assert stamp_event_time(INVOICE, TIME) == invoice["resource"]
    assert answer["value"]["results"][0] == {
        "event": "e1",
        "type": "t.x",
        "mapping": "m@2",
        "outcome": "applied",
        "writes": [{"ref": "Invoice/i1", "action": "create"}, {"ref": "Account/a1", "action": "create"}],
    }


def test_two_existing_resources_take_two_calls(run_bot: RunBot) -> None:
    """The invoice is updated under its quoted version, its reference literal; the account is left alone."""
    existing = stored(INVOICE, "i1", EARLIER, status="draft", note=[{"text": "by hand"}])
    answers = [entries(there(stored(ACCOUNT, "a1", None)), there(existing)), entries(said("200", "Invoice/i1"))]
    answer = deliver(run_bot, [event(row(ACCOUNT, "create-if-missing", None), row(INVOICE))], answers)

    assert len(answer["calls"]) == 2
    (put,) = answer["calls"][1]["entry"]
    assert put["request"] == {"method": "PUT", "url": "Invoice/i1", "ifMatch": 'W/"v-i1"'}
    assert put["resource"]["note"] == [{"text": "by hand"}]
    assert (put["resource"]["status"], put["resource"]["account"]) == ("issued", {"reference": "Account/a1"})
    assert put["resource"]["meta"]["extension"][0]["valueInstant"] == TIME
    assert results(answer) == [("applied", None)]


def test_a_new_resource_beside_an_existing_one(run_bot: RunBot) -> None:
    """What was made is what the other's reference stands for: an invoice that has it already is not written."""
    answers = [entries(said("201", "Account/a1"), there(stored(INVOICE, "i1")))]
    answer = deliver(run_bot, [event(row(ACCOUNT, "create-if-missing", None), row(INVOICE))], answers)

    assert len(answer["calls"]) == 1
    writes = [{"ref": "Account/a1", "action": "create"}, {"ref": "Invoice/i1", "action": "none"}]
    assert answer["value"]["results"][0]["writes"] == writes


def test_what_an_event_only_refers_to_is_searched_in_the_same_batch(run_bot: RunBot) -> None:
    """It tells whether the reference that the server has is the one that we mean."""
    answers = [entries(there(stored(INVOICE, "i1")), found(stored(ACCOUNT, "a1", None)))]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert written(answer, 0) == [("POST", "Invoice"), ("GET", f"{REFERENCE}&_count=2")]
    assert results(answer) == [("duplicate", None)]


def test_beside_an_unknown_reference_nothing_is_compared(run_bot: RunBot) -> None:
    """The account's entry met a conflict: the invoice refers to it already, and only the next round can tell."""
    account, invoice = stored(ACCOUNT, "a1", None), stored(INVOICE, "i1")
    answers = [entries(said("409", code="conflict"), there(invoice)), entries(found(account), found(invoice))]
    answer = deliver(run_bot, [event(row(ACCOUNT, "create-if-missing", None), row(INVOICE))], answers)

    assert len(answer["calls"]) == 2
    assert results(answer) == [("duplicate", None)]


@pytest.mark.parametrize(("at", "outcome"), [(TIME, "duplicate"), (LATER, "stale")])
def test_the_same_event_again_and_an_older_one_write_nothing(run_bot: RunBot, at: str, outcome: str) -> None:
    """One call, in which the server answers that it has them."""
    existing = stored(INVOICE, "i1", at, status="issued" if outcome == "duplicate" else "balanced")
    answers = [entries(there(stored(ACCOUNT, "a1", None)), there(existing))]
    answer = deliver(run_bot, [event(row(ACCOUNT, "create-if-missing", None), row(INVOICE))], answers)

    assert len(answer["calls"]) == 1
    assert [(outcome, None)] == results(answer)


def test_a_newer_event_without_other_changes_moves_the_stamp(run_bot: RunBot) -> None:
    """Otherwise an event between the two, arriving late, would win."""
    existing = stored(INVOICE, "i1", EARLIER)
    answers = [entries(there(existing), found(stored(ACCOUNT, "a1", None))), entries(said("200"))]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert written(answer) == [("PUT", "Invoice/i1")]
    assert results(answer) == [("applied", None)]


def test_merging_keeps_what_others_put_there(run_bot: RunBot) -> None:
    """Identifiers are united by system, tags by value, extensions by url; the rest of ours replaces theirs."""
    theirs = {
        "identifier": [{"system": "urn:erp", "value": "7"}, {"system": INVOICES, "value": "in_1", "use": "old"}],
        "totalNet": {"value": 1, "currency": "EUR"},
        "extension": [{"url": "urn:theirs", "valueCode": "x"}, {"url": "urn:ours", "valueCode": "old"}],
        "meta": {"tag": [{"system": "urn:t", "code": "theirs"}], "security": [{"code": "R"}]},
    }
    ours = INVOICE | {
        "totalNet": {"value": 2},
        "extension": [{"url": "urn:ours", "valueCode": "new"}],
        "meta": {"tag": [{"system": "urn:t", "code": "ours"}]},
    }
    existing = stored(INVOICE | theirs, "i1", EARLIER)
    answers = [entries(there(existing), found(stored(ACCOUNT, "a1", None))), entries(said("200"))]
    put = deliver(run_bot, [event(row(ours))], answers)["calls"][1]["entry"][0]["resource"]

    assert put["identifier"] == [{"system": "urn:erp", "value": "7"}, {"system": INVOICES, "value": "in_1"}]
    assert put["totalNet"] == {"value": 2}
    assert put["extension"] == [{"url": "urn:theirs", "valueCode": "x"}, {"url": "urn:ours", "valueCode": "new"}]
    assert put["meta"]["tag"] == [{"system": "urn:t", "code": "theirs"}, {"system": "urn:t", "code": "ours"}]
    assert put["meta"]["security"] == [{"code": "R"}]


def test_replacing_keeps_the_id_and_meta_only(run_bot: RunBot) -> None:
    """With `replace` what the mapping does not name goes."""
    existing = stored(INVOICE, "i1", EARLIER, note=[{"text": "by hand"}])
    answers = [entries(there(existing), found(stored(ACCOUNT, "a1", None))), entries(said("200"))]
    put = deliver(run_bot, [event(row(INVOICE, "replace"))], answers)["calls"][1]["entry"][0]["resource"]

    assert "note" not in put
    assert (put["id"], put["meta"]["versionId"]) == ("i1", "v-i1")


CONFLICTS = {
    "409": said("409", code="conflict", text="could not serialize access"),
    "412": said("412", code="processing"),
    "400 conflict": said("400", code="conflict"),
    "400 other id": said("400", code="invalid", text="Resource ID did not match resolved ID"),
    "made by another": said("200", "Invoice/i9"),
}


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_conflict_is_read_again_and_settled(run_bot: RunBot, conflict: str) -> None:
    """Somebody made or changed the invoice as we wrote it: the next round finds it and merges."""
    account = found(stored(ACCOUNT, "a1", None))
    answers = [
        entries(CONFLICTS[conflict], account),
        entries(found(stored(INVOICE, "i9", EARLIER, status="draft")), account),
        entries(CONFLICTS[conflict]) if conflict != "made by another" else entries(said("200")),
        entries(found(stored(INVOICE, "i9", EARLIER, status="draft")), account),
        entries(said("200")),
    ]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert written(answer, 0) == [("POST", "Invoice"), ("GET", f"{REFERENCE}&_count=2")]
    assert written(answer, 2) == [("PUT", "Invoice/i9")]
    assert answer["value"]["results"][0]["writes"] == [{"ref": "Invoice/i9", "action": "update"}]


def test_what_vanished_is_made_in_the_next_round(run_bot: RunBot) -> None:
    """The first try lost to somebody who then deleted it: what reading does not find is created conditionally."""
    account = found(stored(ACCOUNT, "a1", None))
    conflict = said("409", code="conflict")
    answers = [entries(conflict, account), entries(found(), account), entries(said("201", "Invoice/i2"))]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert written(answer, 2) == [("POST", "Invoice")]
    assert answer["value"]["results"][0]["writes"] == [{"ref": "Invoice/i2", "action": "create"}]


def test_a_stale_write_that_the_policy_refuses_is_stale(run_bot: RunBot) -> None:
    """A newer event came between reading and writing; the server's constraint says 403, reading again says why."""
    account = found(stored(ACCOUNT, "a1", None))
    answers = [
        entries(there(stored(INVOICE, "i1", EARLIER, status="draft")), account),
        entries(said("403", code="forbidden")),
        entries(found(stored(INVOICE, "i1", LATER, status="balanced")), account),
    ]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert results(answer) == [("stale", None)]


def test_a_policy_that_forbids_the_write_is_a_failure_that_no_retry_mends(run_bot: RunBot) -> None:
    """403 twice is no race: the row fails, and the provider is not asked to send it again."""
    reading, refusal = entries(found(), found()), entries(said("403", code="forbidden"))
    answer = deliver(run_bot, [event(row(INVOICE))], [refusal, reading, refusal])

    assert results(answer) == [("failed", "write-403-forbidden")]
    assert "thrown" not in answer


LASTING = {
    "quota": (said("429", code="throttled"), "write-429-throttled"),
    "server error": (said("500", code="exception"), "write-500-exception"),
    "conflict without end": (said("409", code="conflict"), "conflict"),
    "reference to come": (
        said("400", code="invalid", text="Conditional reference 'Account?x' did not match any resources"),
        "reference-not-found",
    ),
}


@pytest.mark.parametrize("case", LASTING)
def test_what_a_retry_may_mend_is_thrown(run_bot: RunBot, case: str) -> None:
    """The provider is answered 400 with the result line, so it sends the event again."""
    refusal, problem = LASTING[case]
    reading, writing = entries(found(), found()), entries(refusal, found())
    answer = deliver(run_bot, [event(row(INVOICE))], [writing, *[reading, writing] * 10])

    assert [("failed", problem)] == results(answer)
    assert answer["thrown"] == answer["logged"][-1]


def test_a_batch_whose_answer_was_lost_is_read_again(run_bot: RunBot) -> None:
    """The write may have been done; the next round finds the resource as it shall be, and writes nothing."""
    account = found(stored(ACCOUNT, "a1", None))
    answers = [{"throw": {}}, entries(found(stored(INVOICE, "i1")), account)]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert results(answer) == [("duplicate", None)]
    assert len(answer["calls"]) == 2


def test_a_server_that_cannot_be_reached_is_thrown(run_bot: RunBot) -> None:
    """A batch that fails as a whole fails every event, for the provider to send again."""
    answer = deliver(run_bot, [event(row(INVOICE))], [{"throw": {}}])

    assert results(answer) == [("failed", "server-unknown")]
    assert "thrown" in answer


def test_two_resources_of_one_identity_are_not_guessed_among(run_bot: RunBot) -> None:
    """Ambiguity is a failure a person has to mend."""
    several = said("412", code="multiple-matches")
    answers = [entries(several, found()), entries(found(stored(INVOICE, "i1"), stored(INVOICE, "i2")), found())]
    answer = deliver(run_bot, [event(row(INVOICE))], answers)

    assert results(answer) == [("failed", "identity-ambiguous")]
    assert len(answer["calls"]) == 2


def test_each_event_of_a_delivery_is_settled_by_itself(run_bot: RunBot) -> None:
    """A fault in one event, or its refusal, leaves the others applied; all together take one call."""
    account = ACCOUNT | {"identifier": [{"system": CUSTOMERS, "value": "cus_2"}]}
    events = [
        event(row(ACCOUNT, order=None)),
        event(name="e2", fault={"code": "money-amount", "message": "holds a value"}),
        event(row(account, order=None), name="e3"),
        event(name="e4"),
        event(row(account, order=None), name="e5", rows=[row(account, value=" ")]),
    ]
    answers = [entries(said("201", "Account/a1"), said("422", code="invariant"))]
    answer = deliver(run_bot, events, answers)

    assert results(answer) == [
        ("applied", None),
        ("failed", "money-amount"),
        ("failed", "write-422-invariant"),
        ("ignored", None),
        ("failed", "identity-empty"),
    ]
    assert len(answer["calls"]) == 1


def test_two_events_of_one_resource_become_one_write(run_bot: RunBot) -> None:
    """Within a delivery the events are applied in order before anything is written."""
    first, second = INVOICE | {"status": "draft"}, INVOICE
    answers = [entries(said("201", "Invoice/i1"), found(stored(ACCOUNT, "a1", None)))]
    events = [event(row(first, order=EARLIER)), event(row(second, order=TIME), name="e2")]
    answer = deliver(run_bot, events, answers)

    made = answer["calls"][0]["entry"][0]
    assert made["resource"]["status"] == "issued"
    assert results(answer) == [("applied", None), ("applied", None)]


def test_the_log_has_no_payload_and_no_long_line(run_bot: RunBot) -> None:
    """Medplum keeps the last 10,240 characters of a log: many rows are logged in lines of twenty."""
    events = [event(name=f"e{number}") for number in range(45)]
    answer = deliver(run_bot, events, [])

    assert [len(json.loads(line)["results"]) for line in answer["logged"]] == [20, 20, 5]
    assert len(answer["value"]["results"]) == 45
    assert all(len(line) < 5000 for line in answer["logged"])
