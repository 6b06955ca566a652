"""A provider and the settings of a bot → the constants that stand at the top of its file.

The runtime interprets them as `events.signatures` and `events.envelopes` do in Python; it knows no provider by name.
"""

from __future__ import annotations

import json
from typing import Any, Final

from workbench.bot.settings import BotSettings
from workbench.events.schemes import Provider, Signature
from workbench.fhir.writes import EVENT_TIME_URL

__all__ = ["constants"]

_CHECKS: Final = {"static": "checkSharedValue", "hmac-sha256": "checkSignature"}
_ENCODINGS: Final = {"hex": "hex", "base64": "base64"}
_KEYS: Final = {"text": "utf8", "base64": "decodedKey"}
_WIDTH: Final = 110


def constants(provider: Provider, settings: BotSettings) -> list[str]:
    """The declarations of PROVIDER, SETTINGS and EVENT_TIME_URL, and of the functions that the signatures need."""
    return [
        f"const PROVIDER = {_literal(_provider_constant(provider))};",
        f"const SETTINGS = {_literal(_settings_constant(settings))};",
        f"const EVENT_TIME_URL = {json.dumps(EVENT_TIME_URL)};",
        "\n".join(_choices(provider)),
    ]


def _provider_constant(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.name,
        "signatures": [_signature_constant(signature) for signature in provider.signatures],
        "envelope": {
            "events": [{"when": dict(rule.when), "at": rule.at} for rule in provider.envelope.events],
            "id": [locator.text for locator in provider.envelope.id],
            "type": [locator.text for locator in provider.envelope.type],
            "time": [locator.text for locator in provider.envelope.time],
        },
        "handshakes": [
            {
                "when": dict(rule.when),
                "answer": {name: locator.text for name, locator in rule.answer.items()},
                "signed": rule.signed,
            }
            for rule in provider.handshakes
        ],
    }


def _signature_constant(signature: Signature) -> dict[str, Any]:
    timestamp = signature.timestamp
    return {
        "algorithm": signature.algorithm,
        "header": signature.header,
        "prefix": signature.prefix,
        "separator": signature.separator,
        "signed": signature.signed.text if signature.signed else None,
        "encoding": signature.encoding,
        "secret": signature.secret,
        "secretPrefix": signature.secret_prefix,
        "timestamp": timestamp
        and {
            "header": timestamp.header,
            "part": timestamp.part,
            "unit": timestamp.unit,
            "toleranceSeconds": timestamp.tolerance_seconds,
        },
    }


def _settings_constant(settings: BotSettings) -> dict[str, Any]:
    return {
        "secretNames": list(settings.secret_names),
        "unmatched": settings.unmatched,
        "toleranceSeconds": settings.tolerance_seconds,
        "secretHeader": settings.secret_header,
    }


def _choices(provider: Provider) -> list[str]:
    """Which functions this provider's signatures need; what is not named here is left out of the file."""
    signing = [signature for signature in provider.signatures if signature.algorithm != "static"]
    named: dict[str, dict[str, str]] = {
        "CHECKS": {signature.algorithm: _CHECKS[signature.algorithm] for signature in provider.signatures},
        "ENCODINGS": {signature.encoding: _ENCODINGS[signature.encoding] for signature in signing},
        "KEYS": {signature.secret: _KEYS[signature.secret] for signature in signing},
    }
    return [
        f"const {name} = {{ {', '.join(f'{json.dumps(key)}: {function}' for key, function in chosen.items())} }};"
        for name, chosen in named.items()
    ]


def _literal(value: Any, pad: str = "") -> str:
    """A JavaScript literal of JSON data, on one line where it fits, without members that are null."""
    if not isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, dict):
        parts = [
            f"{name if name.isidentifier() else json.dumps(name)}: {_literal(each, pad + '  ')}"
            for name, each in value.items()
            if each is not None
        ]
        opening, closing, gap = "{", "}", " "
    else:
        parts = [_literal(each, pad + "  ") for each in value]
        opening, closing, gap = "[", "]", ""
    line = f"{opening}{gap}{', '.join(parts)}{gap}{closing}" if parts else opening + closing
    if len(line) + len(pad) <= _WIDTH and "\n" not in line:
        return line
    inner = f",\n{pad}  ".join(parts)
    return f"{opening}\n{pad}  {inner},\n{pad}{closing}"
