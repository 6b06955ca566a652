"""compose_event and scenarios: deliveries of one's own, as the provider would send them, right and wrong."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import DeliveryError, IntegrationError
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import find_provider
from workbench.events.signatures import check_signature
from workbench.flows.compose import compose_event, find_sample, sign_samples
from workbench.flows.load import load_events, read_secrets
from workbench.flows.scenarios import read_scenario, scenario_deliveries

SAMPLES = Path(__file__).parents[2] / "sample_events"
SCENARIOS = sorted((SAMPLES / "scenarios").glob("*.yaml"))
SECRETS = read_secrets(SAMPLES)
NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def compose(provider: str, event_type: str, **changes: Any) -> tuple[Delivery, Delivery]:
    """Return a sample and what is composed from it."""
    entry = find_provider(provider)
    sample = find_sample(SAMPLES, entry, event_type)
    paths = {path.replace("__", "."): value for path, value in changes.items()}
    return sample, compose_event(sample, entry, secret=str(SECRETS[provider]), now=NOW, changes=paths)


@pytest.mark.parametrize(
    ("provider", "event_type"),
    [(body.parts[-3], body.parts[-2]) for body in sorted(SAMPLES.rglob("*.body")) if body.parts[-2] != "handshake"],
)
def test_every_sample_can_be_sent_as_a_new_event(provider: str, event_type: str) -> None:
    """What is composed is signed now, happened now, has an id of its own and is otherwise the sample."""
    sample, composed = compose(provider, event_type)
    entry = find_provider(provider)
    (old, *_), (new, *_) = read_events(sample, entry), read_events(composed, entry)

    check_signature(composed, entry, [str(SECRETS[provider])], NOW)
    assert (new.type, new.occurred_at) == (old.type, NOW)
    assert new.id != old.id
    assert (len(new.id), set(new.payload)) == (len(old.id), set(old.payload))
    assert abs(len(composed.body) - len(sample.body)) <= 8


def test_ones_own_values_are_in_it() -> None:
    """Values, members of lists and new metadata are set; the form of writing stays the provider's."""
    _, composed = compose(
        "stripe",
        "invoice.finalized",
        data__object__amount_due=1299,
        data__object__lines__data__0__description="Åsa's visit",
        data__object__metadata__patient_mrn="MRN-1",
        id="evt_mine",
    )
    body = json.loads(composed.body)
    invoice = body["data"]["object"]

    assert (body["id"], invoice["amount_due"], invoice["metadata"]["patient_mrn"]) == ("evt_mine", 1299, "MRN-1")
    assert invoice["lines"]["data"][0]["description"] == "Åsa's visit"
    assert composed.body.startswith(b'{\n  "id": "evt_mine"')
    assert composed.headers["content-length"] == str(len(composed.body))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data.object.amount_du", "has no data.object.amount_du; at data.object there are account_country"),
        ("nothing", "has no nothing; at its root there are api_version, created, data"),
        ("data.object.lines.data.9.amount", "has no data.object.lines.data.9.amount; at data.object.lines.data.9"),
    ],
)
def test_a_path_that_is_not_there_is_named(path: str, text: str) -> None:
    """A slip would make an event nobody sends."""
    with pytest.raises(DeliveryError) as error:
        compose("stripe", "invoice.finalized", **{path.replace(".", "__"): 1})

    assert text in str(error.value)


def test_an_unknown_sample_is_named_with_the_nearest(tmp_path: Path) -> None:
    """Type and variant are looked up in the folder, and the message says what is near and what is there."""
    stripe = find_provider("stripe")
    with pytest.raises(
        DeliveryError, match=r"no sample of stripe invoice\.payed among \d+ types; the nearest are invoice\.paid"
    ):
        find_sample(SAMPLES, stripe, "invoice.payed")
    with pytest.raises(DeliveryError, match=r"no sample of stripe invoice\.paid among 0 types$"):
        find_sample(tmp_path, stripe, "invoice.paid")
    with pytest.raises(DeliveryError, match=r"invoice\.finalized has no sample x; there are dinar, membership"):
        find_sample(SAMPLES, stripe, "invoice.finalized", "x")


def test_samples_edited_by_hand_are_signed_again(tmp_path: Path) -> None:
    """After an edit a sample is refused; signed again at its own time it verifies, and nothing else of it changes."""
    shutil.copytree(SAMPLES / "stripe" / "invoice.paid", tmp_path / "stripe" / "invoice.paid")
    body = tmp_path / "stripe" / "invoice.paid" / "yen.body"
    body.write_bytes(body.read_bytes().replace(b"16280", b"16290"))
    record = json.loads(body.with_suffix(".json").read_text())
    refused = load_events(body, secrets=SECRETS).deliveries[0].reason
    count = len(list(body.parent.glob("*.body")))

    assert (refused, sign_samples(tmp_path, {"stripe": str(SECRETS["stripe"])})) == ("mismatched", count)
    again = json.loads(body.with_suffix(".json").read_text())
    assert load_events(tmp_path, secrets=SECRETS).counts() == {"verified": count}
    assert {**again, "headers": None} == {**record, "headers": None}
    assert set(again["headers"]) == set(record["headers"])


