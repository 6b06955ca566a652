"""An `integration.yaml` on disk → all that is made of it: compiled mappings, the bot's code, its needs on a server."""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from workbench.access.desired import Desired, derive_access
from workbench.access.integration import Integration, SecretSource
from workbench.access.reading import read_integration
from workbench.audit.thresholds import read_thresholds
from workbench.bot.build import build_bot
from workbench.bot.settings import BotSettings
from workbench.errors import IntegrationError, MappingSpecError, Problem
from workbench.events.providers import find_provider
from workbench.events.schemes import Provider
from workbench.flows.design import load_mapping
from workbench.flows.provider_files import project_providers
from workbench.mapping.compile import EventMapping

__all__ = ["DEFAULT_SECRET_HEADER", "LoadedIntegration", "load_integration", "resolve_secrets"]

DEFAULT_SECRET_HEADER = "x-webhook-secret"  # noqa: S105 - a header's name
"""Where a shared value stands when Basic credentials take the Authorization header, its usual place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedIntegration:
    """An integration ready to be planned: its file read, its mappings compiled, its bot built."""

    integration: Integration
    provider: Provider
    mappings: tuple[EventMapping, ...]
    code: str = field(repr=False)
    desired: Desired = field(repr=False)
    folder: Path
    secret_header: str | None = None  # the header of the shared value; None for a provider that signs

    @property
    def name(self) -> str:
        """The integration's name."""
        return self.integration.name


def load_integration(path: str | Path) -> LoadedIntegration:
    """The integration of a file, its mapping files beside it.

    Raises:
        IntegrationError: with every fault of the file, and of its mappings as one bot.
        MappingSpecError: with every fault of all its mappings.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            message=f"cannot be read ({type(error).__name__})",
            file=str(file),
            remedy="give the path of an integration.yaml",
        )
        raise IntegrationError([problem]) from None
    integration = read_integration(text, file=str(file))
    read_thresholds(integration.report, file=str(file))
    provider = find_provider(integration.provider, project_providers(file.parent))
    mappings = _load_mappings(integration, file)
    header = _secret_header(integration, provider)
    settings = BotSettings(
        secret_names=tuple(secret.name for secret in integration.secrets),
        unmatched=integration.bot.unmatched,
        tolerance_seconds=integration.bot.tolerance_seconds,
        secret_header=header,
    )
    code = build_bot(mappings, provider, settings)
    digest = hashlib.sha256(code.encode()).hexdigest()
    rules = [replace(rule, name=f"{mapping.name}:{rule.name}") for mapping in mappings for rule in mapping.writes]
    return LoadedIntegration(
        integration=integration,
        provider=provider,
        mappings=mappings,
        code=code,
        desired=derive_access(integration, rules, code_digest=digest),
        folder=file.parent,
        secret_header=header,
    )


def resolve_secrets(
    integration: Integration,
    environ: Mapping[str, str] = os.environ,
    ask: Callable[[str], str] = getpass.getpass,
) -> dict[str, str]:
    """The value of every secret, by its name among the project's secrets.

    Raises:
        IntegrationError: with every secret that has no value where the file says.
    """
    values, problems = {}, []
    for secret in integration.secrets:
        value = _value_of(secret, environ, ask)
        if value:
            values[secret.name] = value
        else:
            place = f"{secret.place} {secret.key}".strip()
            problems.append(
                Problem(message=f"secret {secret.name}: {place} holds no value", remedy="set it, or change its place")
            )
    if problems:
        raise IntegrationError(problems)
    return values


def _load_mappings(integration: Integration, file: Path) -> tuple[EventMapping, ...]:
    mappings: list[EventMapping] = []
    faults: list[Problem] = []
    for name in integration.mappings:
        try:
            mappings.append(load_mapping(file.parent / f"{name}.yaml"))
        except MappingSpecError as error:
            faults += error.problems
    if faults:
        raise MappingSpecError(faults)
    return tuple(mappings)


def _secret_header(integration: Integration, provider: Provider) -> str | None:
    """Which header holds a shared value: Basic credentials and Okta's key cannot both be in Authorization."""
    shared = [signature.header for signature in provider.signatures if signature.algorithm == "static"]
    if not shared:
        return None
    if integration.bot.secret_header:
        return integration.bot.secret_header
    taken = integration.delivery == "execute" and shared[0] == "authorization"
    return DEFAULT_SECRET_HEADER if taken else shared[0]


def _value_of(secret: SecretSource, environ: Mapping[str, str], ask: Callable[[str], str]) -> str:
    if secret.place == "prompt":
        return ask(f"{secret.name}: ")
    if secret.place == "environment":
        return environ.get(secret.key, "")
    try:
        keyring = import_module("keyring")
    except ImportError:
        return ""
    return keyring.get_password(secret.key, secret.name) or ""
