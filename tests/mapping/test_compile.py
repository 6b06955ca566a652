"""What each construct of a document makes, in Python and in JavaScript."""
# ruff: noqa: E501 - a case stands on one line

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import MappingRunError
from workbench.flows.design import load_mappings
from workbench.flows.javascript import JavaScriptProcess
from workbench.mapping.compile import EventMapping, compile_mapping
from workbench.mapping.document import read_mapping
from workbench.mapping.javascript import javascript_name, javascript_runtime

ROOT = Path(__file__).parents[2]

STATUS = {
    "resourceType": "ConceptMap",
    "group": [{"element": [{"code": "open", "target": [{"code": "issued"}]}]}],
}

Run = Callable[..., list[dict[str, Any]]]


def mapping_of(rules: str, *, top: str = "") -> EventMapping:
    """The mapping of these rules."""
    codes = "codes:\n  status: status.json\n" if "$code(" in rules + top else ""
    text = f"mapping: m\nversion: 1\nprovider: stripe\nevents: ['*']\n{codes}{top}resources:\n{rules}"
    return compile_mapping(read_mapping(text, file="m.yaml", codes={"status.json": STATUS}))


def patient(body: str, *, head: str = "", top: str = "", identity: str = "=id") -> EventMapping:
    """A mapping to one Patient: its elements, and what stands beside `resource`."""
    body = "\n".join(f"      {line}" for line in body.splitlines())
    head = "".join(f"    {line}\n" for line in head.splitlines())
    rule = f"  patient:\n    identity: {{system: 'urn:s', value: {identity}}}\n{head}    resource:\n"
    return mapping_of(f"{rule}      resourceType: Patient\n{body}\n", top=top)


@pytest.fixture
def run(javascript: JavaScriptProcess) -> Run:
    """Maps an event in both languages; gives the rows both make, or fails where they differ."""

    def both(mapping: EventMapping, event: dict[str, Any]) -> list[dict[str, Any]]:
        javascript.load_mapping(mapping)
        before = json.dumps(event)
        rows = mapping.map(event).as_list()
        assert json.dumps(event) == before  # an event is never changed
        assert json.dumps(javascript.map(mapping, event)) == json.dumps(rows)
        assert json.dumps(mapping.trace(event).as_list()) == json.dumps(rows)
        return rows

    return both


@pytest.fixture
def made(run: Run) -> Callable[..., dict[str, Any]]:
    """The elements of the one Patient a body makes of an event, without type and identifier."""

    def make(body: str, event: dict[str, Any], **rest: Any) -> dict[str, Any]:
        (row,) = run(patient(body, **rest), {"id": "1", **event})
        resource: dict[str, Any] = row["resource"]
        assert resource.pop("resourceType") == "Patient"
        assert resource.pop("identifier") == [{"system": "urn:s", "value": "1"}]
        return resource

    return make


Made = Callable[..., dict[str, Any]]


def test_a_row_says_how_its_resource_is_written(run: Run) -> None:
    """Rule, mode, identity and order stand beside the resource, which carries identifier and event time."""
    mapping = patient("active: true", head="write: replace\norder: =created")

    assert run(mapping, {"id": "1", "created": 1700000000}) == [
        {
            "rule": "patient",
            "write": "replace",
            "parameter": "identifier",
            "system": "urn:s",
            "value": "1",
            "order": "2023-11-14T22:13:20.000Z",
            "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": "urn:s", "value": "1"}],
                "meta": {
                    "extension": [
                        {
                            "url": "https://integration-workbench.org/fhir/StructureDefinition/event-time",
                            "valueInstant": "2023-11-14T22:13:20.000Z",
                        }
                    ]
                },
                "active": True,
            },
        }
    ]


