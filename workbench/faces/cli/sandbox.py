"""`workbench sandbox`: the embedded Medplum on loopback."""

from __future__ import annotations

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands, as a group."""
