"""Contract §0.19-0.24 and §0.26-0.30: writing, searching, limits, discovery."""

import json
from concurrent.futures import ThreadPoolExecutor

from parity_points import FHIR, JSON_PATCH, Ground, point, statuses, text


@point("0.19")
def commas_must_be_escaped(ground: Ground) -> None:
    """`identifier=sys|a,b` means a or b and hits another resource; `\\,` means the comma."""
    one = ground.name()
    held = ground.create(ground.invoice(f"{one}-b"))
    plain = ground.admin.put(f"{FHIR}Invoice?identifier=urn:x|{one}-a,{one}-b", json=ground.invoice(f"{one}-a"))
    escaped = ground.admin.put(f"{FHIR}Invoice?identifier=urn:x|{one}-c%5C,{one}-d", json=ground.invoice(f"{one}-c"))

    assert (plain.status_code, plain.json()["id"], escaped.status_code) == (200, held["id"], 201)


@point("0.19")
def delete_without_criteria_deletes_the_only_one(ground: Ground) -> None:
    """DELETE /Account deletes the only Account; where there are two it is 412. The log says DANGER."""
    with ground.another() as own:
        account = {"resourceType": "Account", "status": "active"}
        first, second = own.create(account), own.create(account)
        two = own.admin.delete(f"{FHIR}Account").status_code
        own.admin.delete(f"{FHIR}Account/{second['id']}")
        one = own.admin.delete(f"{FHIR}Account").status_code

        assert (two, one, own.admin.get(f"{FHIR}Account/{first['id']}").status_code) == (412, 200, 410)
        assert "DANGER DELETE /fhir/R4/Account" in (own.sandbox.data / "sandbox.log").read_text()


@point("0.20")
def conflicts_have_code_40001(ground: Ground) -> None:
    """A conflict is 409 with coding 40001, a whole transaction's too; a batch is 200 with entries of 409."""
    with ground.another(conflict_rate=1.0) as own:
        url = "Invoice?identifier=urn:x|1"
        single = own.admin.put(FHIR + url, json=own.invoice("1"))
        batch = own.bundle("batch", ("PUT", url, own.invoice("1")))
        transaction = own.bundle("transaction", ("PUT", url, own.invoice("1")))
        plain = own.admin.post(f"{FHIR}Invoice", json=own.invoice())

        assert single.json()["issue"][0] == {
            "severity": "error",
            "code": "conflict",
            "details": {
                "coding": [{"code": "40001"}],
                "text": "could not serialize access due to read/write dependencies among transactions",
            },
        }
        assert (single.status_code, batch.status_code, statuses(batch)) == (409, 200, ["409"])
        assert (transaction.status_code, plain.status_code) == (409, 201)


@point("0.20")
def one_identifier_in_parallel_makes_one_row(ground: Ground) -> None:
    """Sixteen simultaneous conditional PUTs of one new identifier leave one resource."""
    name = ground.name()
    put = lambda _: ground.admin.put(f"{FHIR}Invoice?identifier=urn:x|{name}", json=ground.invoice(name))  # noqa: E731
    with ThreadPoolExecutor(16) as pool:
        found = [answer.status_code for answer in pool.map(put, range(16))]

    assert found.count(201) == 1
    assert ground.admin.get(f"{FHIR}Invoice?identifier=urn:x|{name}&_summary=count").json()["total"] == 1


@point(
    "0.20",
    differs="there is one writer, so nothing conflicts by itself; --conflict-rate provokes it, by --seed the same way",
)
def parallel_writes_conflict_by_themselves(ground: Ground) -> None:
    """Parallel conditional writes of distinct identifiers fail now and then with 409."""
    put = lambda n: ground.admin.put(f"{FHIR}Invoice?identifier=urn:x|p{n}", json=ground.invoice(f"p{n}"))  # noqa: E731
    with ThreadPoolExecutor(16) as pool:
        found = {answer.status_code for answer in pool.map(put, range(200))}

    assert 409 in found