@pytest.mark.parametrize(
    ("body", "event", "expected"),
    [
        ("gender: male", {}, {"gender": "male"}),
        ("language: ==x", {}, {"language": "=x"}),
        ("active: =a", {"a": False}, {"active": False}),
        ("gender: =a", {"a": None}, {}),
        ("gender: =a.b.c", {"a": {"b": None}}, {}),
        ("gender: =a.b", {"a": [{"b": "x"}]}, {"gender": "x"}),
        ("gender: =a", {"a": ""}, {}),
        ("name: [{family: =a}]", {}, {}),
        ("name: [{family: =a, given: [=b]}]", {"a": "x", "b": ["y", None, "z"]}, {"name": [{"family": "x", "given": ["y", "z"]}]}),
        ("name: [{given: [=b]}]", {"b": "y"}, {"name": [{"given": ["y"]}]}),
        ("name: [{given: [=a, =b, literal]}]", {"a": ["x", "y"]}, {"name": [{"given": ["x", "y", "literal"]}]}),
        ("maritalStatus: =a", {"a": {"text": "x", "coding": [], "id": None}}, {"maritalStatus": {"text": "x"}}),
        ("multipleBirthInteger: =a", {"a": 2.0}, {"multipleBirthInteger": 2}),
        ("multipleBirthInteger: =a", {"a": 0}, {"multipleBirthInteger": 0}),
    ],
)  # fmt: skip
def test_null_and_empty_are_missing_and_missing_is_left_out(
    made: Made, body: str, event: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Pruning goes from the inside out; false and zero stay; lists splice."""
    assert made(body, event) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, {}),
        ([], {}),
        ({"n": "a"}, {"name": [{"text": "a", "id": "1"}]}),
        ([{"n": "a"}, None, {"n": "b"}], {"name": [{"text": "a", "id": "1"}, {"text": "b", "id": "2"}]}),
        ("text", {"name": [{"id": "1"}]}),
    ],
)
def test_each_makes_one_item_of_each_element(made: Made, names: Any, expected: dict[str, Any]) -> None:
    """An element alone counts as a list of one, nulls are no elements, $index counts from 1."""
    body = "name: {$each: =names, $as: name, $item: {text: =$name.n, id: =$string($index)}}"

    assert made(body, {"names": names}) == expected


def test_each_inside_each_sees_both_elements_and_both_counts(made: Made) -> None:
    """A second name for the index keeps the outer count in reach; lists of lists become one."""
    body = """\
contact:
  $each: =people
  $as: person
  $index: row
  $item:
    id: =$string($row)
    telecom:
      $each: =$person.phones
      $as: phone
      $item: {rank: =$index, value: =$string($row) & $person.n & $phone}"""
    event = {"people": [{"n": "a", "phones": ["x", "y"]}, {"n": "b", "phones": []}]}

    assert made(body, event) == {
        "contact": [
            {"id": "1", "telecom": [{"rank": 1, "value": "1ax"}, {"rank": 2, "value": "1ay"}]},
            {"id": "2"},
        ]
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "male"), ("x", "male"), ([0, 1], "male"), (False, "female"), (0, "female"), ("", "female"), ({}, "female")],
)
def test_if_chooses_by_jsonata_truth(made: Made, value: Any, expected: str) -> None:
    """What counts as true is what `$boolean` says."""
    assert made("gender: {$if: =a, $then: male, $else: female}", {"a": value}) == {"gender": expected}


@pytest.mark.parametrize(
    ("body", "event", "expected"),
    [
        ("gender: {$if: =a, $then: male}", {"a": 1}, {"gender": "male"}),
        ("gender: {$if: =a, $then: male}", {"a": 0}, {}),
        ("gender: {$if: =a, $else: =b}", {"b": None}, {}),
        ("name: {$if: =a, $then: [{text: =a}]}", {"a": "x"}, {"name": [{"text": "x"}]}),
        ("name: [{$if: =a, $then: {text: =a}}, {text: b}]", {"a": "x"}, {"name": [{"text": "x"}, {"text": "b"}]}),
        ("name: [{$if: =a, $then: {text: =a}}, {text: b}]", {}, {"name": [{"text": "b"}]}),
        ("gender: {$if: =a, $then: {$if: =b, $then: male}}", {"a": 1, "b": 1}, {"gender": "male"}),
    ],
)
def test_if_may_make_nothing(made: Made, body: str, event: dict[str, Any], expected: dict[str, Any]) -> None:
    """A branch that is not there, or comes out empty, leaves the element out."""
    assert made(body, event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"a": "x", "b": "y"}, {"name": [{"use": "usual", "family": "x", "text": "y"}]}),
        ({"a": "x"}, {"name": [{"use": "usual", "family": "x"}]}),
        ({"b": "y"}, {}),
        ({"a": "", "b": "y"}, {}),
    ],
)
def test_require_is_all_or_nothing(made: Made, event: dict[str, Any], expected: dict[str, Any]) -> None:
    """Without the field it names, the whole object is left out."""
    assert made("name: [{$require: family, use: usual, family: =a, text: =b}]", event) == expected


TWO = """\
  org:
    when: =org
    identity: {system: "urn:o,1", value: =$id(org)}
    resource: {resourceType: Organization, name: =org.name}
  patient:
    identity: {system: "urn:p", value: =id}
    resource:
      resourceType: Patient
      managingOrganization: {$ref: org, display: =org.name}
      generalPractitioner:
        - $ref: {type: Practitioner, system: "urn:gp", value: =gp}
"""


def test_ref_is_a_conditional_reference_to_what_a_rule_makes(run: Run) -> None:
    """It is escaped as the identity's own search; what stands beside it is part of the Reference."""
    rows = run(mapping_of(TWO), {"id": "1", "org": {"id": "a b|c", "name": "Clinic"}, "gp": "g/1"})

    assert [row["rule"] for row in rows] == ["org", "patient"]
    assert rows[1]["resource"]["managingOrganization"] == {
        "reference": "Organization?identifier=urn%3Ao%5C%2C1%7Ca%20b%5C%7Cc",
        "display": "Clinic",
    }
    assert rows[1]["resource"]["generalPractitioner"] == [{"reference": "Practitioner?identifier=urn%3Agp%7Cg%2F1"}]


def test_ref_is_left_out_with_what_it_points_to(run: Run) -> None:
    """A rule that made nothing and an identity without value leave no reference."""
    (row,) = run(mapping_of(TWO), {"id": "1"})

    assert row["resource"] == {"resourceType": "Patient", "identifier": [{"system": "urn:p", "value": "1"}]}


def test_the_conditional_reference_is_that_of_the_identity(run: Run) -> None:
    """What `$ref` writes is what `Identity.reference` writes for the same resource."""
    result = mapping_of(TWO).map({"id": "1", "org": {"id": "ä,1$", "name": "x"}})
    organization, person = result.resources

    assert person.resource["managingOrganization"]["reference"] == organization.identity.reference()


def test_a_rule_with_each_makes_a_resource_of_each_element(run: Run) -> None:
    """Elements of the same identity are one resource: the first stays, later ones add what it lacks."""
    rules = """\
  device:
    each: =devices
    as: device
    when: =$device.id != "skip"
    identity: {system: "urn:d", value: =$device.id}
    resource:
      resourceType: Device
      identifier: [{system: "urn:n", value: =$string($index)}]
      lotNumber: =$device.lot
      serialNumber: =$device.serial
"""
    devices = [{"id": "a", "lot": "1"}, {"id": "skip"}, {"id": "b"}, {"id": "a", "lot": "2", "serial": "s"}]
    rows = run(mapping_of(rules), {"devices": devices})

    assert [row["resource"] for row in rows] == [
        {
            "resourceType": "Device",
            "identifier": [
                {"system": "urn:d", "value": "a"},
                {"system": "urn:n", "value": "1"},
                {"system": "urn:n", "value": "4"},
            ],
            "lotNumber": "1",
            "serialNumber": "s",
        },
        {
            "resourceType": "Device",
            "identifier": [{"system": "urn:d", "value": "b"}, {"system": "urn:n", "value": "3"}],
        },
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", [("urn:s", "1")]),
        ("identifier: [{system: 'urn:s', value: =id}]", [("urn:s", "1")]),
        ("identifier: [{system: 'urn:t', value: =id}]", [("urn:s", "1"), ("urn:t", "1")]),
        ("identifier: [{system: =s, value: =id}]", [("urn:s", "1")]),
    ],
)
def test_the_identity_is_first_among_identifiers_and_there_once(run: Run, given: str, expected: list[Any]) -> None:
    """It is added unless the mapping, or the event, put the same pair there."""
    (row,) = run(patient(given or "active: true"), {"id": "1", "s": "urn:s"})

    assert [(one["system"], one["value"]) for one in row["resource"]["identifier"]] == expected