def test_a_sample_that_cannot_be_signed_is_named(tmp_path: Path) -> None:
    """A body without its headers, or of a provider without a secret, stops the signing."""
    (tmp_path / "acme" / "a.b").mkdir(parents=True)
    (tmp_path / "acme" / "a.b" / "x.body").write_bytes(b"{}")

    with pytest.raises(DeliveryError, match=r"x\.body cannot be signed: it needs a \.json with its headers beside it"):
        sign_samples(tmp_path, {"stripe": "x"})


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_every_scenario_plays(file: Path) -> None:
    """Each step arrives after the one before; right steps verify, and each fault is refused."""
    scenario = read_scenario(file)
    loaded = load_events(file)

    assert [judged.verdict for judged in loaded.deliveries] == [
        "refused" if step.fault else "verified" for step in scenario.steps
    ]
    times = [judged.delivery.received_at for judged in loaded.deliveries if judged.delivery]
    assert times == sorted(times)


def test_each_fault_is_refused_for_its_reason() -> None:
    """The failures' scenario shows every reason there is, and the cause where it can be proved."""
    loaded = load_events(SAMPLES / "scenarios" / "failures.yaml")

    assert [judged.reason for judged in loaded.deliveries] == [
        "mismatched",
        "mismatched",
        "mismatched",
        "expired",
        "future",
        "missing",
        "mismatched",
        None,
    ]
    assert "the body has 2934 bytes, but 5868 were sent" in str(loaded.problems[2])
    assert "step 1: invoice.paid/yen: the Stripe delivery is not proved" in str(loaded.problems[0])


def test_retries_are_signed_anew_and_are_the_same_event() -> None:
    """Four deliveries of the duplicates' scenario are one event."""
    loaded = load_events(SAMPLES / "scenarios" / "duplicates.yaml")
    signatures = {judged.delivery.headers["stripe-signature"] for judged in loaded.deliveries if judged.delivery}

    assert (len(loaded), len({event.dedupe_key for event in loaded}), len(signatures)) == (4, 1, 4)


def test_a_scenario_begins_when_it_is_told_to() -> None:
    """For a live receiver the first delivery is signed now."""
    scenario = read_scenario(SAMPLES / "scenarios" / "out-of-order.yaml")
    first, *_ = scenario_deliveries(scenario, SAMPLES, str(SECRETS["stripe"]), start=NOW)

    check_signature(first, scenario.provider, [str(SECRETS["stripe"])], NOW)


def test_all_faults_of_a_scenario_come_at_once(tmp_path: Path) -> None:
    """A wrong file is refused with every wrong step."""
    file = tmp_path / "a.yaml"
    file.write_text(
        "provider: stripe\nsteps:\n  - 3\n  - a\n  - {sample: a/b, fault: x, after_seconds: -1, often: 2}\n"
    )

    with pytest.raises(IntegrationError) as error:
        read_scenario(file)

    remedy = "write event.type/variant, or {sample: event.type/variant, after_seconds: 1, fault: ...}"
    faults = "wrong-secret, changed-body, truncated, expired, future, no-signature, reserialised"
    assert str(error.value).replace(f"{file}: ", "").splitlines() == [
        f"step 1 names no sample; {remedy}",
        f"step 2 names no sample; {remedy}",
        "step 3 has the unknown key often; there are after_seconds, fault, sample",
        f"step 3 has an unknown fault; there are {faults}",
        "step 3: after_seconds must be a number of at least 0; leave it out for one second",
    ]


@pytest.mark.parametrize(("text", "fault"), [("a: [", ":1:5: is not YAML"), ("[]", "has a title, a provider")])
def test_a_file_that_is_no_scenario_is_named(tmp_path: Path, text: str, fault: str) -> None:
    """The place of the fault is in the message."""
    (tmp_path / "a.yaml").write_text(text)

    with pytest.raises(IntegrationError) as error:
        read_scenario(tmp_path / "a.yaml")

    assert fault in str(error.value)


def test_a_missing_scenario_and_a_missing_secret_are_named(tmp_path: Path) -> None:
    """Neither ends in a traceback."""
    with pytest.raises(DeliveryError, match="cannot be read: No such file or directory"):
        read_scenario(tmp_path / "nowhere.yaml")
    with pytest.raises(DeliveryError, match="cannot be signed: no secret of stripe was given"):
        load_events(SAMPLES / "scenarios" / "failures.yaml", secrets={})
