"""profile_events, event_schema and compare_profiles: what a provider really sends, and how that changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.events.delivery import Event
from workbench.events.drift import compare_profiles, unread_paths
from workbench.events.formats import format_of, mask, mask_payload, personal_reason
from workbench.events.json_schema import event_schema
from workbench.events.profile import EventProfile, FieldProfile, profile_events
from workbench.events.shapes import KEPT_VALUES, MOST_KEYS

SAMPLES = Path(__file__).parents[2] / "sample_events" / "stripe"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c.d", "id"]), inner),
    max_leaves=12,
)  # fmt: skip


def event(payload: dict[str, Any], kind: str = "a.b") -> Event:
    """Return an event of a payload."""
    return Event(provider="stripe", id="evt_1", type=kind, payload=payload, delivery_id="")


def profile(*payloads: dict[str, Any]) -> EventProfile:
    """Return the profile of events of one type."""
    return profile_events(event(payload) for payload in payloads)


def fields(*payloads: dict[str, Any]) -> dict[str, FieldProfile]:
    """Return the fields of events of one type, by path."""
    return {field.path: field for field in profile(*payloads).fields()}


def samples(version: str) -> Iterator[Event]:
    """Yield the sample events of one API version."""
    for body in sorted(SAMPLES.rglob("*.body")):
        payload = json.loads(body.read_bytes())
        if payload.get("api_version") == version:
            moment = datetime.fromtimestamp(payload["created"], UTC)
            yield Event(
                provider="stripe",
                id=payload["id"],
                type=payload["type"],
                payload=payload,
                delivery_id="",
                occurred_at=moment,
            )


def test_types_presence_and_nulls_are_counted() -> None:
    """Presence is a share of the objects around, null or not; the null share is one of the values."""
    found = fields({"a": 1, "in": {"x": "t"}}, {"a": None, "in": {}}, {"in": {"x": None}}, {"a": 2.5, "in": None})

    assert found["a"].types == {"null": 1, "integer": 1, "number": 1}
    assert (found["a"].presence, round(found["a"].null_share, 3)) == (0.75, 0.333)
    assert (found["in.x"].presence, found["in"].types) == (2 / 3, {"null": 1, "object": 3})


def test_members_of_lists_are_one_field() -> None:
    """A list of objects gives paths with brackets, a list of texts a path for its members."""
    found = fields({"lines": [{"n": 1}, {"n": 2}], "tags": ["a", "b"], "deep": [[{"x": 1}]]})

    assert list(found) == ["lines", "lines[].n", "tags", "tags[]", "deep", "deep[]", "deep[][].x"]
    assert (found["lines[].n"].presence, found["tags[]"].types) == (1.0, {"string": 2})


def test_codes_are_listed_and_other_values_are_masked() -> None:
    """A few repeated codes are an enumeration; names and ids are shown in outline only."""
    payloads = [{"status": state, "name": "Amara O.", "id": f"in_1Ab{each}cdefgh"} for each, state in enumerate(
        ["past_due", "active", "active", "past_due"])]  # fmt: skip
    found = fields(*payloads)

    assert found["status"].enum == ("active", "past_due")
    assert (found["name"].enum, found["name"].examples) == ((), ("Xxxxx X.",))
    assert (found["id"].enum, found["id"].examples) == ((), ("in_9Xx9xxxxxx",))


def test_many_values_are_counted_up_to_a_limit() -> None:
    """Memory does not grow with the corpus: more than the limit is only known to be more."""
    found = fields(*({"n": number, "k": {str(number): 1}} for number in range(KEPT_VALUES + MOST_KEYS)))

    assert (found["n"].distinct, found["n"].distinct_is_exact) == (KEPT_VALUES, False)
    assert len([path for path in found if path.startswith("k.")]) == MOST_KEYS + 1
    assert found["k.*"].types == {"integer": KEPT_VALUES}


@pytest.mark.parametrize(
    ("name", "values", "siblings", "expected"),
    [
        ("created", [1793977587, 1700000000], [], "epoch-seconds"),
        ("event_ts", [1793977587123], [], "epoch-milliseconds"),
        ("quantity", [1793977587], [], None),
        ("published", ["2026-11-02T15:20:11.123Z"], [], "date-time"),
        ("due", ["2026-11-02"], [], "date"),
        ("currency", ["usd", "EUR"], [], "currency"),
        ("country", ["US"], [], "country"),
        ("amount_due", [100, -5], ["currency"], "minor-amount"),
        ("amount", [100], [], None),
        ("login", ["a@example.com"], [], "email"),
        ("url", ["https://a.example/b"], [], "uri"),
        ("uuid", ["ce8c933d-7a17-41cb-8dc5-e9674704323c"], [], "uuid"),
        ("customer", ["cus_cF5pK6gnQxqrzq"], [], "prefixed-id"),
        ("collection_method", ["charge_automatically"], [], None),
        ("id", ["00ue0I8MHfMPIBjvk3Qx"], [], "okta-id"),
        ("ip", ["198.51.100.24"], [], "ipv4"),
        ("ip", ["2001:db8::1"], [], "ipv6"),
        ("phone", ["+15035550142"], [], "phone"),
        ("unit_amount_decimal", ["12.5"], [], "decimal"),
        ("mixed", ["a@example.com", "x"], [], None),
        ("empty", [""], [], None),
    ],
)
def test_formats_are_told(name: str, values: list[Any], siblings: list[str], expected: str | None) -> None:
    """A format is what all values agree in, with the help of the name where values alone do not tell."""
    types = ["integer" if isinstance(values[0], int) else "string"]

    assert format_of(name, values, types, siblings) == expected


@pytest.mark.parametrize(
    ("keys", "kind", "reason"),
    [
        (["customer_email"], "email", "is an e-mail address"),
        (["anything"], "ipv4", "is an IP address"),
        (["customer_name"], None, "names a person"),
        (["displayName"], None, "names a person"),
        (["customer_address", "state"], None, "is part of an address"),
        (["metadata", "patient_mrn"], None, "is an identifier of a person"),
        (["metadata", "diagnosis"], None, "is health information"),
        (["rawUserAgent"], None, "describes a person's device"),
        (["client", "geolocation", "lat"], None, "says where a person was"),
        (["card", "last4"], "decimal", "identifies a means of payment"),
        (["description"], None, "is free text, which may say anything"),
        (["account_name"], None, None),
        (["address", "country"], "country", None),
        (["status"], None, None),
        (["amount"], "minor-amount", None),
    ],
)
def test_personal_data_is_told_with_the_reason(keys: list[str], kind: str | None, reason: str | None) -> None:
    """A format or a name makes a field likely personal, and says so in words."""
    assert personal_reason(keys, kind) == reason


def test_a_number_is_no_name_and_no_free_text() -> None:
    """A count of comments holds nothing personal; a place may be a number."""
    found = fields({"comments": 3, "name": 7, "lat": 45.5})

    assert [field.personal for field in found.values()] == [None, None, "says where a person was"]


def test_identifiers_and_expandable_fields_are_told() -> None:
    """An id here and the object there is expandable; ids are told by their form, or by name and uniqueness."""
    found = fields(
        {"customer": "cus_cF5pK6gnQxqrzq", "number": "A-1", "order_id": 7},
        {"customer": {"id": "cus_cF5pK6gnQxqrzq"}, "number": "A-2", "order_id": 7},
    )

    assert (found["customer"].expandable, found["customer"].identifier) == (True, "every value is a prefixed-id")
    assert found["number"].identifier == "its name says so, and no value came twice"
    assert found["order_id"].identifier is None


@given(st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.none())
def test_a_mask_keeps_no_letter_and_no_digit(value: Any) -> None:
    """An outline shows the form of a value and nothing of what it says."""
    if isinstance(value, str):
        outline = mask(value).rpartition("_")[2]
        assert set("0123456789abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWYZ") & set(outline) <= {"9"}


def test_a_masked_payload_has_the_form_and_not_the_content() -> None:
    """Every sample can be shown masked: its keys are all there, its people are not."""
    for each in samples("2026-10-28.endive"):
        masked = json.dumps(mask_payload(each.payload), ensure_ascii=False)
        assert list(json.loads(masked)["data"]["object"]) == list(each.payload["data"]["object"])
        assert [hidden for hidden in ("Amara", "example.com", "97205", "Rosa", "+1503") if hidden in masked] == []


def test_a_profile_shows_no_payload() -> None:
    """The repr of a whole profile of the samples holds no name, address or id."""
    shown = repr([*profile_events(samples("2026-10-28.endive")).fields()])

    assert [hidden for hidden in ("Amara", "example.com", "97205", "cus_cF5pK6", "Alder") if hidden in shown] == []


def test_the_samples_are_profiled_by_type() -> None:
    """Counts and times are those of the events."""
    events = list(samples("2026-10-28.endive"))
    found = profile_events(events)
    paid = found.types["invoice.paid"]

    assert (found.count, sum(each.count for each in found.types.values())) == (len(events), len(events))
    assert paid.count == len([each for each in events if each.type == "invoice.paid"]) > 1
    assert paid.first is not None
    assert paid.last is not None
    assert paid.first < paid.last


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c.d", "id"]), JSON, max_size=4), min_size=1, max_size=4))
def test_every_event_meets_the_schema_of_its_profile(payloads: list[dict[str, Any]]) -> None:
    """What was profiled is valid by the schema that the profile gives, by an independent validator."""
    schema = event_schema(profile(*payloads).types["a.b"])

    jsonschema.Draft202012Validator.check_schema(schema)
    for payload in payloads:
        jsonschema.Draft202012Validator(schema).validate(payload)


def test_the_samples_meet_their_schemas() -> None:
    """The schemas of the sample corpus accept every sample, and refuse one without its id."""
    events = list(samples("2026-10-28.endive"))
    types = profile_events(events).types
    for each in events:
        jsonschema.Draft202012Validator(event_schema(types[each.type])).validate(each.payload)

    broken = {key: value for key, value in events[0].payload.items() if key != "id"}
    with pytest.raises(jsonschema.ValidationError, match="'id' is a required property"):
        jsonschema.Draft202012Validator(event_schema(types[events[0].type])).validate(broken)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c.d"]), JSON, max_size=4), max_size=4))
def test_a_corpus_does_not_differ_from_itself(payloads: list[dict[str, Any]]) -> None:
    """Comparing a profile with itself finds nothing."""
    assert compare_profiles(profile(*payloads), profile(*payloads)) == ()


def test_each_kind_of_drift_is_told() -> None:
    """New, vanished and changed fields, types, codes and presence each have their line."""
    before = profile_events([
        event({"gone": {"x": 1}, "kept": 1, "status": "open", "often": 1}),
        event({"gone": {"x": 1}, "kept": 1, "status": "open", "often": 1}),
        event({}, "old.type"),
    ])  # fmt: skip
    after = profile_events([
        event({"kept": "1", "status": "open", "new": [{"y": 1}]}),
        event({"kept": "1", "status": "void", "often": 1}),
        event({"kept": "1", "status": "void", "often": 1}),
        event({"kept": "1", "status": "open", "often": 1}),
        event({}, "new.type"),
    ])  # fmt: skip

    assert [str(each) for each in compare_profiles(before, after)] == [
        "a.b gone: vanished-field (object)",
        "a.b new: new-field (array)",
        "a.b kept: changed-types (integer → string)",
        "a.b status: new-values (void)",
        "a.b often: changed-presence (100% → 75%)",
        "new.type: new-type",
        "old.type: vanished-type",
    ]


def test_stripes_move_of_2025_is_found_in_the_samples() -> None:
    """Comparing the two API versions of the samples names the fields that basil moved."""
    drift = compare_profiles(profile_events(samples("2024-06-20")), profile_events(samples("2026-10-28.endive")))
    paid = {(each.kind, each.path.removeprefix("data.object.")) for each in drift if each.event_type == "invoice.paid"}

    assert {("vanished-field", name) for name in ("charge", "payment_intent", "subscription", "paid", "tax")} <= paid
    assert {("new-field", name) for name in ("parent", "total_taxes", "lines.data[].pricing")} <= paid


def test_what_a_mapping_reads_and_no_event_has_is_told() -> None:
    """A field that moved away is found before the mapping silently maps nothing."""
    found = profile_events(samples("2026-10-28.endive"))
    reads = ["data.object.lines.data.pricing", "data.object.subscription_details", "data.object.totl"]

    assert unread_paths(found, reads) == ("data.object.subscription_details", "data.object.totl")