@point("0.21")
def transactions_need_their_feature(ground: Ground) -> None:
    """Without transaction-bundles a transaction runs as a batch: 200, and its good half stays. The log says DANGER."""
    with ground.another(features=("bots",)) as own:
        answer = own.bundle(
            "transaction", ("POST", "Invoice", own.invoice("t")), ("POST", "Invoice", {"resourceType": "Invoice"})
        )
        kept = own.admin.get(f"{FHIR}Invoice?_summary=count").json()["total"]

        assert (answer.status_code, answer.json()["type"], statuses(answer), kept) == (
            200,
            "transaction-response",
            ["201", "400"],
            1,
        )
        assert "runs as a batch" in (own.sandbox.data / "sandbox.log").read_text()


@point("0.21")
def transactions_roll_back(ground: Ground) -> None:
    """A bad entry refuses the whole transaction and nothing of it is stored."""
    name = ground.name()
    bad = {**ground.invoice(), "nope": 1}

    answer = ground.bundle("transaction", ("POST", "Invoice", ground.invoice(name)), ("POST", "Invoice", bad))

    assert (answer.status_code, text(answer)) == (400, 'Invalid additional property "nope"')
    assert ground.admin.get(f"{FHIR}Invoice?identifier=urn:x|{name}&_summary=count").json()["total"] == 0


@point("0.21")
def transactions_have_limits(ground: Ground) -> None:
    """8 entries when one is conditional, 50 updates otherwise; 200 creates are fine."""
    conditional = [("PUT", f"Invoice?identifier=urn:t|{n}", ground.invoice(f"t{n}")) for n in range(9)]
    rows = [ground.create(ground.invoice()) for _ in range(51)]
    updates = [("PUT", f"Invoice/{row['id']}", {**row, "status": "balanced"}) for row in rows]
    creates = [("POST", "Invoice", ground.invoice()) for _ in range(200)]

    found = [
        ground.bundle("transaction", *entries)
        for entries in (conditional[:8], conditional, updates[:50], updates, creates)
    ]

    assert [answer.status_code for answer in found] == [200, 400, 200, 400, 200]
    assert text(found[1]) == "Transaction requires strict isolation but has too many entries"
    assert text(found[3]) == "Transaction contains more update operations than allowed"


@point("0.21")
def large_batches_are_refused(ground: Ground) -> None:
    """A batch beyond 1 MB is `File too large`, and accepted with Prefer: respond-async."""
    entry = ("POST", "Invoice", ground.invoice(note=[{"text": "a" * 1_100_000}]))
    plain, later = ground.bundle("batch", entry), ground.bundle("batch", entry, prefer="respond-async")

    assert (plain.status_code, text(plain), later.status_code) == (400, "File too large", 202)


@point("0.22")
def minimal_batches_lose_their_statuses(ground: Ground) -> None:
    """Prefer: return=minimal gives an empty body, also for a batch."""
    answer = ground.bundle("batch", ("POST", "Invoice", ground.invoice()), prefer="return=minimal")

    assert (answer.status_code, answer.text) == (200, "")


@point("0.23")
def unchanged_puts_keep_the_version(ground: Ground) -> None:
    """An unchanged PUT, plain or conditional, is 200 with the same versionId."""
    name = ground.name()
    held = ground.create(ground.invoice(name))
    plain = ground.admin.put(f"{FHIR}Invoice/{held['id']}", json={**ground.invoice(name), "id": held["id"]})
    conditional = ground.admin.put(f"{FHIR}Invoice?identifier=urn:x|{name}", json=ground.invoice(name))

    assert [answer.json()["meta"]["versionId"] for answer in (plain, conditional)] == [held["meta"]["versionId"]] * 2


@point("0.23")
def if_match_is_read_on_put_in_quotes(ground: Ground) -> None:
    """If-Match counts on PUT, in quotes; without them, or on PATCH, the write goes through. The log says DANGER."""
    held = ground.create(ground.invoice())
    path = f"{FHIR}Invoice/{held['id']}"
    first = held["meta"]["versionId"]
    current = ground.admin.put(path, json={**held, "status": "draft"}, headers={"if-match": f'W/"{first}"'})
    stale = ground.admin.put(path, json={**held, "status": "issued"}, headers={"if-match": f'W/"{first}"'})
    unquoted = ground.admin.put(path, json={**held, "status": "balanced"}, headers={"if-match": first})
    patch = json.dumps([{"op": "replace", "path": "/status", "value": "cancelled"}])
    patched = ground.admin.patch(path, content=patch, headers={**JSON_PATCH, "if-match": f'W/"{first}"'})

    assert [a.status_code for a in (current, stale, unquoted, patched)] == [200, 412, 200, 200]
    log = (ground.sandbox.data / "sandbox.log").read_text()
    assert f"DANGER PUT /{path}: If-Match without double quotes" in log
    assert f"DANGER PATCH /{path}: If-Match is read on PUT only" in log


