"""All 1,686 cases of the official JSONata suite: each agrees in both backends, or is refused when it is compiled.

Run as a program, this file writes `docs/jsonata-conformance.md`, which a test holds to what is true.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import MappingSpecError, Problem
from workbench.mapping.expression import MISSING, compile_expression

ROOT = Path(__file__).parents[3]
SUITE = ROOT.parent / "shared" / "jsonata" / "test-suite"
PAGE = ROOT / "docs" / "jsonata-conformance.md"
LEAST_ANSWERED = 0.75
CONSTRUCTS = {
    "profile-chance": "`$random`, `$shuffle`: chance",
    "profile-clock": "`$now`, `$millis`: the clock",
    "profile-date-picture": "date pictures of words, Roman numbers, letters or weeks; reading without a year",
    "profile-eval": "`$eval`",
    "profile-join": "`@` and `#` joins",
    "profile-number-picture": "`$formatNumber`, `$formatInteger`, `$parseInteger`",
    "profile-parent": "`%`, the parent",
    "profile-partial-built-in": "partial application of a built-in function",
    "profile-regex": "regular expressions that the two languages understand differently",
    "profile-signature": "function signatures that use the context",
    "profile-size": "ranges written out with more than a million members",
    "profile-transform": "the transform `(pattern, update)` between bars",
}

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="../shared/jsonata/test-suite is not here")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case of the suite."""

    name: str
    group: str
    text: str
    data: Any
    bindings: dict[str, Any]
    wanted: dict[str, Any]  # {"value": …}, {"nothing": True} or {"code": …}
    unordered: bool


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Every case, in the order of the files."""
    data = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (SUITE / "datasets").glob("*.json")}
    found = []
    for path in sorted((SUITE / "groups").glob("*/*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for place, one in enumerate(content if isinstance(content, list) else [content]):
            name = f"{path.parent.name}/{path.stem}" + (f"#{place}" if isinstance(content, list) else "")
            found.append(_case(path, name, one, data))
    return tuple(found)


def _case(path: Path, name: str, one: dict[str, Any], data: dict[str, Any]) -> Case:
    code = one.get("code") or one.get("error", {}).get("code")
    wanted = {"code": code} if code else {"value": one["result"]} if "result" in one else {"nothing": True}
    text = one["expr"] if "expr" in one else (path.parent / one["expr-file"]).read_text(encoding="utf-8")
    given = one["data"] if "data" in one else MISSING if one.get("dataset") is None else data[one["dataset"]]
    return Case(
        name=name,
        group=path.parent.name,
        text=text,
        data=given,
        bindings=one.get("bindings") or {},
        wanted=wanted,
        unordered=bool(one.get("unordered")),
    )


def refusal(case: Case) -> Problem | None:
    """Why the profile refuses a case, or None."""
    try:
        compile_expression(case.text)
    except MappingSpecError as error:
        return error.problems[0] if (error.problems[0].code or "").startswith("profile-") else None
    return None


def groups() -> list[str]:
    """The names of the groups."""
    return sorted({case.group for case in cases()}) if SUITE.is_dir() else []


@pytest.mark.parametrize("group", groups())
def test_no_answer_is_wrong(group: str, judge: Any) -> None:
    """Each case gives the suite's own value or error code in Python and in JavaScript, unless it is refused."""
    wrong = []
    for case in cases():
        if case.group != group or refusal(case) is not None:
            continue
        try:
            expression = compile_expression(case.text)
        except MappingSpecError as error:
            found = [{"code": error.problems[0].code}]
        else:
            found = [ask(expression, case.data, case.bindings) for ask in (judge.python, judge.javascript)]
        wrong += [f"{case.name}: {one}" for one in found if not _agrees(one, case)]
    assert wrong == []


def _agrees(found: dict[str, Any], case: Case) -> bool:
    if case.unordered and "value" in found:
        return sorted(map(str, found["value"])) == sorted(map(str, case.wanted["value"]))
    return found.keys() == case.wanted.keys() and all(_same(found[key], case.wanted[key]) for key in found)


def _same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, 1.0 is 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def test_three_quarters_are_answered() -> None:
    """The profile answers at least 75 % of the suite; what it refuses is listed by construct."""
    answered = sum(refusal(case) is None for case in cases())

    assert answered / len(cases()) >= LEAST_ANSWERED
    assert {problem.code for case in cases() if (problem := refusal(case))} - set(CONSTRUCTS) == set()


def test_a_refusal_says_where_and_what_instead() -> None:
    """Every refused case has line, column, length and the nearest form that is portable."""
    bare = []
    for case in cases():
        problem = refusal(case)
        if problem and not (problem.line and problem.column and problem.length and problem.remedy):
            bare.append(case.name)
    assert bare == []


def test_the_page_is_true() -> None:
    """`docs/jsonata-conformance.md` is what the suite gives today."""
    assert PAGE.read_text(encoding="utf-8") == page()


def page() -> str:
    """The page of what is answered and what is refused."""
    refused: dict[str, list[Case]] = defaultdict(list)
    for case in cases():
        if problem := refusal(case):
            refused[problem.code or ""].append(case)
    count = sum(map(len, refused.values()))
    lines = [
        "# JSONata conformance",
        "",
        "Generated by `python tests/mapping/expression/test_official_suite.py`; a test holds it to what is true.",
        "",
        f"Of the {len(cases()):,} cases of the official JSONata 2.2.2 suite,",
        f"{len(cases()) - count:,} agree in Python and in JavaScript, value or error code;",
        f"{count} are refused when they are compiled; none gives another answer.",
        "",
        "| construct | code | cases |",
        "|---|---|---:|",
    ]
    for code, found in sorted(refused.items(), key=lambda item: -len(item[1])):
        lines.append(f"| {CONSTRUCTS[code]} | `{code}` | {len(found)} |")
    for code, found in sorted(refused.items()):
        lines += ["", f"## {CONSTRUCTS[code]}", ""]
        tally = Counter(case.group for case in found)
        names = {group: [case.name.partition("/")[2] for case in found if case.group == group] for group in tally}
        lines += [f"* {group}: {', '.join(names[group])}" for group in sorted(names)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
