"""A bot is proved before it is written: the shipped ones are, one with a planted fault is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workbench.flows.bot_proof import prove_bot
from workbench.flows.integrations import load_integration

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("provider", ["stripe", "okta"])
def test_the_shipped_bots_make_what_their_mappings_make(provider: str) -> None:
    """In JavaScript event by event, and on a fresh sandbox in the end."""
    proof = prove_bot(load_integration(ROOT / f"mappings/{provider}/integration.yaml"), ROOT / "sample_events")

    assert proof.differences == ()
    assert proof.ok
    assert proof.events >= proof.deliveries > 30


def test_a_fault_in_the_bots_code_is_found_and_named_by_path() -> None:
    """A system that is written wrongly in the JavaScript alone shows on the sandbox, without a value."""
    loaded = load_integration(ROOT / "mappings/stripe/integration.yaml")
    faulty = replace(loaded, code=loaded.code.replace("https://stripe.com/livemode", "https://stripe.com/lifemode"))

    proof = prove_bot(faulty, ROOT / "sample_events/stripe/invoice.paid")

    assert not proof.ok
    assert any("meta.tag" in line for line in proof.differences)
    assert "lifemode" not in str(proof.differences)
