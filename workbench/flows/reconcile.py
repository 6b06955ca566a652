"""What was sent, what the bots did, what is on the server: three tellings of every event, compared.

| verdict | means |
|---|---|
| ok | sent, settled by a run, and what the run names is on the server |
| missing | sent, and no run of it was audited |
| failed | every run of it failed or was refused |
| lost | settled, but a resource that its runs name is no longer on the server |
| duplicate | applied by more than one run |
| late | settled later after it was sent than is allowed |
| orphan | a run of an event that was not sent: another sender, or deliveries that were not kept |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from workbench.audit.columns import read_sql
from workbench.flows.load import LoadedEvents
from workbench.servers.client import Server
from workbench.store.audit_rows import open_duckdb

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Reconciliation", "read_references", "reconcile"]

_BAD: Final = ("missing", "failed", "lost")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconciliation:
    """One row for each event, in `events`: provider, event_id, event_type, verdict, and the counts behind it."""

    events: DataFrame = field(repr=False)
    resources_checked: bool

    def counts(self) -> dict[str, int]:
        """How many events met each verdict, as `{"ok": 40, "missing": 1}`."""
        return {str(verdict): int(many) for verdict, many in self.events["verdict"].value_counts().sort_index().items()}

    @property
    def exit_code(self) -> int:
        """0, or 2 when an event is missing, failed or lost."""
        return 2 if any(self.counts().get(verdict) for verdict in _BAD) else 0

    def __str__(self) -> str:
        found = ", ".join(f"{many:,} {verdict}" for verdict, many in self.counts().items()) or "no events"
        checked = "" if self.resources_checked else " (what is on the server was not looked at)"
        return f"{len(self.events):,} events: {found}{checked}"


def reconcile(
    sent: LoadedEvents | DataFrame,
    rows: DataFrame,
    *,
    references: Iterable[str] | None = None,
    late_seconds: float = 300,
) -> Reconciliation:
    """Compare the events that were sent with the runs that were audited and the resources that are there.

    Args:
        sent: deliveries, refused and unreadable ones left out; or a frame with provider, event_id, event_type, sent_at.
        rows: an audit frame that reaches back as far as the deliveries do.
        references: every resource that is on the server, as `read_references` gives; not looked at when None.
        late_seconds: how long after it was sent an event may be settled.

    Raises:
        ValueError: the frame lacks a column.
    """
    import pandas  # here: `import workbench` need not pay for it

    asked = _sent_frame(sent)
    known = None if references is None else sorted(set(references))
    with open_duckdb() as connection:
        connection.register("sent", _plain(asked, ["sent_at"]))
        connection.register("audit", _plain(rows, ["recorded", "last_updated", "event_time"]))
        connection.register("resources", pandas.DataFrame({"ref": pandas.Series(known or [], dtype="str")}))
        given = {"resources": known is not None, "late_seconds": late_seconds}
        frame = connection.execute(read_sql("reconcile"), given).df()
    for column in ("sent_at", "settled_at"):
        frame[column] = frame[column].astype("datetime64[us]").dt.tz_localize("UTC")
    return Reconciliation(events=frame, resources_checked=known is not None)


def read_references(
    server: Server, rows: DataFrame, *, progress: Callable[[str], None] | None = None
) -> tuple[str, ...]:
    """Every resource on the server, as `Invoice/<id>`, of the types that the audit rows name.

    Raises:
        ServerError: a page was refused.
    """
    named = {ref.split("/")[0] for refs in rows["refs"].dropna() for ref in refs.split() if "/" in ref}
    found: list[str] = []
    for kind in sorted(named):
        for page in server.pages(kind, "_count=1000&_sort=_lastUpdated&_fields=id"):
            found += [f"{kind}/{entry['resource']['id']}" for entry in page.get("entry", ())]
        if progress:
            progress(f"{kind}: read; {len(found):,} resources so far")
    return tuple(found)


def _sent_frame(sent: LoadedEvents | DataFrame) -> DataFrame:
    if isinstance(sent, LoadedEvents):
        frame = sent.to_frame()
        used = frame["verdict"].isin(["verified", "unsigned"]) & frame["id"].notna()
        return frame[used].rename(columns={"id": "event_id", "type": "event_type", "received_at": "sent_at"})
    if missing := {"provider", "event_id", "event_type", "sent_at"} - set(sent.columns):
        message = f"reconcile: the frame of sent events lacks {', '.join(sorted(missing))}"
        raise ValueError(message)
    return sent.astype({"provider": "str", "event_id": "str", "event_type": "str"})


def _plain(frame: DataFrame, instants: list[str]) -> Any:
    """The frame with its instants as UTC without saying so, which is how the SQL compares them."""
    plain = frame.copy(deep=False)
    for column in instants:
        plain[column] = plain[column].dt.tz_convert("UTC").dt.tz_localize(None)
    return plain
