"""Files of events as an export, a half-written disk or an attacker leaves them: at everything that loads them."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from fuzz.campaign import BrokenPromiseError, run
from fuzz.hostile import damage_json, hostile_bytes
from workbench.flows.load import load_events

__all__ = ["case"]

ROOT = Path(__file__).parents[1]
SAMPLES = [file for file in sorted((ROOT / "sample_events").glob("*/*/*.body")) if file.stat().st_size]
SECRETS = json.loads((ROOT / "sample_events/secrets.json").read_text())


def case(chance: random.Random) -> str:
    """Give what became of the deliveries of one file, or raise an error of ours."""
    bodies = [file.read_bytes() for file in chance.sample(SAMPLES, 2)]
    suffix, content = chance.choice((_body, _lines, _list, _har, _records))(bodies)
    with tempfile.TemporaryDirectory(prefix="workbench-fuzz-") as folder:
        file = Path(folder) / f"events{chance.choice((suffix, suffix, '.json', '.ndjson', '.har'))}"
        file.write_bytes(chance.choice((hostile_bytes, damage_json))(chance, content))
        loaded = load_events(file, secrets=SECRETS if chance.random() < 0.5 else None)
    said = [*map(str, loaded.problems), *map(repr, loaded.deliveries), *map(repr, loaded.events)]
    if any(secret in text for text in said for secret in SECRETS.values()):
        message = "a problem or a repr shows a secret"
        raise BrokenPromiseError(message)
    if "verified" in loaded.counts():
        message = "a file that keeps no signature held a delivery that counts as verified"
        raise BrokenPromiseError(message)
    return " and ".join(sorted(loaded.counts())) or "nothing"


def _body(bodies: list[bytes]) -> tuple[str, bytes]:
    return ".body", bodies[0]


def _lines(bodies: list[bytes]) -> tuple[str, bytes]:
    return ".ndjson", b"\n".join(json.dumps(json.loads(body)).encode() for body in bodies)


def _list(bodies: list[bytes]) -> tuple[str, bytes]:
    return ".json", b"[" + b",".join(bodies) + b"]"


def _har(bodies: list[bytes]) -> tuple[str, bytes]:
    requests = [
        {"request": {"method": "POST", "url": "/", "headers": [], "postData": {"text": body.decode()}}}
        for body in bodies
    ]
    return ".har", json.dumps({"log": {"entries": requests}}).encode()


def _records(bodies: list[bytes]) -> tuple[str, bytes]:
    kept = {"method": "POST", "url": "/", "received_at": "2026-11-23T12:00:00Z", "headers": {"x-a": "1"}}
    return ".ndjson", b"\n".join(json.dumps({**kept, "body": body.decode()}).encode() for body in bodies)


if __name__ == "__main__":
    sys.exit(run({"files": case}))
