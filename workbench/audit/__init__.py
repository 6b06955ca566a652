"""AuditEvents of bot runs, read: rows, measures, incidents, reconciliation and a verdict. Pure.

The questions are SQL, in `sql/`, each file headed by what it gives back. DuckDB asks them of a DataFrame or of
Parquet files alike (`workbench.flows.measure`), so that a week on a laptop and a hundred million rows are measured by
the same text. What needs more than SQL is Python here: masking, thresholds, the verdict.
"""

from __future__ import annotations

__all__: list[str] = []
