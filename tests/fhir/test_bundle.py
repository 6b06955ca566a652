"""Bundles that may be sent twice."""

from __future__ import annotations

import json

import pytest

from workbench.fhir.bundle import conditional_entry, make_bundle, split_entries
from workbench.fhir.identity import Identity
from workbench.fhir.validation import validate

INVOICE = {"resourceType": "Invoice", "status": "issued"}
IDENTITY = Identity(resource_type="Invoice", system="urn:x", value="a,1")


def test_an_update_is_conditional_on_the_identity() -> None:
    """A merge or replace becomes a conditional PUT."""
    entry = conditional_entry(INVOICE, IDENTITY, "merge")

    assert entry == {"resource": INVOICE, "request": {"method": "PUT", "url": "Invoice?identifier=urn%3Ax%7Ca%5C%2C1"}}
    assert entry == conditional_entry(INVOICE, IDENTITY, "replace")


def test_a_create_is_conditional_on_the_identity() -> None:
    """Create-if-missing becomes a POST with ifNoneExist, without type and question mark."""
    request = conditional_entry(INVOICE, IDENTITY, "create-if-missing")["request"]

    assert request == {"method": "POST", "url": "Invoice", "ifNoneExist": "identifier=urn%3Ax%7Ca%5C%2C1"}


def test_an_identity_of_another_type_is_refused() -> None:
    """An Account is not written under the identity of an Invoice."""
    with pytest.raises(ValueError, match=r"^bundle: an identity of Invoice given for a Account$"):
        conditional_entry({"resourceType": "Account"}, IDENTITY, "merge")


def test_entries_are_split_by_number_and_by_bytes_and_none_is_lost() -> None:
    """Every batch keeps to both limits, order is kept, and an entry too large travels alone."""
    entries = [
        conditional_entry({**INVOICE, "paymentTerms": "ä" * length}, IDENTITY, "merge") for length in range(1, 60)
    ]
    huge = conditional_entry({**INVOICE, "paymentTerms": "x" * 5_000}, IDENTITY, "merge")

    batches = list(split_entries([*entries[:30], huge, *entries[30:]], largest_bytes=2_000, most=7))

    sizes = [len(json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode()) for batch in batches]
    alone = [batch["entry"] for batch, size in zip(batches, sizes, strict=True) if size > 2_000]
    assert alone == [[huge]]
    assert max(len(batch["entry"]) for batch in batches) == 7
    assert [*entries[:30], huge, *entries[30:]] == [entry for batch in batches for entry in batch["entry"]]
    assert [problem for batch in batches for problem in validate(batch)] == []


def test_no_entries_make_no_batch() -> None:
    """Of nothing comes no batch, and an empty Bundle has no entry element."""
    assert list(split_entries([])) == []
    assert make_bundle([], "transaction") == {"resourceType": "Bundle", "type": "transaction"}