def test_another_search_parameter_adds_no_identifier(run: Run) -> None:
    """An identity by `altid` leaves the resource as the mapping writes it."""
    rules = """\
  audit:
    identity: {parameter: altid, value: =id}
    resource:
      resourceType: AuditEvent
      type: {code: x}
      recorded: =$instant(at)
      agent: [{requestor: true, altId: =id}]
      source: {observer: {display: me}}
"""
    (row,) = run(mapping_of(rules), {"id": "1", "at": 0})

    assert (row["parameter"], row["system"], row["value"]) == ("altid", None, "1")
    assert "identifier" not in row["resource"]


def test_variables_stand_for_what_they_name(made: Made) -> None:
    """A later one may use an earlier one; literals are literals; a bare name is always the event's."""
    top = "vars:\n  a: =data.object\n  b: =$a.name\n  c: fixed\n"
    body = "name:\n  $each: =$a.list\n  $as: item\n  $item: {family: =$b, text: =$c, id: =$item.id & id}"

    assert made(body, {"data": {"object": {"name": "N", "list": [{"id": "x"}]}}}, top=top) == {
        "name": [{"family": "N", "text": "fixed", "id": "x1"}]
    }


def test_helpers_work_inside_other_expressions(made: Made) -> None:
    """A helper is a function like any other of the language."""
    body = """\
birthDate: '=$date($exists(day) ? day : at)'
name:
  - family: =$uppercase($id(owner)) & "!"
    text: =$string($money(cents, "usd").value)"""

    assert made(body, {"at": 86400, "owner": {"id": "abc"}, "cents": 1999}) == {
        "birthDate": "1970-01-02",
        "name": [{"family": "ABC!", "text": "19.99"}],
    }


