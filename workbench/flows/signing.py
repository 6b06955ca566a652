"""The headers of a recorded delivery as the provider would send them now: its own, with a signature made anew."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from workbench.events.delivery import Delivery
from workbench.events.signatures import sign
from workbench.flows.integrations import LoadedIntegration

__all__ = ["headers_to_send"]

_OF_THE_JOURNEY: Final = frozenset(
    {"authorization", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive"}
    | {"te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization", "accept-encoding"}
)
"""Headers that belong to one transmission, or to the receiver it was first sent to."""


def headers_to_send(delivery: Delivery, loaded: LoadedIntegration, secret: str, now: datetime) -> dict[str, str]:
    """The delivery's headers, its signature made with the secret at `now`.

    A shared value stands in the header that the bot looks for, since credentials may take its usual one.

    Raises:
        ValueError: the provider signs something that the delivery does not have.
    """
    kept = {name: value for name, value in delivery.headers.items() if name not in _OF_THE_JOURNEY}
    if not loaded.provider.signatures:
        return kept
    made = sign(delivery.body, loaded.provider, secret, now, url=delivery.url, method=delivery.method, headers=kept)
    if loaded.secret_header:
        usual = next(each.header for each in loaded.provider.signatures if each.algorithm == "static")
        made[loaded.secret_header] = made.pop(usual)
    return {"content-type": "application/json", **made} if delivery.method == "POST" else made
