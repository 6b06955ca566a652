"""Identities: escaped as Medplum needs it, and never degenerate."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.identity import Identity, escape_token

# value → what of it found the same resource again on a real Medplum 5.0.2 (../shared/medplum/contract.md)
AWKWARD = {
    "a,b": "urn%3Ax%7Ca%5C%2Cb",
    "a|b": "urn%3Ax%7Ca%5C%7Cb",
    "a$b": "urn%3Ax%7Ca%5C%24b",
    "a\\b": "urn%3Ax%7Ca%5C%5Cb",
    "a b": "urn%3Ax%7Ca%20b",
    "a+b": "urn%3Ax%7Ca%2Bb",
    "a%b": "urn%3Ax%7Ca%25b",
    "a&b": "urn%3Ax%7Ca%26b",
    "ä€": "urn%3Ax%7C%C3%A4%E2%82%AC",
    'a"b': "urn%3Ax%7Ca%22b",
    "a'(b)!*~": "urn%3Ax%7Ca'(b)!*~",  # as encodeURIComponent leaves them
    "a:b/c?d#e": "urn%3Ax%7Ca%3Ab%2Fc%3Fd%23e",
}


@pytest.mark.parametrize(("value", "expected"), AWKWARD.items())
def test_awkward_values_are_escaped_for_fhir_and_then_for_the_url(value: str, expected: str) -> None:
    """Commas, bars, dollars and backslashes get a backslash, and then all is percent-encoded."""
    identity = Identity(resource_type="Invoice", system="urn:x", value=value)

    assert f"identifier={expected}" == identity.search()
    assert f"Invoice?identifier={expected}" == identity.reference()


@pytest.mark.parametrize("value", ["", " ", "a ", "\ta", "a\nb", "a\x00", "\x85", "\ud800", None, 5])
def test_a_degenerate_value_is_refused(value: Any) -> None:
    """A value that would match other resources, or none, makes no identity."""
    with pytest.raises(
        ValueError, match=r"^identity: its value is degenerate and could match another resource; expected"
    ):
        Identity(resource_type="Invoice", system="urn:x", value=value)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"system": ""}, "system"),
        ({"system": "urn: x"}, "system"),
        ({"parameter": ""}, "search parameter"),
        ({"parameter": "identifier=x&y"}, "search parameter"),
        ({"parameter": "entity:contains"}, "search parameter"),
        ({"resource_type": "invoice"}, "resource type"),
        ({"resource_type": "Invoice?"}, "resource type"),
    ],
)
def test_each_part_is_judged(changed: dict[str, str], part: str) -> None:
    """A system, parameter or type that is none is refused, and the message says which part."""
    with pytest.raises(ValueError, match=f"^identity: its {part} is degenerate"):
        Identity(**{"resource_type": "Invoice", "system": "urn:x", "value": "v", **changed})


def test_an_identity_without_system_searches_the_value_alone() -> None:
    """Without a system there is no bar; other parameters and the derived :identifier ones are kept as they are."""
    plain = Identity(resource_type="AuditEvent", value="e1", parameter="altid")
    derived = Identity(resource_type="AuditEvent", system="urn:x", value="e1", parameter="entity:identifier")

    assert plain.search() == "altid=e1"
    assert plain.identifier() == {"value": "e1"}
    assert derived.search() == "entity:identifier=urn%3Ax%7Ce1"
    assert derived.identifier() == {"system": "urn:x", "value": "e1"}


def test_the_value_is_not_in_the_repr() -> None:
    """An identity in a log or a notebook does not show the payload value."""
    assert "jane@example.org" not in repr(Identity(resource_type="Person", system="urn:x", value="jane@example.org"))


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text == text.strip() != "")
)
def test_every_value_comes_back_whole_from_the_query(value: str) -> None:
    """Whatever the value, the query has one parameter, and undoing both escapes gives the value."""
    query = Identity(resource_type="Invoice", system="urn:x", value=value).search()

    assert [("identifier", f"urn:x|{escape_token(value)}")] == parse_qsl(query, keep_blank_values=True)
    assert unquote(query).count("&") == value.count("&")
