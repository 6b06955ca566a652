"""Recognise the requests and pages of requests that other tools export, and read each as a `Delivery`.

| tool | page | one request |
|---|---|---|
| HAR (browsers, proxies) | `log.entries` | `request.{headers:[{name,value}],postData.text}`, `startedDateTime` |
| Hookdeck | `models` | `data.{headers,body}`, `ingested_at` |
| webhook.site | `data` | `{headers:{name:[value]},content}`, `created_at` |
| ngrok's inspector | `requests` | `request.{headers:{name:[value]},raw}`, `start` |
| Stripe's API | `data` | none: the members are events |
| this workbench | none | `{method,url,headers,body,received_at}` |

A body that a tool kept only as parsed JSON can no longer be proved: it is marked, and found unsigned, not refused.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from workbench.events.delivery import Delivery

__all__ = ["is_request", "members", "read_request"]

TIMES = ("received_at", "ingested_at", "created_at", "startedDateTime", "start", "timestamp")
BODIES = ("body", "content", "postData", "raw", "rawBody", "body_base64")


def members(value: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    """Return the members of a page of requests or events, with the path they stand at; None for anything else.

    >>> members({"object": "list", "data": [1, 2]})
    ('data', [1, 2])
    """
    log = value.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        return "log.entries", log["entries"]
    pages = (("models", "pagination"), ("requests", "uri"), ("data", "per_page"))
    for key, beside in pages:
        if beside in value and isinstance(value.get(key), list):
            return key, value[key]
    if value.get("object") == "list" and isinstance(value.get("data"), list):
        return "data", value["data"]
    return None


def is_request(value: Mapping[str, Any]) -> bool:
    """Return whether an object records an HTTP request: it has headers and a body."""
    return _request_in(value) is not None


def read_request(value: Mapping[str, Any], name: str, now: datetime) -> Delivery:
    """Return the delivery that an exported request records.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, OverflowError: it is not the record it looked like.
    """
    request = _request_in(value) or {}
    body, exact = _body(request)
    moment = next((value[key] for key in TIMES if isinstance(value.get(key), str)), None)
    received_at = datetime.fromisoformat(moment) if moment else now
    return Delivery(
        body=body,
        headers=_headers(request["headers"]),
        exact=exact,
        received_at=received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC),
        method=str(request.get("method") or "POST"),
        url=str(request.get("url") or "") or None,
        name=name,
    )


def _request_in(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for request in (value, value.get("request"), value.get("data")):
        if isinstance(request, dict) and isinstance(request.get("headers"), dict | list):
            if any(key in request for key in BODIES):
                return request
            if request.get("method") == "GET":  # a handshake comes without a body
                return {**request, "body": ""}
    return None


def _body(request: Mapping[str, Any]) -> tuple[bytes, bool]:
    """Return a recorded body, and whether these are the bytes that were sent."""
    if "raw" in request:  # the whole request in base64: head, empty line, body
        return base64.b64decode(request["raw"], validate=True).partition(b"\r\n\r\n")[2], True
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"], validate=True), True
    post = request.get("postData")
    if isinstance(post, dict):
        text = str(post.get("text", ""))
        return (base64.b64decode(text, validate=True) if post.get("encoding") == "base64" else text.encode()), True
    found = next((request[key] for key in ("body", "content", "rawBody") if key in request), post)
    if isinstance(found, str) or found is None:
        return (found or "").encode("utf-8", "surrogatepass"), True
    return orjson.dumps(found), False


def _headers(recorded: Mapping[str, Any] | list[Any]) -> dict[str, str]:
    """Return headers as texts; several values of a name are joined as HTTP joins them."""
    if isinstance(recorded, list):
        return {str(header["name"]): str(header["value"]) for header in recorded}
    joined = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in recorded.items()
    }
    return {str(name): str(value) for name, value in joined.items()}
