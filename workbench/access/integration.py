"""What an `integration.yaml` says: which mappings run in which bot, how deliveries reach it, where its secrets are.

```yaml
integration: stripe-billing          # its name on the server
provider: stripe
mappings: [stripe-invoice]           # files beside this one, without .yaml
delivery: execute                    # a URL with credentials; or public-webhook: a URL without
bot:                                 # all optional
  runtime: vmcontext                 # or awslambda
  timeout_seconds: 10
  audit: always                      # which runs leave an AuditEvent: always, on-error, never
  unmatched: refuse                  # or mark: apply what no known writing of a parsed body proves, and say so
  tolerance_seconds: 300
  secret_header: x-webhook-secret    # of a provider that sends a shared value
secrets:                             # the project secrets that hold signing secrets, and where their values come from
  - {name: STRIPE_WEBHOOK_SECRET, environment: STRIPE_WEBHOOK_SECRET}
report: {success: 0.995, p95_ms: 3000, silent_hours: 24}   # optional targets, by which reports judge
servers:                             # optional profiles, by the names of environment variables
  staging: {base_url: "https://medplum.example.org/", client_id: STAGING_ID, client_secret: STAGING_SECRET}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["BotOptions", "Integration", "SecretSource", "ServerProfile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """One project secret and where its value is; never the value."""

    name: str
    place: Literal["environment", "keyring", "prompt"] = "environment"
    key: str = ""  # the variable's name, or the keyring's service


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProfile:
    """A server this integration is applied to, its credentials named by environment variables."""

    name: str
    base_url: str
    client_id: str  # name of a variable
    client_secret: str  # name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOptions:
    """How the bot runs."""

    runtime: Literal["vmcontext", "awslambda"] = "vmcontext"
    timeout_seconds: int = 10
    audit: Literal["always", "on-error", "never"] = "always"
    unmatched: Literal["refuse", "mark"] = "refuse"
    tolerance_seconds: int | None = None
    secret_header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One provider's events made into resources by one bot."""

    name: str
    provider: str
    mappings: tuple[str, ...]
    delivery: Literal["execute", "public-webhook"] = "execute"
    bot: BotOptions = BotOptions()
    secrets: tuple[SecretSource, ...] = ()
    servers: tuple[ServerProfile, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)  # targets, by name as in `audit.thresholds.Thresholds`
    description: str = ""
