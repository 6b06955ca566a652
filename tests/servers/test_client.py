"""The client of a Medplum server, against answers a real one gave."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import httpx
import pytest

from workbench.errors import IntegrationError, ServerError
from workbench.fhir.identity import Identity
from workbench.servers.client import Server

BASE = "http://127.0.0.1:8103/"
CLIENT = "258ad670-04e8-4c79-8644-92bab8fb73ff"
SECRET = "0e8886e1b57c14cd8e4068cf277b9c87"

Handler = Callable[[httpx.Request], httpx.Response]


def open_server(handler: Handler, slept: list[float] | None = None, **options: object) -> Server:
    """A client whose server is this handler."""
    naps = [] if slept is None else slept
    return Server(BASE, CLIENT, SECRET, transport=httpx.MockTransport(handler), sleep=naps.append, **options)  # type: ignore[arg-type]


def outcome(code: str, text: str, **more: str) -> dict[str, object]:
    """An OperationOutcome with one error."""
    issue = {"severity": "error", "code": code, "details": {"text": text}, **more}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def basic(answers: list[httpx.Response | Exception], seen: list[httpx.Request]) -> Handler:
    """A handler that gives these answers in turn."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = answers[len(seen) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle


def test_basic_credentials_are_sent_without_a_challenge() -> None:
    """The very first request carries Basic credentials, since Medplum never asks for them."""
    seen: list[httpx.Request] = []
    with open_server(basic([httpx.Response(200, json={"resourceType": "Patient"})], seen), auth="basic") as server:
        server.read("Patient", "p1")

    expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    assert expected == seen[0].headers["authorization"]


def test_a_server_that_has_no_token_yet_is_asked_again() -> None:
    """A token request that meets a restart or a quota is repeated; asking again is safe."""
    answers = iter([httpx.Response(503), httpx.Response(429), httpx.Response(200, json={"access_token": "one"})])
    slept: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        return next(answers) if request.url.path == "/oauth2/token" else httpx.Response(200, json={"id": "p1"})

    with open_server(handle, slept) as server:
        assert server.read("Patient", "p1") == {"id": "p1"}
    assert slept == [0.2, 0.5]


def test_a_token_is_fetched_once_and_renewed_when_refused() -> None:
    """Two reads share one token; a 401 makes the client fetch one more and repeat the call."""
    tokens = iter(["one", "two"])
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            assert b"grant_type=client_credentials" in request.content
            return httpx.Response(200, json={"access_token": next(tokens), "expires_in": 3600})
        seen.append(request.headers["authorization"])
        if len(seen) == 3:
            return httpx.Response(401, json=outcome("login", "Unauthorized"))
        return httpx.Response(200, json={"resourceType": "Patient"})

    with open_server(handle) as server:
        for _ in range(3):
            server.read("Patient", "p1")

    assert seen == ["Bearer one", "Bearer one", "Bearer one", "Bearer two"]


def test_a_token_that_is_about_to_end_is_renewed_first() -> None:
    """A token that lives two seconds is used for one of them."""
    from workbench.servers.credentials import TokenCredentials

    now = [0.0]
    fetched: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            fetched.append(request)
            return httpx.Response(200, json={"access_token": f"t{len(fetched)}", "expires_in": 2})
        return httpx.Response(200)

    credentials = TokenCredentials(f"{BASE}oauth2/token", CLIENT, SECRET, clock=lambda: now[0])
    with httpx.Client(auth=credentials, transport=httpx.MockTransport(handle)) as http:
        for now[0] in (0.0, 0.9, 1.1):
            http.get(BASE)

    assert len(fetched) == 2


def test_a_wrong_secret_is_told_without_the_secret() -> None:
    """Medplum answers a wrong secret with 400; the error says which settings to check."""
    refused = httpx.Response(400, json={"error": "invalid_request", "error_description": "Invalid secret"})
    with open_server(lambda _: refused) as server, pytest.raises(ServerError) as caught:
        server.read("Patient", "p1")

    assert str(caught.value) == (
        "POST oauth2/token: the server refused the client id or its secret (400); "
        "check MEDPLUM_CLIENT_ID and MEDPLUM_CLIENT_SECRET, and that the client is active"
    )


