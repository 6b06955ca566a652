"""The integration workbench: from a webhook's first sample to a monitored FHIR integration on Medplum.

```python
import workbench as wb

events = wb.load_events("sample_events")            # load: what do this provider's events look like, are they authentic?
```
The names below are the whole public surface; each is loaded when it is first used, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.flows.load import load_events

__all__ = ["load_events"]

_HOMES = {"load_events": "workbench.flows.load"}


def __getattr__(name: str) -> Any:
    """Import a public name from the module it lives in, the first time it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
