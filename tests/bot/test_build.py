"""The bot file as a text: what is in it, what is not, and what cannot be built."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.bot.build import build_bot
from workbench.bot.settings import BotSettings
from workbench.bot.shaking import keep_used
from workbench.errors import IntegrationError
from workbench.events.providers import find_provider
from workbench.mapping.javascript import javascript_runtime

SETTINGS = BotSettings(secret_names=("STRIPE_WEBHOOK_SECRET",))


def mapping_of(name: str = "stripe-invoice", provider: str = "stripe") -> Any:
    """A mapping that makes nothing."""
    function = f"function map_{name.replace('-', '_')}(event, problems) {{\n  return []; // Zoë\n}}"
    return SimpleNamespace(name=name, version=3, provider=provider, events=("invoice.*", "!x"), javascript=function)


def test_the_file_is_plain_and_always_the_same() -> None:
    """Same input, same bytes; ASCII; the last line ends in a semicolon, as vmcontext needs it."""
    code = build_bot([mapping_of()], find_provider("stripe"), SETTINGS)

    assert code == build_bot([mapping_of()], find_provider("stripe"), SETTINGS)
    assert code.isascii()
    assert code.splitlines()[-1] == "exports.handler = handleDelivery;"
    assert code.splitlines()[0] == "// Medplum bot for Stripe: stripe-invoice@3."
    assert '  { name: "stripe-invoice", version: 3, events: ["invoice.*", "!x"], map: map_stripe_invoice },' in code


@pytest.mark.parametrize(
    "missing",
    [
        "require",
        "Buffer",
        "setTimeout",
        "setInterval",
        "TextEncoder",
        "TextDecoder",
        "crypto",
        "process",
        "fetch",
        "btoa",
    ],
)
def test_it_names_nothing_that_a_bot_does_not_have(missing: str) -> None:
    """vmcontext has the language itself and console.log."""
    code = build_bot([mapping_of()], find_provider("stripe"), SETTINGS)
    without_comments = re.sub(r"^ *//.*$", "", code, flags=re.MULTILINE)

    assert not re.search(rf"\b{missing}\b", without_comments)
    assert {"log"} == set(re.findall(r"console\.(\w+)", without_comments))


def test_what_a_provider_does_not_need_is_left_out() -> None:
    """Okta signs nothing, so its bot has no SHA-256; Stripe shares no value, so its bot compares none."""
    okta = build_bot([mapping_of(provider="okta")], find_provider("okta"), SETTINGS)
    stripe = build_bot([mapping_of()], find_provider("stripe"), SETTINGS)

    assert ("function sha256" in okta, "function sha256" in stripe) == (False, True)
    assert ("function checkSharedValue" in okta, "function checkSharedValue" in stripe) == (True, False)
    assert "function base64" not in stripe


def test_everything_that_cannot_be_one_bot_is_told_at_once() -> None:
    """Another provider's mapping and a name twice: two problems, one error."""
    with pytest.raises(IntegrationError) as caught:
        build_bot([mapping_of(), mapping_of(), mapping_of("okta-user", "okta")], find_provider("stripe"), SETTINGS)

    assert str(caught.value) == (
        "mapping okta-user is for okta, the bot for stripe; give it to an integration of its own provider\n"
        "mapping stripe-invoice is named twice; name each mapping once"
    )


def test_a_provider_that_a_bot_cannot_check_is_refused() -> None:
    """Square signs the URL, which no bot knows."""
    with pytest.raises(IntegrationError) as caught:
        build_bot([mapping_of(provider="square")], find_provider("square"), SETTINGS)

    assert str(caught.value) == (
        "a bot cannot check Square: its signatures cover the URL, which a bot does not know; "
        "receive its deliveries with `workbench capture` and replay them"
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"secret_names": ("a b",)}, "a project secret's name is letters"),
        ({"secret_names": (), "secret_header": "X-Y"}, "a header is named in lower case"),
        ({"secret_names": (), "tolerance_seconds": 0}, "tolerance_seconds is at least 1; got 0"),
    ],
)
def test_a_wrong_setting_is_a_misuse(settings: dict[str, Any], text: str) -> None:
    """Names that are none are refused before anything is built."""
    with pytest.raises(ValueError, match=f"^{text}"):
        BotSettings(**settings)


def test_only_what_is_used_is_kept() -> None:
    """What nothing reaches from the roots goes; a name in a comment is no use; what declares nothing stays."""
    code = "// -- b --\nconst a = () => b();\nfunction b() {\n  return 1;\n}\n\nfunction c() {\n  b();\n}\na();"

    assert keep_used(code, set()) == code.replace("\n\nfunction c() {\n  b();\n}", "\n")
    assert keep_used('const d = 1;\nconst e = 2;\nf(x.d, { d: 1 }, "d", ...e);', set()).startswith("const e = 2;")
    assert keep_used("// of b\nfunction b() {}\n// b", set()) == "// b"


def test_the_words_of_a_text_are_no_uses() -> None:
    """Neither an error's words nor a remark behind code; what a template's slot calls is one."""
    words = "function a() {}\nfunction b() {}\nfunction c() {}\nx(`an ${b(`c ${c}`)} a`); // a"

    assert keep_used(words, set()) == words.replace("function a() {}\n", "")


def test_headings_of_nothing_go() -> None:
    """A heading whose declarations all went heads nothing; the last one, and what is no heading, stay."""
    code = "// One.\n\nfunction a() {}\n\n// Two.\n\nfunction b() {}\n\n// Three."

    assert keep_used(code, {"b"}) == "// Two.\n\nfunction b() {}\n\n// Three."


def test_no_local_of_the_runtime_has_the_name_of_a_function() -> None:
    """It would be taken for a use of it, and every bot would carry that function and all it needs."""
    bound = r"(?:const|let) (\w+)|(?:const|let) [\[{]([^\]}=]*)[\]}]|\(([^()]*)\) =>|(\w+) =>"
    local = re.compile(bound + r"|^(?:function \w+|  constructor)\(([^)]*)\)", re.MULTILINE)
    declarations = re.split(r"^(?=(?:function|class|const) (\w+))", javascript_runtime(), flags=re.MULTILINE)[1:]
    names = set(declarations[::2])
    clashes = {}
    for name, code in zip(declarations[::2], declarations[1::2], strict=True):
        locals_of_it = set(re.findall(r"\w+", " ".join(" ".join(found) for found in local.findall(code))))
        if clash := (locals_of_it & names) - {name}:
            clashes[name] = clash

    assert len(names) > 150
    assert clashes == {}


def test_a_mappings_functions_cannot_collide_with_the_bots() -> None:
    """Both may have a function of one name: the mappings' are in a scope of their own."""
    mapping = mapping_of()
    mapping.javascript += "\nfunction same() { return 'mine'; }"
    code = build_bot([mapping], find_provider("stripe"), SETTINGS)

    before, mappings = code.split("const MAPPINGS = (() => {")
    assert "\nfunction same(" in before
    assert "\nfunction map_stripe_invoice(" in mappings
