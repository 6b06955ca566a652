"""A recorded delivery as the provider would send it now: its own bytes and headers, with a signature made anew.

An event that was kept without the bytes that carried it has no bytes of its own; it is written compactly, as a program
writes JSON. Medplum parses a body before a bot sees it, so the numbers and the order of keys are written as JavaScript
will write them again, or no signature over them could be proved.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from workbench.events.delivery import Delivery
from workbench.events.signatures import sign
from workbench.flows.integrations import LoadedIntegration
from workbench.mapping.expression.functions.number_text import number_text

__all__ = ["bytes_to_send", "headers_to_send"]

_OF_THE_JOURNEY: Final = frozenset(
    {"authorization", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive"}
    | {"te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization", "accept-encoding"}
)
"""Headers that belong to one transmission, or to the receiver it was first sent to."""


def bytes_to_send(delivery: Delivery) -> bytes:
    """The delivery's body: its own bytes, or an event that was kept without them, written compactly.

    >>> from datetime import datetime, UTC
    >>> kept = Delivery(body=b'{ "b": 1.0, "7": [] }', headers={}, received_at=datetime(2026, 11, 23, tzinfo=UTC))
    >>> bytes_to_send(kept)
    b'{"7":[],"b":1}'
    """
    if delivery.headers and delivery.exact:
        return delivery.body
    try:
        return _written(json.loads(delivery.body)).encode("utf-8", "surrogatepass")
    except ValueError:
        return delivery.body  # a form, or no JSON at all: the bot says what is wrong with it


def headers_to_send(
    delivery: Delivery, body: bytes, loaded: LoadedIntegration, secret: str, now: datetime
) -> dict[str, str]:
    """The delivery's headers, the body's signature made with the secret at `now`.

    A shared value stands in the header that the bot looks for, since credentials may take its usual one.

    Raises:
        ValueError: the provider signs something that the delivery does not have.
    """
    kept = {name: value for name, value in delivery.headers.items() if name not in _OF_THE_JOURNEY}
    if not loaded.provider.signatures:
        return kept
    made = sign(body, loaded.provider, secret, now, url=delivery.url, method=delivery.method, headers=kept)
    if loaded.secret_header:
        usual = next(each.header for each in loaded.provider.signatures if each.algorithm == "static")
        made[loaded.secret_header] = made.pop(usual)
    return {"content-type": "application/json", **made} if delivery.method == "POST" else made


def _written(value: Any) -> str:
    if isinstance(value, dict):
        # JavaScript puts keys that are whole numbers first, in their order
        numbered = sorted((key for key in value if _is_index(key)), key=int)
        names = [*numbered, *(key for key in value if not _is_index(key))]
        return "{" + ",".join(f"{_written(name)}:{_written(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and str(int(key)) == key and int(key) < 2**32 - 1
