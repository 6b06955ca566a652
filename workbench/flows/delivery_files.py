"""Write a delivery as files: its exact bytes, beside a `.json` of what came with them; `sources` reads them back."""

from __future__ import annotations

import json
import re
from pathlib import Path

from workbench.events.delivery import Delivery

__all__ = ["file_name", "write_delivery"]


def write_delivery(delivery: Delivery, folder: Path, variant: str) -> Path:
    """Return the body file written: exact bytes, beside a `.json` of the method, URL, time and headers."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{file_name(variant)}.body"
    record = {
        "method": delivery.method,
        "url": delivery.url,
        "received_at": delivery.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "headers": dict(delivery.headers),
    }
    file.write_bytes(delivery.body)
    file.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return file


def file_name(text: str) -> str:
    """Return a text as one safe part of a path: an id or a type may hold anything, also a way out of the folder.

    >>> file_name("../../etc/passwd")
    'etc-passwd'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:100] or "unnamed"
