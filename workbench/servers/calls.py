"""One call to a server: repeated where that is safe, and its refusal put into words that hold no value.

| what came back | reads | writes |
|---|---|---|
| 429 | again, after the server's own wait | the same: a refused call did nothing |
| no connection could be made | again | the same: nothing was sent |
| connection lost, time ran out, 5xx | again | an error: it may have been done |
| 409, 412 | an error | an error: only a caller who reads again may repeat it |
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import httpx

from workbench.errors import ServerError
from workbench.fhir.outcome import describe_outcome
from workbench.servers.quota import wait_seconds

__all__ = ["read_json", "refusal", "send"]

_ATTEMPTS: Final = 5
_LONGEST_WAIT_SECONDS: Final = 65.0  # Medplum's quotas are filled up every minute
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REMEDIES: Final = {
    400: "the server's sentence says what is wrong with the request",
    401: "check the client id and its secret",
    403: "the client's access policy does not allow it",
    404: "there is none, or the client's access policy hides it",
    409: "another write came in between; read again and repeat",
    410: "it was deleted",
    412: "it was changed since it was read; read again and repeat",
    429: "the server's quota is used up; try again later or send less at a time",
}


def send(http: httpx.Client, call: httpx.Request, shown: str, *, sleep: Callable[[float], None]) -> httpx.Response:
    """The server's answer, whatever its status but 429; `shown` names the call in an error.

    Raises:
        ServerError: the server could not be reached, or its quota stays used up.
    """
    reading = call.method in {"GET", "HEAD"}
    for attempt in count(1):
        last = attempt == _ATTEMPTS
        try:
            answer = http.send(call)
        except httpx.TransportError as error:
            if last or not (reading or isinstance(error, _NEVER_SENT)):
                raise _unreachable(error, call.method, shown) from error
            sleep(_backoff_seconds(attempt))
            continue
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            wait = wait_seconds(answer.headers, read_json(answer))
            if last or wait > _LONGEST_WAIT_SECONDS:
                raise refusal(answer, shown)
            sleep(wait)
        elif reading and answer.status_code >= 500 and not last:
            sleep(_backoff_seconds(attempt))
        else:
            break
    return answer


def refusal(answer: httpx.Response, shown: str) -> ServerError:
    """The error that says why the server refused a call, and what to do."""
    body = read_json(answer)
    outcome = body if isinstance(body, dict) and body.get("resourceType") == "OperationOutcome" else None
    said = describe_outcome(outcome) if outcome else "no OperationOutcome"
    remedy = _REMEDIES.get(answer.status_code, "see the server's log")
    message = f"{answer.request.method} {shown}: refused with {answer.status_code}: {said}; {remedy}"
    return ServerError(message, status=answer.status_code, path_template=shown, outcome=outcome)


def read_json(answer: httpx.Response) -> Any:
    """The answer's body, None where it is no JSON."""
    try:
        return answer.json()
    except ValueError:
        return None


def _backoff_seconds(attempt: int) -> float:
    return 0.1 * 2.0**attempt * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, hides nothing


def _unreachable(error: httpx.TransportError, method: str, shown: str) -> ServerError:
    kind = type(error).__name__
    what = "could not be sent" if isinstance(error, _NEVER_SENT) else "was sent, but no answer came"
    message = f"{method} {shown}: {what} ({kind}); check that the server runs and MEDPLUM_BASE_URL is its address"
    return ServerError(message, path_template=shown)
