"""The `workbench` command: the six verbs, and what stands around them.

A command reads its arguments, calls one flow and prints what came of it. Exit codes: 0 done, 1 a fault that the message
explains, 2 wrong usage, 130 stopped by Ctrl-C; `report` and `reconcile` document their own.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from workbench.errors import WorkbenchError
from workbench.faces.cli import (
    audit,
    backfill,
    capture,
    converge,
    demo,
    derived,
    events,
    load,
    load_test,
    mapping,
    project,
    provision,
    reconcile,
    replay,
    report,
    sandbox,
    webhook,
)
from workbench.faces.cli.terminal import complain

__all__ = ["app", "main"]

_STOPPED = 130  # typer's exit code for Ctrl-C
_ORDER = (
    *("demo", "init", "lab", "load", "providers", "capture", "events", "map"),
    *("provision", "prove", "destroy", "url", "verify-setup", "rotate-secret", "policy", "bot"),
    *("replay", "dead-letters", "converge", "backfill", "load-test", "audit", "reconcile", "report", "sandbox"),
)


class _InOrder(TyperGroup):
    """Lists commands in the order of the verbs; typer alone lists every group after every command."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.commands, key=_ORDER.index)


# A traceback would show local variables, payloads and secrets among them: ours are never printed.
app = typer.Typer(
    name="workbench",
    cls=_InOrder,
    help="Take a webhook from its first sample to a monitored FHIR integration on Medplum.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for part in (
    *(demo, project, load, capture, events, mapping, provision, webhook, derived),
    *(replay, converge, backfill, load_test, audit, reconcile, report, sandbox),
):
    part.register(app)


def main() -> None:
    """Run the command line; an error of ours is one message on stderr and exit code 1, Ctrl-C is 130."""
    try:
        app(standalone_mode=True)
    except WorkbenchError as error:
        complain(error)
        sys.exit(1)
    except OSError as error:  # a path of the caller's; files of ours have errors of their own
        complain(f"{error.filename or 'a file'} cannot be used: {error.strerror or type(error).__name__}")
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == _STOPPED:
            complain("stopped; nothing was left half done")
        raise