def test_a_refusal_names_the_path_template_only() -> None:
    """Neither the id, nor the query, nor a value the server quotes is in the message."""
    said = outcome("invalid", "Conditional reference 'Patient?identifier=urn:mrn|SECRET-7' did not match any resources")
    with (
        open_server(basic([httpx.Response(400, json=said)], []), auth="basic") as server,
        pytest.raises(ServerError) as caught,
    ):
        server.update({"resourceType": "Invoice", "id": "in-SECRET-7"})

    assert str(caught.value) == (
        "PUT fhir/R4/Invoice/{id}: refused with 400: conditional reference to Patient did not match any resources "
        "(invalid); the server's sentence says what is wrong with the request"
    )
    assert (400, "fhir/R4/Invoice/{id}", said) == (
        caught.value.status,
        caught.value.path_template,
        caught.value.outcome,
    )


@pytest.mark.parametrize(
    ("error", "method", "attempts"),
    [
        (httpx.ReadTimeout("slow"), "GET", 5),
        (httpx.ConnectError("no"), "GET", 5),
        (httpx.ConnectError("no"), "POST", 5),
        (httpx.ReadTimeout("slow"), "POST", 1),
        (httpx.RemoteProtocolError("reset"), "PUT", 1),
    ],
)
def test_only_what_is_safe_is_repeated(error: Exception, method: str, attempts: int) -> None:
    """A lost read is repeated; a write only when it was never sent."""
    seen: list[httpx.Request] = []
    with open_server(basic([error] * 5, seen), auth="basic") as server, pytest.raises(ServerError) as caught:
        server.request(method, "fhir/R4/{type}/{id}", type="Patient", id="SECRET")

    assert attempts == len(seen)
    assert None is caught.value.status
    assert "SECRET" not in str(caught.value)
    assert f"{method} fhir/R4/Patient/{{id}}: " in str(caught.value)


def test_a_5xx_is_repeated_for_a_read_and_not_for_a_write() -> None:
    """A server error may have happened after the write was done."""
    ok = httpx.Response(200, json={"resourceType": "Patient"})
    seen: list[httpx.Request] = []
    with open_server(basic([httpx.Response(502), ok], seen), auth="basic") as server:
        assert server.read("Patient", "p1") == {"resourceType": "Patient"}
    seen = []
    with open_server(basic([httpx.Response(502), ok], seen), auth="basic") as server, pytest.raises(ServerError):
        server.create({"resourceType": "Patient"})

    assert len(seen) == 1


def test_a_429_waits_as_long_as_the_server_says() -> None:
    """The wait is the server's own, in milliseconds; then even a write is repeated, since nothing was done."""
    throttled = outcome("throttled", "Too Many Requests", diagnostics='{"_msBeforeNext":2500}')
    slept: list[float] = []
    answers = [httpx.Response(429, json=throttled), httpx.Response(201, json={"resourceType": "Invoice", "id": "1"})]
    with open_server(basic(list(answers), []), slept, auth="basic") as server:
        server.create({"resourceType": "Invoice"})

    assert slept == [2.5]


def test_a_quota_that_stays_used_up_is_an_error() -> None:
    """After five refusals the client gives up and says so."""
    throttled = outcome("throttled", "Too Many Requests", diagnostics='{"_msBeforeNext":10}')
    seen: list[httpx.Request] = []
    answers: list[httpx.Response | Exception] = [httpx.Response(429, json=throttled) for _ in range(5)]
    with open_server(basic(answers, seen), auth="basic") as server, pytest.raises(ServerError) as caught:
        server.search("Invoice")

    assert len(seen) == 5
    assert str(caught.value) == (
        "GET fhir/R4/Invoice: refused with 429: Too Many Requests (throttled); "
        "the server's quota is used up; try again later or send less at a time"
    )


def test_the_quota_headers_are_kept() -> None:
    """Both of Medplum's RateLimit lines are read."""
    headers = [("RateLimit", '"requests";r=59999;t=60'), ("RateLimit", '"fhirInteractions";r=49900;t=58')]
    with open_server(lambda _: httpx.Response(200, json={}, headers=headers), auth="basic") as server:
        server.read("Patient", "p1")
        quota = server.quota

    assert quota is not None
    assert (quota.requests_left, quota.points_left, quota.reset_seconds) == (59999, 49900, 60)


