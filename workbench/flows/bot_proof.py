"""Prove a bot before it is written: every sample gives in JavaScript and on a sandbox what it gives in Python.

```
samples ─▶ each mapping in Python ═?═ the same in Node       (path by path)
        └▶ settled here           ═?═ by the bot on a fresh sandbox, as it is deployed
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.flows.converge import confirm_by_bot
from workbench.flows.goldens import backend_differences
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.replay_selection import ReplayRequest, Selected, select_deliveries

__all__ = ["BotProof", "prove_bot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotProof:
    """What was held against each other, and where it was not the same."""

    deliveries: int
    events: int
    differences: tuple[str, ...]  # paths, never values

    @property
    def ok(self) -> bool:
        """Whether everything was the same."""
        return not self.differences


def prove_bot(
    loaded: LoadedIntegration, samples: str | Path, *, progress: Callable[[str], None] | None = None
) -> BotProof:
    """Hold the bot of an integration against its mappings on every sample of its provider.

    Raises:
        DeliveryError: the samples cannot be read.
        ServerError, SandboxError: the sandbox could not be used.
    """
    tell = progress or (lambda _: None)
    selected = select_deliveries(ReplayRequest(events=str(samples), provider=loaded.provider.name))
    tell(f"in JavaScript: {len(selected)} samples")
    found = [f"in JavaScript: {line}" for line in _in_javascript(loaded, selected)]
    tell(f"by the bot on a fresh sandbox: {len(selected)} samples")
    found += [f"by the bot: {line}" for line in confirm_by_bot(selected, loaded)]
    events = sum(len(each.events) for each in selected)
    return BotProof(deliveries=len(selected), events=events, differences=tuple(found))


def _in_javascript(loaded: LoadedIntegration, selected: Iterable[Selected]) -> list[str]:
    events = [event for each in selected for event in each.events]
    return [str(found) for found in backend_differences(loaded.mappings, events)]
