"""The tables of the contract, read from it row by row, hold on the sandbox."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

FHIR = "fhir/R4/"
MORE = "…"  # the contract cuts long texts so


def section(contract: str, start: str, end: str) -> str:
    """The part of the contract between two headings."""
    return contract[contract.index(start) : contract.index(end)]


def issues(answer: httpx.Response) -> str:
    """The issues of an outcome as the contract writes them."""
    return "; ".join(
        f"{issue['code']} — {issue['details']['text']} — {issue.get('expression')}" for issue in answer.json()["issue"]
    )


def stored(answer: httpx.Response) -> str:
    """A created resource as the contract writes it: without id and meta."""
    resource = {name: value for name, value in answer.json().items() if name not in ("id", "meta")}
    return f"stored: `{json.dumps(resource)}`"


def test_validation_answers_as_the_server_did(contract: str, admin: httpx.Client) -> None:
    """Every row of section 6 gives the same status, issues and stored content."""
    rows = re.findall(
        r"^\| `(\{.*?\})` \| (\d+) \| (.*) \|$", section(contract, "## 6. Validation", "## 7. Anonymous"), re.M
    )

    different = []
    for body, status, said in rows:
        target = re.search(r"expected (\w+), but found", said)
        resource = json.loads(body)
        answer = admin.post(FHIR + (target[1] if target else resource["resourceType"]), content=body, headers=JSON)
        found = stored(answer) if answer.status_code == httpx.codes.CREATED else issues(answer)
        whole = said.split(MORE)[0].rstrip().removesuffix("; struct")
        if answer.status_code != int(status) or not found.startswith(whole):
            different.append((body, status, said, answer.status_code, found))

    assert len(rows) == 75
    assert different == []


JSON = {"content-type": "application/fhir+json"}


def audit_rows(contract: str) -> Iterator[tuple[str, int, str]]:
    """Query, status and what was found, of the table of AuditEvent searches."""
    table = section(contract, "### Search parameters", "**5.9 _fields keeps")
    for query, status, found in re.findall(r"^\| `(.*?)` \| (\d+) \| (.*) \|$", table, re.M):
        yield query, int(status), found


def test_audit_searches_are_accepted_and_refused_as_on_the_server(contract: str, admin: httpx.Client) -> None:
    """Every query of section 5's table gives the same status, the same error text, and a total where it gave one."""
    event = {"type": {"code": "execute"}, "recorded": "2026-01-01T00:00:00Z", "agent": [{"requestor": True}]}
    some = {"resourceType": "AuditEvent", **event, "source": {"observer": {"display": "some"}}}
    admin.post(f"{FHIR}AuditEvent", json=some).raise_for_status()  # without a row no include is looked at

    different = []
    for query, status, found in audit_rows(contract):
        filled = query.replace("<bot>", "00000000-0000-4000-8000-000000000000")
        answer = admin.get(f"{FHIR}AuditEvent?{filled}")
        body = answer.json()
        if status == httpx.codes.OK:
            same = ("total" in body) == ("total None" not in found)
        else:
            same = "issue" in body and f"`{body['issue'][0]['details']['text']}`" == found
        if answer.status_code != status or not same:
            different.append((query, status, found, answer.status_code, answer.text[:200]))

    assert different == []


POLICIES = {
    "(no interaction = all)": None,
    "c,r,s,u + Patient search only": ("create,read,search,update", "search"),
    "c,r,s,u + Patient read only": ("create,read,search,update", "read"),
}


def policy(column: str) -> dict[str, object]:
    """The AccessPolicy of one column of the matrix of interactions."""
    interactions = POLICIES.get(column, (column, None))
    if interactions is None:
        return {"resourceType": "AccessPolicy", "resource": [{"resourceType": "Invoice"}]}
    own, patient = interactions
    rules: list[dict[str, object]] = [{"resourceType": "Invoice", "interaction": own.split(",")}]
    if patient:
        rules.append({"resourceType": "Patient", "interaction": [patient]})
    return {"resourceType": "AccessPolicy", "resource": rules}


def invoice(value: str, **fields: object) -> dict[str, object]:
    """An Invoice with an identifier."""
    return {
        "resourceType": "Invoice",
        "status": "issued",
        "identifier": [{"system": "urn:m", "value": value}],
        **fields,
    }