def test_a_search_follows_the_pages_of_its_own_server_only() -> None:
    """All pages are read; a link to another host is refused, so credentials never leave."""

    def page(next_url: str | None, name: str) -> httpx.Response:
        links = [{"relation": "next", "url": next_url}] if next_url else []
        return httpx.Response(
            200, json={"resourceType": "Bundle", "link": links, "entry": [{"resource": {"id": name}}]}
        )

    seen: list[httpx.Request] = []
    pages: list[httpx.Response | Exception] = [page(f"{BASE}fhir/R4/Invoice?_count=1&_offset=1", "a"), page(None, "b")]
    with open_server(basic(pages, seen), auth="basic") as server:
        assert server.search("Invoice", "_count=1") == [{"id": "a"}, {"id": "b"}]
    assert seen[1].url.query == b"_count=1&_offset=1"
    with (
        open_server(lambda _: page("https://evil.example/x", "a"), auth="basic") as server,
        pytest.raises(ServerError, match="on another server; not followed"),
    ):
        server.search("Invoice")


def test_if_match_is_quoted_and_conditional_creates_are_escaped() -> None:
    """Unquoted, Medplum ignores If-Match; unescaped, a comma in a value means `or`."""
    seen: list[httpx.Request] = []
    answers: list[httpx.Response | Exception] = [httpx.Response(200, json={})] * 2
    with open_server(basic(answers, seen), auth="basic") as server:
        server.update({"resourceType": "Invoice", "id": "1", "meta": {"versionId": "v7"}})
        server.create(
            {"resourceType": "Invoice"},
            if_none_exist=Identity(resource_type="Invoice", system="urn:x", value="a,b"),
        )

    assert seen[0].headers["if-match"] == 'W/"v7"'
    assert seen[1].headers["if-none-exist"] == "identifier=urn%3Ax%7Ca%5C%2Cb"


def test_two_resources_of_one_identity_are_an_error() -> None:
    """Which of two is meant cannot be known."""
    found = {"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}, {"resource": {"id": "2"}}]}
    identity = Identity(resource_type="Invoice", system="urn:x", value="SECRET")
    with (
        open_server(lambda _: httpx.Response(200, json=found), auth="basic") as server,
        pytest.raises(ServerError) as caught,
    ):
        server.find(identity)

    assert str(caught.value) == "GET fhir/R4/Invoice: several resources share one identity; remove all but one"


@pytest.mark.parametrize("address", ["http://medplum.example.org/", "ftp://127.0.0.1/", "https://u:p@host/", "", "x"])
def test_a_secret_is_never_sent_in_clear(address: str) -> None:
    """Plain http is for loopback; nothing that is no address is accepted."""
    with pytest.raises(IntegrationError, match=r"^server address .*; give an https:// address$"):
        Server(address, CLIENT, SECRET)


def test_no_repr_shows_the_secret() -> None:
    """A notebook that shows the client shows its address."""
    with open_server(lambda _: httpx.Response(200)) as server:
        assert repr(server) == "Server('http://127.0.0.1:8103/')"
        assert SECRET not in repr(server._http.auth)


def test_the_project_is_asked_of_the_server() -> None:
    """A client knows its own project; without one the server is no Medplum."""
    answer = {"project": {"id": "ce1522a7-1dee-47fa-892c-e568d795dd15"}}
    with open_server(lambda _: httpx.Response(200, json=answer), auth="basic") as server:
        assert server.project_id == "ce1522a7-1dee-47fa-892c-e568d795dd15"
    with (
        open_server(lambda _: httpx.Response(200, json={}), auth="basic") as server,
        pytest.raises(ServerError, match=r"^GET auth/me: the answer names no project; is this a Medplum server\?$"),
    ):
        assert server.project_id


def test_a_bots_answer_comes_back_whatever_its_status() -> None:
    """A bot that throws answers 400, which is the bot's word and no error of the call."""
    said = outcome("invalid", "boom")
    with open_server(lambda _: httpx.Response(400, json=said), auth="basic") as server:
        answer = server.execute("b1", json.dumps({}).encode())

    assert (400, said) == (answer.status_code, answer.json())
