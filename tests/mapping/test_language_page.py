"""docs/mapping-language.md: every example is run, in Python and in JavaScript."""
# ruff: noqa: E501 - a document stands on one line

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import MappingRunError, MappingSpecError
from workbench.flows.javascript import JavaScriptProcess
from workbench.mapping.compile import compile_mapping
from workbench.mapping.document import check_mapping, read_mapping
from workbench.mapping.expression import parse
from workbench.mapping.expression.library import LIBRARY

PAGE = (Path(__file__).parents[2] / "docs/mapping-language.md").read_text(encoding="utf-8")
CODES = {
    "resourceType": "ConceptMap",
    "group": [{"element": [{"code": "open", "target": [{"code": "issued"}]}]}],
}
DOCUMENTS = re.findall(r"```yaml\n(.*?)```\n\n```json event\n(.*?)```\n\n```json result\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| `(\{.*?)` \| `{1,2} ?(.*?) ?`{1,2} \| (.*?) \|$", PAGE, re.MULTILINE)
REFUSED = re.findall(
    r"^\| `([^|]*?(?:\\\|[^|]*?)*)` \| [^|]*\|$", PAGE.partition("### What is refused")[2], re.MULTILINE
)


@pytest.mark.parametrize(("text", "event", "result"), DOCUMENTS, ids=[text.split("\n")[0] for text, _, _ in DOCUMENTS])
def test_each_document_makes_what_the_page_says(
    javascript: JavaScriptProcess, text: str, event: str, result: str
) -> None:
    """The YAML is right, and its resources are those shown."""
    paths = dict.fromkeys(re.findall(r"codes/[a-z-]+\.json", text), CODES)
    assert check_mapping(text, file="page.yaml", codes=paths) == ()
    mapping = compile_mapping(read_mapping(text, file="page.yaml", codes=paths))
    javascript.load_mapping(mapping)

    for rows in (mapping.map(json.loads(event)).as_list(), javascript.map(mapping, json.loads(event))):
        assert [row["resource"] for row in rows] == json.loads(result)


@pytest.mark.parametrize(("event", "expression", "gives"), ROWS, ids=[row[1] for row in ROWS])
def test_each_expression_gives_what_the_page_says(
    javascript: JavaScriptProcess, event: str, expression: str, gives: str
) -> None:
    """In a mapping, in both languages; errors by their code."""
    text = (
        "mapping: row\nversion: 1\nprovider: stripe\nevents: ['*']\ncodes: {status: s.json}\nvars:\n  used: =$code('status', 'open')\n"
        "resources:\n  r:\n    identity: {system: 'urn:s', value: =$used}\n    resource:\n      resourceType: Basic\n"
        "      code: {text: x}\n      extension:\n        - {url: 'urn:x', valueCodeableConcept: "
        + json.dumps("=" + json_wrapped(expression), ensure_ascii=False)
        + "}\n"
    )
    mapping = compile_mapping(read_mapping(text, file="row.yaml", codes={"s.json": CODES}))
    javascript.load_mapping(mapping)

    for run in (mapping.map, lambda payload: Rows(javascript.map(mapping, payload))):
        assert outcome(run, json.loads(event)) == wanted(gives)


class Rows:
    """The rows of a run in JavaScript, as Python's result has them."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def as_list(self) -> list[dict[str, Any]]:
        """The rows."""
        return self._rows


def json_wrapped(expression: str) -> str:
    """The expression inside an object, so that any JSON can stand in an element."""
    return '{"text": (' + expression.replace("\\|", "|") + ")}"


def outcome(run: Any, event: dict[str, Any]) -> Any:
    """What an expression gave, `nothing`, or its error."""
    try:
        (row,) = run(event).as_list()
    except MappingRunError as error:
        return f"error {error.code}"
    (extension,) = row["resource"]["extension"]
    return extension.get("valueCodeableConcept", {}).get("text", "nothing")


def wanted(gives: str) -> Any:
    """What the page's third column means."""
    return json.loads(gives[1:-1]) if gives.startswith("`") else gives


@pytest.mark.parametrize("expression", REFUSED)
def test_what_the_page_says_is_refused_is_refused(expression: str) -> None:
    """With a remedy, before anything runs."""
    text = f"mapping: m\nversion: 1\nprovider: stripe\nevents: ['*']\nresources:\n  r:\n    when: {json.dumps('=' + expression.replace(chr(92) + '|', '|'))}\n"
    text += "    identity: {system: 'urn:s', value: =id}\n    resource: {resourceType: Patient}\n"

    (problem,) = check_mapping(text, file="m.yaml", codes={})

    assert problem.remedy
    assert problem.line == 7


def test_every_function_of_the_library_is_on_the_page() -> None:
    """No function is left undocumented."""
    examples = " ".join(expression for _, expression, _ in ROWS)

    assert [name for name in LIBRARY if not re.search(rf"\${name}\b", examples)] == []


def test_the_page_has_examples() -> None:
    """The patterns above find what they are meant to find."""
    assert len(DOCUMENTS) == PAGE.count("```yaml\n")
    assert len(ROWS) == len(re.findall(r"^\| `\{", PAGE, re.MULTILINE))
    assert len(REFUSED) == 8
    for _, expression, _ in ROWS:
        try:
            parse(expression.replace("\\|", "|"))
        except MappingSpecError as error:
            pytest.fail(f"{expression}: {error}")
