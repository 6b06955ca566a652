"""What differs between two JSON values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.mapping.differences import differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["~ a: 1 → true"]),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, ["- a: 1", "+ c: 3"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["~ a[1]: 2 → 3"]),
        ({"a": [{"x": 1}, 2]}, {"a": [0, {"x": 1}, 2]}, ["+ a[0]: 0"]),
        ({"a": {"b": [1]}}, {"a": {"b": {}}}, ["~ a.b: [1] → {}"]),
    ],
)
def test_each_difference_stands_at_its_path(before: Any, after: Any, expected: list[str]) -> None:
    """A line more at the top of a list does not change every line below."""
    assert [found.show() for found in differences(before, after)] == expected


def test_a_difference_shows_no_value_unless_asked() -> None:
    """Its text and repr may go to a log."""
    (found,) = differences({"name": "Hopper"}, {"name": "Lovelace"})

    assert str(found) == "~ name"
    assert "Hopper" not in repr(found)


@given(value=JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    """The law of every comparison."""
    assert differences(value, value) == ()


@given(one=JSON, other=JSON)
def test_unequal_values_differ_somewhere(one: Any, other: Any) -> None:
    """No difference is overlooked."""
    assert (differences(one, other) == ()) == (differences(other, one) == ())