def test_a_code_without_translation_is_a_problem_and_leaves_its_element_out(javascript: JavaScriptProcess) -> None:
    """Both languages tell the same: rule and path, never the code."""
    rules = """\
  invoice:
    identity: {system: "urn:i", value: =id}
    resource:
      resourceType: Invoice
      status: =$code("status", status)
"""
    mapping = mapping_of(rules)
    result = mapping.map({"id": "1", "status": "secret"})
    javascript.load(
        f"{mapping.javascript_module()}\nfunction told(event) {{ const p = []; map_m(event, p); return p; }}", ["told"]
    )

    assert mapping.map({"id": "1", "status": "open"}).as_list()[0]["resource"]["status"] == "issued"
    assert "status" not in result.as_list()[0]["resource"]
    assert "\n".join(map(str, result.problems)) == (
        "m.yaml:12:15: m, rule invoice: status has no translation for a code of this event; add the code to the code map, "
        "or an unmapped rule"
    )
    assert javascript.call("told", {"id": "1", "status": "secret"}) == [
        {"code": "unmapped-code", "rule": "invoice", "path": "resources.invoice.resource.status"}
    ]


@pytest.mark.parametrize(
    ("body", "event", "code", "source", "target"),
    [
        ("birthDate: =$date(a)", {"a": "x"}, "date", "resources.patient.resource.birthDate", "Patient.birthDate"),
        ("gender: =$uppercase(a)", {"a": 1}, "T0410", "resources.patient.resource.gender", "Patient.gender"),
        ("multipleBirthInteger: =a", {"a": 2**53}, "number", "resources.patient.resource.multipleBirthInteger", "Patient.multipleBirthInteger"),
        ("gender: {$if: =$number(a), $then: male}", {"a": "x"}, "D3030", "resources.patient.resource.gender.$if", None),
        ("name: {$each: =a, $item: {text: =$id($item)}}", {"a": [1]}, "id", "resources.patient.resource.name.$item.text", "Patient.name.text"),
        ('language: =$code("status", a)', {"a": 7}, "code", "resources.patient.resource.language", "Patient.language"),
        ("gender: male", {"id": None}, "identity", "resources.patient.identity.value", None),
        ("gender: male", {"id": 7}, "identity", "resources.patient.identity.value", None),
    ],
)  # fmt: skip
def test_a_fault_names_rule_and_paths_in_both_languages(
    javascript: JavaScriptProcess, body: str, event: dict[str, Any], code: str, source: str, target: str | None
) -> None:
    """Whoever reads a log finds the line of the mapping, and no value."""
    mapping = patient(body)
    javascript.load_mapping(mapping)
    faults = []
    for run_one in (mapping.map, lambda payload: javascript.map(mapping, payload)):
        with pytest.raises(MappingRunError) as caught:
            run_one({"id": "1", **event})
        faults.append(caught.value)

    for fault in faults:
        assert (fault.code, fault.rule, fault.source_path, fault.target_path or None) == (
            code,
            "patient",
            source,
            target,
        )


