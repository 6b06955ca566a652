"""Compiled mappings, a provider and settings → the one CommonJS file that Medplum runs as a Bot.

```
header           what the file is, and that it is made
constants        PROVIDER, SETTINGS, …
runtime/*.js     sha256 · writings · authenticity · envelope · resources · settle · handler
MAPPINGS         the functions' own runtime, and one function a mapping
exports.handler
```
What a provider and its mappings do not use is left out. The file needs nothing of the machine it runs on: no require,
Buffer, crypto, timers, TextEncoder, and of console only `log`, since Medplum's `vmcontext` has no more. The same input
gives the same bytes.

Source: observed answers of Medplum 5.0.2 (runtime `vmcontext`); Medplum documentation, Bots.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from workbench.bot.constants import constants
from workbench.bot.settings import BotSettings
from workbench.bot.shaking import keep_used
from workbench.errors import IntegrationError, Problem
from workbench.events.schemes import Provider, Signature
from workbench.mapping.compile import EventMapping
from workbench.mapping.javascript import javascript_runtime

__all__ = ["build_bot"]

_RUNTIME: Final = ("sha256", "writings", "authenticity", "envelope", "resources", "settle", "handler")
_FIELDS: Final = re.compile(r"body|timestamp|header:[a-z0-9-]+")


def build_bot(mappings: Sequence[EventMapping], provider: Provider, settings: BotSettings) -> str:
    """The text of the bot file, ASCII, its last line ended with a semicolon as `vmcontext` needs it.

    Raises:
        IntegrationError: with every reason why these mappings cannot be one bot of this provider.
    """
    problems = [*_mapping_problems(mappings, provider), *_provider_problems(provider)]
    if problems:
        raise IntegrationError(problems)
    runtime = "\n\n".join([*constants(provider, settings), *(_fragment(name) for name in _RUNTIME)])
    parts = [
        _heading(mappings, provider),
        keep_used(runtime, {"handleDelivery"}),
        _mapping_list(mappings),
        "exports.handler = handleDelivery;",
    ]
    return _ascii("\n\n".join(parts) + "\n")


def _mapping_problems(mappings: Sequence[EventMapping], provider: Provider) -> list[Problem]:
    problems = [
        Problem(
            message=f"mapping {mapping.name} is for {mapping.provider}, the bot for {provider.name}",
            remedy="give it to an integration of its own provider",
        )
        for mapping in mappings
        if mapping.provider != provider.name
    ]
    names = [mapping.name for mapping in mappings]
    problems += [
        Problem(message=f"mapping {name} is named twice", remedy="name each mapping once")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if not mappings:
        problems.append(Problem(message="a bot without mappings would do nothing", remedy="name at least one mapping"))
    return problems


def _provider_problems(provider: Provider) -> list[Problem]:
    """Why a bot cannot prove this provider's deliveries: what needs more than the runtime has."""
    unfit = sorted({reason for signature in provider.signatures if (reason := _unfit(signature))})
    if provider.envelope.format == "form":
        unfit.append("its bodies are forms")
    return [
        Problem(
            message=f"a bot cannot check {provider.title}: {reason}",
            remedy="receive its deliveries with `workbench capture` and replay them",
        )
        for reason in unfit
    ]


def _unfit(signature: Signature) -> str | None:
    if signature.algorithm not in {"hmac-sha256", "static"}:
        return f"its signatures are {signature.algorithm}"
    if signature.digest:
        return "its signatures cover a digest of the body"
    if signature.header.endswith("*"):
        return "its signature headers are numbered"
    if signature.signed and not all(_FIELDS.fullmatch(field) for field in signature.signed.fields):
        return "its signatures cover the URL, which a bot does not know"
    return None


def _mapping_list(mappings: Sequence[EventMapping]) -> str:
    """The mappings in a scope of their own: their functions and the bot's may have the same names."""
    functions = [mapping.javascript.strip() for mapping in mappings]
    used = keep_used(
        "\n\n".join([javascript_runtime().strip(), *functions]), {_function_name(each) for each in mappings}
    )
    listed = [
        f"  {{ name: {json.dumps(mapping.name)}, version: {mapping.version}, "
        f"events: {json.dumps(list(mapping.events))}, map: {_function_name(mapping)} }},"
        for mapping in mappings
    ]
    heading = "// -- The mappings: one function each, in the order of the rules in its YAML --"
    return "\n".join([heading, "", "const MAPPINGS = (() => {", "", used, "", "return [", *listed, "];", "})();"])


def _function_name(mapping: EventMapping) -> str:
    return f"map_{mapping.name.replace('-', '_')}"


def _heading(mappings: Sequence[EventMapping], provider: Provider) -> str:
    listed = ", ".join(f"{mapping.name}@{mapping.version}" for mapping in mappings)
    return (
        f"// Medplum bot for {provider.title}: {listed}.\n"
        "// Made by the integration workbench from the mapping documents; change those and build it again."
    )


def _fragment(name: str) -> str:
    """One part of the runtime, without the comments inside it: those are for whoever changes the runtime."""
    text = (files("workbench.bot") / "runtime" / f"{name}.js").read_text(encoding="utf-8")
    text = re.sub(r"^ */\*\*.*?\*/\n", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [re.sub(r" // .*$", "", line) for line in text.splitlines() if not re.match(r" *// (?!--)", line)]
    return "\n".join(lines).strip()


def _ascii(code: str) -> str:
    r"""The code with every character outside ASCII escaped: `$deploy` and the log may not keep them."""
    return re.sub(
        r"[^\x00-\x7f]",
        lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])),
        code,
    )


def _units(character: str) -> list[int]:
    encoded = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(encoded[place : place + 2]) for place in range(0, len(encoded), 2)]
