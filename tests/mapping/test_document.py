"""A mapping text → a document, or every fault of it."""
# ruff: noqa: E501 - a fault and the text about it stand on one line

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from workbench.errors import MappingSpecError
from workbench.mapping.document import check_mapping, code_map_paths, read_mapping

GOOD = """\
mapping: stripe-invoice
version: 3
provider: stripe
events: ["invoice.*", "!invoice.upcoming"]
vars:
  invoice: =data.object
codes:
  invoice-status: codes/status.json
resources:
  account:
    when: =$exists($invoice.customer)
    identity: {system: "https://stripe.com/customer/id", value: =$id($invoice.customer)}
    write: create-if-missing
    resource: {resourceType: Account, status: active, name: =$invoice.customer_name}
  invoice:
    identity: {system: "https://stripe.com/invoice/id", value: =$invoice.id}
    order: =created
    resource:
      resourceType: Invoice
      status: =$code("invoice-status", $invoice.status)
      account: {$ref: account}
      totalGross: =$money($invoice.total, $invoice.currency)
"""

STATUS = {
    "resourceType": "ConceptMap",
    "group": [{"element": [{"code": "open", "target": [{"code": "issued", "equivalence": "equivalent"}]}]}],
}


def problems(text: str, codes: dict[str, Any] | None = None) -> list[str]:
    """What `check` says of a text."""
    given = {"codes/status.json": STATUS} if codes is None else codes
    return [str(problem) for problem in check_mapping(text, file="m.yaml", codes=given)]


def changed(old: str, new: str) -> str:
    """The good mapping with one part replaced."""
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_mapping_has_no_problem() -> None:
    """Nothing is said of a mapping that is right."""
    assert problems(GOOD) == []


def test_a_document_holds_what_the_file_says() -> None:
    """Names, globs, rules and write modes are those of the text."""
    document = read_mapping(GOOD, file="m.yaml", codes={"codes/status.json": json.dumps(STATUS)})

    assert (document.name, document.version, document.provider) == ("stripe-invoice", 3, "stripe")
    assert document.events == ("invoice.*", "!invoice.upcoming")
    assert [(rule.name, rule.resource_type, rule.write) for rule in document.rules] == [
        ("account", "Account", "create-if-missing"),
        ("invoice", "Invoice", "merge"),
    ]


def test_the_paths_of_code_maps_are_found_before_anything_else() -> None:
    """Whoever reads the files learns which; a text that cannot be read has none."""
    assert code_map_paths(GOOD) == ("codes/status.json",)
    assert code_map_paths("[") == ()


