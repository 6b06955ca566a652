"""What other tools export is read as the deliveries they recorded, signatures and all."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import DeliveryError
from workbench.events.providers import find_provider
from workbench.events.signatures import sign
from workbench.flows.load import load_events

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BODY = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1795435200, "ü": 1}, indent=2)
HEADERS = sign(BODY.encode(), find_provider("stripe"), "whsec_a", NOW)
URL = "https://hooks.clinic.example/stripe"

HAR = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "startedDateTime": "2026-11-23T12:00:01.000Z",
                "request": {
                    "method": "POST",
                    "url": URL,
                    "headers": [{"name": "Stripe-Signature", "value": HEADERS["stripe-signature"]}],
                    "postData": {"mimeType": "application/json", "text": BODY},
                },
                "response": {"status": 200},
            }
        ],
    }
}
WEBHOOK_SITE = {
    "data": [
        {
            "uuid": "6f1e",
            "type": "web",
            "method": "POST",
            "url": URL,
            "headers": {"stripe-signature": [HEADERS["stripe-signature"]], "accept": ["*/*", "text/html"]},
            "content": BODY,
            "created_at": "2026-11-23 12:00:01",
        }
    ],
    "total": 1,
    "per_page": 50,
    "current_page": 1,
}
HOOKDECK = {
    "pagination": {"order_by": "ingested_at", "limit": 100},
    "count": 1,
    "models": [
        {
            "id": "req_1",
            "ingested_at": "2026-11-23T12:00:01.000Z",
            "data": {"path": "/", "headers": HEADERS, "body": BODY, "query": "", "is_large_payload": False},
        }
    ],
}
NGROK = {
    "uri": "/api/requests/http",
    "requests": [
        {
            "id": "airt_1",
            "start": "2026-11-23T12:00:01Z",
            "request": {
                "method": "POST",
                "uri": "/stripe",
                "headers": {"Stripe-Signature": [HEADERS["stripe-signature"]]},
                "raw": base64.b64encode(b"POST /stripe HTTP/1.1\r\nHost: a\r\n\r\n" + BODY.encode()).decode(),
            },
        }
    ],
}
OURS = {"method": "POST", "url": URL, "received_at": "2026-11-23T12:00:01Z", "headers": HEADERS, "body": BODY}
BASE64 = {**{k: v for k, v in OURS.items() if k != "body"}, "body_base64": base64.b64encode(BODY.encode()).decode()}
EXPORTS = {"har": HAR, "webhook.site": WEBHOOK_SITE, "hookdeck": HOOKDECK, "ngrok": NGROK, "ours": OURS, "b64": BASE64}


def load(folder: Path, value: Any) -> Any:
    """Return what is loaded from an export."""
    file = folder / "export.json"
    file.write_text(json.dumps(value))
    return load_events(file, secrets={"stripe": "whsec_a"}, now=NOW)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_exported_delivery_is_verified(tmp_path: Path, name: str) -> None:
    """Body, headers and time of receipt survive the export, so the signature still proves it."""
    loaded = load(tmp_path, EXPORTS[name])

    assert [(judged.verdict, judged.delivery.body) for judged in loaded.deliveries] == [("verified", BODY.encode())]
    assert loaded.deliveries[0].delivery.received_at == datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)


def test_a_body_kept_only_as_parsed_json_is_unsigned(tmp_path: Path) -> None:
    """What a tool re-serialised is loaded, and neither proved nor called forged."""
    hookdeck = json.loads(json.dumps(HOOKDECK))
    hookdeck["models"][0]["data"]["body"] = json.loads(BODY)
    loaded = load(tmp_path, hookdeck)

    assert [judged.verdict for judged in loaded.deliveries] == ["unsigned"]
    assert "kept as parsed JSON and not as the bytes that were sent" in str(loaded.deliveries[0].problem)
    assert loaded.events[0].id == "evt_1"


@pytest.mark.parametrize("record", [{"postData": BODY}, {"body": BODY, "url": 7}])
def test_a_record_of_another_shape_is_read_all_the_same(tmp_path: Path, record: dict[str, Any]) -> None:
    """A body that stands where HAR has an object, or a URL that is none: it is the headers and bytes that prove."""
    loaded = load(tmp_path, {"headers": HEADERS, "received_at": NOW.isoformat(), **record})

    assert [judged.verdict for judged in loaded.deliveries] == ["verified"]


def test_a_recorded_handshake_is_one(tmp_path: Path) -> None:
    """A GET without a body is a delivery too."""
    asked = {
        "method": "GET",
        "url": "https://a.example",
        "headers": [{"name": "X-Okta-Verification-Challenge", "value": "c"}],
    }
    loaded = load(tmp_path, {"log": {"entries": [{"request": asked}]}})

    assert [judged.verdict for judged in loaded.deliveries] == ["handshake"]


def test_a_damaged_member_is_reported_with_its_place(tmp_path: Path) -> None:
    """One request that cannot be read does not keep the others out."""
    ngrok = json.loads(json.dumps(NGROK))
    ngrok["requests"].append({"request": {"headers": {}, "raw": "not base64!"}})
    loaded = load(tmp_path, ngrok)

    assert [judged.verdict for judged in loaded.deliveries] == ["verified", "unreadable"]
    assert str(loaded.problems[0]) == (
        f"{tmp_path}/export.json.requests[1]: is a recorded request that cannot be read; "
        "export it again; headers must be texts, times ISO 8601, bodies text or base64"
    )


@pytest.mark.parametrize(
    "record",
    [
        {"headers": {}, "body": "x", "received_at": "yesterday"},
        {"headers": {}, "body": "x", "received_at": "0001-01-01T00:00:00+23:59"},
        {"headers": [3], "body": "x"},
        {"headers": {}, "postData": {"text": "%%", "encoding": "base64"}},
    ],
)
def test_hostile_records_are_reported(tmp_path: Path, record: dict[str, Any]) -> None:
    """Nothing that looks like a record and is none ends in a traceback."""
    with pytest.raises(DeliveryError, match=r"export.json: is a recorded request that cannot be read"):
        load(tmp_path, record)
