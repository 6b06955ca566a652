"""Bots whose settings keep runs out of the trail: measures over such a trail cannot say that all is well.

Source: contract.md §5, auditEventTrigger and auditEventDestination as Medplum 5.0.2 obeys them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["hidden_runs"]

_HIDDEN: Final = {
    "never": "none of its runs is recorded",
    "on-error": "only runs that fail are recorded",
    "on-output": "runs that print nothing are not recorded",
}


def hidden_runs(bot: Mapping[str, Any]) -> str | None:
    """The sentence that says which runs of a Bot resource leave no AuditEvent; None when all do.

    >>> hidden_runs({"resourceType": "Bot", "id": "1", "name": "invoices", "auditEventTrigger": "on-error"})
    'bot invoices: only runs that fail are recorded (auditEventTrigger on-error); set it to always'
    >>> hidden_runs({"resourceType": "Bot", "id": "1", "auditEventDestination": ["resource", "log"]})
    """
    name = bot.get("name") or bot.get("id")
    destination = bot.get("auditEventDestination")
    if destination and "resource" not in destination:
        return f"bot {name}: its runs go to the server's log only (auditEventDestination); add resource"
    trigger = bot.get("auditEventTrigger", "always")
    if told := _HIDDEN.get(trigger):
        return f"bot {name}: {told} (auditEventTrigger {trigger}); set it to always"
    return None
