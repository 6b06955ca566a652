"""`workbench events`: import, list, show, export, delete, prune, profile, diff, new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Workbench = Callable[..., Result]
SAMPLES = Path(__file__).parents[3] / "sample_events"
PAID = "evt_1QiDSA7GB5bzGYEf6UglTpWE"  # of the sample invoice.paid/membership


@pytest.fixture
def kept(project: Path, workbench: Workbench) -> Path:
    """A project whose store holds its samples."""
    run = workbench("events", "import", "sample_events")
    assert run.exit_code == 0, run.output
    return project


def rows(run: Result) -> list[dict[str, object]]:
    """The JSON lines of a run."""
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_importing_again_changes_nothing(kept: Path, workbench: Workbench) -> None:
    """The second import knows every event."""
    assert (kept / ".workbench/events.db").is_file()
    assert "0 new events" in workbench("events", "import", "sample_events").stdout
    (again,) = rows(workbench("events", "import", "sample_events", "--json"))
    assert (again["path"], again["new_events"], again["problems"]) == ("sample_events", 0, 0)


def test_what_cannot_be_read_is_told_and_the_rest_is_kept(project: Path, workbench: Workbench) -> None:
    """A file of nobody's event is reported by name, exit code 1, and the other paths are imported."""
    (project / "odd.json").write_text('{"hello": 1}', encoding="utf-8")

    run = workbench("events", "import", "odd.json", "sample_events")

    assert run.exit_code == 1
    assert "error: odd.json: is of no provider that is known" in run.stderr
    assert "sample_events: " in run.stdout


def test_listing_filters_by_type_and_payload(kept: Path, workbench: Workbench) -> None:
    """The filters hold together, as a table and as JSON lines."""
    run = workbench("events", "list", "--type", "invoice.p*", "--where", "data.object.currency=usd", "--json")

    assert [row["id"] for row in rows(run)] == [PAID]
    assert PAID in workbench("events", "list", "--provider", "stripe").stdout
    assert "no events" in workbench("events", "list", "--where", "data.object.currency=xxx").stdout


def test_a_store_that_is_not_there_is_not_made_by_asking(project: Path, workbench: Workbench) -> None:
    """Listing before anything was kept says how to keep something."""
    run = workbench("events", "list")

    assert run.exit_code == 1
    assert "no event was kept yet; capture, import or pull some first" in str(run.exception)
    assert not (project / ".workbench/events.db").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--since", "banana"), "is neither a span"),
        (("list", "--where", "currency"), "--where takes path=value"),
        (("delete",), "say which events"),
        (("diff", "sample_events"), "give a second corpus, --versions or --mapping"),
        (("pull", "github", "--since", "1d"), "'github'"),
    ],
)
def test_wrong_usage_is_exit_code_2(kept: Path, workbench: Workbench, arguments: tuple[str, ...], said: str) -> None:
    """What cannot be meant is told before anything is done."""
    run = workbench("events", *arguments)

    assert run.exit_code == 2
    assert said in " ".join(run.stderr.replace("│", " ").split())


def test_an_event_is_shown_masked_until_it_is_revealed(kept: Path, workbench: Workbench) -> None:
    """The outline of each value, or the payload itself; an id that is not there is an error."""
    masked, revealed = workbench("events", "show", PAID), workbench("events", "show", PAID, "--reveal")

    assert "amara" not in masked.output.lower()
    assert json.loads(masked.stdout)["type"] == "invoice.paid"
    body = (kept / "sample_events/stripe/invoice.paid/membership.body").read_bytes()
    assert json.loads(revealed.stdout) == json.loads(body)
    assert "the store holds no event evt_none" in str(workbench("events", "show", "evt_none").exception)


def test_what_is_exported_is_what_was_delivered(kept: Path, workbench: Workbench) -> None:
    """The bytes of the export are those of the delivery."""
    run = workbench("events", "export", "out", "--type", "invoice.paid")

    (file,) = (kept / "out/stripe/invoice.paid").glob("*.body")
    assert file.read_bytes() == (kept / "sample_events/stripe/invoice.paid/membership.body").read_bytes()
    assert run.stdout == "1 deliveries written to out\n"


def test_deleting_asks_and_pruning_takes_the_rest(kept: Path, workbench: Workbench) -> None:
    """Without a yes nothing goes; then what was chosen; then everything older."""
    assert workbench("events", "delete", "--provider", "stripe", stdin="n\n").exit_code == 1
    assert PAID in workbench("events", "list").stdout
    assert workbench("events", "delete", "--provider", "stripe", "--yes").exit_code == 0
    assert {"okta"} == {row["provider"] for row in rows(workbench("events", "list", "--json"))}
    assert workbench("events", "prune", "--before", "0m", "--yes").exit_code == 0
    assert "no events" in workbench("events", "list").stdout