@point("0.23")
def update_is_no_create_but_revives(ground: Ground) -> None:
    """PUT of an unknown id is 404; of a deleted id it brings the resource back; reading a deleted one is 410."""
    unknown = "00000000-0000-4000-8000-000000000001"
    missing = ground.admin.put(f"{FHIR}Invoice/{unknown}", json={**ground.invoice(), "id": unknown})
    held = ground.create(ground.invoice())
    path = f"{FHIR}Invoice/{held['id']}"
    found = [
        ground.admin.delete(path),
        ground.admin.get(path),
        ground.admin.delete(path),
        ground.admin.put(path, json=held),
    ]

    assert (missing.status_code, [a.status_code for a in found]) == (404, [200, 410, 200, 200])


@point("0.24")
def codes_and_references_are_not_checked(ground: Ground) -> None:
    """Unknown codes and dangling references are stored, decimals go through doubles."""
    body = '{"resourceType":"Invoice","status":"paid","totalNet":{"value":12.50,"currency":"EURO"}}'
    answer = ground.admin.post(f"{FHIR}Invoice", content=body, headers={"content-type": "application/fhir+json"})

    assert (answer.status_code, '"value":12.5,' in answer.text) == (201, True)


@point("0.24")
def terminology_is_a_feature(ground: Ground) -> None:
    """With validate-terminology a code outside its value set is refused by name."""
    with ground.another(features=("validate-terminology",)) as own:
        answer = own.admin.post(f"{FHIR}Invoice", json={"resourceType": "Invoice", "status": "paid"})

        assert answer.json()["issue"] == [
            {
                "severity": "error",
                "code": "value",
                "details": {
                    "text": 'Value "paid" did not satisfy terminology binding http://hl7.org/fhir/ValueSet/invoice-status|4.0.1'
                },
                "expression": ["Invoice.status"],
            }
        ]


@point("0.24")
def currencies_are_in_the_terminology(ground: Ground) -> None:
    """With validate-terminology the currency EURO is refused."""
    with ground.another(features=("validate-terminology",)) as own:
        body = own.invoice(totalNet={"value": 1, "currency": "EURO"})

        assert own.admin.post(f"{FHIR}Invoice", json=body).status_code == 400


@point("0.24")
def references_are_checked_on_request(ground: Ground) -> None:
    """With checkReferencesOnWrite a dangling reference is refused."""
    with ground.another() as own:
        boss = own.super_admin()
        path = f"{FHIR}Project/{own.project}"
        boss.put(path, json={**boss.get(path).json(), "checkReferencesOnWrite": True}).raise_for_status()
        subject = {"reference": "Patient/00000000-0000-4000-8000-000000000000"}
        answer = own.admin.post(f"{FHIR}Invoice", json=own.invoice(subject=subject))

        assert (answer.status_code, text(answer)) == (400, "Invalid reference (Not found)")


@point("0.26")
def audit_events_can_be_rewritten_and_deleted(ground: Ground) -> None:
    """A project admin may create, rewrite and delete AuditEvents."""
    event = {
        "resourceType": "AuditEvent",
        "type": {"code": "execute"},
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"requestor": True}],
        "source": {"observer": {"display": "x"}},
        "outcome": "8",
    }
    held = ground.create(event)
    path = f"{FHIR}AuditEvent/{held['id']}"

    assert ground.admin.put(path, json={**held, "outcomeDesc": "forged"}).json()["outcomeDesc"] == "forged"
    assert ground.admin.delete(path).status_code == 200


