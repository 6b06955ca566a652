"""What is kept between runs: deliveries and their events in SQLite, audit rows for DuckDB."""

from __future__ import annotations

__all__: list[str] = []
