"""The envelope read for millions of events finds what `read_events` finds, or leaves it to it."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from workbench.errors import EnvelopeError
from workbench.events.delivery import Delivery
from workbench.events.envelope_reader import FoundEvent, envelope_paths, envelope_reader
from workbench.events.envelopes import read_events, read_instant
from workbench.events.providers import PROVIDERS, find_provider
from workbench.mapping.decoding import event_decoder
from workbench.mapping.needs import Needs

ROOT = Path(__file__).parents[2]
SAMPLES = {
    path: orjson.loads(body)
    for path in sorted((ROOT / "sample_events").rglob("*.body"))
    if (body := path.read_bytes())[:1] in (b"{", b"[")
}
STRANGE: list[Any] = [
    None,
    "",
    [],
    {},
    0,
    7,
    -1,
    True,
    1.5,
    "x",
    "2026-01-02T03:04:05Z",
    10**12,
    10**11,
    "17",
    [{}],
    "*",
]
AT = datetime(2026, 1, 1, tzinfo=UTC)


def carefully(body: bytes, provider: str) -> list[FoundEvent] | None:
    """What `read_events` finds, None where it refuses."""
    try:
        events = read_events(Delivery(body=body, headers={}, received_at=AT, name="line"), find_provider(provider))
    except EnvelopeError:
        return None
    return [FoundEvent(event.id, event.type, event.occurred_at, event.payload) for event in events]


def timed(events: list[FoundEvent] | None) -> list[FoundEvent] | None:
    """The events with epoch seconds as times."""
    return events and [
        event._replace(moment=read_instant(event.moment, "it") if isinstance(event.moment, int) else event.moment)
        for event in events
    ]


def changed(value: Any, chance: random.Random) -> Any:
    """The value with one field near its top gone or strange."""
    value = copy.deepcopy(value)
    here = value
    for _ in range(chance.randint(0, 3)):
        inner = [item for item in (here.values() if isinstance(here, dict) else here) if isinstance(item, dict | list)]
        here = chance.choice(inner) if inner else here
    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
    if keys and chance.random() < 0.3:
        del here[chance.choice(keys)]
    elif keys:
        here[chance.choice(keys)] = chance.choice(STRANGE)
    return value


@pytest.mark.parametrize("provider", ["stripe", "okta", "square", "workos", "typeform"])
def test_it_finds_what_read_events_finds(provider: str) -> None:
    """In whole and in damaged deliveries, decoded as a whole or in part; None only where words are needed."""
    chance = random.Random(provider)
    envelope = find_provider(provider).envelope
    read = envelope_reader(envelope)
    assert read is not None
    decode = event_decoder(Needs(passed=envelope_paths(envelope)[1]))
    found = 0
    bodies = [orjson.dumps(changed(body, chance)) for body in chance.choices(list(SAMPLES.values()), k=1500)]

    for body in [*map(orjson.dumps, SAMPLES.values()), *bodies]:
        events, wanted = timed(read(orjson.loads(body))), carefully(body, provider)
        assert events in (None, wanted)
        assert events is not None or wanted is None
        if (part := timed(read(decode(body)))) is not None:
            assert [event[:3] for event in part] == [event[:3] for event in wanted or ()]
        found += events is not None

    assert found > 200 or not any(provider in path.parts for path in SAMPLES)


def test_what_needs_headers_or_a_digest_is_left_alone() -> None:
    """A provider whose event is named by a header is read by `read_events` alone."""
    left = {name for name, provider in PROVIDERS.items() if envelope_reader(provider.envelope) is None}

    assert {"github", "twilio", "shopify"} <= left
    assert {"stripe", "okta"} & left == set()
