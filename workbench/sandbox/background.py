"""`python -m workbench.sandbox.background FOLDER SETTINGS`: starts a sandbox that outlives whoever asked, then ends.

A process in between, so that the sandbox has no parent that would have to wait for it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workbench.errors import SandboxError
from workbench.sandbox.launcher import launch
from workbench.sandbox.settings import SandboxSettings

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """0 when the sandbox answers; else 1, with the reason as one JSON line on standard output."""
    folder, settings = arguments
    try:
        launch(Path(folder), SandboxSettings(**json.loads(settings)), attached=False)
    except SandboxError as error:
        sys.stdout.write(json.dumps({"problem": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
