"""The schedules that the documentation shows are run as they stand, against an embedded Medplum."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from workbench.sandbox.launcher import start_sandbox

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/scheduled-report.md").read_text()
CRON = re.findall(r"^```text\n(.+)\n```$", PAGE, re.MULTILINE)[0]
WORKFLOW = yaml.safe_load(re.findall(r"^```yaml\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A project with notebooks and this environment, and the MEDPLUM_* of a server that ran no bot yet."""
    folder = tmp_path_factory.mktemp("integration")
    for name in ("notebooks", "mappings"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield (
            folder,
            {
                "MEDPLUM_BASE_URL": sandbox.base_url,
                "MEDPLUM_CLIENT_ID": sandbox.client_id,
                "MEDPLUM_CLIENT_SECRET": sandbox.client_secret,
            },
        )


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a scheduler does: without any variable of ours but those given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = ["sh", "-e", "-c", script]
    return subprocess.run(command, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False)


def test_the_cron_line_writes_the_page(project: tuple[Path, dict[str, str]]) -> None:
    """Five fields, and a command that finds its credentials; without any run nothing can be said."""
    folder, medplum = project
    (folder / "medplum.env").write_text("".join(f"export {name}={value}\n" for name, value in medplum.items()))
    *fields, command = CRON.split(maxsplit=5)
    done = run(command.replace("/srv/integration", str(folder)), folder)

    assert fields == ["0", "7", "*", "*", "1"]
    assert done.returncode == 3, done.stderr
    assert "no bot run in this span" in done.stdout.replace("\n", " ")
    assert (folder / "reports/06_report.html").stat().st_size > 0
    written = b"".join(file.read_bytes() for file in (folder / "reports").iterdir())
    assert medplum["MEDPLUM_CLIENT_SECRET"].encode() not in written
    assert medplum["MEDPLUM_CLIENT_SECRET"] not in done.stdout + done.stderr


def test_the_workflow_is_read_and_its_steps_run(project: tuple[Path, dict[str, str]]) -> None:
    """It names its secrets, and fails for what could not be told, and keeps page, metrics and tests."""
    folder, medplum = project
    job = WORKFLOW["jobs"]["report"]
    steps = {step.get("name"): step for step in job["steps"]}
    done = run(steps["Report"]["run"], folder, **medplum)

    assert set(medplum) == set(job["env"])
    assert WORKFLOW[True]["schedule"] == [{"cron": "0 7 * * 1"}]  # YAML reads `on` as true
    assert run(steps["Set up"]["run"] + " --dry-run", ROOT).returncode == 0
    assert done.returncode == 3, done.stderr
    kept = {file.name for file in (folder / steps["Keep the page"]["with"]["path"]).iterdir()}
    assert {"06_report.html", "metrics.json", "junit.xml"} <= kept


def test_a_warning_does_not_fail_the_build(tmp_path: Path) -> None:
    """The step's shell lets 0 and 1 pass and hands on the rest."""
    script = WORKFLOW["jobs"]["report"]["steps"][2]["run"]
    program = tmp_path / ".venv/bin/workbench"
    program.parent.mkdir(parents=True)
    given = {}
    for code in range(4):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
        given[code] = run(script, tmp_path).returncode

    assert given == {0: 0, 1: 0, 2: 2, 3: 3}
