"""What a sandbox can be told when it starts: port, runtime of bots, features of its project, faults to provoke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["DEFAULT_FEATURES", "Runtime", "SandboxSettings"]

Runtime = Literal["vmcontext", "awslambda"]

#: Features of the project that the contract was observed on.
DEFAULT_FEATURES = ("bots", "transaction-bundles")

_RUNTIMES = ("vmcontext", "awslambda")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """Settings of one start; wrong ones are a `ValueError` that names all of them.

    >>> SandboxSettings(fail_rate=2)
    Traceback (most recent call last):
    ...
    ValueError: sandbox settings: fail_rate must be between 0 and 1, found 2
    """

    port: int = 0  # 0 takes any free one
    runtime: Runtime = "vmcontext"  # of bots whose creator asks for none
    quota: int | None = None  # FHIR points a member may spend a minute; None counts and refuses nothing
    conflict_rate: float = 0.0  # share of conditional writes that end in a serialization conflict (409)
    fail_rate: float = 0.0  # share of requests answered 503
    latency: float = 0.0  # seconds added to each request
    seed: int | None = None  # makes the provoked faults the same every time
    features: Sequence[str] = DEFAULT_FEATURES  # of the project
    bot_limit: float = 30.0  # seconds a bot may run in all, whatever its own timeout

    def __post_init__(self) -> None:
        faults = [
            f"{name} must be between 0 and 1, found {value}"
            for name, value in (("conflict_rate", self.conflict_rate), ("fail_rate", self.fail_rate))
            if not 0 <= value <= 1
        ]
        if not 0 <= self.port <= _HIGHEST_PORT:
            faults.append(f"port must be between 0 and {_HIGHEST_PORT}, found {self.port}")
        if self.runtime not in _RUNTIMES:
            faults.append(f"runtime must be one of {', '.join(_RUNTIMES)}, found {self.runtime}")
        if self.latency < 0 or self.bot_limit <= 0:
            faults.append("latency must not be negative and bot_limit must be positive")
        if self.quota is not None and self.quota <= 0:
            faults.append(f"quota must be positive, found {self.quota}")
        if faults:
            raise ValueError(f"sandbox settings: {'; '.join(faults)}")

    def arguments(self) -> Mapping[str, Any]:
        """The settings as the server reads them; those that are None are left out."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in named.items() if value is not None} | {"features": list(self.features)}