def test_a_profile_is_a_tree_rows_or_a_schema(kept: Path, workbench: Workbench) -> None:
    """The same profile in three forms, of files or of the store; no value of a person in any."""
    tree = workbench("events", "profile", "--type", "invoice.paid")
    lines = rows(workbench("events", "profile", "sample_events", "--type", "invoice.paid", "--json"))
    (schema,) = rows(workbench("events", "profile", "--type", "invoice.paid", "--schema"))

    assert "stripe invoice.paid: 1 events" in tree.stdout
    assert "amara" not in tree.stdout.lower()
    assert "minor-amount" in {row["format"] for row in lines}
    assert schema["title"] == "stripe invoice.paid"
    assert "invoice.voided" in workbench("events", "profile").stdout
    assert "holds no event of type nope" in str(workbench("events", "profile", "--type", "nope").exception)


def test_corpora_that_differ_are_exit_code_1(kept: Path, workbench: Workbench) -> None:
    """The same is 0; a new type, a vanished field and what a mapping reads in vain are told."""
    one = ("events", "diff", "sample_events/stripe/invoice.paid")
    assert workbench(*one, "sample_events/stripe/invoice.paid").exit_code == 0

    run = workbench(*one, ".workbench/events.db", "--json")
    unread = workbench(*one, "--mapping", "mappings/stripe/stripe-invoice.yaml", "--json")

    assert run.exit_code == 1
    assert ("new-type", "invoice.voided") in {(row["kind"], row["event_type"]) for row in rows(run)}
    assert unread.exit_code == 1
    assert "data.object.forgiven" in {row["path"] for row in rows(unread)}


def test_two_api_versions_of_one_corpus_are_compared(project: Path, workbench: Workbench) -> None:
    """Between Stripe's shape before basil and after, an invoice lost its charge; a version nobody sent is an error."""
    one = ("events", "diff", SAMPLES / "stripe/invoice.paid", "--json", "--versions")

    run = workbench(*one, "2024", "2026")
    none = workbench(*one, "2024", "1999")

    assert run.exit_code == 1
    assert ("vanished-field", "data.object.charge") in {(row["kind"], row["path"]) for row in rows(run)}
    assert "holds no event of API version 1999 that may be used" in str(none.exception)


def test_drift_is_cut_to_what_a_mapping_reads(kept: Path, workbench: Workbench) -> None:
    """Of all that differs between two corpora only what the mapping takes and reads is left."""
    two = ("events", "diff", "sample_events", "sample_events/okta", "--json")
    everything = rows(workbench(*two))
    read = rows(workbench(*two, "--mapping", "mappings/stripe/stripe-customer.yaml"))

    assert {"customer.created"} == {row["event_type"] for row in read}
    assert len(everything) > len(read)


def test_an_event_of_ones_own_is_signed_and_can_be_loaded(project: Path, workbench: Workbench) -> None:
    """What `new` prints, `load` reads; in a folder beside the secrets it is verified."""
    printed = workbench("events", "new", "stripe", "invoice.paid", "--set", "data.object.amount_due=1299")
    written = workbench("events", "new", "stripe", "invoice.paid", "--out", "sample_events/mine")

    assert json.loads(json.loads(printed.stdout)["body"])["data"]["object"]["amount_due"] == 1299
    assert Path(written.stdout.strip()).is_file()
    assert "verified" in workbench("load", "sample_events/mine").stdout
    assert workbench("load", "-", stdin=printed.stdout).exit_code == 0
    missing = workbench("events", "new", "stripe", "invoice.paid", "--set", "data.object.amountdue=1")
    assert "has no data.object.amountdue" in str(missing.exception)


def test_samples_that_were_edited_are_signed_again(project: Path, workbench: Workbench) -> None:
    """An edited body is refused, until it is signed."""
    body = project / "sample_events/stripe/invoice.paid/membership.body"
    body.write_bytes(body.read_bytes().replace(b'"livemode": false', b'"livemode": true'))
    assert workbench("load", "sample_events").exit_code == 1

    run = workbench("events", "sign")

    assert "samples signed" in run.stdout
    assert workbench("load", "sample_events").exit_code == 0


def test_a_pull_without_its_keys_names_them_all(
    project: Path, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys come from the environment only; every one that is missing is named, and an address must be safe."""
    for name in ("STRIPE_API_KEY", "OKTA_ORG_URL", "OKTA_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    okta = str(workbench("events", "pull", "okta", "--since", "1d").exception)
    stripe = str(workbench("events", "pull", "stripe", "--since", "1d").exception)
    monkeypatch.setenv("OKTA_ORG_URL", "http://clinic.okta.com")

    assert "OKTA_ORG_URL is not set" in okta
    assert "OKTA_API_TOKEN is not set" in okta
    assert "STRIPE_API_KEY is not set" in stripe
    assert "OKTA_ORG_URL" in str(workbench("events", "pull", "okta", "--since", "1d").exception)
    assert not (project / ".workbench/events.db").exists()
