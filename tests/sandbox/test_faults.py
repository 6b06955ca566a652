"""Faults come when they are asked for, where a real server has them, and by a seed the same way."""

from pathlib import Path

import httpx

from workbench.sandbox.launcher import Sandbox, start_sandbox


def statuses(sandbox: Sandbox, *, conditional: bool) -> list[int]:
    """The statuses of thirty writes, one after the other."""
    auth = (sandbox.client_id, sandbox.client_secret)
    invoice = {"resourceType": "Invoice", "status": "issued", "identifier": [{"system": "urn:x", "value": "1"}]}
    with httpx.Client(base_url=f"{sandbox.base_url}fhir/R4/", auth=auth, timeout=30, trust_env=False) as client:
        if conditional:
            return [client.put("Invoice?identifier=urn:x|1", json=invoice).status_code for _ in range(30)]
        return [client.post("Invoice", json=invoice).status_code for _ in range(30)]


def test_conflicts_follow_their_seed(tmp_path: Path) -> None:
    """Two sandboxes with one seed refuse the same conditional writes; plain writes never conflict."""
    found = []
    for name in ("one", "two"):
        with start_sandbox(tmp_path / name, conflict_rate=0.4, seed=11) as sandbox:
            found.append((statuses(sandbox, conditional=True), set(statuses(sandbox, conditional=False))))

    assert found[0] == found[1]
    assert 409 in found[0][0]
    assert found[0][1] == {201}


def test_failing_requests_store_nothing(tmp_path: Path) -> None:
    """A request that fails by --fail-rate is a 503 and leaves nothing behind."""
    with start_sandbox(tmp_path, fail_rate=0.5, seed=3) as sandbox:
        found = statuses(sandbox, conditional=False)
    with start_sandbox(tmp_path) as sandbox:
        auth = (sandbox.client_id, sandbox.client_secret)
        url = f"{sandbox.base_url}fhir/R4/Invoice?_summary=count"
        stored = httpx.get(url, auth=auth, trust_env=False).json()["total"]

    assert set(found) == {201, 503}
    assert found.count(201) == stored


def test_latency_slows_and_changes_nothing(tmp_path: Path) -> None:
    """With a latency every answer is the same as without."""
    with start_sandbox(tmp_path, latency=0.01) as sandbox:
        assert set(statuses(sandbox, conditional=False)) == {201}
