"""What production sends that nobody planned for is told, by name and without values."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from workbench.access.desired import Desired
from workbench.events.delivery import Event
from workbench.flows.design import load_mapping
from workbench.flows.integrations import load_integration
from workbench.flows.load import load_events
from workbench.flows.production_drift import changed_policies, production_drift
from workbench.flows.provision import apply_integration, plan_integration
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

ROOT = Path(__file__).parents[2]
SAMPLES = tuple(load_events(ROOT / "sample_events/stripe/invoice.paid").events)
INVOICE = load_mapping(ROOT / "mappings/stripe/stripe-invoice.yaml")


def changed(**elements: object) -> Event:
    """The first sample with other elements of its invoice."""
    payload = copy.deepcopy(SAMPLES[0].payload)
    payload["data"]["object"].update(elements)
    return replace(SAMPLES[0], payload=payload)


def told(*events: Event) -> list[tuple[str, str, str]]:
    """Kind, path and mapping of what is told of these, the samples being known."""
    found = production_drift([*SAMPLES, *events], SAMPLES, [INVOICE])
    return list(zip(found["kind"], found["path"], found["mapping"], strict=True))


def test_what_the_samples_hold_is_no_drift() -> None:
    """The corpus against itself has no difference, whatever has no translation left out."""
    assert [row for row in told() if row[0] != "untranslated-code"] == []


def test_a_new_field_a_new_type_and_a_new_version_are_told() -> None:
    """Each with where it is; the mapping that takes the event type is named."""
    newer = replace(changed(parent_agreement="Erika Mustermann"), payload=None)  # type: ignore[arg-type]
    newer = replace(
        newer, payload={**changed(parent_agreement="Erika Mustermann").payload, "api_version": "2099-01-01"}
    )
    other = replace(SAMPLES[0], type="tax.rate.created")
    found = production_drift([*SAMPLES, newer, other], SAMPLES, [INVOICE])
    rows = {(kind, path): (mapping, after) for mapping, _, kind, path, _, after in found.to_numpy().tolist()}

    assert rows["new-field", "data.object.parent_agreement"] == ("stripe-invoice", "string")
    assert rows["new-api-version", "api_version"] == ("stripe-invoice", "2099-01-01")
    assert rows["new-type", ""] == ("", "no mapping takes it")
    assert "Erika" not in found.to_csv()


def test_a_type_that_changed_is_told_where_a_mapping_reads_it() -> None:
    """The total as a text concerns the invoice mapping; a field that nothing reads does not."""
    rows = told(changed(total="1299", collection_method=7))

    assert ("changed-types", "data.object.total", "stripe-invoice") in rows
    assert not [row for row in rows if row[1] == "data.object.collection_method"]


def test_a_code_without_translation_is_told_and_a_sentence_is_not() -> None:
    """Only what looks like a code is shown."""
    found = production_drift([changed(status="disputed"), changed(status="Erika Mustermann, 1970")], SAMPLES, [INVOICE])
    codes = set(found[found["kind"] == "untranslated-code"]["after"])

    assert {"disputed in 1 event(s)", "… in 1 event(s)"} <= codes
    assert "Erika" not in found.to_csv()


def test_a_policy_changed_since_it_was_applied_is_told(tmp_path: Path) -> None:
    """Nothing is told of what stands as applied; a rule that somebody took away is told by its path."""
    loaded = load_integration(ROOT / "mappings/okta/integration.yaml")
    secrets = {"OKTA_HOOK_SECRET": "hush-of-these-tests"}
    with (
        start_sandbox(tmp_path / "sandbox") as sandbox,
        Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret) as server,
    ):
        apply_integration(server, loaded, secrets, confirm=plan_integration(server, loaded, secrets).checksum)
        before = changed_policies(server, [loaded])
        wanted: Desired = loaded.desired
        (policy,) = server.search("AccessPolicy", {"name": wanted.bot_policy["name"]})
        server.request(
            "PUT",
            "fhir/R4/{type}/{id}",
            json={**policy, "resource": policy["resource"][:-1]},
            type="AccessPolicy",
            id=policy["id"],
        )
        after = changed_policies(server, [loaded])

    assert before == ()
    assert len(after) == 1
    assert after[0].startswith(f"AccessPolicy {wanted.bot_policy['name']}: differs at resource")
