"""Times and values as arguments: `7d`, `2026-11-23`, `data.object.total=1299`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import typer

__all__ = ["assignments", "read_time"]


def read_time(text: str) -> datetime:
    """Give the instant that a span back from now, a date or an instant means; anything else is wrong usage."""
    from workbench.audit.window import read_moment

    try:
        return read_moment(text, now=datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def assignments(pairs: Iterable[str] | None, option: str) -> dict[str, Any]:
    """Give `path=value` texts as values by path: JSON where the value is JSON, text where it is not."""
    given: dict[str, Any] = {}
    for pair in pairs or ():
        path, equals, value = pair.partition("=")
        if not equals or not path:
            message = f"{option} takes path=value, as data.object.currency=usd"
            raise typer.BadParameter(message)
        try:
            given[path] = json.loads(value)
        except ValueError:
            given[path] = value
    return given
