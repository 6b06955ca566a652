"""JSON as a tree without JavaScript, its values masked until they are asked for."""

from __future__ import annotations

import json

from workbench.faces.trees import tree

EVENT = {
    "id": "evt_1",
    "livemode": False,
    "nothing": None,
    "amount": 4200,
    "customer": {"name": "Erika Mustermann", "notes": "<img src=x onerror=alert(1)>"},
    "lines": [{"n": 1}, {"n": 2}],
}


def test_values_are_masked_until_they_are_asked_for() -> None:
    """The shape is shown with types and lengths; names, amounts and ids are not."""
    page = tree(EVENT, title="event").html

    assert [word for word in ("Erika", "4200", "evt_1", "onerror") if word in page] == []
    assert "text, 16 characters" in page
    assert all(key in page for key in ("customer", "name", "2 items", "false", "null"))


def test_revealed_values_stay_text() -> None:
    """What a value holds never becomes markup."""
    page = tree(EVENT, reveal=True).html

    assert "Erika Mustermann" in page
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_a_tree_needs_no_script() -> None:
    """It folds by `<details>` alone, the first levels open."""
    page = tree(EVENT, depth=1).html

    assert "<script" not in page
    assert page.count("<details") == 5
    assert page.count("<details open>") == 1


def test_a_long_list_says_how_many_more_there_are() -> None:
    """A page stays light."""
    page = tree(list(range(1000))).html

    assert "800 more" in page
    assert page.count('class="wb-leaf"') == 201


def test_its_text_says_what_it_is() -> None:
    """Where HTML cannot be shown, one line stands for it."""
    assert str(tree(EVENT, title="event")) == "event: 6 fields (values masked; reveal=True shows them)"
    assert str(tree("x")) == "JSON: text, 1 characters (values masked; reveal=True shows them)"


def test_any_json_value_is_a_tree() -> None:
    """Scalars, empty lists and deep nesting too."""
    deep = json.loads("[" * 60 + "]" * 60)

    assert all(tree(value).html for value in (None, True, 1.5, "", [], {}, deep))
