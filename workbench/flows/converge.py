"""The convergence check: any order, any duplication, the same final resources; here, and by the bot on fresh sandboxes.

Every order is settled here, which takes microseconds; a few of them are then sent through the deployed bot, each to an
embedded Medplum of its own, and what that holds in the end is compared with what was settled here.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Any

from workbench.errors import MappingRunError, PlanError
from workbench.fhir.settling import Write
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.provision import apply_integration, plan_integration
from workbench.flows.replay import replay
from workbench.flows.replay_selection import Selected
from workbench.flows.secrets import published_secrets
from workbench.mapping.convergence import (
    Divergence,
    Step,
    StepWrite,
    find_divergence,
    orders_of,
    settle_in_order,
)
from workbench.mapping.differences import differences
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

__all__ = ["Convergence", "confirm_by_bot", "converge"]

_SERVERS_OWN = frozenset({"versionId", "lastUpdated", "author", "project", "compartment", "account", "accounts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """What was tried and what it showed."""

    deliveries: tuple[str, ...]
    orders: int
    exhaustive: bool  # every order was tried
    resources: int  # left in the end
    confirmed: int  # orders sent through the bot, each to a fresh sandbox, that left what was settled here
    divergence: Divergence | None = None
    pair: tuple[str, str] = ("", "")  # the first two deliveries whose order matters
    paths: tuple[str, ...] = ()  # what differs, as `Invoice.status`
    places: tuple[str, ...] = ()  # the mapping lines that set it, as `stripe-invoice.yaml:70`
    disagreements: tuple[str, ...] = ()  # where the bot left something else than was settled here

    @property
    def ok(self) -> bool:
        """Whether every order left the same, here and by the bot."""
        return self.divergence is None and not self.disagreements


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Deliveries of one integration, mapped once."""

    loaded: LoadedIntegration
    selected: tuple[Selected, ...]
    steps: tuple[Step, ...] = field(repr=False)


def converge(
    selected: Iterable[Selected],
    loaded: LoadedIntegration,
    *,
    confirm: int = 2,
    seed: int = 0,
    most: int = 500,
    progress: Callable[[str], None] | None = None,
) -> Convergence:
    """Settle the deliveries of an integration in many orders, and send some of these through its bot.

    Args:
        selected: the deliveries; one that stands there twice is one.
        loaded: the integration; deliveries of other providers are passed over.
        confirm: how many orders are sent through the bot; an order that diverges always is.
        seed: what chance begins with.
        most: how many orders are tried where there are more than all of six.
        progress: is told how far it is.
    """
    own = [each for each in selected if each.judged.provider == loaded.provider.name and "+" not in each.key]
    prepared = _Prepared(loaded, tuple(own), tuple(_step(each, loaded) for each in own))
    orders = orders_of(len(own), Random(seed), most=most)  # noqa: S311 - orders that can be repeated
    if progress:
        progress(f"settling {len(own)} deliveries in {len(orders.tried)} orders")
    found = find_divergence(prepared.steps, orders)
    chosen = [*orders.tried[:1], *orders.tried[-1:-confirm:-1]][:confirm] if own else []
    chosen += [found.order] if found else []
    disagreements: list[str] = []
    for number, order in enumerate(chosen, start=1):
        if progress:
            progress(f"by the bot on a fresh sandbox: order {number} of {len(chosen)}")
        disagreements += _confirm(prepared, order)
    return Convergence(
        deliveries=tuple(step.name for step in prepared.steps),
        orders=len(orders.tried),
        exhaustive=orders.exhaustive,
        resources=len(settle_in_order(prepared.steps, range(len(own)))),
        confirmed=len(chosen) - len(disagreements),
        disagreements=tuple(disagreements),
        **(_blame(prepared, found) if found else {}),
    )


def confirm_by_bot(selected: Iterable[Selected], loaded: LoadedIntegration) -> tuple[str, ...]:
    """Send deliveries in order through the bot on a fresh sandbox; give what it left otherwise than is settled here."""
    own = tuple(each for each in selected if each.judged.provider == loaded.provider.name and "+" not in each.key)
    prepared = _Prepared(loaded, own, tuple(_step(each, loaded) for each in own))
    return tuple(_confirm(prepared, range(len(own)))) if own else ()


