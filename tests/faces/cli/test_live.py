"""The commands that need a server, on one embedded Medplum, in the order in which a person would call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Workbench = Callable[..., Result]
OKTA = "mappings/okta/integration.yaml"
SAMPLES = "sample_events/okta"


def rows(run: Result) -> list[dict[str, object]]:
    """The JSON lines of a run."""
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_an_integration_from_its_plan_to_its_end(project: Path, workbench: Workbench) -> None:
    """Plan, apply, verify, rotate, replay, audit, reconcile, destroy: each says what it did, and does it once."""
    (absent,) = rows(workbench("sandbox", "status", "--json"))
    assert workbench("sandbox", "start", "--background").exit_code == 0
    (there,) = rows(workbench("sandbox", "status", "--json"))
    assert (absent["serves"], there["serves"]) == (False, True)
    assert str(there["base_url"]).startswith("http://127.0.0.1:")
    try:
        _is_provisioned(workbench)
        _is_rotated(workbench)
        _is_audited(workbench)
        _is_destroyed(workbench)
    finally:
        assert workbench("sandbox", "stop").stdout == "stopped\n"


def _is_provisioned(workbench: Workbench) -> None:
    assert "is not on the server" in str(workbench("url", OKTA).exception)
    assert "has no server profile 'stagin'" in str(workbench("url", OKTA, "--server", "stagin").exception)
    (plan,) = rows(workbench("provision", OKTA, "--dry-run", "--json"))
    assert workbench("provision", OKTA, stdin="n\n").exit_code == 1
    assert "is " + str(plan["checksum"]) in str(workbench("provision", OKTA, "--confirm", "0123").exception)
    made = workbench("provision", OKTA, "--confirm", str(plan["checksum"]))
    assert "Group: create, read, search, update; 3 write constraints" in made.stdout
    assert "webhook URL: http://" in made.stdout
    assert "nothing to change" in workbench("provision", OKTA).stdout
    assert {True} == {row["ok"] for row in rows(workbench("prove", OKTA, "--json"))}

    steps = workbench("verify-setup", OKTA, "--sample", "user.lifecycle.create", "--json")
    assert (steps.exit_code, {True}) == (0, {row["ok"] for row in rows(steps)}), steps.output
    assert "there is no sample of okta nope" in str(workbench("verify-setup", OKTA, "--sample", "nope").exception)


def _is_rotated(workbench: Workbench) -> None:
    old = workbench("url", OKTA).stdout
    assert "••••••••" in old
    assert "••••••••" not in workbench("url", OKTA, "--reveal").stdout
    assert "Okta Admin Console" in workbench("url", OKTA, "--steps").stdout
    (told,) = rows(workbench("url", OKTA, "--steps", "--json"))
    assert told["url"] == old.strip()
    assert "Okta Admin Console" in str(told["steps"])
    assert workbench("rotate-secret", OKTA).exit_code == 0
    assert workbench("url", OKTA).stdout != old
    assert "retire it first" in str(workbench("rotate-secret", OKTA).exception)
    assert "the old URL is dead" in workbench("rotate-secret", OKTA, "--retire").stdout
    assert workbench("rotate-secret", OKTA, "--retire").stdout == "no older client is there\n"
    assert rows(workbench("rotate-secret", OKTA, "--retire", "--json")) == [
        {"integration": "okta-workforce", "retired": []}
    ]


def _is_audited(workbench: Workbench) -> None:
    with Path(OKTA).open("a", encoding="utf-8") as integration:
        integration.write("\nreport: {p95_ms: 7}\n")
    missing = workbench("reconcile", SAMPLES, "--json")
    assert (missing.exit_code, {"missing", "orphan"}) == (2, {row["verdict"] for row in rows(missing)})
    sent = rows(workbench("replay", SAMPLES, "--integration", OKTA, "--json"))
    assert {200} == {row["status"] for row in sent}

    pulled, again = workbench("audit", "pull"), workbench("audit", "pull")
    assert "rows new" in pulled.stdout
    assert ", 0 rows new" in again.stdout
    (third,) = rows(workbench("audit", "pull", "--json"))
    assert (third["trail"], third["new"]) == (".workbench/audit", 0)
    kept = workbench("audit", "--trail", ".workbench/audit")
    assert "user.lifecycle.create" in kept.stdout
    assert "Incidents" in kept.stdout
    measured = json.loads(workbench("audit", "--since", "1h", "--json").stdout)
    replayed = len({row["event"] for row in sent})
    assert replayed + 2 == measured["summary"]["events"]  # and those of prove and verify-setup
    assert measured["thresholds"]["p95_ms"] == 7  # as the integration says
    assert workbench("audit", "--trail", "a", "--log", "b").exit_code == 2
    assert workbench("audit", "--since", "banana").exit_code == 2
    assert workbench("audit", "--search", "Patient?name=x").exit_code == 2
    assert "does not exist" in str(workbench("audit", "--log", "nowhere.ndjson").exception)

    assert workbench("events", "import", SAMPLES).exit_code == 0
    settled = workbench("reconcile", "--late", "1e12")
    assert settled.exit_code == 0, settled.output
    assert " ok" in settled.stdout


def _is_destroyed(workbench: Workbench) -> None:
    assert workbench("destroy", OKTA, stdin="n\n").exit_code == 1
    assert "delete Bot okta-workforce bot" in workbench("destroy", OKTA, "--dry-run").stdout
    assert "delete AccessPolicy okta-workforce bot" in workbench("destroy", OKTA, "--yes").stderr
    assert workbench("destroy", OKTA, "--yes").stdout == "okta-workforce: nothing to change\n"