def test_an_ordered_rule_needs_the_event_s_time(javascript: JavaScriptProcess) -> None:
    """Without it nobody could tell old from new, so the event fails, with a text that says so."""
    with pytest.raises(MappingRunError) as caught:
        patient("active: true", head="order: =created").map({"id": "1"}, event_id="evt_1")

    assert str(caught.value) == (
        "m, rule patient, resources.patient.order (m.yaml:8): an ordered rule needs the event's time, found nothing; "
        "give order: a field every event has"
    )
    assert (caught.value.event_id, caught.value.code) == ("evt_1", "order")


def test_a_mapping_takes_the_event_types_it_names() -> None:
    """Globs accept, exclusions take away."""
    text = "mapping: m\nversion: 1\nprovider: stripe\nevents: ['a.*', '!a.b']\nresources:\n"
    rule = "  r:\n    identity: {system: 'urn:s', value: =id}\n    resource: {resourceType: Patient}\n"
    mapping = compile_mapping(read_mapping(text + rule, file="m.yaml", codes={}))

    assert [mapping.accepts(name) for name in ("a.a", "a.b", "a.b.c", "b")] == [True, False, True, False]


def test_what_a_mapping_writes_is_known_without_an_event() -> None:
    """Access policies are derived from it: type, identity, mode, order, and the types references search."""
    first, second = mapping_of(TWO).writes

    assert (first.name, first.resource_type, first.system, first.references) == ("org", "Organization", "urn:o,1", ())
    assert (second.resource_type, second.mode, second.ordered) == ("Patient", "merge", False)
    assert second.references == ("Organization", "Practitioner")


def test_the_trace_says_what_each_expression_read_gave_and_set() -> None:
    """No value stands in its repr."""
    mapping = patient("name: [{family: =$who.last}]", top="vars:\n  who: =data.person\n")
    steps = mapping.trace({"id": "1", "data": {"person": {"last": "Hopper"}}}).trace

    assert [(step.path, step.reads, step.gave, step.target) for step in steps] == [
        ("vars.who", ("data.person",), "object", ""),
        ("resources.patient.identity.value", ("id",), "string", ""),
        ("resources.patient.resource.name[0].family", ("data.person.last",), "string", "Patient.name.family"),
    ]
    assert "Hopper" not in repr(steps)


def test_a_result_shows_no_values() -> None:
    """Its repr names rules and types."""
    result = patient("name: [{family: =n}]").map({"id": "secret", "n": "Hopper"})

    assert repr(result) == "MappingResult([patient → Patient], problems=0)"
    assert "Hopper" not in repr(result.resources)
    assert "secret" not in repr(result.resources)


def test_a_bundle_writes_each_resource_under_its_identity() -> None:
    """A merge is a conditional update."""
    bundle = patient("active: true").map({"id": "1"}).bundle()

    assert bundle["entry"][0]["request"] == {"method": "PUT", "url": "Patient?identifier=urn%3As%7C1"}


def test_the_functions_are_named_after_the_mapping() -> None:
    """Both sources are for reading: each part says what it makes, and the Python also of which expression."""
    mapping = patient("gender: =a.b")

    assert javascript_name(mapping.name) == "map_m"
    assert "\n    # Patient.gender = a.b\n" in mapping.python
    assert "// Patient.gender\n" in mapping.javascript


def test_a_script_has_all_that_it_calls() -> None:
    """In no shipped mapping does a function call one that is not there, whatever the event."""
    known = set(re.findall(r"^(?:function|const|class) (\w+)", javascript_runtime(), re.MULTILINE))
    for mapping in load_mappings(ROOT / "mappings"):
        source = re.sub(r'//[^\n]*|"[^"\n]*"', "", mapping.javascript_module())
        defined = set(re.findall(r"^(?:function|const|class) (\w+)", source, re.MULTILINE))
        called = set(re.findall(r"(?<![.\w])([A-Za-z]\w*)(?=\()", source)) & known
        assert called - defined == set(), mapping.name
