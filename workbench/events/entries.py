"""Turn the YAML entry of a provider into a `Provider`, or into every problem it has.

```yaml
name: acme
title: Acme
proof: documentation only
sources: [https://acme.example/docs/webhooks]
signature:                        # or a list: any may prove a delivery; leave it out when nothing is signed
  algorithm: hmac-sha256          # hmac-sha512 | hmac-sha1 | static | ecdsa-p256 | ed25519
  header: acme-signature
  separator: ","                  # between several signatures in one header
  prefix: "v1="                   # before each signature
  encoding: hex                   # or base64
  signed: "{timestamp}.{body}"    # over body, timestamp, url, method, form and header:NAME
  timestamp: {part: "t=", unit: s, tolerance_seconds: 300}    # or {header: acme-timestamp}
  secret: text                    # or base64, then with secret_prefix
envelope:
  events: [{when: {object: event}, at: .}]
  id: id                          # a locator, or a list of which the first that finds something counts
  type: type
  time: created
handshake: {when: {type: ping}, answer: {pong: "{token}"}}
```
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from workbench.errors import IntegrationError, Problem
from workbench.events.locators import Locator
from workbench.events.schemes import Algorithm, Envelope, EventRule, HandshakeRule, Provider, Signature, Timestamp

__all__ = ["read_entry"]

SIGNED_FIELDS = ("body", "timestamp", "method", "url", "url:decoded", "url:ports", "form")

Built = TypeVar("Built")


def read_entry(entry: Mapping[str, Any], *, file: str | None = None) -> Provider:
    """Return the provider that an entry describes.

    Raises:
        IntegrationError: with every fault of the entry: unknown and missing keys, wrong types, unreadable locators.
    """
    problems: list[Problem] = []
    section = _Section(entry, "", file, problems)
    provider = Provider(
        name=section.text("name", pattern=r"[a-z0-9][a-z0-9-]*"),
        title=section.text("title", default=str(entry.get("name", "")) if isinstance(entry, Mapping) else ""),
        proof=section.text("proof", default="described by the user"),
        sources=section.texts("sources"),
        signatures=section.sections("signature", _signature),
        envelope=section.section("envelope", _envelope),
        handshakes=section.sections("handshake", _handshake),
        notes=section.text("notes", default=""),
    )
    section.refuse_the_rest()
    if problems:
        raise IntegrationError(problems)
    return provider


def _signature(section: _Section) -> Signature:
    algorithm = section.choice("algorithm", get_args(Algorithm))
    signature = Signature(
        algorithm=algorithm,  # type: ignore[arg-type]
        header=section.text("header").lower(),
        signed=None if algorithm == "static" else section.locator("signed"),
        encoding=section.choice("encoding", ("hex", "base64"), default="hex"),  # type: ignore[arg-type]
        separator=section.text("separator", default="") or None,
        prefix=section.text("prefix", default=""),
        timestamp=section.section("timestamp", _timestamp, optional=True),
        secret=section.choice("secret", ("text", "base64"), default="text"),  # type: ignore[arg-type]
        secret_prefix=section.text("secret_prefix", default=""),
        private_prefix=section.text("private_prefix", default=""),
        digest=section.text("digest", default="") or None,
    )
    for field in signature.signed.fields if signature.signed else ():
        if field and field not in SIGNED_FIELDS and not field.startswith("header:"):
            section.problem(
                "signed", f"knows no field {{{field}}}", f"it may hold {', '.join(SIGNED_FIELDS)}, header:NAME"
            )
    if signature.signed and "timestamp" in signature.signed.fields and signature.timestamp is None:
        section.problem("signed", "signs {timestamp}, but the entry does not say where the timestamp stands")
    return signature


def _timestamp(section: _Section) -> Timestamp:
    timestamp = Timestamp(
        header=section.text("header", default="").lower() or None,
        part=section.text("part", default="") or None,
        unit=section.choice("unit", ("s", "ms"), default="s"),  # type: ignore[arg-type]
        tolerance_seconds=section.number("tolerance_seconds", default=300),
    )
    if (timestamp.header is None) == (timestamp.part is None):
        section.problem("header", "say where the timestamp stands: either `header` or `part`")
    return timestamp


def _envelope(section: _Section) -> Envelope:
    return Envelope(
        events=section.sections("events", _event_rule) or (EventRule(at=".", when={}),),
        id=section.locators("id"),
        type=section.locators("type"),
        time=section.locators("time", optional=True),
        object=section.text("object", default="") or None,
        dedupe=section.locators("dedupe", optional=True),
        format=section.choice("format", ("json", "form"), default="json"),  # type: ignore[arg-type]
    )


def _event_rule(section: _Section) -> EventRule:
    return EventRule(at=section.text("at", default="."), when=section.patterns("when"))


def _handshake(section: _Section) -> HandshakeRule:
    answer = section.patterns("answer")
    return HandshakeRule(
        when=section.patterns("when"),
        answer={key: section.parse_locator(f"answer.{key}", text) for key, text in answer.items()},
        signed=section.flag("signed", default=True),
    )


class _Section:
    """One mapping of the entry, read key by key; what is wrong goes to the shared list of problems."""

    def __init__(self, content: object, path: str, file: str | None, problems: list[Problem]) -> None:
        self._path, self._file, self._problems = path, file, problems
        self._left: dict[str, Any] = {}
        if isinstance(content, Mapping):
            self._left = {str(key): value for key, value in content.items()}
        else:
            self.problem("", f"must be a mapping, not {_kind(content)}")

    def problem(self, key: str, message: str, remedy: str | None = None) -> None:
        path = ".".join(part for part in (self._path, key) if part)
        text = f"{path}: {message}" if path else f"the entry {message}"
        self._problems.append(Problem(message=text, file=self._file, path=path or None, remedy=remedy))

    def refuse_the_rest(self) -> None:
        for key in self._left:
            self.problem(key, "is not a key of the grammar", "see the help of workbench.events.entries")

    def text(self, key: str, *, default: str | None = None, pattern: str | None = None) -> str:
        value = self._take(key, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problem(key, f"must be text, not {_kind(value)}", "put it in quotes")
            return ""
        if pattern and not re.fullmatch(pattern, value):
            self.problem(key, f"must match {pattern}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.problem(key, f"must be a text or a list of texts, not {_kind(value)}")
            return ()
        return tuple(items)

    def choice(self, key: str, allowed: tuple[str, ...], *, default: str | None = None) -> str:
        value = self._take(key, default)
        if value is not None and value not in allowed:
            self.problem(key, f"must be one of {', '.join(allowed)}")
        return value if value in allowed else allowed[0]

    def number(self, key: str, *, default: int) -> int:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.problem(key, f"must be a whole number of at least 0, not {_kind(value)}")
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, not {_kind(value)}")
        return value is True

    def patterns(self, key: str) -> dict[str, str]:
        value = self._take(key, {})
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            self.problem(key, "must be a mapping of texts")
            return {}
        return {str(name): pattern for name, pattern in value.items()}

    def locator(self, key: str) -> Locator:
        return self.parse_locator(key, self.text(key))

    def locators(self, key: str, *, optional: bool = False) -> tuple[Locator, ...]:
        if key not in self._left and not optional:
            self._take(key, None)
        return tuple(self.parse_locator(key, text) for text in self.texts(key))

    def parse_locator(self, key: str, text: str) -> Locator:
        try:
            return Locator.parse(text)
        except ValueError as error:
            self.problem(key, str(error))
            return Locator("", ("", ""), ("",))

    def section(self, key: str, build: Callable[[_Section], Built], *, optional: bool = False) -> Any:
        if optional and self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        value = self._take(key, None)
        return None if value is None else self._build(value, key, build)

    def sections(self, key: str, build: Callable[[_Section], Built]) -> tuple[Built, ...]:
        value = self._take(key, [])
        items = value if isinstance(value, list) else [value]
        return tuple(self._build(item, f"{key}[{i}]" if len(items) > 1 else key, build) for i, item in enumerate(items))

    def _build(self, content: object, key: str, build: Callable[[_Section], Built]) -> Built:
        path = ".".join(part for part in (self._path, key) if part)
        section = _Section(content, path, self._file, self._problems)
        built = build(section)
        section.refuse_the_rest()
        return built

    def _take(self, key: str, default: Any) -> Any:
        """Return and remove the value of a key; a default of None means that the key is required."""
        value = self._left.pop(key, None)
        if value is None and default is None:
            self.problem(key, "is missing")
        return default if value is None else value


def _kind(value: object) -> str:
    """Name a YAML value's type for a message."""
    names = {"NoneType": "null", "str": "text", "int": "a number", "float": "a number", "bool": "a boolean"}
    return names.get(type(value).__name__, "a list" if isinstance(value, list) else "a mapping")
