"""load_events: every delivery with its verdict, from whatever people keep events in."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.errors import DeliveryError
from workbench.events.providers import find_provider
from workbench.events.signatures import sign
from workbench.flows.load import LoadedEvents, load_events, read_secrets

SAMPLES = Path(__file__).parents[2] / "sample_events"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAID = SAMPLES / "stripe" / "invoice.paid" / "membership.body"


def event(number: int) -> dict[str, object]:
    """Return a small Stripe event."""
    return {"id": f"evt_{number}", "object": "event", "type": "invoice.paid", "created": 1793977587 + number}


def verdicts(loaded: LoadedEvents) -> list[str]:
    """Return the verdicts in order."""
    return [judged.verdict for judged in loaded.deliveries]


def load_text(folder: Path, text: str | bytes, name: str = "events.json") -> LoadedEvents:
    """Return what is loaded from a file of that text."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_events(file, now=NOW)


def test_the_samples_load_whole_and_verified() -> None:
    """Every sample is verified at its own time with the published secrets, but for the handshake."""
    loaded = wb.load_events(SAMPLES)

    assert {"verified": len(list(SAMPLES.rglob("*.body"))) - 1, "handshake": 1} == loaded.counts()
    assert not loaded.problems
    assert {"stripe", "okta"} == {each.provider for each in loaded.events}


def test_a_part_of_the_samples_finds_the_same_secrets() -> None:
    """A folder or a file below the samples is verified with the secrets above it."""
    assert verdicts(load_events(PAID)) == ["verified"]
    assert {"verified"} == set(verdicts(load_events(SAMPLES / "stripe" / "invoice.paid")))


def test_other_secrets_refuse_every_signed_delivery() -> None:
    """With wrong secrets nothing is taken in, everything is reported, and what it claimed to be can be seen."""
    loaded = load_events(SAMPLES / "stripe" / "invoice.paid", secrets={"stripe": "whsec_wrong"})

    assert ({"refused"}, 0) == (set(verdicts(loaded)), len(loaded.events))
    assert {"mismatched"} == {judged.reason for judged in loaded.deliveries}
    assert loaded.deliveries[0].events[0].type == "invoice.paid"
    assert "before-basil.body: the Stripe delivery is not proved (mismatched)" in str(loaded.problems[0])


def test_without_secrets_nothing_is_called_verified() -> None:
    """A signature that could not be checked makes a delivery unsigned, and says why."""
    loaded = load_events(PAID, secrets={})

    assert verdicts(loaded) == ["unsigned"]
    assert "not checked: no signing secret of Stripe was given" in str(loaded.deliveries[0].problem)


@pytest.mark.parametrize("secret", ["", "whsec_!!"])
def test_a_secret_that_cannot_be_used_is_named(tmp_path: Path, secret: str) -> None:
    """A slip in a secret is not taken for a forged delivery."""
    record = {"headers": {"svix-id": "a", "svix-timestamp": "1", "svix-signature": f"v1,{'A' * 43}="}, "body": "{}"}
    (tmp_path / "a.json").write_text(json.dumps(record))

    with pytest.raises(DeliveryError, match="the signing secret of Svix cannot be used: "):
        load_events(tmp_path / "a.json", secrets={"svix": secret})


def test_a_changed_sample_is_refused(tmp_path: Path) -> None:
    """One digit changed in a recorded body is found."""
    shutil.copy(PAID.with_suffix(".json"), tmp_path / "a.json")
    (tmp_path / "a.body").write_bytes(PAID.read_bytes().replace(b"13964", b"13965"))
    loaded = load_events(tmp_path, secrets=read_secrets(SAMPLES))

    assert [(judged.verdict, judged.reason) for judged in loaded.deliveries] == [("refused", "mismatched")]


def test_a_recorded_delivery_is_judged_at_its_own_time(tmp_path: Path) -> None:
    """Years later a recorded delivery still verifies; one received too late does not."""
    record = json.loads(PAID.with_suffix(".json").read_text(encoding="utf-8"))
    record["received_at"] = "2026-11-06T16:00:00Z"
    (tmp_path / "late.json").write_text(json.dumps(record))
    shutil.copy(PAID, tmp_path / "late.body")

    assert verdicts(load_events(PAID, now=datetime(2036, 1, 1, tzinfo=UTC))) == ["verified"]
    assert load_events(tmp_path, secrets=read_secrets(SAMPLES)).deliveries[0].reason == "expired"