FAULTS = [
    ("version: 3", "version: three", "m.yaml:2:10: version is a whole number from 1; write version: 1"),
    ("version: 3\n", "", "m.yaml:1:1: the mapping has no version; add version:"),
    ("provider: stripe", "provider: =stripe", "m.yaml:3:11: provider is a provider's name such as stripe; write a provider's name such as stripe"),
    ("version: 3", "version: 3\nvresion: 3", "m.yaml:3:1: vresion is no key here; did you mean version?"),
    ('events: ["invoice.*", "!invoice.upcoming"]', "events: []", "m.yaml:4:9: events takes nothing; list event types, as [invoice.*]"),
    ('"!invoice.upcoming"', '"!payout.*"', "m.yaml:4:9: the event pattern !payout.* decides nothing; remove it"),
    ('"!invoice.upcoming"', '"!*"', "m.yaml:4:9: the event pattern invoice.* decides nothing; remove it"),
    ("invoice: =data.object", "invoice: =data.object\n  spare: =id", "m.yaml:7:10: the variable spare is never used; remove it"),
    ("invoice: =data.object", "invoice: =data.object\n  index: =id", "m.yaml:7:3: this cannot be a variable's name; use letters, digits and _; not index"),
    ("invoice: =data.object", "invoice: {a: b}", "m.yaml:6:12: a variable is an expression or a literal; write =… or a text"),
    ("codes/status.json", "codes/states.json", "m.yaml:8:19: there is no such code map; give a path beside this file"),
    ("$code(\"invoice-status\"", '$code("invoice-states"', "m.yaml:20:16: no code map is named invoice-states; did you mean invoice-status?"),
    ('$code("invoice-status", $invoice.status)', "$code($invoice.status, 1)", 'm.yaml:20:16: $code names its code map by a literal text; write $code("name", …)'),
    ("=$code(\"invoice-status\", $invoice.status)", "issued", "m.yaml:8:3: the code map invoice-status is never used; remove it"),
    ("$id($invoice.customer)", "$id()", "m.yaml:12:66: $id takes 1 argument, found 0; call it with 1 argument"),
    ("=created", "=$creatd", "m.yaml:17:13: nothing is named $creatd; name it in vars"),
    ("=$invoice.customer_name", "=$invoce.customer_name", "m.yaml:14:62: nothing is named $invoce; did you mean $invoice?"),
    ("=created", "=$index", "m.yaml:17:13: $index counts only inside each and $each; use it there"),
    ("{$ref: account}", "=$ref(account)", "m.yaml:21:17: $ref is a block, not a function; write {$ref: rule} where the Reference belongs"),
    ("=created", "created", "m.yaml:17:12: an expression belongs here; begin it with =, as =data.id"),
    ("=created", "=", "m.yaml:17:13: the expression ends too early; complete it"),
    ("order: =created", "order: =a +", "m.yaml:17:16: the expression ends too early; complete it"),
    ("write: create-if-missing", "write: upsert", "m.yaml:13:12: write is one of three modes; use merge, replace, create-if-missing"),
    ("    order: =created\n", "    as: x\n", "m.yaml:17:9: as names the element of an each that is not there; add each: =…"),
    ("when: =$exists($invoice.customer)", "when: =false", "m.yaml:11:11: the rule account never applies; remove the rule, or let when ask the event"),
    ("{$ref: account}", "{$ref: acount}", "m.yaml:21:23: $ref names no rule above this one; did you mean account?"),
    ("{$ref: account}", "{$ref: invoice}", "m.yaml:21:16: Invoice.account cannot point to Invoice; point to Account"),
    ("{$ref: account}", "{$reff: account}", "m.yaml:21:17: $reff is no block; did you mean $ref?"),
    ("{$ref: account}", "{$then: account}", "m.yaml:21:17: $then is no block; it belongs beside $if"),
    ("{$ref: account}", "{$require: idd, id: =id}", "m.yaml:21:27: $require names a field that is not in this object; did you mean id?"),
    ('system: "https://stripe.com/invoice/id", ', "", "m.yaml:16:15: the identity has no system; add system: a URI that names the provider's numbering, such as https://stripe.com/invoice/id"),
    (", value: =$invoice.id}", "}", "m.yaml:16:15: the identity has no value; add value: =… with the provider's id"),
    ("value: =$invoice.id", "value: 7", "m.yaml:16:64: an identity's value is a text; give an expression or a text"),
    ("value: =$invoice.id", "value: =$invoice.id, parameter: account", "m.yaml:16:15: Invoice cannot be searched by the token account; use identifier, participant-role, status or type"),
    ('    identity: {system: "https://stripe.com/invoice/id", value: =$invoice.id}\n', "", "m.yaml:16:5: the rule has no identity, so what it makes cannot be written; add identity: {system: …, value: =…}; without it the same event would write twice"),
    ("resourceType: Invoice", "resourceType: Invoise", "m.yaml:19:7: FHIR R4 has no resource type Invoise; did you mean Invoice?"),
    ("resourceType: Invoice", "resourceType: =x", "m.yaml:19:21: resourceType is a literal FHIR type; write resourceType: Invoice"),
    ("totalGross:", "totalGros:", "m.yaml:22:7: totalGros is no element of Invoice; did you mean totalGross?"),
    ("totalGross: =", "totalPriceComponent: =", "m.yaml:22:28: Invoice.totalPriceComponent is a list in FHIR; write it as a list, as [ … ], or with $each"),
    ("{$ref: account}", "[{$ref: account}]", "m.yaml:21:17: Invoice.account is one value in FHIR; write the value alone, without a list"),
    ("account: {$ref: account}", "date: 2026-02-30", "m.yaml:21:13: Invoice.date is no dateTime: its month has no such day; write a FHIR dateTime"),
    ("account: {$ref: account}", "totalNet: 12.5", "m.yaml:21:17: Invoice.totalNet is a Money, an object; write its elements below it"),
    ("account: {$ref: account}", "totalNet: =$invoice.total + 1", "m.yaml:21:17: Invoice.totalNet is a Money, and the expression gives a number; use $money(amount, currency)"),
    ("account: {$ref: account}", "date: {value: x}", "m.yaml:21:13: Invoice.date is a dateTime, not an object; give a dateTime or an expression"),
    ("account: {$ref: account}", "issuer: {$ref: account}", "m.yaml:21:15: Invoice.issuer cannot point to Account; point to Organization"),
    ("account: {$ref: account}", "type: {$ref: account}", "m.yaml:21:13: Invoice.type is a CodeableConcept, not a Reference; move $ref to an element that is a Reference"),
    ("account: {$ref: account}", "lineItem: [{sequence: 1}]", "m.yaml:21:18: Invoice.lineItem.chargeItem[x] is required and never set; set chargeItemCodeableConcept or chargeItemReference"),
    ("status: active, ", "", "m.yaml:14:15: Account.status is required and never set; add status:"),
    ("status: active", "status: activ", "m.yaml:14:47: activ is no code of Account.status; did you mean active?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), FAULTS, ids=[new[:40] for _, new, _ in FAULTS])
def test_each_fault_is_told_with_its_place_and_its_remedy(old: str, new: str, problem: str) -> None:
    """One part made wrong gives this problem, and the file is read to its end."""
    found = problems(changed(old, new))

    assert [one for one in found if one.startswith(problem)], found


def test_all_faults_are_told_at_once() -> None:
    """YAML, expression, code map, FHIR and identity: five faults in one file, five problems, in its order."""
    text = GOOD.replace("version: 3", "version: 3\nversion: 4").replace("=data.object", "=data..object")
    text = text.replace("codes/status.json", "codes/gone.json").replace("totalGross", "totalGros")
    text = text.replace("value: =$invoice.id", "value: [1]")

    assert [problem.split(": ", 1)[0] for problem in problems(text)] == [
        "m.yaml:3:1", "m.yaml:7:17", "m.yaml:9:19", "m.yaml:17:64", "m.yaml:23:7",
    ]  # fmt: skip


def test_a_document_with_faults_is_not_given() -> None:
    """`read_mapping` raises with all problems; its text is one problem a line."""
    with pytest.raises(MappingSpecError) as caught:
        read_mapping(changed("totalGross", "totalGros"), file="m.yaml", codes={"codes/status.json": STATUS})

    assert str(caught.value) == "m.yaml:22:7: totalGros is no element of Invoice; did you mean totalGross?"
    assert caught.value.problems[0].path == "resources.invoice.resource.totalGros"
    assert caught.value.problems[0].target == "Invoice.totalGros"


def test_two_rules_of_one_identity_write_alike() -> None:
    """The merge of two resources of one identity needs one way of writing."""
    second = '  again:\n    identity: {system: "https://stripe.com/invoice/id", value: =id}\n    write: replace\n'
    second += "    resource: {resourceType: Invoice, status: draft}\n"

    assert problems(GOOD + second) == [
        "m.yaml:24:5: again and invoice may write the same Invoice, one by replace and one by merge; write both alike"
    ]


@pytest.mark.parametrize(
    ("code_map", "problem"),
    [
        ("{", "codes/status.json:1:2: not JSON: Expecting property name enclosed in double quotes; correct the syntax here or just before"),
        ('{"resourceType": "ValueSet"}', 'codes/status.json:1:1: the file holds no FHIR ConceptMap; give an object with "resourceType": "ConceptMap"'),
        ({"resourceType": "ConceptMap"}, "codes/status.json:1:1: group: a code map needs a group; add group[].element[] with code and target"),
        ({"resourceType": "ConceptMap", "group": [{"element": [{"target": []}]}]}, "codes/status.json:1:1: group[0].element[0]: an element has no code; add the provider's code"),
        ({"resourceType": "ConceptMap", "group": [{"element": [{"code": "a", "target": [{"code": "b"}, {"code": "c"}]}]}]}, "codes/status.json:1:1: group[0].element[0]: a code has more than one target; keep one: $code gives one code"),
        ({"resourceType": "ConceptMap", "group": [{"element": [], "unmapped": {"mode": "other-map"}}]}, "codes/status.json:1:1: group[0].unmapped: this way of treating codes that are not mapped is not supported; use mode provided (the same code), or fixed with a code"),
    ],
)  # fmt: skip
def test_a_code_map_with_faults_is_told_with_its_own_file(code_map: Any, problem: str) -> None:
    """Problems of a ConceptMap name its file, beside those of the mapping."""
    assert problems(GOOD, {"codes/status.json": code_map}) == [problem]


def test_a_code_map_gives_only_codes_that_fhir_has() -> None:
    """A translation outside the required value set is found before any event."""
    wrong = json.loads(json.dumps(STATUS).replace("issued", "isued"))

    assert problems(GOOD, {"codes/status.json": wrong}) == [
        "m.yaml:20:15: isued is no code of Invoice.status; did you mean issued?"
    ]


SCHEMA = json.loads((files("workbench.mapping") / "mapping.schema.json").read_text())


def test_the_schema_takes_a_good_mapping() -> None:
    """The JSON Schema that editors use agrees with the reader."""
    Draft202012Validator.check_schema(SCHEMA)

    assert list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(GOOD))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 3", "version: three"),
        ("version: 3", "version: 3\nvresion: 3"),
        ("write: create-if-missing", "write: upsert"),
        ("=created", "created"),
        ("{$ref: account}", "{$reff: account}"),
        ("{$ref: account}", "{$if: =a}"),
        (", value: =$invoice.id}", "}"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    """Faults of form are underlined while one types."""
    text = changed(old, new)

    assert list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text))) != []
    assert problems(text) != []
