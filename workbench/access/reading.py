"""The text of an `integration.yaml` → an `Integration`, or every fault of the file at once, with line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from workbench.access.integration import BotOptions, Integration, SecretSource, ServerProfile
from workbench.errors import IntegrationError, Problem

__all__ = ["read_integration"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HEADER: Final = re.compile(r"[a-z][a-z0-9-]*")
_KEYS: Final = ("integration", "provider", "description", "mappings", "delivery", "bot", "secrets", "servers", "report")
_BOT_KEYS: Final = ("runtime", "timeout_seconds", "audit", "unmatched", "tolerance_seconds", "secret_header")
_PLACES: Final = ("environment", "keyring", "prompt")


def read_integration(text: str, *, file: str) -> Integration:
    """The integration that a file's text describes.

    Raises:
        IntegrationError: with every fault of the file, in its order.
    """
    reader = _Reader(file)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        reader.report_yaml(error)
        root = None
    if not reader.problems:
        made = reader.integration(root)
    if reader.problems:
        raise IntegrationError(sorted(reader.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return made


class _Reader:
    """Walks the tree and collects what is wrong with it; what it gives back counts only without problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def integration(self, root: yaml.Node | None) -> Integration:
        top = self.table(root, _KEYS, needed=("integration", "provider", "mappings", "secrets"), path="")
        bot = self.table(top.get("bot"), _BOT_KEYS, path="bot") if "bot" in top else {}
        return Integration(
            name=self.text(
                top.get("integration"), _NAME, "integration", "lower case words joined by -, as stripe-billing"
            ),
            provider=self.text(top.get("provider"), _NAME, "provider", "a provider's name, as stripe"),
            description=self.text(top.get("description"), None, "description", "a text"),
            mappings=self.mappings(top.get("mappings")),
            delivery=self.choice(top.get("delivery"), ("execute", "public-webhook"), "delivery"),
            bot=BotOptions(
                runtime=self.choice(bot.get("runtime"), ("vmcontext", "awslambda"), "bot.runtime"),
                timeout_seconds=self.whole(bot.get("timeout_seconds"), 1, 900, "bot.timeout_seconds") or 10,
                audit=self.choice(bot.get("audit"), ("always", "on-error", "never"), "bot.audit"),
                unmatched=self.choice(bot.get("unmatched"), ("refuse", "mark"), "bot.unmatched"),
                tolerance_seconds=self.whole(bot.get("tolerance_seconds"), 1, 86_400, "bot.tolerance_seconds"),
                secret_header=self.text(
                    bot.get("secret_header"), _HEADER, "bot.secret_header", "a lower case header name"
                )
                or None,
            ),
            secrets=self.secrets(top.get("secrets")),
            servers=self.servers(top.get("servers")),
            report=self.values(top.get("report"), "report") if "report" in top else {},
        )

    def mappings(self, node: yaml.Node | None) -> tuple[str, ...]:
        names = [
            self.text(item, _NAME, f"mappings[{place}]", "the name of a mapping file beside this one, without .yaml")
            for place, item in enumerate(self.items(node, "mappings"))
        ]
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.report(node, "mappings", f"mapping {name} is named twice", "name it once")
        return tuple(names)

    def secrets(self, node: yaml.Node | None) -> tuple[SecretSource, ...]:
        found = [self.secret(item, f"secrets[{place}]") for place, item in enumerate(self.items(node, "secrets"))]
        names = [secret.name for secret in found]
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.report(node, "secrets", f"secret {name} is named twice", "name it once")
        return tuple(found)

    def secret(self, node: yaml.Node, path: str) -> SecretSource:
        fields = self.table(node, ("name", *_PLACES), needed=("name",), path=path)
        name = self.text(fields.get("name"), _SECRET, f"{path}.name", "letters, digits, - and _")
        places = [place for place in _PLACES if place in fields]
        if len(places) > 1:
            self.report(
                node, path, f"a secret comes from one place, not from {' and '.join(places)}", "keep one of them"
            )
        if not places:
            return SecretSource(name=name, key=name)
        if places[0] == "prompt":
            self.choice(fields["prompt"], ("true",), f"{path}.prompt")
            return SecretSource(name=name, place="prompt")
        if places[0] == "keyring":
            key = self.text(fields["keyring"], None, f"{path}.keyring", "the name of a keyring service")
            return SecretSource(name=name, place="keyring", key=key)
        key = self.text(
            fields["environment"], _VARIABLE, f"{path}.environment", "the name of a variable, not its value"
        )
        return SecretSource(name=name, key=key)

    def servers(self, node: yaml.Node | None) -> tuple[ServerProfile, ...]:
        profiles = []
        for name, profile in self.table(node, None, path="servers").items() if node is not None else ():
            path = f"servers.{name}"
            keys = ("base_url", "client_id", "client_secret")
            fields = self.table(profile, keys, needed=keys, path=path)
            address = self.text(fields.get("base_url"), None, f"{path}.base_url", "an https:// address")
            if address and (urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname):
                self.report(
                    fields["base_url"],
                    f"{path}.base_url",
                    f"{path}.base_url is not a web address",
                    "write it as https://host/",
                )
            client_id, client_secret = (
                self.text(fields.get(key), _VARIABLE, f"{path}.{key}", "the name of a variable, not its value")
                for key in keys[1:]
            )
            profiles.append(
                ServerProfile(name=name, base_url=address, client_id=client_id, client_secret=client_secret)
            )
        return tuple(profiles)

    # -- the parts of a YAML tree -------------------------------------------------------------------------------------

    def table(
        self, node: yaml.Node | None, keys: Iterable[str] | None, *, needed: Iterable[str] = (), path: str
    ) -> Mapping[str, yaml.Node]:
        known = tuple(keys) if keys is not None else None
        found: dict[str, yaml.Node] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = str(key.value)
                if known is not None and name not in known:
                    self.report(key, path, f"unknown key {name[:40]}", f"known are {', '.join(known)}")
                elif name in found:
                    self.report(key, path, f"key {name} stands twice", "keep one of them")
                found[name] = value
        else:
            self.report(node, path, f"{path or 'an integration'} must be a table of keys", "write `key: value` lines")
            return found
        for name in needed:
            if name not in found:
                self.report(node, f"{path}.{name}".lstrip("."), f"{name} is missing", "add it")
        return found

    def items(self, node: yaml.Node | None, path: str) -> list[yaml.Node]:
        if node is None:
            return []
        if isinstance(node, yaml.SequenceNode) and node.value:
            return list(node.value)
        self.report(
            node, path, f"{path} must be a list with at least one item", "write it as [a, b] or in lines of - a"
        )
        return []

    def text(self, node: yaml.Node | None, pattern: re.Pattern[str] | None, path: str, expected: str) -> str:
        if node is None:
            return ""
        if isinstance(node, yaml.ScalarNode) and node.value and (pattern is None or pattern.fullmatch(node.value)):
            return str(node.value)
        self.report(node, path, f"{path} is not what it should be", f"expected {expected}")
        return ""

    def choice(self, node: yaml.Node | None, allowed: tuple[str, ...], path: str) -> Any:
        if node is None:
            return allowed[0]
        if isinstance(node, yaml.ScalarNode) and node.value in allowed:
            return node.value
        self.report(node, path, f"{path} is none of its choices", f"choose {' or '.join(allowed)}")
        return allowed[0]

    def values(self, node: yaml.Node | None, path: str) -> dict[str, Any]:
        """The plain values of a table, whatever its keys: who knows them judges them."""
        fields = self.table(node, None, path=path)
        plain = {name: value for name, value in fields.items() if isinstance(value, yaml.ScalarNode)}
        for name in fields.keys() - plain.keys():
            self.report(fields[name], f"{path}.{name}", f"{path}.{name} must be a number", "give one value")
        return {name: yaml.safe_load(yaml.serialize(value)) for name, value in plain.items()}

    def whole(self, node: yaml.Node | None, least: int, most: int, path: str) -> int | None:
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode) and node.value.isdecimal() and least <= int(node.value) <= most:
            return int(node.value)
        self.report(node, path, f"{path} is no whole number of its range", f"give one from {least} to {most}")
        return None

    def report(self, node: yaml.Node | None, path: str, message: str, remedy: str) -> None:
        mark = node.start_mark if node is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.problems.append(
            Problem(message=message, file=self.file, line=line, column=column, path=path or None, remedy=remedy)
        )

    def report_yaml(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "cannot be read"
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.problems.append(
            Problem(message=f"not YAML: {what}", file=self.file, line=line, column=column, remedy="mend its layout")
        )
