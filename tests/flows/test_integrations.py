"""Integration files on disk, and the values of their secrets."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.access.integration import Integration, SecretSource
from workbench.errors import IntegrationError, MappingSpecError
from workbench.flows.integrations import DEFAULT_SECRET_HEADER, load_integration, resolve_secrets

ROOT = Path(__file__).parents[2]
STRIPE = ROOT / "mappings/stripe/integration.yaml"
OKTA = ROOT / "mappings/okta/integration.yaml"


def test_a_shipped_integration_is_ready_to_be_planned() -> None:
    """Mappings compiled, code built, its digest desired, each grant traced to the mapping and rule that need it."""
    loaded = load_integration(STRIPE)
    reasons = [reason for reason in loaded.desired.reasons if reason.resource_type == "Invoice"]

    assert loaded.name == "stripe-billing"
    assert loaded.desired.code_digest == hashlib.sha256(loaded.code.encode()).hexdigest()
    assert all("stripe-invoice:invoice" in reason.rules for reason in reasons)
    assert "function map_stripe_invoice(" not in repr(loaded)


def test_a_shared_value_has_a_header_of_its_own_beside_credentials(tmp_path: Path) -> None:
    """Okta's usual header is taken by Basic; without Basic it is free; Stripe signs and needs none."""
    for file in OKTA.parent.glob("okta-user.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    text = "integration: a\nprovider: okta\nmappings: [okta-user]\nsecrets: [{name: S}]\ndelivery: "
    headers = []
    for delivery in ("execute", "public-webhook"):
        (tmp_path / "integration.yaml").write_text(text + delivery)
        headers.append(load_integration(tmp_path / "integration.yaml").secret_header)

    assert headers == [DEFAULT_SECRET_HEADER, "authorization"]
    assert load_integration(OKTA).secret_header == "x-okta-hook-secret"
    assert load_integration(STRIPE).secret_header is None


def test_the_faults_of_all_mappings_are_told_at_once(tmp_path: Path) -> None:
    """One mapping is not there, the other is empty: both are named."""
    (tmp_path / "integration.yaml").write_text(
        "integration: a\nprovider: stripe\nmappings: [missing, empty]\nsecrets: [{name: S}]"
    )
    (tmp_path / "empty.yaml").write_text("{}")
    with pytest.raises(MappingSpecError) as caught:
        load_integration(tmp_path / "integration.yaml")

    assert "missing.yaml" in str(caught.value)
    assert "empty.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path and what to give instead."""
    with pytest.raises(IntegrationError) as caught:
        load_integration(tmp_path / "none.yaml")

    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: cannot be read (FileNotFoundError); give the path of an integration.yaml"
    )


def test_secrets_come_from_where_the_file_says() -> None:
    """The environment and a prompt; every one that is missing is named, none is shown."""
    sources = (
        SecretSource(name="A", key="VARIABLE"),
        SecretSource(name="B", place="prompt"),
        SecretSource(name="C", key="ABSENT"),
        SecretSource(name="D", place="keyring", key="no-such-service"),
    )
    integration = Integration(name="i", provider="p", mappings=("m",), secrets=sources[:2])
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    assert resolve_secrets(integration, {"VARIABLE": "kept"}, ask) == {"A": "kept", "B": "typed"}
    assert asked == ["B: "]
    with pytest.raises(IntegrationError) as caught:
        resolve_secrets(replace(integration, secrets=sources), {"VARIABLE": "kept"}, ask)
    assert str(caught.value) == (
        "secret C: environment ABSENT holds no value; set it, or change its place\n"
        "secret D: keyring no-such-service holds no value; set it, or change its place"
    )


def test_targets_of_reports_are_read_and_judged(tmp_path: Path) -> None:
    """Numbers by name; an unknown name and a share out of range are told at once, with the file."""
    (tmp_path / "okta-user.yaml").write_text((OKTA.parent / "okta-user.yaml").read_text())
    text = "integration: a\nprovider: okta\nmappings: [okta-user]\nsecrets: [{name: S}]\nreport: "
    file = tmp_path / "integration.yaml"
    file.write_text(text + "{success: 0.999, silent_hours: 24}")
    assert load_integration(file).integration.report == {"success": 0.999, "silent_hours": 24}

    file.write_text(text + "{sucess: 0.9, success: 99}")
    with pytest.raises(IntegrationError) as caught:
        load_integration(file)
    assert [problem.message for problem in caught.value.problems] == [
        "report.sucess: is no threshold",
        "report.success: is out of range",
    ]
