"""Dead letters by their cause, in words: what a person must do once, for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from workbench.store.journal import JournalRow

__all__ = ["Cluster", "cluster_dead_letters", "explain_cause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Dead letters of one cause, the oldest first."""

    cause: str  # as the bot or the server named it
    words: str
    rows: tuple[JournalRow, ...] = field(repr=False)


_EXPLAINED: Final = (
    (r"signature-.*|.*-mismatched|proof-.*", "the bot does not believe the signature; is its signing secret another?"),
    (r"write-403-.*", "the bot's policy forbids the write; `workbench policy explain` says what it may do"),
    (r"write-4\d\d-.*", "the server refuses the resource; `workbench map run --authoritative` says why"),
    (r"(read|write|server)-(429|throttled).*", "the server's quota was used up; send fewer at a time"),
    (r"read-40[13]|server-(login|forbidden)", "the bot may not read what it needs; plan and apply again"),
    (r"(read|write)-(0|5\d\d).*|server-.*", "the server failed while it was written to; send it again"),
    (r"conflict", "somebody else kept changing the same resource; send it again"),
    (r"reference-not-found", "what it refers to is not there yet; send it again when it is"),
    (r"identity-ambiguous", "several resources share its identity; remove all but one"),
    (r"identity-.*", "the event names nothing to identify its resource by; look at the mapping's identity"),
    (r"envelope-unknown|event-unnamed|body-unreadable", "it is not what this provider sends; look at the delivery"),
    (r"[A-Z]\d{4}|money-.*|mapping-.*|instant-.*|code-.*", "the mapping fails on it; `workbench map run` says where"),
    (r"the server could not be reached.*", "no server answered; is it running?"),
    (r"the server answered 401.*", "the webhook's credentials are not the server's; plan and apply again"),
)


def cluster_dead_letters(rows: Iterable[JournalRow]) -> tuple[Cluster, ...]:
    """Give the dead letters by cause, the most frequent first."""
    found: dict[str, list[JournalRow]] = {}
    for row in rows:
        # numbers differ from case to case and say nothing of the cause
        found.setdefault(re.sub(r"\b\d{4,}\b", "…", row.cause or row.outcome), []).append(row)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return tuple(Cluster(cause=cause, words=explain_cause(cause), rows=tuple(rows)) for cause, rows in ordered)


def explain_cause(cause: str) -> str:
    """Give a cause in words with what to do; one that is not known is given as it is.

    >>> explain_cause("conflict")
    'conflict: somebody else kept changing the same resource; send it again'
    """
    first = cause.partition(", ")[0]
    words = next((text for pattern, text in _EXPLAINED if re.fullmatch(pattern, first)), None)
    return f"{cause}: {words}" if words else cause
