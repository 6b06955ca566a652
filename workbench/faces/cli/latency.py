"""The table of event type × outcome with its latency, as the demo and `workbench audit` print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table

__all__ = ["latency_table"]


def latency_table(by_type: DataFrame, *, most: int | None = None) -> Table:
    """Draw `Measures.by_type`: one line an event type and outcome; a run that carried no event says so.

    Args:
        by_type: its columns are event_type, outcome, events, p50_ms, p95_ms and more.
        most: how many lines to draw, those with the most events; the rest are counted in a last line.
    """
    from rich.table import Table

    left_out = len(by_type) - most if most is not None and len(by_type) > most else 0
    if left_out:
        by_type = by_type.nlargest(most or 0, "events")

    table = Table("event type", "outcome", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("events", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for row in by_type.itertuples():
        kind = row.event_type if isinstance(row.event_type, str) else "(no event)"
        table.add_row(kind, str(row.outcome), str(row.events), f"{row.p50_ms:.0f}", f"{row.p95_ms:.0f}")
    if left_out:
        table.add_row(f"and {left_out} more lines", "", "", "", "")
    return table