class Matrix:
    """The calls of the matrix's rows, each on rows of its own."""

    def __init__(self, admin: httpx.Client, limited: httpx.Client, tag: str) -> None:
        self.admin, self.limited, self.tag, self.count = admin, limited, tag, 0

    def existing(self) -> str:
        """The identifier value of a new Invoice that the admin made."""
        value = self.new()
        self.admin.post(f"{FHIR}Invoice", json=invoice(value)).raise_for_status()
        return value

    def existing_id(self) -> str:
        """The id of a new Invoice that the admin made."""
        created = self.admin.post(f"{FHIR}Invoice", json=invoice(self.new())).raise_for_status()
        identity: str = created.json()["id"]
        return identity

    def new(self) -> str:
        """An identifier value that no Invoice has."""
        self.count += 1
        return f"{self.tag}-{self.count}"

    def bundle(self, kind: str, *entries: tuple[str, str, dict[str, object], dict[str, str]]) -> str:
        """The statuses of a bundle, written as the contract does."""
        entry = [
            {"request": {"method": method, "url": url, **extra}, "resource": resource}
            for method, url, resource, extra in entries
        ]
        answer = self.limited.post(FHIR, json={"resourceType": "Bundle", "type": kind, "entry": entry})
        if "entry" not in answer.json():
            return f"{answer.status_code} {answer.json()['issue'][0]['details']['text']}"
        statuses = ",".join(part["response"]["status"] for part in answer.json()["entry"])
        return f"{answer.status_code}[{statuses}]"

    def upserts(self, kind: str) -> str:
        """Create; PUT ?identifier= without and with a match."""
        fresh, held = self.new(), self.existing()
        plain = self.new()
        return self.bundle(
            kind,
            ("POST", "Invoice", invoice(plain), {}),
            ("PUT", f"Invoice?identifier=urn:m|{fresh}", invoice(fresh), {}),
            ("PUT", f"Invoice?identifier=urn:m|{held}", invoice(held, status="balanced"), {}),
        )

    def row(self, name: str) -> str:
        """What the sandbox answers to the call of a row."""
        limited = self.limited
        match name:
            case "create":
                return str(limited.post(f"{FHIR}Invoice", json=invoice(self.new())).status_code)
            case "read":
                return str(limited.get(f"{FHIR}Invoice/{self.existing_id()}").status_code)
            case "search":
                return str(limited.get(f"{FHIR}Invoice?_count=1").status_code)
            case "update PUT /id":
                identity = self.existing_id()
                body = invoice(self.new(), id=identity)
                return str(limited.put(f"{FHIR}Invoice/{identity}", json=body).status_code)
            case "PATCH /id":
                patch = [{"op": "replace", "path": "/status", "value": "balanced"}]
                headers = {"content-type": "application/json-patch+json"}
                path = f"{FHIR}Invoice/{self.existing_id()}"
                return str(limited.patch(path, content=json.dumps(patch), headers=headers).status_code)
            case "cond. create, no match" | "cond. create, match":
                value = self.existing() if name.endswith(" match") and "no" not in name else self.new()
                headers = {"if-none-exist": f"identifier=urn:m|{value}"}
                return str(limited.post(f"{FHIR}Invoice", json=invoice(value), headers=headers).status_code)
            case "cond. PUT, no match" | "cond. PUT, match":
                value = self.new() if "no match" in name else self.existing()
                path = f"{FHIR}Invoice?identifier=urn:m|{value}"
                return str(limited.put(path, json=invoice(value, status="balanced")).status_code)
            case "batch: create; PUT ?id no match; PUT ?id match":
                return self.upserts("batch")
            case "transaction: same":
                return self.upserts("transaction")
            case "batch: POST ifNoneExist no match; match":
                fresh, held = self.new(), self.existing()
                return self.bundle(
                    "batch",
                    ("POST", "Invoice", invoice(fresh), {"ifNoneExist": f"identifier=urn:m|{fresh}"}),
                    ("POST", "Invoice", invoice(held), {"ifNoneExist": f"identifier=urn:m|{held}"}),
                )
            case "create w/ subject Patient?identifier=urn:p|P1":
                body = invoice(self.new(), subject={"reference": "Patient?identifier=urn:p|P1"})
                return str(limited.post(f"{FHIR}Invoice", json=body).status_code)
            case "batch create w/ cond. reference":
                body = invoice(self.new(), subject={"reference": "Patient?identifier=urn:p|P1"})
                return self.bundle("batch", ("POST", "Invoice", body, {}))
            case "history":
                return str(limited.get(f"{FHIR}Invoice/{self.existing_id()}/_history").status_code)
            case "$expunge":
                return str(limited.post(f"{FHIR}Invoice/{self.existing_id()}/$expunge").status_code)
            case "delete":
                return str(limited.delete(f"{FHIR}Invoice/{self.existing_id()}").status_code)
        raise AssertionError(name)


