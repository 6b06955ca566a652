"""How a client proves who it is: HTTP Basic sent at once, or a `client_credentials` token fetched and renewed in time.

Medplum sends no `WWW-Authenticate`, so Basic must not wait for a challenge. A token is checked faster than a secret and
honours `ClientApplication.status` and IP rules, which Basic ignores: the workbench itself uses tokens, a webhook's URL
can only hold Basic.

Source: observed answers of Medplum 5.0.2.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Final

import httpx

from workbench.errors import ServerError

__all__ = ["BasicCredentials", "TokenCredentials"]

_PAUSES_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)  # while the server has none to give
_EARLY_SECONDS: Final = 60  # a token is renewed this long before it ends: clocks differ, calls take time


class BasicCredentials(httpx.BasicAuth):
    """Client id and secret in the Authorization header of every request."""

    def __repr__(self) -> str:
        return "BasicCredentials(…)"


class TokenCredentials(httpx.Auth):
    """A Bearer token, fetched when it is first needed, before it ends, and once more when the server refuses it.

    Several threads may share one: they wait for a single token.
    """

    requires_response_body = True

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token_url = token_url
        self._form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends_at = 0.0

    def __repr__(self) -> str:
        return "TokenCredentials(…)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with a token that is still good; a 401 is answered with one new token, once."""
        token = yield from self._current(refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = yield from self._current(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def _current(self, *, refused: str | None) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:
            if self._token is None or self._token == refused or self._clock() >= self._ends_at:
                asked_at = self._clock()
                response = yield httpx.Request("POST", self._token_url, data=self._form)
                for pause in _PAUSES_SECONDS:  # asking again is safe: it only makes another token
                    if response.status_code < 500 and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                        break
                    self._sleep(pause)
                    response = yield httpx.Request("POST", self._token_url, data=self._form)
                self._token, lifetime = _read_token(response)
                self._ends_at = asked_at + max(lifetime - _EARLY_SECONDS, lifetime / 2)
            return self._token


def _read_token(response: httpx.Response) -> tuple[str, float]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if response.status_code == httpx.codes.OK and isinstance(token, str):
        return token, float(answer.get("expires_in") or 3600)
    if response.status_code == httpx.codes.BAD_REQUEST:
        message = (
            "POST oauth2/token: the server refused the client id or its secret (400); "
            "check MEDPLUM_CLIENT_ID and MEDPLUM_CLIENT_SECRET, and that the client is active"
        )
    else:
        message = f"POST oauth2/token: no token came back ({response.status_code}); is this a Medplum server?"
    raise ServerError(message, status=response.status_code, path_template="oauth2/token")
