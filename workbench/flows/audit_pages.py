"""AuditEvents from a server, page by page, split without being decoded.

Medplum pages by cursor only when sorted by `_lastUpdated` (ascending) and asked for at least 20 a page; an offset ends
at 10,000. A row bears the time at which it was written but is seen only once its transaction commits, so whoever
reads on from the newest row seen loses rows: the caller overlaps its windows (`flows/collect.py`), and compares the
server's own count with what the pages held.

Source: contract.md §0 points 26–28, §5 "Polling with a `_lastUpdated` watermark loses rows".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from workbench.errors import ServerError
from workbench.fhir.writes import format_instant
from workbench.servers.client import Server

__all__ = ["PAGE_SIZE", "Page", "audit_filters", "count_matches", "read_pages", "saved_search_filters", "split_page"]

PAGE_SIZE = 1000  # Medplum silently answers 1000 to any larger _count
_PATH = "fhir/R4/AuditEvent"
_PAGING = {"_count", "_cursor", "_elements", "_fields", "_format", "_offset", "_sort", "_summary", "_total"}
_BOT_RUNS = "https://medplum.com/CodeSystem/audit-event|execute"


class Page(msgspec.Struct):
    """One page: its AuditEvents as the server's own bytes."""

    resources: list[msgspec.Raw]
    ids: frozenset[str]
    new: int  # how many of them the page before did not hold
    last_updated: str | None  # of its last row: the newest seen so far
    next_query: str | None  # the query of the page after it
    on_one_line: bool  # Medplum's pages are; a proxy may indent them

    def lines(self) -> bytes:
        """The page as NDJSON; a line break inside JSON is white space, so a space replaces it."""
        if self.on_one_line:
            return b"\n".join(self.resources) + b"\n"
        return b"".join(bytes(raw).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n" for raw in self.resources)


class _Search(msgspec.Struct, frozen=True):
    mode: str = "match"


class _Entry(msgspec.Struct):
    resource: msgspec.Raw
    fullUrl: str = ""  # noqa: N815 - FHIR's name
    search: _Search = _Search()


class _Link(msgspec.Struct):
    relation: str
    url: str


class _Bundle(msgspec.Struct):
    resourceType: str = ""  # noqa: N815 - FHIR's name
    entry: list[_Entry] = []
    link: list[_Link] = []
    total: int | None = None


class _Meta(msgspec.Struct):
    lastUpdated: str  # noqa: N815 - FHIR's name


class _Stored(msgspec.Struct):
    id: str
    meta: _Meta


def audit_filters(*, bot: str | None = None, since: datetime | None = None, until: datetime | None = None) -> str:
    """The search for the runs of one bot (`<id>` or `Bot/<id>`) or of all, stored from `since` until before `until`."""
    filters = [("entity", _bot_reference(bot))] if bot else [("type", _BOT_RUNS)]
    return _within(filters, since, until)


def saved_search_filters(search: str, *, since: datetime | None = None, until: datetime | None = None) -> str:
    """The filters of a search saved in the Medplum app, without its own paging, sorting and choice of fields.

    Raises:
        ValueError: it is no search for AuditEvents.

    >>> saved_search_filters("AuditEvent?_count=20&_fields=id,outcome&_sort=-_lastUpdated&outcome=4")
    'outcome=4'
    """
    parts = urlsplit(search)
    if parts.path.rstrip("/").rsplit("/", 1)[-1] != "AuditEvent":
        message = "search: is not one for AuditEvents; copy the address of the app's AuditEvent page, `AuditEvent?…`"
        raise ValueError(message)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in _PAGING]
    return _within(kept, since, until)


def count_matches(server: Server, filters: str) -> int:
    """How many AuditEvents the server counts for these filters.

    Raises:
        ServerError: it refused, or gave no total.
    """
    answer = server.request("GET", "fhir/R4/{type}", query=_joined(filters, "_summary=count"), type="AuditEvent")
    total: int | None = _read(answer.content, _Bundle).total
    if total is None:
        message = f"GET {_PATH}: the answer holds no total; is this a FHIR server?"
        raise ServerError(message, status=answer.status_code, path_template=_PATH)
    return total


def read_pages(server: Server, filters: str) -> Iterator[Page]:
    """The pages of a search, oldest row first; a row that two neighbouring pages share counts once in `new`.

    Raises:
        ServerError: a page was refused or is none, or more rows share one instant than a page holds.
    """
    query: str | None = _joined(filters, f"_sort=_lastUpdated&_count={PAGE_SIZE}")
    before: frozenset[str] = frozenset()
    while query:
        page = split_page(server.request("GET", "fhir/R4/{type}", query=query, type="AuditEvent").content)
        yield msgspec.structs.replace(page, new=len(page.ids - before))
        following = page.next_query
        if following == query or (following and page.ids and page.ids <= before):
            message = f"GET {_PATH}: over {PAGE_SIZE} rows share one instant, which paging cannot pass; narrow it down"
            raise ServerError(message, path_template=_PATH)
        query, before = following, page.ids


def split_page(content: bytes) -> Page:
    """A searchset Bundle as a page; its resources stay the bytes they are.

    Raises:
        ServerError: it is no Bundle.
    """
    bundle = _read(content, _Bundle)
    entries = [entry for entry in bundle.entry if entry.search.mode == "match"]
    ids = frozenset(entry.fullUrl or _read(entry.resource, _Stored).id for entry in entries)
    return Page(
        resources=[entry.resource for entry in entries],
        ids=ids,
        new=len(ids),
        last_updated=_read(entries[-1].resource, _Stored).meta.lastUpdated if entries else None,
        # only the query of a link is followed: behind a proxy its host is not the one that we call
        on_one_line=b"\n" not in content and b"\r" not in content,
        next_query=next((urlsplit(link.url).query for link in bundle.link if link.relation == "next"), None),
    )


def _read(content: bytes | msgspec.Raw, kind: type[Any]) -> Any:
    """`content` as `kind`; msgspec's own words name a path and types, and are kept out all the same."""
    try:
        found = msgspec.json.decode(content, type=kind)
        fault = "another resource" if kind is _Bundle and found.resourceType != "Bundle" else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fault = type(error).__name__
    if fault:
        message = f"GET {_PATH}: a page is no Bundle of AuditEvents ({fault}); is this Medplum? the pull stops here"
        raise ServerError(message, path_template=_PATH)
    return found


def _bot_reference(bot: str) -> str:
    return ",".join(part if part.startswith("Bot/") else f"Bot/{part}" for part in bot.split(","))


def _within(filters: list[tuple[str, str]], since: datetime | None, until: datetime | None) -> str:
    bounds = [("_lastUpdated", f"ge{format_instant(since)}")] if since else []
    if until:
        bounds.append(("_lastUpdated", f"lt{format_instant(until)}"))
    return urlencode([*filters, *bounds])


def _joined(filters: str, more: str) -> str:
    return f"{filters}&{more}" if filters else more
