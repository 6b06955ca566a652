"""An integration file as a person writes it, right and wrong."""

from __future__ import annotations

import pytest

from workbench.access.integration import BotOptions, Integration, SecretSource, ServerProfile
from workbench.access.reading import read_integration
from workbench.errors import IntegrationError

WHOLE = """\
integration: okta-workforce
provider: okta
description: Users of Okta
mappings: [okta-user, okta-audit]
delivery: public-webhook
bot: {runtime: awslambda, timeout_seconds: 3, audit: on-error, unmatched: mark,
  tolerance_seconds: 60, secret_header: x-key}
secrets:
  - {name: OKTA_KEY, environment: KEY}
  - {name: OKTA_KEY_BEFORE, keyring: okta}
  - {name: ASKED, prompt: true}
  - {name: PLAIN}
servers:
  staging: {base_url: "https://medplum.example.org/", client_id: STAGING_ID, client_secret: STAGING_SECRET}
"""

KEYS = ("integration", "provider", "description", "mappings", "delivery", "bot", "secrets", "servers", "report")
NOT_A_VARIABLE = "is not what it should be; expected the name of a variable, not its value"


def test_every_key_is_read() -> None:
    """What stands in the file stands in the value."""
    expected = Integration(
        name="okta-workforce",
        provider="okta",
        description="Users of Okta",
        mappings=("okta-user", "okta-audit"),
        delivery="public-webhook",
        bot=BotOptions(
            runtime="awslambda",
            timeout_seconds=3,
            audit="on-error",
            unmatched="mark",
            tolerance_seconds=60,
            secret_header="x-key",
        ),
        secrets=(
            SecretSource(name="OKTA_KEY", key="KEY"),
            SecretSource(name="OKTA_KEY_BEFORE", place="keyring", key="okta"),
            SecretSource(name="ASKED", place="prompt"),
            SecretSource(name="PLAIN", key="PLAIN"),
        ),
        servers=(
            ServerProfile(
                name="staging",
                base_url="https://medplum.example.org/",
                client_id="STAGING_ID",
                client_secret="STAGING_SECRET",
            ),
        ),
    )

    assert expected == read_integration(WHOLE, file="integration.yaml")


def test_what_is_optional_has_a_safe_default() -> None:
    """Credentials are asked of the sender, everything is audited, nothing unproved is applied."""
    found = read_integration("integration: a\nprovider: b\nmappings: [c]\nsecrets: [{name: S}]\n", file="f")

    assert (
        found.delivery,
        found.bot.audit,
        found.bot.unmatched,
        found.bot.runtime,
        found.bot.timeout_seconds,
    ) == ("execute", "always", "refuse", "vmcontext", 10)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    """Line, column, what is wrong and what to do, in the order of the file; no value is repeated."""
    text = """\
integration: Stripe Billing
provider: stripe
mapings: [a]
mappings: [stripe-invoice, stripe-invoice]
delivery: carrier-pigeon
bot: {runtime: deno, timeout_seconds: soon, audit: 3}
secrets:
  - {name: KEY, keyring: x, environment: whsec_SECRET-VALUE}
  - {environment: OTHER}
servers:
  staging: {base_url: medplum, client_id: "a b"}
"""
    with pytest.raises(IntegrationError) as caught:
        read_integration(text, file="i.yaml")

    assert str(caught.value).splitlines() == [
        "i.yaml:1:14: integration is not what it should be; expected lower case words joined by -, as stripe-billing",
        "i.yaml:3:1: unknown key mapings; known are " + ", ".join(KEYS),
        "i.yaml:4:11: mapping stripe-invoice is named twice; name it once",
        "i.yaml:5:11: delivery is none of its choices; choose execute or public-webhook",
        "i.yaml:6:16: bot.runtime is none of its choices; choose vmcontext or awslambda",
        "i.yaml:6:39: bot.timeout_seconds is no whole number of its range; give one from 1 to 900",
        "i.yaml:6:52: bot.audit is none of its choices; choose always or on-error or never",
        "i.yaml:8:5: a secret comes from one place, not from environment and keyring; keep one of them",
        f"i.yaml:8:42: secrets[0].environment {NOT_A_VARIABLE}",
        "i.yaml:9:5: name is missing; add it",
        "i.yaml:11:12: client_secret is missing; add it",
        "i.yaml:11:23: servers.staging.base_url is not a web address; write it as https://host/",
        f"i.yaml:11:43: servers.staging.client_id {NOT_A_VARIABLE}",
    ]
    assert "whsec" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "f:1:1: an integration must be a table of keys; write `key: value` lines"),
        ("[a]", "f:1:1: an integration must be a table of keys; write `key: value` lines"),
        ("a: [b", "f:1:6: not YAML: expected ',' or ']', but got '<stream end>'; mend its layout"),
        ("a: b\na: c\n", "f:1:1: integration is missing; add it"),
    ],
)
def test_a_file_that_is_no_integration_is_told(text: str, told: str) -> None:
    """An empty file, a list and a broken one each have one clear first line."""
    with pytest.raises(IntegrationError) as caught:
        read_integration(text, file="f")

    assert told in str(caught.value).splitlines()
