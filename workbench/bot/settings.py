"""What can be set about a bot: where its secrets are, how strict it is with what cannot be proved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["BotSettings", "Unmatched"]

Unmatched = Literal["refuse", "mark"]
"""What to do with a parsed body that no known writing of it proves: refuse it, or apply it and mark its result."""

_SECRET_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HEADER: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BotSettings:
    """The settings one bot file is built with. Secrets are named, never held.

    Raises:
        ValueError: a name is none.
    """

    secret_names: tuple[str, ...]  # of the project's secrets that hold signing secrets; several while one is rolled
    unmatched: Unmatched = "refuse"
    tolerance_seconds: int | None = None  # how old a signature may be; None: as the provider says
    secret_header: str | None = None  # lower case; for a provider that sends a shared value instead of a signature

    def __post_init__(self) -> None:
        for name in self.secret_names:
            if not _SECRET_NAME.fullmatch(name):
                message = f"a project secret's name is letters, digits, - and _, as STRIPE_WEBHOOK_SECRET; got {name!r}"
                raise ValueError(message)
        if self.secret_header is not None and not _HEADER.fullmatch(self.secret_header):
            message = f"a header is named in lower case, as x-webhook-secret; got {self.secret_header!r}"
            raise ValueError(message)
        if self.tolerance_seconds is not None and self.tolerance_seconds < 1:
            message = f"tolerance_seconds is at least 1; got {self.tolerance_seconds}"
            raise ValueError(message)
