"""A provider's entry: what the grammar accepts, and every problem of a wrong one at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DeliveryError, IntegrationError
from workbench.events import entries
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.events.providers import PROVIDERS, find_provider, provider_from
from workbench.events.schemes import Algorithm
from workbench.events.signatures import check_signature, sign

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SMALLEST = {"name": "acme", "envelope": {"id": "id", "type": "type"}}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_shipped_entry_is_whole(name: str) -> None:
    """Each entry reads, is filed under its name, and says what proved it and where it was read."""
    provider = find_provider(name)

    assert (name, True, True) == (provider.name, bool(provider.proof), bool(provider.sources))


def test_the_grammars_own_example_is_a_provider_that_works() -> None:
    """The entry in the module's documentation signs, proves and reads."""
    documented = (entries.__doc__ or "").split("```")[1].removeprefix("yaml\n")
    provider = provider_from(yaml.safe_load(documented))
    body = b'{"object": "event", "id": "1", "type": "thing.done", "created": 1793977587}'
    delivery = Delivery(body=body, headers=sign(body, provider, "secret", NOW), received_at=NOW)

    check_signature(delivery, provider, ["secret"], NOW)

    assert read_events(delivery, provider)[0].type == "thing.done"


def test_the_smallest_entry_needs_a_name_an_id_and_a_type() -> None:
    """A provider that signs nothing is described in three lines."""
    assert (provider_from(SMALLEST).name, provider_from(SMALLEST).signatures) == ("acme", ())


def test_all_problems_come_at_once_with_their_paths() -> None:
    """A wrong entry is refused with every fault of it, in the order of its keys."""
    wrong: dict[str, Any] = {
        "name": "X y",
        "signature": {"algorithm": "md5", "signed": "{body", "timestamp": {"header": "h", "part": "t="}, "x": 1},
        "envelope": {"events": [{"when": {"a": 1}}, 3], "id": 4, "object": 5},
        "handshake": {"when": {}, "answer": {"a": "{"}, "signed": "yes"},
        "extra": 1,
    }  # fmt: skip

    with pytest.raises(IntegrationError) as error:
        provider_from(wrong, file="acme.yaml")

    assert str(error.value).splitlines() == [
        "acme.yaml: name: must match [a-z0-9][a-z0-9-]*",
        f"acme.yaml: signature.algorithm: must be one of {', '.join(get_args(Algorithm))}",
        "acme.yaml: signature.header: is missing",
        "acme.yaml: signature.signed: '{body' has a brace without its partner, or an empty field",
        "acme.yaml: signature.timestamp.header: say where the timestamp stands: either `header` or `part`",
        "acme.yaml: signature.x: is not a key of the grammar; see the help of workbench.events.entries",
        "acme.yaml: envelope.events[0].when: must be a mapping of texts",
        "acme.yaml: envelope.events[1]: must be a mapping, not a number",
        "acme.yaml: envelope.id: must be a text or a list of texts, not a number",
        "acme.yaml: envelope.type: is missing",
        "acme.yaml: envelope.object: must be text, not a number; put it in quotes",
        "acme.yaml: handshake.answer.a: '{' has a brace without its partner, or an empty field",
        "acme.yaml: handshake.signed: must be true or false, not text",
        "acme.yaml: extra: is not a key of the grammar; see the help of workbench.events.entries",
    ]  # fmt: skip


@pytest.mark.parametrize("section", ["envelope", "signature"])
def test_an_empty_section_lacks_what_it_needs(section: str) -> None:
    """A section that is there and empty is not taken for one that is not there."""
    with pytest.raises(IntegrationError, match=rf"{section}\.\w+: is missing"):
        provider_from({**SMALLEST, section: {}})


@pytest.mark.parametrize("entry", [None, [], "stripe", 3])
def test_an_entry_must_be_a_mapping(entry: Any) -> None:
    """A file that holds something else is refused as such."""
    with pytest.raises(IntegrationError, match="the entry must be a mapping, not"):
        provider_from(entry)


def test_a_signed_timestamp_must_stand_somewhere() -> None:
    """An entry that signs the time says where it is."""
    signature = {"algorithm": "hmac-sha256", "header": "h", "signed": "{timestamp}.{body}"}

    with pytest.raises(IntegrationError, match=r"signature.signed: signs \{timestamp\}, but the entry does not say"):
        provider_from({**SMALLEST, "signature": signature})


def test_a_signed_field_must_be_known() -> None:
    """A misspelt field would make every delivery fail, so the entry is refused."""
    signature = {"algorithm": "hmac-sha256", "header": "h", "signed": "{boddy}"}

    with pytest.raises(IntegrationError, match=r"signature.signed: knows no field \{boddy\}; it may hold body"):
        provider_from({**SMALLEST, "signature": signature})


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=6)
        | st.sampled_from(["hmac-sha256", "{body}", "a"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "signature", "envelope", "handshake", "algorithm", "header", "signed", "id", "type"]
                )
                | st.text(max_size=3),
                inner,
                max_size=6,
            )
        ),
    )
)
def test_whatever_a_file_holds_is_a_provider_or_our_error(entry: Any) -> None:
    """Nothing that YAML can hold ends in another error."""
    with suppress(IntegrationError):
        assert provider_from(entry).name


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    """The message lists what to write instead."""
    with pytest.raises(DeliveryError, match="no provider is named 'strip'; known are auth0, cal-com"):
        find_provider("strip")
