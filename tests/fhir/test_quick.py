"""The quick judgement against the one that finds every fault: whatever it passes has none."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented.damaged_resources import VALID, containers, damaged_resources

from workbench.fhir.definitions import Element, children, resource_types
from workbench.fhir.primitives import PRIMITIVES
from workbench.fhir.quick import is_surely_valid
from workbench.fhir.validation import find_problems, validate


class Text(str):
    """Text that is not quite `str`, which JSON never gives."""


VALUES: list[Any] = [
    "",
    " ",
    "  a",
    "a ",
    "a b",
    "a\tb",
    "a\nb",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\ufeffa",
    "\x00",
    "\x7f",
]
VALUES += ["\ud800", "é", "日本", "💶", "٣", "x" * 1_000_000, "x" * 1_048_576, "x" * 1_048_577, "é" * 1_048_577]
VALUES += [0, 1, -1, 1.0, 1.5, -0.0, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 10**400, math.nan, math.inf, -math.inf]
VALUES += [True, False, None, [], {}, ["a"], {"id": "a"}, ("a",), {"a"}, Text("a"), b"a", "true", "1", "active"]
VALUES += ["2024", "2024-02", "2024-02-29", "2023-02-29", "2024-04-31", "0000-01-01", "2024-13-01", "２０２４"]
VALUES += ["2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123Z", "2024-02-29T10:00:00", "2024-02-29T10:00:00+14:00"]
VALUES += ["10:00:00", "24:00:00", "urn:oid:1.2.3", "urn:uuid:x", "YQ==", "https://x.org/a", "https://x.org/a b", "USD"]

PRIMITIVE_VALUES = [one for one in children("Extension").values() if one.type in PRIMITIVES]
INVOICE = {"resourceType": "Invoice", "status": "issued"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([1, "active", "Account/1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "url", "value", "system", "code", "coding", "start"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)

REFERENCES = ["Account/1", "Account?identifier=x", "Account/", "Account/a b", "Account/\n", "Account//", "Patient/1"]
REFERENCES += ["https://x.org/Account/1", "https://x.org/Patient/1", "https://x.org/x", "urn:x", "system", "account/1"]
REFERENCES += ["AccountX/1", "Invoce/1", " ", "x", "#", "#a"]


def says_the_rare(value: Any) -> bool:
    """Whether a value has what is always in doubt: a `_name` property or a null in a list."""
    if isinstance(value, dict):
        return any(key.startswith("_") or says_the_rare(child) for key, child in value.items())
    return isinstance(value, list) and any(child is None or says_the_rare(child) for child in value)


def agree(resource: Any) -> bool:
    """Whether both judgements say the same of a resource, but for the rare that is always in doubt."""
    if says_the_rare(resource):
        return not (is_surely_valid(resource) and find_problems(resource))
    return is_surely_valid(resource) == (find_problems(resource) == [])


def test_the_judgements_agree_on_damaged_resources() -> None:
    """Of 6,000 resources, hundreds of them still valid, both find the same ones good."""
    resources = [*VALID, *damaged_resources(6_000, seed=3)]

    apart = [resource for resource in resources if not agree(resource)]

    assert apart == []
    assert sum(map(is_surely_valid, resources)) > 200
    assert sum(map(says_the_rare, resources)) > 100


@pytest.mark.parametrize("element", PRIMITIVE_VALUES, ids=lambda one: one.type)
def test_the_judgements_agree_on_every_primitive(element: Element) -> None:
    """Each primitive type of FHIR with each of the values at its edges."""
    extensions = [[{"url": "https://x", element.name: value}] for value in VALUES]

    assert [extension for extension in extensions if not agree({**INVOICE, "extension": extension})] == []


def test_the_judgements_agree_on_what_is_no_primitive() -> None:
    """A bound code, a concept, a quantity, a list and a resource, each with each of the values."""
    names = ["status", "type", "totalNet", "identifier", "contained", "recipient", "text", "meta", "resourceType"]
    resources = [{**INVOICE, name: value} for name in names for value in VALUES]
    resources += [{**INVOICE, "identifier": [value]} for value in VALUES]

    assert [resource for resource in [*resources, *VALUES] if not agree(resource)] == []


def test_the_judgements_agree_on_references() -> None:
    """Every form of a reference, right or wrong, with a type beside it or without."""
    resources = [{**INVOICE, "account": {"reference": reference}} for reference in REFERENCES]
    resources += [{**INVOICE, "account": {"type": name, "display": "x"}} for name in ["Account", "Patient", "Acount"]]

    assert [resource for resource in resources if not agree(resource)] == []
    assert {True, False} == set(map(is_surely_valid, resources))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_judgements_agree_on_choices(count: int) -> None:
    """None, one or both members of a required choice."""
    members = [("chargeItemReference", {"display": "x"}), ("chargeItemCodeableConcept", {"text": "x"})]

    assert agree({**INVOICE, "lineItem": [{"sequence": 1, **dict(members[:count])}]})
    assert is_surely_valid({**INVOICE, "lineItem": [{"sequence": 1, **dict(members[:count])}]}) == (count == 1)


@given(st.sampled_from(VALID), st.data())
def test_the_judgements_agree_on_any_value_anywhere(valid: dict[str, Any], data: st.DataObject) -> None:
    """A valid resource in which one value, wherever it is, is exchanged for any JSON."""
    resource = copy.deepcopy(valid)
    place = data.draw(st.sampled_from(list(containers(resource))))
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JSON)

    assert agree(resource)
    assert validate(resource) == find_problems(resource)


def test_a_judge_can_be_written_for_every_type() -> None:
    """An empty resource of any type, and one with an element it cannot have, is judged alike."""
    resources = [{"resourceType": name, **more} for name in resource_types() for more in ({}, {"x": 1})]

    assert [resource for resource in resources if not agree(resource)] == []


def test_most_of_what_is_valid_is_surely_valid() -> None:
    """Of the valid resources only those with a `_name` or a null are left to the judgement that costs more."""
    assert [says_the_rare(resource) for resource in VALID] == [not is_surely_valid(resource) for resource in VALID]


def test_a_bottomless_resource_is_in_doubt() -> None:
    """Ten thousand levels are too deep to be sure of, and no crash."""
    extension: dict[str, Any] = {"url": "https://x", "valueBoolean": True}
    for _ in range(10_000):
        extension = {"url": "https://x", "extension": [extension]}

    assert not is_surely_valid({**INVOICE, "extension": [extension]})
