"""How much of the events a mapping reads, and of the mapping they use."""

from __future__ import annotations

from workbench.mapping.compile import compile_mapping
from workbench.mapping.coverage import measure_coverage
from workbench.mapping.document import read_mapping

TEXT = """\
mapping: m
version: 1
provider: stripe
events: ["*"]
vars:
  who: =data.person
codes:
  sex: sex.json
resources:
  patient:
    identity: {system: "urn:s", value: =id}
    resource:
      resourceType: Patient
      gender: =$code("sex", $who.sex)
      birthDate: =$who.born
      name: {$each: =$who.names, $as: n, $item: {text: =$n.full}}
      active: {$if: =$who.gone, $then: false}
      contact: [{name: {text: =$who.next.name}}]
"""
SEX = {"resourceType": "ConceptMap", "group": [{"element": [{"code": "f", "target": [{"code": "female"}]}]}]}
EVENTS = [
    {"id": "1", "data": {"person": {"sex": "f", "names": [{"full": "A", "used": "now"}], "born": None}}},
    {"id": "2", "data": {"person": {"sex": "x", "names": [], "phone": "1"}}},
    {"id": 3, "data": {}},
]
COVERAGE = measure_coverage(compile_mapping(read_mapping(TEXT, file="m.yaml", codes={"sex.json": SEX})), EVENTS)


def test_fields_are_read_where_an_expression_needs_their_value() -> None:
    """A variable or a loop only passes on; a field that is null everywhere is no field."""
    assert [(found.path, found.present, found.read) for found in COVERAGE.fields] == [
        ("data.person.names.full", 1, True),
        ("data.person.names.used", 1, False),
        ("data.person.phone", 1, False),
        ("data.person.sex", 2, True),
        ("id", 3, True),
    ]
    assert COVERAGE.fields_read == 0.6


def test_parts_that_never_gave_anything_are_seen() -> None:
    """An expression without a value, a branch never taken."""
    assert [part.path for part in COVERAGE.parts if part.fired == 0] == [
        "resources.patient.resource.birthDate",
        "resources.patient.resource.active.$if",
        "resources.patient.resource.contact[0].name.text",
        "resources.patient.resource.active.$then",
    ]
    assert COVERAGE.parts_fired == 1 - 4 / 9


def test_codes_and_failures_are_counted() -> None:
    """A code without a translation by its name, a failed event by its problem."""
    assert COVERAGE.unmapped == {("sex", "x"): 1}
    assert [problem.code for problem in COVERAGE.failures] == ["identity"]
    assert COVERAGE.missing == {}


def test_the_text_is_annotated_with_the_counts() -> None:
    """A line that never fired bears a dash."""
    lines = COVERAGE.annotate(TEXT).splitlines()

    assert lines[13] == '    1 |       gender: =$code("sex", $who.sex)'
    assert lines[14] == "    - |       birthDate: =$who.born"
    assert lines[11] == "      |     resource:"


def test_nothing_of_the_events_is_in_a_repr() -> None:
    """Codes may be payload: they are shown only to who asks for them."""
    assert "'x'" not in repr(COVERAGE)
