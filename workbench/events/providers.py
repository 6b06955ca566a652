"""The providers the workbench ships: `PROVIDERS`, one YAML entry each in `catalogue/`.

`provider_from` reads an entry of the same grammar that a user keeps in a project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import yaml

from workbench.errors import DeliveryError
from workbench.events.entries import read_entry as provider_from
from workbench.events.schemes import Provider

__all__ = ["PROVIDERS", "Provider", "find_provider", "provider_from"]


class _Entries(Mapping[str, Provider]):
    """The entries shipped with the package, each read when it is first asked for."""

    def __getitem__(self, name: str) -> Provider:
        if name not in _entry_names():
            raise KeyError(name)
        return _read_entry(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_entry_names())

    def __len__(self) -> int:
        return len(_entry_names())


PROVIDERS: Mapping[str, Provider] = _Entries()


def find_provider(name: str, known: Mapping[str, Provider] = PROVIDERS) -> Provider:
    """Return the entry of that name, among the shipped ones or those that are given.

    >>> find_provider("stripe").title
    'Stripe'

    Raises:
        DeliveryError: there is none; the message lists those there are.
    """
    if name not in known:
        own = f"describe your own in providers/{name}.yaml"
        message = f"no provider is named {name!r}; known are {', '.join(sorted(known))}; {own}"
        raise DeliveryError(message)
    return known[name]


@cache
def _entry_names() -> tuple[str, ...]:
    names = (file.name for file in (files("workbench.events") / "catalogue").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def _read_entry(name: str) -> Provider:
    text = (files("workbench.events") / "catalogue" / f"{name}.yaml").read_text(encoding="utf-8")
    return provider_from(yaml.safe_load(text), file=f"{name}.yaml")
