"""The samples are sent to an empty embedded Medplum, once, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.flows.audit_pages import audit_filters, count_matches
from workbench.flows.connect import connect
from workbench.flows.sample_run import rehearse

ROOT = Path(__file__).resolve().parents[2]


def test_an_empty_sandbox_gets_a_trail_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call, and a call for another folder's server, do nothing."""
    monkeypatch.chdir(ROOT / "notebooks")
    said: list[str] = []
    with connect(data=tmp_path / "box") as server:
        elsewhere = rehearse(server, data=tmp_path / "other")
        untouched = count_matches(server, audit_filters())
        sent = rehearse(server, data=tmp_path / "box", progress=said.append)
        runs = count_matches(server, audit_filters())
        again = rehearse(server, data=tmp_path / "box")

        assert (elsewhere, untouched, again) == (0, 0, 0)
        assert runs > sent > 50
        assert count_matches(server, audit_filters()) == runs
        assert said == ["putting every integration on the embedded Medplum", "sending the samples"]
