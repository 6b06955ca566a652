"""Golden files: what samples make, kept and compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.errors import DeliveryError
from workbench.flows.design import load_mapping
from workbench.flows.goldens import GoldenReport, check_goldens
from workbench.mapping.compile import EventMapping

TEXT = """\
mapping: stripe-customer
version: 1
provider: stripe
events: ["customer.*"]
resources:
  account:
    identity: {system: "https://stripe.com/customer/id", value: =data.object.id}
    resource: {resourceType: Account, status: active, name: =data.object.name}
"""


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder with one delivery."""
    place = tmp_path / "samples/stripe/customer.created"
    place.mkdir(parents=True)
    payload = {"id": "evt_1", "object": "event", "type": "customer.created", "created": 1700000000, "livemode": False}
    payload |= {"api_version": "2025-03-31.basil", "data": {"object": {"id": "cus_1", "name": "Ada"}}}
    (place / "person.body").write_text(json.dumps(payload))
    record = {"method": "POST", "url": "https://example.org/", "received_at": "2026-11-23T08:00:00Z", "headers": {}}
    (place / "person.json").write_text(json.dumps(record))
    return tmp_path / "samples"


def mapping(tmp_path: Path, text: str = TEXT) -> EventMapping:
    """The mapping of a text."""
    file = tmp_path / "m.yaml"
    file.write_text(text)
    return load_mapping(file)


def states(report: GoldenReport) -> list[tuple[str, str, bool]]:
    """Name, state and verdict of each case."""
    return [(case.name, case.state, case.ok) for case in report.cases]


def test_goldens_are_written_and_then_the_same(samples: Path, tmp_path: Path) -> None:
    """Missing at first, written on request, the same from then on, in both languages."""
    goldens = tmp_path / "golden"
    name = "stripe/customer.created/person"

    assert states(check_goldens([mapping(tmp_path)], samples, goldens)) == [(name, "missing", False)]
    assert states(check_goldens([mapping(tmp_path)], samples, goldens, update=True)) == [(name, "written", True)]
    assert states(check_goldens([mapping(tmp_path)], samples, goldens)) == [(name, "same", True)]
    assert json.loads((goldens / f"{name}.json").read_text())["evt_1"]["stripe-customer"]["account"]["value"] == "cus_1"


def test_a_change_is_told_by_path(samples: Path, tmp_path: Path) -> None:
    """The event, the mapping, the rule and the FHIR path."""
    goldens = tmp_path / "golden"
    check_goldens([mapping(tmp_path)], samples, goldens, update=True)
    changed = mapping(tmp_path, TEXT.replace("status: active", "status: inactive"))

    (case,) = check_goldens([changed], samples, goldens, javascript=False).cases

    assert [found.show() for found in case.differences] == [
        '~ evt_1.stripe-customer.account.resource.status: "active" → "inactive"'
    ]


def test_a_golden_without_a_sample_is_left_over(samples: Path, tmp_path: Path) -> None:
    """It fails until an update removes it."""
    goldens = tmp_path / "golden"
    check_goldens([mapping(tmp_path)], samples, goldens, update=True, javascript=False)
    extra = goldens / "stripe/gone/x.json"
    extra.parent.mkdir()
    extra.write_text("{}")

    report = check_goldens([mapping(tmp_path)], samples, goldens, javascript=False)
    assert report.counts() == {"same": 1, "left over": 1}
    assert not report.ok
    check_goldens([mapping(tmp_path)], samples, goldens, update=True, javascript=False)
    assert not extra.exists()


def test_samples_that_cannot_be_used_are_an_error(samples: Path, tmp_path: Path) -> None:
    """A golden is never made of half the samples."""
    (samples / "stripe/customer.created/broken.body").write_text("{")
    (samples / "stripe/customer.created/broken.json").write_text(
        (samples / "stripe/customer.created/person.json").read_text()
    )

    with pytest.raises(DeliveryError, match=r"^1 of the samples cannot be used, first .*broken"):
        check_goldens([mapping(tmp_path)], samples, tmp_path / "golden", javascript=False)
