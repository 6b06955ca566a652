"""Read what people keep events in: a delivery's body beside its headers, JSON, NDJSON, lists, folders of them, stdin.

Everything found is yielded in a fixed order as a `Delivery`, and everything that should have been one and is not as a
`Problem` with its file, line and column; reading goes on after it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from workbench.errors import DeliveryError, Problem
from workbench.events.delivery import Delivery
from workbench.events.locators import describe_shape
from workbench.flows.exports import is_request, members, read_request

__all__ = ["read_deliveries", "read_document"]

SUFFIXES = (".body", ".har", ".json", ".jsonl", ".ndjson")
LINES = (".jsonl", ".ndjson")
# Files beside the events which are not events: the samples' secrets and, written by other tools, their own settings.
NOT_EVENTS = ("secrets.json", "package.json")


def read_deliveries(path: Path, now: datetime) -> Iterator[Delivery | Problem]:
    """Yield every delivery at a path, and a `Problem` for each place that holds none where one should be.

    Args:
        path: a folder, read with its sub-folders in the order of their names; a file; or `-` for standard input.
        now: taken as the time received where none was recorded.

    Raises:
        DeliveryError: the path does not exist, or the folder holds no file of events.
    """
    if str(path) == "-":
        yield from read_document(sys.stdin.buffer.read(), "<stdin>", now)
        return
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if _holds_events(file, path)]
        if not files:
            message = f"the folder {path} holds no events: none of its files ends in {', '.join(SUFFIXES)}"
            raise DeliveryError(message)
        for file in files:
            yield from _read_file(file, now)
    elif path.exists():
        yield from _read_file(path, now)
    else:
        message = f"there is no file or folder {path}; give the path of recorded events, or - for standard input"
        raise DeliveryError(message)


def read_document(content: bytes, name: str, now: datetime) -> Iterator[Delivery | Problem]:
    """Yield the deliveries in a text of one JSON value, or of several: one a line, or one after the other."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from _read_stream(content, name, now)
        return
    if isinstance(value, dict) and not members(value) and not is_request(value):
        yield Delivery(body=content, headers={}, received_at=now, name=name)
    else:
        yield from _read_value(value, name, now)


def _read_file(file: Path, now: datetime) -> Iterator[Delivery | Problem]:
    try:
        if file.suffix in LINES:
            yield from _read_lines(file, now)
        elif file.suffix == ".body":
            yield _read_body(file, file.read_bytes(), now)
        else:
            yield from read_document(file.read_bytes(), str(file), now)
    except OSError as error:
        yield Problem(message=f"cannot be read: {error.strerror}", file=str(file))


def _read_lines(file: Path, now: datetime) -> Iterator[Delivery | Problem]:
    """Yield from a file of one JSON value a line, line by line: it may be larger than the memory."""
    by_line = False
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
            try:
                value = orjson.loads(text or b"null")
            except orjson.JSONDecodeError as error:
                if not by_line:
                    break
                message = f"is not whole JSON: {error.msg}"
                yield Problem(message=message, file=str(file), line=number, column=error.pos + 1)
            else:
                if text:
                    by_line = True
                    yield from _read_value(value, f"{file}:{number}", now, text)
    if not by_line:  # empty, or values that are written over several lines
        yield from read_document(file.read_bytes(), str(file), now)


def _read_body(file: Path, content: bytes, now: datetime) -> Delivery | Problem:
    """Return the delivery of a body file, with the headers and the time that the `.json` beside it keeps."""
    beside = file.with_suffix(".json")
    bare = Delivery(body=content, headers={}, received_at=now, name=str(file))
    if not beside.exists():
        return bare
    try:
        recorded = orjson.loads(beside.read_bytes())
        return _with_record(bare, recorded)
    except orjson.JSONDecodeError as error:
        return Problem(message=f"is not JSON: {error.msg}", file=str(beside), line=error.lineno, column=error.colno)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        wanted = '{"method", "url", "received_at": ISO 8601 with zone, "headers": {name: text}}'
        return Problem(message="is not the record of a delivery", file=str(beside), remedy=f"it must be {wanted}")


def _read_stream(content: bytes, name: str, now: datetime) -> Iterator[Delivery | Problem]:
    """Yield from JSON values that follow one another; after a fault go on at the next line that begins a value."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Problem(message=f"is not UTF-8 text at byte {error.start}", file=name, line=line)
        return
    decoder, position, line, counted = json.JSONDecoder(), 0, 1, 0
    if not text.strip():
        yield Problem(message="is empty", file=name, remedy="it should hold events as JSON")
    while (position := _next_value(text, position)) < len(text):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            end = _next_start(text, position)
            yield _fault(text, position, end, line, name)
        except RecursionError:
            yield Problem(message="is nested too deeply to be an event", file=name, line=line)
            end = _next_start(text, position)
        else:
            yield from _read_value(value, f"{name}:{line}", now, text[position:end].encode("utf-8", "surrogatepass"))
        position = end


def _read_value(value: Any, name: str, now: datetime, written: bytes | None = None) -> Iterator[Delivery | Problem]:
    """Yield the deliveries of one JSON value: itself, its members when it is a list, or the request it records."""
    page = members(value) if isinstance(value, dict) else None
    if page:
        value, name = page[1], f"{name}.{page[0]}"
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _read_value(item, f"{name}[{position}]", now)
    elif isinstance(value, dict) and is_request(value):
        try:
            yield read_request(value, name, now)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            remedy = "export it again; headers must be texts, times ISO 8601, bodies text or base64"
            yield Problem(message="is a recorded request that cannot be read", file=name, remedy=remedy)
    elif isinstance(value, dict):
        yield Delivery(body=written or json.dumps(value).encode(), headers={}, received_at=now, name=name)
    else:
        message = f"is {describe_shape(value)}, not an event"
        yield Problem(message=message, file=name, remedy="an event is a JSON object")


def _with_record(delivery: Delivery, record: dict[str, Any]) -> Delivery:
    received = record.get("received_at")
    headers = {str(key): str(text) for key, text in record.get("headers", {}).items()}
    return replace(
        delivery,
        headers=headers,
        method=str(record.get("method", "POST")),
        url=str(record.get("url") or "") or None,
        received_at=datetime.fromisoformat(received) if received else delivery.received_at,
    )


def _holds_events(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    record = file.suffix == ".json" and file.with_suffix(".body").exists()
    return file.is_file() and file.suffix in SUFFIXES and file.name not in NOT_EVENTS and not hidden and not record


def _next_value(text: str, position: int) -> int:
    """Return where the next value begins; commas and blanks between values are passed over."""
    while position < len(text) and text[position] in " \t\r\n,\x1e":
        position += 1
    return position


def _next_start(text: str, position: int) -> int:
    """Return the start of the next line that opens an object or list, where reading can go on after a fault."""
    starts = [found for mark in ("\n{", "\n[") if (found := text.find(mark, position)) >= 0]
    return min(starts) + 1 if starts else len(text)


def _fault(text: str, start: int, end: int, line: int, name: str) -> Problem:
    """Return what is wrong with the value that stands between two positions, read for itself.

    Read on into the next line, a record cut short would be found at fault there and not where it was cut.
    """
    try:
        json.loads(text[start:end].rstrip("\r\n"))
    except json.JSONDecodeError as error:
        column = error.colno + (start - text.rfind("\n", 0, start) - 1 if error.lineno == 1 else 0)
        message = f"is not whole JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        return Problem(message=message, file=name, line=line + error.lineno - 1, column=column)
    return Problem(message="is not whole JSON", file=name, line=line)
