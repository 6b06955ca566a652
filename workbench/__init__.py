"""The integration workbench: from a webhook's first sample to a monitored FHIR integration on Medplum.

```python
import workbench as wb

events = wb.load_events("sample_events")                               # load
mapping = wb.load_mapping("mappings/stripe/stripe-invoice.yaml")       # map
wb.design(mapping, events)                                             # a panel: write it, see what comes of it
results = wb.map_events(mapping, events)
server = wb.connect()                                                  # the embedded Medplum, or your own
integration = wb.load_integration("mappings/stripe/integration.yaml")  # provision
wb.provision(integration, server)                                      # a panel: the plan, apply, the proof
wb.replay(events, integration, server)                                 # replay
wb.monitor(server)                                                     # audit: a board, and its `rows`
wb.report()                                                            # report
```
The names below are the whole public surface; each is loaded when it is first used, so that importing costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.events.profile import profile_events
    from workbench.faces.designer.panel import design
    from workbench.faces.explorer import explore
    from workbench.faces.monitor_panel import monitor
    from workbench.faces.provision_panel import provision
    from workbench.flows.collect import audit_frame
    from workbench.flows.connect import connect, sandbox
    from workbench.flows.design import coverage, load_mapping, map_event, map_events
    from workbench.flows.integrations import load_integration
    from workbench.flows.load import load_events
    from workbench.flows.report import report
    from workbench.flows.sample_run import rehearse
    from workbench.flows.verbs import apply, plan, prove, replay

__all__ = [
    "apply",
    "audit_frame",
    "connect",
    "coverage",
    "design",
    "explore",
    "load_events",
    "load_integration",
    "load_mapping",
    "map_event",
    "map_events",
    "monitor",
    "plan",
    "profile_events",
    "prove",
    "provision",
    "rehearse",
    "replay",
    "report",
    "sandbox",
]

_HOMES = {
    "apply": "workbench.flows.verbs",
    "audit_frame": "workbench.flows.collect",
    "connect": "workbench.flows.connect",
    "coverage": "workbench.flows.design",
    "design": "workbench.faces.designer.panel",
    "explore": "workbench.faces.explorer",
    "load_events": "workbench.flows.load",
    "load_integration": "workbench.flows.integrations",
    "load_mapping": "workbench.flows.design",
    "map_event": "workbench.flows.design",
    "map_events": "workbench.flows.design",
    "monitor": "workbench.faces.monitor_panel",
    "plan": "workbench.flows.verbs",
    "profile_events": "workbench.events.profile",
    "prove": "workbench.flows.verbs",
    "provision": "workbench.faces.provision_panel",
    "rehearse": "workbench.flows.sample_run",
    "replay": "workbench.flows.verbs",
    "report": "workbench.flows.report",
}


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


class _Surface(ModuleType):
    """This package, with `sandbox` the function: Python would set the folder of that name when it is imported."""

    @property
    def sandbox(self) -> Any:
        """Give `workbench.flows.connect.sandbox`."""
        return import_module("workbench.flows.connect").sandbox

    @sandbox.setter
    def sandbox(self, folder: ModuleType) -> None:
        """Leave the folder where `import workbench.sandbox` finds it, in `sys.modules`."""


sys.modules[__name__].__class__ = _Surface


def _show_in_notebooks() -> None:
    """Where this is a notebook, let our values show themselves there."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        import_module("workbench.faces.displays").show_in_notebooks(shell)


_show_in_notebooks()