@point("0.27")
def cursors_come_with_exactly_their_sort(ground: Ground) -> None:
    """Next links carry _cursor only with `_sort=_lastUpdated` and _count >= 20; else _offset, 400 beyond 10000."""
    with ground.another() as own:
        for _ in range(45):
            own.create(own.invoice())
        queries = (
            "_count=20&_sort=_lastUpdated",
            "_count=19&_sort=_lastUpdated",
            "_count=20&_sort=-_lastUpdated",
            "_count=20",
        )
        links = {query: follow(own, query) for query in queries}

        assert ["_cursor" in link for link in links.values()] == [True, False, False, False]
        assert collect(own, queries[0]) == 45
        assert (
            text(own.admin.get(f"{FHIR}Invoice?_offset=10001"))
            == "Search offset exceeds maximum (got 10001, max 10000)"
        )
        both = own.admin.get(f"{FHIR}Invoice?_cursor=2-0&_offset=5&_sort=_lastUpdated")
        assert text(both) == "Cannot use both offset and cursor"


def follow(ground: Ground, query: str) -> str:
    """The next link of a search of Invoices."""
    links = ground.admin.get(f"{FHIR}Invoice?{query}").json()["link"]
    found: str = next(link["url"] for link in links if link["relation"] == "next")
    return found


def collect(ground: Ground, query: str) -> int:
    """How many different Invoices the pages of a search hold."""
    seen: set[str] = set()
    url = f"{ground.sandbox.base_url}{FHIR}Invoice?{query}"
    while url:
        page = ground.admin.get(url).json()
        seen |= {entry["resource"]["id"] for entry in page["entry"]}
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    return len(seen)


