"""The one HTTP client for a Medplum server, real or embedded.

It speaks FHIR JSON, proves itself with a token or with Basic, obeys the server's quota, repeats what is safe to repeat,
and turns every refusal into a `ServerError` whose text holds a path template (`Patient/{id}`), never a path, a query,
a payload value or a secret.

"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

import httpx

from workbench.errors import IntegrationError, Problem, ServerError
from workbench.fhir.identity import Identity
from workbench.servers.calls import read_json, refusal, send
from workbench.servers.credentials import BasicCredentials, TokenCredentials
from workbench.servers.quota import Quota, read_quota
from workbench.servers.settings import address_problem, is_loopback

__all__ = ["Server"]

Query = Mapping[str, str] | str | None


class Server:
    """A Medplum server as one client application sees it; a context manager that closes its connections.

    Several threads may share it.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        project_id: str | None = None,
        *,
        auth: Literal["token", "basic"] = "token",
        transport: httpx.BaseTransport | None = None,
        timeout_seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open a client; nothing is sent yet.

        Raises:
            IntegrationError: the address is none, or would send the secret in clear to another machine.
        """
        if problem := address_problem(base_url):
            raise IntegrationError([Problem(message=f"server address {problem}", remedy="give an https:// address")])
        self.base_url = base_url.rstrip("/") + "/"
        self.quota: Quota | None = None  # as the last answer told it
        self._project_id = project_id
        self._sleep = sleep
        credentials: httpx.Auth = (
            BasicCredentials(client_id, client_secret)
            if auth == "basic"
            else TokenCredentials(f"{self.base_url}oauth2/token", client_id, client_secret, sleep=sleep)
        )
        self._http = httpx.Client(
            base_url=self.base_url,
            auth=credentials,
            timeout=timeout_seconds,
            transport=transport,
            headers={"Accept": "application/fhir+json"},
            follow_redirects=False,  # credentials go where they were meant to go
            trust_env=not is_loopback(urlsplit(base_url).hostname or ""),  # no proxy stands before this machine itself
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Server({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def project_id(self) -> str:
        """The project this client belongs to, asked of the server once.

        Raises:
            ServerError: the server does not say.
        """
        if self._project_id is None:
            project = self.request("GET", "auth/me").json().get("project")
            if not isinstance(project, dict) or not isinstance(project.get("id"), str):
                message = "GET auth/me: the answer names no project; is this a Medplum server?"
                raise ServerError(message, path_template="auth/me")
            self._project_id = project["id"]
        return self._project_id

    # -- FHIR ---------------------------------------------------------------------------------------------------------

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """The resource of this type and id.

        Raises:
            ServerError: there is none, or the client may not read it.
        """
        return _resource(self.request("GET", "fhir/R4/{type}/{id}", type=resource_type, id=resource_id))

    def find(self, identity: Identity) -> dict[str, Any] | None:
        """The one resource of this identity, None where there is none.

        Raises:
            ServerError: several resources share the identity, or the search was refused.
        """
        found = self.search(identity.resource_type, f"{identity.search()}&_count=2")
        if len(found) > 1:
            message = f"GET fhir/R4/{identity.resource_type}: several resources share one identity; remove all but one"
            raise ServerError(message, path_template=f"fhir/R4/{identity.resource_type}")
        return found[0] if found else None

    def create(self, resource: dict[str, Any], *, if_none_exist: Identity | None = None) -> dict[str, Any]:
        """The resource as the server stored it; with `if_none_exist` the one that was there already, if any.

        Raises:
            ServerError: it was refused.
        """
        headers = {"If-None-Exist": if_none_exist.search()} if if_none_exist else {}
        answer = self.request(
            "POST", "fhir/R4/{type}", json=resource, headers=headers, type=str(resource["resourceType"])
        )
        return _resource(answer)

    def update(self, resource: dict[str, Any], *, if_match: bool = True) -> dict[str, Any]:
        """The resource as the server stored it; refused when another version than `meta.versionId` is there.

        Raises:
            ServerError: it was refused; status 412 when somebody else changed it since it was read.
        """
        version = (resource.get("meta") or {}).get("versionId")
        headers = {"If-Match": f'W/"{version}"'} if if_match and version else {}
        answer = self.request(
            "PUT",
            "fhir/R4/{type}/{id}",
            json=resource,
            headers=headers,
            type=str(resource["resourceType"]),
            id=str(resource["id"]),
        )
        return _resource(answer)

    def patch(self, resource: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
        """The resource after a JSON Patch, refused when another version than `meta.versionId` is there.

        For what must not be written back as it was read: a Bot's code is a signed address that ends. Medplum ignores
        If-Match on a patch, so the version is a `test` operation of the patch itself.

        Raises:
            ServerError: it was refused; status 400 when somebody else changed it since it was read.
        """
        guard = {"op": "test", "path": "/meta/versionId", "value": resource["meta"]["versionId"]}
        answer = self.request(
            "PATCH",
            "fhir/R4/{type}/{id}",
            json=[guard, *operations],
            headers={"Content-Type": "application/json-patch+json"},
            type=str(resource["resourceType"]),
            id=str(resource["id"]),
        )
        return _resource(answer)

    def delete(self, resource_type: str, resource_id: str) -> None:
        """Delete one resource; deleting it twice is no error.

        Raises:
            ServerError: it was refused.
        """
        self.request("DELETE", "fhir/R4/{type}/{id}", type=resource_type, id=resource_id)

    def search(self, resource_type: str, query: Query = None) -> list[dict[str, Any]]:
        """Every resource that a search finds, over all its pages.

        Raises:
            ServerError: a page was refused; nothing is left out silently.
        """
        return [
            entry["resource"]
            for page in self.pages(resource_type, query)
            for entry in page.get("entry", ())
            if (entry.get("search") or {}).get("mode") != "outcome"
        ]

    def pages(self, resource_type: str, query: Query = None) -> Iterator[dict[str, Any]]:
        """The pages of a search, one Bundle after the other, following the server's own links.

        Raises:
            ServerError: a page was refused, or a link leads to another server.
        """
        page = _resource(self.request("GET", "fhir/R4/{type}", query=query, type=resource_type))
        yield page
        while link := next((link["url"] for link in page.get("link", ()) if link.get("relation") == "next"), None):
            parts, home = urlsplit(link), urlsplit(self.base_url)
            if (parts.scheme, parts.netloc) not in {(home.scheme, home.netloc), ("", "")}:
                message = f"GET fhir/R4/{resource_type}: the next page is on another server; not followed"
                raise ServerError(message, path_template=f"fhir/R4/{resource_type}")
            page = _resource(self.request("GET", "fhir/R4/{type}", query=parts.query, type=resource_type))
            yield page

    def batch(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """The answer to a batch or transaction; a batch answers 200 whatever became of its entries: look at each.

        Raises:
            ServerError: the Bundle as a whole was refused.
        """
        return _resource(self.request("POST", "fhir/R4", json=bundle))

    # -- Bots ---------------------------------------------------------------------------------------------------------

    def execute(self, bot_id: str, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer of a bot to one body, whatever its status: a bot that throws answers 400.

        Raises:
            ServerError: the server could not be reached, or its quota is used up.
        """
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", "fhir/R4/Bot/{id}/$execute", content=content, headers=sent, check=False, id=bot_id)

    def deploy(self, bot_id: str, code: str, *, filename: str = "index.js") -> None:
        """Make this the code that the bot runs; Medplum does not look at it, so check it first.

        Raises:
            ServerError: it was refused.
        """
        self.request("POST", "fhir/R4/Bot/{id}/$deploy", json={"code": code, "filename": filename}, id=bot_id)

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        template: str,
        *,
        query: Query = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        check: bool = True,
        **names: str,
    ) -> httpx.Response:
        """The server's answer to one call; `names` fill the template's braces, percent-encoded.

        With `check=False` an answer of any status but 429 comes back as it is.

        Raises:
            ServerError: the server refused, or could not be reached.
        """
        path = template.format_map({name: quote(value, safe="") for name, value in names.items()})
        shown = template.replace("{type}", names.get("type", "{type}"))
        sent = dict(headers or {})
        if json is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/fhir+json" if template.startswith("fhir/") else "application/json"
        url = f"{path}?{query}" if isinstance(query, str) and query else path
        call = self._http.build_request(
            method, url, params=query if isinstance(query, Mapping) else None, json=json, content=content, headers=sent
        )
        answer = send(self._http, call, shown, sleep=self._sleep)
        self.quota = read_quota(answer.headers) or self.quota
        if check and answer.status_code >= 400:
            raise refusal(answer, shown)
        return answer


def _resource(answer: httpx.Response) -> dict[str, Any]:
    body = read_json(answer)
    if isinstance(body, dict):
        return body
    message = f"{answer.request.method}: the server answered {answer.status_code} without a resource; is this Medplum?"
    raise ServerError(message, status=answer.status_code)