def test_interactions_are_demanded_as_on_the_server(contract: str, fresh: httpx.Client) -> None:
    """Every cell of section 4's matrix of interactions and calls is the same."""
    table = section(contract, "### Which `interaction`s each call needs", "### Response shapes of conditional calls")
    # `|` inside a cell is part of a search value
    lines = [
        line.strip("| ").replace("urn:p|P1", "urn:p¦P1").split(" | ") for line in table.splitlines() if line[:1] == "|"
    ]
    header, *rows = [line for line in lines if not line[0].startswith("---")]
    project = json.loads(fresh.get("auth/me").text)["project"]["id"]
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:p", "value": "P1"}]}
    fresh.post(f"{FHIR}Patient", json=patient).raise_for_status()

    different = []
    for number, column in enumerate(header[1:], start=1):
        reference = f"AccessPolicy/{fresh.post(f'{FHIR}AccessPolicy', json=policy(column)).json()['id']}"
        member = {"name": "limited", "accessPolicy": {"reference": reference}}
        client = fresh.post(f"admin/projects/{project}/client", json=member).json()
        with httpx.Client(base_url=fresh.base_url, auth=(client["id"], client["secret"]), trust_env=False) as limited:
            matrix = Matrix(fresh, limited, str(number))
            for row in rows:
                name = row[0].replace("¦", "|")
                found = matrix.row(name)
                if found != row[number]:
                    different.append((column, name, row[number], found))

    assert (len(header), len(rows)) == (15, 17)
    assert different == []


def only_invoice(client: httpx.Client) -> str:
    """Leaves exactly one Invoice, identified urn:x|only, and gives its id."""
    for entry in client.get(f"{FHIR}Invoice?_count=1000").json().get("entry", []):
        client.delete(f"{FHIR}Invoice/{entry['resource']['id']}").raise_for_status()
    body = {"resourceType": "Invoice", "status": "issued", "identifier": [{"system": "urn:x", "value": "only"}]}
    identity: str = client.post(f"{FHIR}Invoice", json=body).raise_for_status().json()["id"]
    return identity


def test_degenerate_criteria_destroy_what_they_destroyed(contract: str, fresh: httpx.Client) -> None:
    """Every row of the table of degenerate criteria hits, or misses, the only Invoice as on the server."""
    table = section(contract, "### Degenerate criteria", "## 5. AuditEvent")
    different, rows = [], 0
    for call, status, happened in re.findall(r"^\| (.*?) \| (\d+) \| (.*) \|$", table, re.M):
        rows += 1
        only = only_invoice(fresh)
        body = {"resourceType": "Invoice", "status": "issued", "note": [{"text": "another"}]}
        if call.startswith("batch"):
            url = call.split("`")[1]
            entry = [{"request": {"method": "PUT", "url": url}, "resource": body}]
            answer = fresh.post(FHIR, json={"resourceType": "Bundle", "type": "batch", "entry": entry}).json()["entry"][
                0
            ]
            found, resource = answer["response"]["status"], answer.get("resource", {})
        else:
            method, _, rest = call.strip("`").partition(" ")
            path, _, header = rest.partition(", If-None-Exist: ")
            headers = {"if-none-exist": header} if ", If-None-Exist:" in rest else {}
            reply = fresh.request(method, FHIR + path.removesuffix(", If-None-Exist:"), json=body, headers=headers)
            found, resource = str(reply.status_code), reply.json()
        hit = resource.get("id") == only
        if found != status or hit != ("a new Invoice" not in happened and "created" not in happened):
            different.append((call, status, happened, found, hit))

    assert rows == 17
    assert different == []


@pytest.mark.parametrize("how", ["query", "If-None-Exist"])
def test_awkward_identifiers_are_found_again(how: str, contract: str, admin: httpx.Client) -> None:
    """Each way of sending an identifier finds, or does not find, the resource made the same way before."""
    table = section(contract, "### Awkward identifier values", "token search is case sensitive")
    found, expected = [], []
    for value, sent, first, second in re.findall(r"^\| `(.*)` \| .*?: `(.*?)` \| (\d+) \| (\d+) \|$", table, re.M):
        fresh_value, fresh_sent = f"{how}{value}", sent.replace("%7C", f"%7C{how}", 1).replace("urn:x|", f"urn:x|{how}")
        body = {
            "resourceType": "Invoice",
            "status": "issued",
            "identifier": [{"system": "urn:x", "value": fresh_value}],
        }
        query = f"identifier={fresh_sent}"
        for _ in range(2):
            if how == "query":
                answer = admin.put(f"{FHIR}Invoice?{query}", json=body)
            else:
                answer = admin.post(f"{FHIR}Invoice", json=body, headers={"if-none-exist": query})
            found.append((value, answer.status_code))
        expected += [(value, int(first)), (value, int(second))]

    assert len(expected) == 38
    assert expected == found
