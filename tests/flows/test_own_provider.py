"""A provider that only a project knows goes the whole way: read, mapped, provisioned, signed, settled by its bot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import workbench as wb
from workbench.errors import WorkbenchError

GUIDE = Path(__file__).parents[2] / "docs/how-to/own-provider.md"
MAPPING = """
mapping: lab-report
version: 1
provider: lab-portal
events: ["result.*"]
resources:
  report:
    identity: {system: "https://lab.example/result/id", value: =result.id}
    order: =at
    resource:
      resourceType: DiagnosticReport
      status: final
      code: {text: =result.text}
"""
INTEGRATION = """
integration: lab-reports
provider: lab-portal
mappings: [lab-report]
secrets: [{name: LAB_SECRET, environment: LAB_SECRET}]
"""
EVENT = {
    "delivery": "d-1",
    "kind": "result.final",
    "at": "2026-11-20T10:00:00Z",
    "result": {"id": "r-77", "text": "Hemoglobin"},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the entry that the guide shows, a mapping, an integration and one event."""
    (entry,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    files = {
        "providers/lab-portal.yaml": entry,
        "mappings/lab-portal/lab-report.yaml": MAPPING,
        "mappings/lab-portal/integration.yaml": INTEGRATION,
        "events/result.json": json.dumps(EVENT),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_SECRET", "invented-for-this-test")
    return tmp_path


def test_a_provider_of_ones_own_goes_the_whole_way(project: Path) -> None:
    """Its event is recognised, its bot deployed, its delivery signed by its own scheme and believed only so."""
    events = wb.load_events("events")
    integration = wb.load_integration("mappings/lab-portal/integration.yaml")
    with wb.sandbox() as server:
        wb.apply(wb.plan(integration, server), integration, server)
        doors = [probe for probe in wb.prove(integration, server) if not probe.ok]
        sent = wb.replay(events, integration, server)
        again = wb.replay(events, integration, server)
        (report,) = server.search("DiagnosticReport", {"identifier": "https://lab.example/result/id|r-77"})

    assert [event.provider for event in events.events] == ["lab-portal"]
    assert doors == []
    assert (sent.outcomes(), again.outcomes()) == ({"applied": 1}, {"duplicate": 1})
    assert report["code"] == {"text": "Hemoglobin"}


def test_an_unknown_provider_is_told_where_to_describe_it(project: Path) -> None:
    """The message lists the project's own among the known ones, and names the file to write."""
    (project / "mappings/lab-portal/integration.yaml").write_text(INTEGRATION.replace("lab-portal", "lab-port"))

    with pytest.raises(WorkbenchError, match=r"lab-portal, .*; describe your own in providers/lab-port.yaml"):
        wb.load_integration("mappings/lab-portal/integration.yaml")
