"""Every bot of section 3 of the contract, deployed and run, answers and is recorded as it was on the server."""

import json
import re
from dataclasses import dataclass

import httpx
import pytest

FHIR = "fhir/R4/"
MORE = "…"

EXCHANGE = re.compile(
    r"\*\*(3\.\d+\w*) ([^\n]*)\*\*\n\n```js\n(.*?)\n```\n"
    r"```http\n--> (\d+)[^\n]*\ncontent-type: ([^\n]*)\n\n(.*?)\n```\n"
    r"AuditEvent: outcome `(\d)`, outcomeDesc: `(.*?)`\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One bot of the contract with what the server answered and recorded."""

    number: str
    title: str
    code: str
    status: int
    content_type: str
    body: str
    outcome: str
    description: str | None


def exchanges(contract: str) -> list[Exchange]:
    """The bots of section 3, which ran on the server as upstream's own build makes it."""
    section = contract[contract.index("### return values") : contract.index("## 3b. require")]
    return [
        Exchange(
            number=number,
            title=title,
            code=code,
            status=int(status),
            content_type=content_type,
            body=body,
            outcome=outcome,
            description=None if description == "null" else json.loads(description),
        )
        for number, title, code, status, content_type, body, outcome, description in EXCHANGE.findall(section)
    ]


def run(admin: httpx.Client, project: str, exchange: Exchange) -> tuple[httpx.Response, dict[str, object]]:
    """The answer to executing the bot, and the AuditEvent of that run."""
    bot = admin.post(
        f"admin/projects/{project}/bot", json={"name": exchange.title, "runtimeVersion": "vmcontext"}
    ).json()
    path = f"{FHIR}Bot/{bot['id']}"
    if "timeout 1" in exchange.title:
        admin.put(path, json={**admin.get(path).json(), "timeout": 1}).raise_for_status()
    admin.post(f"{path}/$deploy", json={"code": exchange.code, "filename": "index.js"}).raise_for_status()
    text = "text/plain" if "text/plain" in exchange.title else "application/json"
    answer = admin.post(
        f"{path}/$execute", content="hey" if text == "text/plain" else "{}", headers={"content-type": text}
    )
    events = admin.get(f"{FHIR}AuditEvent?entity=Bot/{bot['id']}").json()["entry"]
    return answer, events[0]["resource"]


def lines(description: str | None) -> list[str]:
    """A log without the stack, whose places differ, and without the trace of outcomes, which is random."""
    text = re.sub(r',\n *"extension": \[.*\n    \]', "", description or "", flags=re.DOTALL)
    return [line for line in text.split("\n") if not line.startswith("    at ")]


def body(answer: str) -> str:
    """An answer without what is never the same: the trace, and how many globals there are."""
    try:
        value = json.loads(answer)
    except ValueError:
        return answer
    if isinstance(value, dict):
        value = {name: held for name, held in value.items() if name not in ("extension", "globals")}
    return json.dumps(value, sort_keys=True)


#: The policy of the contract's bots, so that what they may not do is refused here too.
RULES = [{"resourceType": "Invoice"}, {"resourceType": "Account"}]

#: Differs on purpose, or cannot be seen through one exchange.
DIFFERENT = {
    "3.54": "ran under a policy of its own: see test_contract.py",
}


def test_bots_answer_and_are_recorded_as_on_the_server(contract: str, admin: httpx.Client, sandbox: object) -> None:
    """Status, content type, body and AuditEvent of every bot in section 3 are the same."""
    project = admin.get("auth/me").json()["project"]["id"]

    different = []
    found = [exchange for exchange in exchanges(contract) if exchange.number not in DIFFERENT]
    for exchange in found:
        answer, event = run(admin, project, exchange)
        if exchange.body.count(MORE):
            same_body = answer.text.startswith(exchange.body.split(MORE)[0].rstrip())
        else:
            same_body = body(answer.text) == body(exchange.body)
        description = event.get("outcomeDesc")
        assert description is None or isinstance(description, str)
        seen = (answer.status_code, answer.headers["content-type"], event["outcome"], lines(description))
        expected = (exchange.status, exchange.content_type, exchange.outcome, lines(exchange.description))
        if seen != expected or not same_body:
            different.append((exchange.number, expected, exchange.body, seen, answer.text))

    assert len(found) == 34
    assert different == []


@pytest.mark.parametrize("path", ["$execute", "$execute/extra/path?q=1", "%24execute"])
def test_execute_is_found_in_every_form_of_its_path(path: str, admin: httpx.Client) -> None:
    """A suffix and a percent-encoded dollar reach the bot, and /api in front does."""
    project = admin.get("auth/me").json()["project"]["id"]
    bot = admin.post(f"admin/projects/{project}/bot", json={"name": "echo", "runtimeVersion": "vmcontext"}).json()
    code = "exports.handler = async (medplum, event) => event.input;"
    admin.post(f"{FHIR}Bot/{bot['id']}/$deploy", json={"code": code}).raise_for_status()

    answers = [admin.post(f"{root}{FHIR}Bot/{bot['id']}/{path}", json={"x": 1}).json() for root in ("", "api/")]

    assert answers == [{"x": 1}, {"x": 1}]
