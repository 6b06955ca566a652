"""Deliveries for our verifier and the providers' own libraries to judge: bodies, and headers that were damaged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st

from workbench.errors import SignatureError
from workbench.events.delivery import Delivery
from workbench.events.providers import find_provider
from workbench.events.signatures import check_signature

__all__ = ["BODIES", "changed", "damaged", "is_proved"]

BODIES = [b"{}", '{"name": "Göran 田中"}'.encode(), b'{\n  "id": "evt_1"\n}', b"not json", b'[{"a":1}]\r\n']


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """Draw a header like a given one: cut, doubled, with characters exchanged, or untouched."""
    text = draw(st.sampled_from([text, f"{text},{text}", f" {text}", text.upper(), f"x=1,{text},y"]))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, 199)) % (len(text) + 1)  # proofs by public key vary in length, draws must not
        text = text[:place] + draw(st.sampled_from(["", "0", "a", "=", ",", " ", "v1=", "t=", "é"])) + text[place + 1 :]
    return text


def changed(text: str) -> str:
    """Give a text with one character exchanged in its middle, where no encoding has spare bits."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


def is_proved(
    name: str, body: bytes, headers: Mapping[str, str], secret: str, *, url: str | None = None, method: str = "POST"
) -> bool:
    """Give whether our verifier accepts a delivery now."""
    now = datetime.now(UTC)  # the libraries read the clock, so both do
    delivery = Delivery(body=body, headers=dict(headers), received_at=now, method=method, url=url)
    try:
        check_signature(delivery, find_provider(name), [secret], now)
    except SignatureError:
        return False
    return True