def _step(selected: Selected, loaded: LoadedIntegration) -> Step:
    """Give what a delivery writes; an event that a mapping cannot map writes nothing, as with the bot."""
    writes = []
    for event in selected.events:
        for mapping in (mapping for mapping in loaded.mappings if mapping.accepts(event.type)):
            try:
                made = mapping.map(event.payload).resources
            except MappingRunError:
                continue
            writes += [
                StepWrite(
                    search=each.identity.reference(),
                    write=Write(resource=each.resource, mode=each.write, order=each.order),
                    rule=f"{mapping.name}:{each.rule}",
                )
                for each in made
            ]
    return Step(name=selected.judged.source, writes=tuple(writes))


def _blame(prepared: _Prepared, found: Divergence) -> dict[str, Any]:
    """Give the pair by name, the paths that differ, and the mapping lines that set them."""
    paths = [
        f"{found.resource_type}.{difference.path}" if difference.path else found.resource_type
        for difference in differences(found.one or {}, found.other or {})
    ]
    traced = _lines(prepared, found)
    plain = [re.sub(r"\[\d+\]", "", path) for path in paths]
    places = [place for path in plain for target, place in traced.items() if _covers(target, path)]
    return {
        "divergence": found,
        "pair": (prepared.steps[found.first].name, prepared.steps[found.second].name),
        "paths": tuple(paths),
        "places": tuple(dict.fromkeys(places)) or tuple(traced.values())[:1],
    }


def _lines(prepared: _Prepared, found: Divergence) -> dict[str, str]:
    """Give the place in a mapping of each FHIR path that the rules at fault set for the pair."""
    rules = {rule.partition(":")[::2] for rule in found.rules}
    lines: dict[str, str] = {}
    for place in (found.first, found.second):
        for event in prepared.selected[place].events:
            for mapping in (each for each in prepared.loaded.mappings if each.accepts(event.type)):
                for step in mapping.trace(event.payload).trace:
                    if (mapping.name, step.rule) in rules:
                        lines.setdefault(step.target or step.path, f"{mapping.document.file}:{step.line}")
    return lines


def _covers(target: str, path: str) -> bool:
    return path == target or path.startswith(f"{target}.") or target.startswith(f"{path}.")


def _confirm(prepared: _Prepared, order: Sequence[int]) -> list[str]:
    """Send an order through the bot to a fresh sandbox; what it left otherwise than it was settled here."""
    loaded, secrets = prepared.loaded, _secrets(prepared.loaded)
    expected = settle_in_order(prepared.steps, order)
    with (
        TemporaryDirectory() as folder,
        start_sandbox(Path(folder) / "box") as started,
        Server(started.base_url, started.client_id, started.client_secret) as server,
    ):
        plan = plan_integration(server, loaded, secrets)
        there = apply_integration(server, loaded, secrets, confirm=plan.checksum)
        waiting = [prepared.selected[place].delivery for place in order]
        while waiting:  # what asks to be sent again is, after the others, as long as that helps
            report = replay(waiting, there, loaded, secrets, concurrency=1, attempts=2)
            again = [waiting[row.number] for row in report.failed if any(one.get("retry") for one in row.results)]
            if len(again) == len(waiting):
                break
            waiting = again
        held = _held(server, expected)
    return [
        f"{search.partition('?')[0]}: " + ", ".join(str(found) for found in differences(expected[search], held[search]))
        for search in expected
        if differences(expected[search], held[search])
    ]


def _secrets(loaded: LoadedIntegration) -> dict[str, str]:
    """Give the samples' published secrets, or some of this one run: what is sent is signed with them anew."""
    try:
        return published_secrets(loaded)
    except PlanError:
        return {source.name: b64encode(token_bytes(24)).decode() for source in loaded.integration.secrets}


def _held(server: Server, searches: Iterable[str]) -> dict[str, Any]:
    """Give what the server holds of each resource: without what is the server's own, references as they were made."""
    found: dict[str, dict[str, Any]] = {}
    for search in searches:
        kind, _, query = search.partition("?")
        listed = server.search(kind, f"{query}&_count=2")
        found[search] = listed[0] if len(listed) == 1 else {"found": len(listed)}
    names = {f"{each.get('resourceType')}/{each.get('id')}": search for search, each in found.items()}
    return {search: _plain(each, names) for search, each in found.items()}


def _plain(resource: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    text = json.dumps({name: value for name, value in resource.items() if name != "id"})
    plain: dict[str, Any] = json.loads(text, object_hook=lambda value: _unresolved(value, names))
    meta = {name: value for name, value in plain.pop("meta", {}).items() if name not in _SERVERS_OWN}
    return {**plain, **({"meta": meta} if meta else {})}


def _unresolved(value: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    reference = value.get("reference")
    return {**value, "reference": names[reference]} if isinstance(reference, str) and reference in names else value
