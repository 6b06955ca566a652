"""Bytes, texts, headers and JSON values as an attacker, a broken proxy or a careless export would send them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

__all__ = ["MARKER", "damage_json", "damage_value", "hostile_bytes", "hostile_headers", "hostile_text"]

MARKER = "Jane Roe, chlamydia"  # stands for what a payload holds: no message may repeat it

TEXTS = (
    "",
    " ",
    "\x00",
    "\r\nx-injected: 1",
    "\ud800",
    "é",
    "²³",
    "١٢٣",
    "😀" * 50,
    "=" * 5_000,
    "," * 50_000,
    "t=" * 20_000,
    "v1=" + "a" * 64,
    "t=99999999999999999999,v1=" + "0" * 64,
    "t=-1,v1=",
    "t=1e9,v1=00",
    "v1,AAAA v1,BBBB",
    "sha256=",
    "no-secret-provided",
    "Basic Og==",
    "0x10",
    "NaN",
    "%00%ff%",
    "../../etc/passwd",
    "http://[::1",
    "Mon, 99 Nov 0000 25:61:61 GMT",
)
TOKENS = (
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"0." + b"1" * 400,
    b'"\\ud800"',
    b'"\\u0000"',
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"{}",
    b"[]",
    b'{"a":1,"a":2}',
    b"[" * 3_000,
    b"[" * 900 + b"]" * 900,
    b'"0001-01-01T00:00:00+23:59"',
    b'{"a":' * 3_000,
    b'"' + b"x" * 20_000 + b'"',
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**53 + 1,
    10**30,
    1.5,
    1e300,
    "",
    "\ud800",
    MARKER,
    [],
    [MARKER],
    [[[]]],
    {},
    {"id": MARKER},
    {"": None},
    {"__proto__": {"id": 1}},
)


def hostile_text(chance: random.Random) -> str:
    """Give a text that a header, a URL or a field may not be expected to hold."""
    if chance.random() < 0.7:
        return chance.choice(TEXTS)
    return "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0x10FFFF)))) for _ in range(30))


def hostile_bytes(chance: random.Random, sample: bytes) -> bytes:
    """Give a sample with one to three faults in its bytes, or bytes that are nothing at all."""
    if chance.random() < 0.05:
        return chance.choice((b"", chance.randbytes(200), b"[" * 100_000, b'{"a":' * 100_000, *TOKENS))
    changed = sample
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.choice((1, 2, 10, 200)))
        fault = chance.randrange(6)
        if fault == 0:
            changed = damage_json(chance, changed)
        elif fault == 1:
            changed = changed[:start]
        else:
            middle = (b"", changed[start:end] * 3, chance.randbytes(end - start), chance.choice(TOKENS))[fault - 2]
            changed = changed[:start] + middle + changed[end:]
    return changed


def hostile_headers(chance: random.Random, headers: dict[str, str]) -> dict[str, str]:
    """Give headers with one to three of them lost, changed, doubled or added."""
    changed = dict(headers)
    for _ in range(chance.randint(1, 3)):
        name = chance.choice([*changed, "x-unknown", hostile_text(chance)])
        before = changed.get(name, "")
        cut = chance.randrange(len(before) + 1)
        fates = (
            None,
            hostile_text(chance),
            before[:cut],
            before[:cut] + hostile_text(chance) + before[cut:],
            before * 3,
        )
        value = chance.choice(fates)
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return changed


def damage_json(chance: random.Random, body: bytes) -> bytes:
    """Give a body that is still JSON, with other values in it; one that is not JSON stays as it is."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(damage_value(chance, value)).encode()


def damage_value(chance: random.Random, value: Any) -> Any:
    """Give a JSON value with one to four of its parts lost or exchanged."""
    changed = copy.deepcopy(value)
    for _ in range(chance.randint(1, 4)):
        places = list(_places(changed))
        if not places:
            return chance.choice(VALUES)
        container, key = chance.choice(places)
        if chance.random() < 0.2:
            del container[key]
        else:
            container[key] = copy.deepcopy(chance.choice(VALUES))
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every container in a value with every key of it, without recursion: what is hostile may be deep."""
    left = [value] if isinstance(value, dict | list) else []
    while left:
        container = left.pop()
        keys: Any = container if isinstance(container, dict) else range(len(container))
        for key in keys:
            yield container, key
            if isinstance(container[key], dict | list):
                left.append(container[key])
