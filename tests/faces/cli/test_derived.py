"""`workbench bot build`, `policy explain`, `providers`: what needs no server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from workbench.flows.integrations import load_integration

Workbench = Callable[..., Result]
OKTA = "mappings/okta/integration.yaml"


def test_the_bot_that_is_written_is_the_one_that_is_deployed(project: Path, workbench: Workbench) -> None:
    """The file has the bytes and the digest of the integration's code."""
    run = workbench("bot", "build", OKTA, "--out", "build")

    written = (project / "build/okta-workforce.js").read_bytes()
    assert written.decode() == load_integration(OKTA).code
    assert hashlib.sha256(written).hexdigest() in run.stdout
    told = json.loads(workbench("bot", "build", OKTA, "--out", "build", "--json").stdout)
    digest = hashlib.sha256(written).hexdigest()
    assert told == {"file": "build/okta-workforce.js", "bytes": len(written), "sha256": digest}
    assert "cannot be read" in str(workbench("bot", "build", "nowhere.yaml", "--out", "build").exception)


def test_the_typescript_project_has_a_test_for_each_sample(project: Path, workbench: Workbench) -> None:
    """Bot, package file and the examples of the provider's own samples are written."""
    run = workbench("bot", "build", OKTA, "--out", "build", "--project")

    assert run.exit_code == 0, run.exception
    written = {file.name for file in (project / "build").rglob("*") if file.is_file()}
    assert "package.json" in written
    assert f"build: {len([f for f in (project / 'build').rglob('*') if f.is_file()])} files" in run.stdout


def test_every_line_of_the_policies_is_explained(project: Path, workbench: Workbench) -> None:
    """One row for each thing granted, by the rules that need it; one table for each resource type."""
    table = workbench("policy", "explain", OKTA)
    rows = [json.loads(line) for line in workbench("policy", "explain", OKTA, "--json").stdout.splitlines()]

    assert {"search", "create", "read", "update"} <= {row["grants"] for row in rows if row["resource_type"] == "Group"}
    assert all(row["rules"] for row in rows if row["policy"] == "bot-policy")
    assert "webhook-policy: Bot" in table.stdout
    assert all(row["why"] for row in rows)


def test_the_projects_own_provider_is_listed_and_loads(project: Path, workbench: Workbench) -> None:
    """An entry beside the mappings is known by every command; a wrong one is told with its file."""
    shipped = Path(__file__).parents[3] / "workbench/events/catalogue/calendly.yaml"
    (project / "providers").mkdir()
    own = project / "providers/clinic.yaml"
    own.write_text(shipped.read_text(encoding="utf-8").replace("calendly", "clinic", 1), encoding="utf-8")
    rows = [json.loads(line) for line in workbench("providers", "--json").stdout.splitlines()]
    assert ("clinic", "this project") in {(row["provider"], row["from"]) for row in rows}
    assert ("stripe", "shipped") in {(row["provider"], row["from"]) for row in rows}

    own.write_text("provider: [", encoding="utf-8")
    assert "clinic.yaml" in str(workbench("providers").exception)