def test_a_body_kept_without_headers_is_unsigned(tmp_path: Path) -> None:
    """Raw events of any origin are loaded, and not called verified."""
    shutil.copy(PAID, tmp_path / "raw.body")
    loaded = load_events(tmp_path)

    assert (verdicts(loaded), len(loaded)) == (["unsigned"], 1)
    assert "kept without its headers, so nothing proves it" in str(loaded.deliveries[0].problem)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps([event(1), event(2)]), "array.json"),
        (json.dumps([event(1), event(2)], indent=2), "array-indented.json"),
        ("\n".join(json.dumps(event(each)) for each in (1, 2)) + "\n", "lines.ndjson"),
        ("\n".join(json.dumps(event(each), indent=1) for each in (1, 2)), "over-lines.jsonl"),
        ("\r\n".join(json.dumps(event(each)) for each in (1, 2)), "windows.jsonl"),
        ("\n".join(json.dumps(event(each), indent=2) for each in (1, 2)), "cli-output.json"),
        (json.dumps({"object": "list", "data": [event(1), event(2)], "has_more": False}), "page.json"),
        (b"\xef\xbb\xbf" + json.dumps([event(1), event(2)]).encode(), "bom.json"),
        (json.dumps([[event(1)], event(2)]), "nested.json"),
    ],
)
def test_events_are_read_from_what_people_keep_them_in(tmp_path: Path, text: str | bytes, name: str) -> None:
    """Arrays, lines, values one after the other, pages of the API and byte order marks are all the same events."""
    loaded = load_text(tmp_path, text, name)

    assert [each.id for each in loaded] == ["evt_1", "evt_2"]
    assert verdicts(loaded) == ["unsigned", "unsigned"]


def test_a_single_event_keeps_its_bytes(tmp_path: Path) -> None:
    """The delivery made of a file of one event has that file's bytes."""
    text = json.dumps(event(1), indent=4)

    assert text.encode() == load_text(tmp_path, text).deliveries[0].delivery.body  # type: ignore[union-attr]


def test_a_delivery_recorded_as_headers_and_body_is_verified(tmp_path: Path) -> None:
    """An object of headers and a body as text is a delivery, and its signature is checked."""
    body = json.dumps(event(1))
    headers = sign(body.encode(), find_provider("stripe"), "whsec_a", NOW)
    file = tmp_path / "recorded.ndjson"
    file.write_text(json.dumps({"headers": headers, "body": body, "received_at": NOW.isoformat()}) + "\n{}")
    loaded = load_events(file, secrets={"stripe": ["whsec_b", "whsec_a"]})

    assert verdicts(loaded) == ["verified", "unreadable"]


def test_reading_goes_on_after_a_fault_and_reports_its_place(tmp_path: Path) -> None:
    """Of three lines the broken one is named by file, line and column, and the others are loaded."""
    lines = [json.dumps(event(1)), '{"id": "evt_2", "object": ', json.dumps(event(3))]
    loaded = load_text(tmp_path, "\n".join(lines), "three.ndjson")

    assert [each.id for each in loaded] == ["evt_1", "evt_3"]
    assert [verdict for verdict in verdicts(loaded) if verdict != "unsigned"] == ["unreadable"]
    assert str(loaded.problems[0]) == f"{tmp_path}/three.ndjson:2:26: is not whole JSON: unexpected end of data"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "evt_1",\n "object": "ev', ":2:12: is not whole JSON: unterminated string starting at"),
        ('{"id": 1,\n}', ":2:1: is not whole JSON: expecting property name enclosed in double quotes"),
        ("", ": is empty; it should hold events as JSON"),
        ("id,object\n1,event\n", ":1:1: is not whole JSON: expecting value"),
        (b"\x00\xff\xfe", ":1: is not UTF-8 text at byte 1"),
        ("7", ": is a number, not an event; an event is a JSON object"),
        ("[" * 100_000, ":1: is nested too deeply to be an event"),
        (
            '{"type": "surprise"}',
            ": is of no provider that is known: an object with 1 key (type); name it with `provider`",
        ),
    ],
)
def test_a_file_without_any_event_is_one_clear_error(tmp_path: Path, text: str | bytes, message: str) -> None:
    """Where nothing can be read, the error names file, line and column and what to do."""
    with pytest.raises(DeliveryError) as error:
        load_text(tmp_path, text, "bad.json")

    assert f"no event could be read from {tmp_path / 'bad.json'}:\n{tmp_path / 'bad.json'}{message}" in str(error.value)


