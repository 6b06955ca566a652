"""read_providers: a project adds a provider in a YAML file, without touching our code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.errors import IntegrationError
from workbench.events.delivery import Delivery
from workbench.events.providers import PROVIDERS
from workbench.events.signatures import sign
from workbench.flows.delivery_files import write_delivery
from workbench.flows.load import load_events
from workbench.flows.provider_files import read_providers

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACME = """
name: acme
title: Acme
signature:
  algorithm: hmac-sha256
  header: acme-signature
  prefix: "v1="
  signed: "{body}"
envelope: {id: event.uid, type: event.name, time: event.at}
"""


def test_a_projects_own_provider_is_loaded_like_a_shipped_one(tmp_path: Path) -> None:
    """Its deliveries are recognised by their header, verified and read."""
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "acme.yaml").write_text(ACME)
    providers = read_providers(tmp_path / "providers")
    body = b'{"event": {"uid": "1", "name": "visit.booked", "at": "2026-11-22T10:00:00Z"}}'
    proof = sign(body, providers["acme"], "secret", NOW)
    write_delivery(Delivery(body=body, headers=proof, received_at=NOW), tmp_path / "events", "one")

    loaded = load_events(tmp_path / "events", secrets={"acme": "secret"}, providers=providers)

    assert loaded.counts() == {"verified": 1}
    assert [(event.provider, event.type) for event in loaded] == [("acme", "visit.booked")]


def test_a_projects_own_entry_goes_before_ours(tmp_path: Path) -> None:
    """An entry of a shipped name replaces it; the others stay."""
    (tmp_path / "shopify.yaml").write_text("{name: shopify, title: Ours, envelope: {id: id, type: type}}")
    providers = read_providers(tmp_path)

    assert (providers["shopify"].title, set(providers)) == ("Ours", set(PROVIDERS))


def test_without_a_folder_there_are_the_shipped_ones(tmp_path: Path) -> None:
    """A project need not have providers of its own."""
    assert set(read_providers(tmp_path / "nowhere")) == set(PROVIDERS)


def test_every_fault_of_every_file_comes_at_once(tmp_path: Path) -> None:
    """Three wrong files are one error with all their problems."""
    (tmp_path / "a.yaml").write_text("{name: a, envelope: {}}")
    (tmp_path / "b.yaml").write_text("x: [")
    (tmp_path / "c.yaml").write_text("{name: d, envelope: {id: id, type: type}}")

    with pytest.raises(IntegrationError) as error:
        read_providers(tmp_path)

    assert str(error.value).replace(f"{tmp_path}/", "").splitlines() == [
        "a.yaml: envelope.id: is missing",
        "a.yaml: envelope.type: is missing",
        "b.yaml:1:5: is not YAML",
        "c.yaml: describes d; name it d.yaml",
    ]
