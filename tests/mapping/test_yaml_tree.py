"""YAML text → a tree with places."""

from __future__ import annotations

import pytest

from workbench.mapping.problems import Findings
from workbench.mapping.yaml_tree import Listing, Node, Scalar, Table, read_tree


def read(text: str) -> tuple[Node | None, list[str]]:
    """The tree of a text and the problems as people see them."""
    findings = Findings(file="m.yaml")
    tree = read_tree(text, findings)
    return tree, [str(problem) for problem in findings.problems]


def plain(node: Node | None) -> object:
    """The tree as plain values."""
    if isinstance(node, Table):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("2026-01-02", "2026-01-02"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("=data.object", "=data.object"),
        ("'1'", "1"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1.50", 1.5),
        ("-1e3", -1000.0),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    """Only the core schema's own spellings are anything but texts."""
    tree, problems = read(f"a: {text}")

    assert ({"a": value}, []) == (plain(tree), problems)
    assert type(value) is type(plain(tree)["a"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "m.yaml:3:1: the key a stands twice, first in line 1; remove one"),
        ("a: !!str 1", "m.yaml:1:4: tags are not used in a mapping; remove the tag"),
        ("a: !env X", "m.yaml:1:4: tags are not used in a mapping; remove the tag"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "m.yaml:3:3: merge keys are not used in a mapping; write it out"),
        ("a: *x", "m.yaml:1:4: the alias names no anchor that stands before it; write it out, smaller"),
        ("a: &x [*x]", "m.yaml:1:8: the alias names no anchor that stands before it; write it out, smaller"),
        ("a: .inf", "m.yaml:1:4: JSON has no infinity and no NaN; quote it if it is a text"),
        ("1: a", "m.yaml:1:1: a key is a text; quote it"),
        ("a: 1\n---\nb: 2\n", "m.yaml:2:1: a second document begins here; one file, one mapping"),
        ("a: \x01", "m.yaml:1:4: the character U+0001 may not stand in YAML; remove it"),
        ("a: \ud800", "m.yaml:1:4: the character U+D800 may not stand in YAML; remove it"),
        ("a: [1, 2", "m.yaml:2:1: YAML: did not find expected ',' or ']'; correct the syntax here or just before"),
    ],
)
def test_what_a_mapping_does_not_use_is_a_problem(text: str, problem: str) -> None:
    """Each fault of form is told with its place and what to do."""
    assert [problem] == read(text)[1]


def test_a_deep_document_is_refused_and_ends_nothing() -> None:
    """A text of a hundred thousand brackets gives one problem."""
    problems = read("[" * 100_000)[1]

    assert problems == ["m.yaml:1:61: the document is nested more than 60 levels deep; write it out, smaller"]


def test_aliases_cannot_multiply_without_bound() -> None:
    """Ten levels of ten aliases each are refused by the count of parts they stand for."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]

    assert "parts, aliases followed" in read("\n".join(lines))[1][0]


def test_anchors_and_aliases_stand_for_the_same_part() -> None:
    """An alias is its anchor's node."""
    assert plain(read("a: &x {b: 1}\nc: *x\n")[0]) == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        ("a: =data.object", 6, 1, 10),
        ("a: '=it''s.b'", 5, 1, 11),
        ('a: "=x.\\"y\\".z"', 7, 1, 14),
        ("a: |\n  =data\n  .object\n", 7, 3, 4),
        ("a: >-\n  =data\n  & name\n", 8, 3, 5),
        ("a: =data\n  & name\n", 8, 2, 5),
        ('a: "\\u00e9=b"', 2, 1, 12),
    ],
)
def test_a_place_inside_a_scalar_is_found_through_quotes_and_folds(
    text: str, offset: int, line: int, column: int
) -> None:
    """The character of a value is found where it stands in the file."""
    tree = read(text)[0]
    assert isinstance(tree, Table)
    node = tree.get("a")
    assert isinstance(node, Scalar)
    place = node.place_of(offset)

    assert (line, column) == (place.line, place.column)