@point("0.27")
def fields_keep_what_is_mandatory(ground: Ground) -> None:
    """_fields keeps mandatory elements and adds the tag SUBSETTED; _total comes only on request."""
    name = ground.name()
    ground.create(ground.invoice(name, note=[{"text": "x"}]))

    page = ground.admin.get(f"{FHIR}Invoice?identifier=urn:x|{name}&_fields=identifier").json()

    assert sorted(page["entry"][0]["resource"]) == ["id", "identifier", "meta", "resourceType", "status"]
    assert page["entry"][0]["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "total" not in page


@point(
    "0.28",
    differs="rows are stamped and visible in one step, so a poller loses none here; on the real server it does",
)
def pollers_lose_rows(ground: Ground) -> None:
    """A poller that follows `_lastUpdated=gt<max seen>` misses rows of transactions that commit later."""
    with ground.another() as own, ThreadPoolExecutor(4) as pool:
        writes = [
            pool.submit(own.bundle, "transaction", *[("POST", "Invoice", own.invoice()) for _ in range(50)])
            for _ in range(6)
        ]
        seen: set[str] = set()
        mark, last = "2000-01-01T00:00:00.000Z", False
        while not last:
            last = all(write.done() for write in writes)
            page = own.admin.get(f"{FHIR}Invoice?_lastUpdated=gt{mark}&_count=1000&_sort=_lastUpdated").json()
            rows = [entry["resource"] for entry in page.get("entry", [])]
            seen |= {row["id"] for row in rows}
            mark = rows[-1]["meta"]["lastUpdated"] if rows else mark

        assert len(seen) < 300


@point("0.29")
def rate_limits_are_told_in_two_lines(ground: Ground) -> None:
    """FHIR answers carry two RateLimit values, other answers one; never Retry-After."""
    fhir, other = ground.admin.get(f"{FHIR}Invoice?_count=1"), ground.admin.get("auth/me")

    assert [value.split(";")[0] for value in fhir.headers.get_list("ratelimit", split_commas=True)] == [
        '"requests"',
        '"fhirInteractions"',
    ]
    assert other.headers["ratelimit"].startswith('"requests";r=')
    assert "retry-after" not in fhir.headers


@point("0.29")
def calls_cost_their_points(ground: Ground) -> None:
    """Write 100, search 20, history 10, read 1, conditional update 120, $execute 1."""
    with ground.another() as own:
        held = own.create(own.invoice("q"))
        bot = own.handler("return 1;")
        calls = {
            "read": (lambda: own.admin.get(f"{FHIR}Invoice/{held['id']}"), 1),
            "search": (lambda: own.admin.get(f"{FHIR}Invoice?_count=1"), 20),
            "history": (lambda: own.admin.get(f"{FHIR}Invoice/{held['id']}/_history"), 10),
            "create": (lambda: own.admin.post(f"{FHIR}Invoice", json=own.invoice()), 100),
            "refused create": (lambda: own.admin.post(f"{FHIR}Invoice", json={"resourceType": "Invoice"}), 100),
            "cond. update": (
                lambda: own.admin.put(f"{FHIR}Invoice?identifier=urn:x|q", json=own.invoice("q", status="draft")),
                120,
            ),
            "execute": (lambda: own.execute(bot), 1),
        }
        spent = {}
        for name, (call, _) in calls.items():
            before = left(own)
            call()
            spent[name] = before - left(own) - 1  # the read that measures costs one itself

        assert spent == {name: points for name, (_, points) in calls.items()}


def left(ground: Ground) -> int:
    """The points that are left after a read that tells them."""
    header = ground.admin.get(f"{FHIR}Project/{ground.project}").headers["ratelimit"]
    return int(header.split('"fhirInteractions";r=')[1].split(";")[0])


@point("0.29")
def quota_refuses_with_429(ground: Ground) -> None:
    """Over quota FHIR calls are 429 with the wait in diagnostics; a batch is 200 with 429 entries; /auth/me is free."""
    with ground.another(quota=350) as own:
        found = [own.admin.post(f"{FHIR}Invoice", json=own.invoice()) for _ in range(5)]
        batch = own.bundle("batch", ("POST", "Invoice", own.invoice()))
        diagnostics = json.loads(found[4].json()["issue"][0]["diagnostics"])

        assert [answer.status_code for answer in found] == [201, 201, 201, 429, 429]
        assert (diagnostics["_consumedPoints"], diagnostics["limit"], diagnostics["_remainingPoints"]) == (500, 350, 0)
        assert found[4].headers["content-type"] == "application/fhir+json; charset=utf-8"
        assert (batch.status_code, statuses(batch)) == (200, ["429"])
        assert own.admin.get("auth/me").status_code == 200


@point("0.29")
def sign_in_is_limited(ground: Ground) -> None:
    """With quotas on, the 161st call a minute to /auth and /oauth2 is a 429 of type application/json; FHIR goes on."""
    with ground.another(quota=50000) as own:
        client = own.anonymous()
        found = [client.post("oauth2/token", data={"grant_type": "x"}) for _ in range(161)]

        assert ([answer.status_code for answer in found].count(429), found[160].headers["content-type"]) == (
            1,
            "application/json; charset=utf-8",
        )
        assert own.admin.get(f"{FHIR}Invoice?_count=1").status_code == 200


@point("0.30")
def discovery_is_public(ground: Ground) -> None:
    """healthcheck, metadata and smart-configuration need no credentials; unknown paths are express's HTML 404."""
    client = ground.anonymous()
    paths = ("healthcheck", f"{FHIR}metadata", ".well-known/smart-configuration", f"{FHIR}$versions", "nope")

    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 200, 404]
    assert "<pre>Cannot GET /nope</pre>" in client.get("nope").text


@point("8")
def heads_are_answered_as_gets(ground: Ground) -> None:
    """HEAD gives a read's status and headers; If-None-Match with the current version gives 304."""
    held = ground.create(ground.invoice())
    path, tag = f"{FHIR}Invoice/{held['id']}", f'W/"{held["meta"]["versionId"]}"'
    head = ground.admin.head(path)
    unchanged = ground.admin.get(path, headers={"if-none-match": tag})

    assert (head.status_code, head.headers["etag"], head.text) == (200, tag, "")
    assert (unchanged.status_code, unchanged.text) == (304, "")


@point("0.30")
def capability_statement_lists_146_types(ground: Ground) -> None:
    """146 types, none of Medplum's own; it always claims `transaction`."""
    rest = ground.anonymous().get(f"{FHIR}metadata").json()["rest"][0]
    types = {resource["type"] for resource in rest["resource"]}

    assert (len(types), types & {"Bot", "AccessPolicy", "ProjectMembership"}) == (146, set())
    assert {"code": "transaction"} in rest["interaction"]
