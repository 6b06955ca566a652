"""Medplum's own verdict on mapped resources, with the line of the mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ServerError
from workbench.flows.connect import sandbox
from workbench.flows.design import load_mapping, load_mappings, map_events
from workbench.flows.load import load_events
from workbench.flows.server_validation import validate_on_server
from workbench.servers.client import Server

ROOT = Path(__file__).parents[2]
FAULTY = """\
mapping: faulty
version: 1
provider: stripe
events: ["invoice.paid"]
resources:
  invoice:
    identity: {system: "https://stripe.com/invoice/id", value: =data.object.id}
    resource:
      resourceType: Invoice
      status: balanced
      date: =data.object.currency
"""


def test_what_the_shipped_mappings_make_is_right_for_medplum_too() -> None:
    """Of all samples' resources Medplum's validator refuses none."""
    mappings = load_mappings(ROOT / "mappings")
    mapped = map_events(mappings, load_events(ROOT / "sample_events").events, validate=False)

    with sandbox() as server:
        problems = validate_on_server(mapped, mappings, server)

    assert problems == ()
    assert len(mapped.resources) >= 100


def test_a_fault_is_told_with_the_line_that_made_it(tmp_path: Path) -> None:
    """A currency where a date belongs: the element, the mapping's file and line, and no value."""
    (tmp_path / "faulty.yaml").write_text(FAULTY, encoding="utf-8")
    mapping = load_mapping(tmp_path / "faulty.yaml")
    mapped = map_events(mapping, load_events(ROOT / "sample_events/stripe/invoice.paid").events, validate=False)

    with sandbox() as server:
        problem, *_ = validate_on_server(mapped, [mapping], server)

    assert (problem.file, problem.line, problem.target) == (str(tmp_path / "faulty.yaml"), 11, "Invoice.date")
    assert problem.message.startswith("Medplum refuses the resource: ")
    assert "usd" not in problem.message


def test_a_server_that_is_not_there_is_no_verdict() -> None:
    """An unreachable server is an error, not a clean bill."""
    mapping = load_mapping(ROOT / "mappings/stripe/stripe-invoice.yaml")
    mapped = map_events(mapping, load_events(ROOT / "sample_events/stripe/invoice.paid").events)

    with pytest.raises(ServerError), Server("http://127.0.0.1:9/", "a", "b", "c", sleep=lambda _: None) as server:
        validate_on_server(mapped, [mapping], server)
