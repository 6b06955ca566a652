"""Samples and a resource type → a first mapping."""

from __future__ import annotations

import pytest

from workbench.events.delivery import Event
from workbench.events.profile import profile_events
from workbench.fhir.definitions import resource_types
from workbench.mapping.compile import compile_mapping
from workbench.mapping.document import check_mapping, read_mapping
from workbench.mapping.scaffold import Scaffold, scaffold_mapping

EVENTS = [
    {
        "id": f"evt_{number}",
        "created": 1700000000 + number,
        "data": {
            "object": {
                "id": f"in_{number:024d}",
                "status": status,
                "total": 1299,
                "currency": "usd",
                "customer": f"cus_{number:014d}",
                "description": None,
                "lines": {"data": [{"amount": 5}]},
            }
        },
    }
    for number, status in enumerate(["draft", "open", "draft", "open"])
]


def draft(resource: str) -> Scaffold:
    """The first mapping of the events above to a resource type."""
    events = (Event(provider="stripe", id=str(each["id"]), type="*", payload=each, delivery_id="") for each in EVENTS)
    (profile,) = profile_events(events).types.values()
    return scaffold_mapping(
        profile.fields, name="stripe-first", provider="stripe", events=["invoice.*"], resource=resource
    )


def test_a_draft_sets_what_is_required_and_what_a_like_name_fills() -> None:
    """Identity, order, code map and money are found by name and format; the rest is listed below."""
    text = draft("Invoice").text

    assert text == (
        "mapping: stripe-first\n"
        "version: 1\n"
        "provider: stripe\n"
        "events:\n"
        "  - invoice.*\n"
        "vars:\n"
        "  object: =data.object\n"
        "codes:\n"
        "  status: codes/stripe-first-status.json\n"
        "resources:\n"
        "  invoice:\n"
        "    identity:\n"
        "      system: https://stripe.com/invoice/id\n"
        "      value: =$object.id\n"
        "    order: =created\n"
        "    resource:\n"
        "      resourceType: Invoice\n"
        '      status: =$code("status", $object.status)  # translated by codes/; FHIR has balanced, cancelled, draft, '
        "entered-in-error or issued\n"
        "      totalNet: =$money($object.total, $object.currency)  # a guess: Net total of this Invoice\n"
        "      totalGross: =$money($object.total, $object.currency)  # a guess: Gross total of this Invoice\n"
        "\n"
        "# Fields of these events that nothing above reads:\n"
        "#   id  (string, in 100%)\n"
        "#   data.object.customer  (prefixed-id, in 100%)\n"
        "#   data.object.lines.data[].amount  (integer, in 100%)\n"
    )


def test_a_draft_runs_on_the_events_it_was_made_of() -> None:
    """Codes that FHIR has are translated to themselves; the others are left to the analyst, and told when met."""
    made = draft("Invoice")
    mapping = compile_mapping(read_mapping(made.text, file="codes.yaml", codes=made.codes))

    first, second = (mapping.map(event) for event in EVENTS[:2])

    assert first.as_list()[0]["resource"]["status"] == "draft"
    assert first.as_list()[0]["resource"]["totalGross"] == {"value": 12.99, "currency": "USD"}
    assert [problem.code for problem in second.problems] == ["unmapped-code"]


@pytest.mark.parametrize("start", range(0, len(resource_types()), 20))
def test_check_accepts_a_draft_of_any_resource_type(start: int) -> None:
    """Whatever FHIR requires is there, as an expression or as a literal to be decided."""
    for name in resource_types()[start : start + 20]:
        made = draft(name)
        assert check_mapping(made.text, file=name, codes=made.codes) == ()


def test_the_object_is_what_is_identified_though_an_event_lacks_its_id() -> None:
    """An event that tells of no object yet (`invoice.upcoming`) does not make every event a resource of its own."""
    without = {**EVENTS[0], "id": "evt_9", "data": {"object": {**EVENTS[0]["data"]["object"], "id": None}}}
    del without["data"]["object"]["id"]
    events = [
        Event(provider="stripe", id=str(each["id"]), type="*", payload=each, delivery_id="")
        for each in [*EVENTS, without]
    ]
    (profile,) = profile_events(events).types.values()

    made = scaffold_mapping(profile.fields, name="first", provider="stripe", events=["invoice.*"], resource="Invoice")

    assert "      value: =$object.id  # not in 20% of these events: exclude their types\n" in made.text


def test_an_unknown_type_is_a_misuse() -> None:
    """The nearest known one is named."""
    with pytest.raises(ValueError, match=r"^FHIR R4 has no resource type Invoise; did you mean Invoice\?$"):
        draft("Invoise")