@given(
    content=st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                b"{",
                b"}",
                b"[",
                b"]",
                b"\n",
                b",",
                b'"',
                b'"id": "evt_1"',
                b'"object": "event"',
                b'"headers": {}',
                b'"body": 1',
                b"\xff",
            ]
        ),
        max_size=14,
    ).map(b"".join),
    name=st.sampled_from(["a.json", "a.ndjson", "a.har", "a.body"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_a_file_holds_is_loaded_or_our_error(tmp_path: Path, content: bytes, name: str) -> None:
    """No bytes in a file of events end in another error, and none is passed over in silence."""
    (tmp_path / name).write_bytes(content)
    with suppress(DeliveryError):
        assert load_events(tmp_path / name, secrets={}).deliveries


@pytest.mark.parametrize("text", ["[]", '{"object": "list", "data": []}'])
def test_a_list_of_no_events_is_named(tmp_path: Path, text: str) -> None:
    """Whoever asked to load something is told that there was nothing."""
    with pytest.raises(DeliveryError, match=r"none\.json holds no events: its lists are empty"):
        load_text(tmp_path, text, "none.json")


def test_a_missing_path_is_named() -> None:
    """The message says which path there is not."""
    with pytest.raises(DeliveryError, match="there is no file or folder nowhere/events; give the path of recorded"):
        load_events("nowhere/events")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    """A folder of other files holds no events, and the message says which files would."""
    (tmp_path / "notes.txt").write_text("no events here")

    with pytest.raises(DeliveryError, match=r"holds no events: none of its files ends in \.body, \.har, \.json"):
        load_events(tmp_path)


def test_a_damaged_record_beside_a_body_is_reported(tmp_path: Path) -> None:
    """A body whose headers cannot be read is not silently taken as unsigned."""
    shutil.copy(PAID, tmp_path / "a.body")
    (tmp_path / "a.json").write_text('{"headers": 3}')
    shutil.copy(PAID, tmp_path / "b.body")

    loaded = load_events(tmp_path)
    assert verdicts(loaded) == ["unreadable", "unsigned"]
    assert f"{tmp_path}/a.json: is not the record of a delivery; it must be" in str(loaded.problems[0])


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hyphen stands for standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(event(1)).encode())))

    assert [each.id for each in load_events("-", now=NOW)] == ["evt_1"]


def test_a_named_provider_is_not_guessed(tmp_path: Path) -> None:
    """With a provider named, deliveries that tell nothing are read as its."""
    file = tmp_path / "a.json"
    file.write_text('{"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-11-01T00:00:00Z", "payload": {"uid": "u"}}')

    assert load_events(file, provider="cal-com").events[0].type == "BOOKING_CREATED"


def test_damaged_secrets_are_refused(tmp_path: Path) -> None:
    """A file of secrets in another form stops the load: silence would leave everything unproved."""
    shutil.copy(PAID, tmp_path / "a.body")
    (tmp_path / "secrets.json").write_text('{"stripe": 3}')

    with pytest.raises(DeliveryError, match="must be a JSON object as"):
        load_events(tmp_path)


def test_the_frame_has_a_row_for_every_event_and_every_failure(tmp_path: Path) -> None:
    """A batch gives a row per event, a refused or unreadable place one row, and no column holds a payload."""
    shutil.copytree(SAMPLES / "okta" / "user.lifecycle.suspend", tmp_path / "batch")
    (tmp_path / "broken.json").write_text("{")
    frame = load_events(tmp_path, secrets=read_secrets(SAMPLES)).to_frame()

    assert list(frame["verdict"]) == ["verified"] * 3 + ["unreadable"]
    assert list(frame.columns) == [
        "provider",
        "type",
        "id",
        "occurred_at",
        "received_at",
        "verdict",
        "reason",
        "source",
    ]
    assert str(frame["occurred_at"].dtype) == "datetime64[us, UTC]"


def test_progress_is_told(tmp_path: Path) -> None:
    """The caller hears how many deliveries were read."""
    told: list[str] = []
    load_events(SAMPLES / "okta" / "handshake", progress=told.append)

    assert [f"read 1 deliveries from {SAMPLES / 'okta' / 'handshake'}"] == told


def test_reprs_show_no_payload() -> None:
    """Loaded events, deliveries and verdicts can be shown in a notebook that is shared."""
    loaded = load_events(SAMPLES)
    shown = f"{loaded!r} {loaded.deliveries!r} {loaded.events!r}"

    assert [hidden for hidden in ("Amara", "example.com", "whsec_", "sample-okta") if hidden in shown] == []
