"""The first verb: load recorded deliveries, check each one on its raw bytes, and read the events they carry.

`load_events(path)` never loses anything: each delivery is verified, refused (why), unsigned, a handshake or unreadable
(where, and what is wrong), and so is each place in a file where an event should have been.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from workbench.errors import DeliveryError, Problem
from workbench.events.delivery import Delivery, Event
from workbench.events.envelopes import recognise_provider
from workbench.events.locators import describe_shape
from workbench.events.providers import Provider, find_provider
from workbench.flows.provider_files import project_providers
from workbench.flows.scenarios import read_scenario, scenario_deliveries
from workbench.flows.sources import read_deliveries
from workbench.flows.verdicts import JudgedDelivery, judge_delivery

if TYPE_CHECKING:
    import pandas

__all__ = ["LoadedEvents", "judge_deliveries", "load_events", "read_secrets"]

PROGRESS_EVERY = 10_000  # deliveries between two lines of progress


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedEvents:
    """Every delivery found, in the order found, with its verdict; and the events that may be used."""

    deliveries: tuple[JudgedDelivery, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of verified and unsigned deliveries; a refused delivery's are on `deliveries` only."""
        kept = (judged for judged in self.deliveries if judged.verdict in ("verified", "unsigned"))
        return tuple(event for judged in kept for event in judged.events)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why deliveries were refused or could not be read, each with its place."""
        faulty = (judged for judged in self.deliveries if judged.verdict in ("refused", "unreadable"))
        return tuple(judged.problem for judged in faulty if judged.problem)

    def counts(self) -> dict[str, int]:
        """Return how many deliveries met each verdict, as `{"verified": 86, "handshake": 1}`."""
        return dict(Counter(judged.verdict for judged in self.deliveries))

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per event, and one for each delivery without any; no payloads."""
        import pandas

        rows = [
            {
                "provider": judged.provider,
                "type": event.type if event else None,
                "id": event.id if event else None,
                "occurred_at": event.occurred_at if event else None,
                "received_at": judged.delivery.received_at if judged.delivery else None,
                "verdict": judged.verdict,
                "reason": judged.reason,
                "source": judged.source,
            }
            for judged in self.deliveries
            for event in (judged.events or (None,))
        ]
        frame = pandas.DataFrame(rows)
        for column in ("occurred_at", "received_at"):
            frame[column] = pandas.to_datetime(frame[column], utc=True)
        return frame

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self.counts().items()))
        return f"LoadedEvents({len(self)} events; deliveries: {found})"


def load_events(
    path: str | Path,
    *,
    secrets: Mapping[str, str | Sequence[str]] | None = None,
    provider: str | None = None,
    providers: Mapping[str, Provider] | None = None,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> LoadedEvents:
    """Return every delivery at a path with its verdict and its events.

    Args:
        path: a folder of deliveries (`name.body` beside `name.json`) or of JSON files, a JSON or NDJSON file, what
            another tool exported, the YAML file of a scenario, or `-`.
        secrets: the signing secrets by provider name; by default those in a `secrets.json` beside the events or in one
            of the three folders above.
        provider: whose events they are; by default each delivery tells by its headers or its shape.
        providers: those to recognise; by default the shipped ones and those of the project around the current folder.
        now: the time to judge deliveries by that were kept without one; by default the present. A recorded delivery is
            judged at its own `received_at`.
        progress: called with a line of text now and then.

    Raises:
        DeliveryError: the path does not exist, holds no events, or nothing in it could be read.
    """
    judged: list[JudgedDelivery] = []
    found = judge_deliveries(path, secrets=secrets, provider=provider, providers=providers, now=now)
    while batch := list(islice(found, PROGRESS_EVERY)):
        judged.extend(batch)
        if progress:
            progress(f"read {len(judged)} deliveries from {path}")
    loaded = LoadedEvents(deliveries=tuple(judged))
    if not judged:
        message = f"{path} holds no events: its lists are empty"
        raise DeliveryError(message)
    if all(each.verdict == "unreadable" for each in judged):
        listed = "\n".join(str(problem) for problem in loaded.problems[:20])
        message = f"no event could be read from {path}:\n{listed}"
        raise DeliveryError(message)
    return loaded


def judge_deliveries(
    path: str | Path,
    *,
    secrets: Mapping[str, str | Sequence[str]] | None = None,
    provider: str | None = None,
    providers: Mapping[str, Provider] | None = None,
    now: datetime | None = None,
) -> Iterator[JudgedDelivery]:
    """Yield every delivery at a path with its verdict, one at a time: for more than fits into memory.

    Args and errors are those of `load_events`, but for a path where nothing could be read: that is all verdicts then.
    """
    place = Path(path)
    known = _as_lists(read_secrets(place) if secrets is None else secrets)
    providers = project_providers(Path.cwd()) if providers is None else providers
    chosen = None if provider is None else find_provider(provider, providers)
    moment = now or datetime.now(UTC)
    found = _play(place, known) if place.suffix in (".yaml", ".yml") else read_deliveries(place, moment)
    for item in found:
        yield _judge(item, chosen, providers, known)


def read_secrets(path: Path) -> dict[str, str | list[str]]:
    """Return the secrets in the `secrets.json` nearest to a path: in its folder or one of the three above.

    Raises:
        DeliveryError: the file is not an object of texts or lists of texts.
    """
    if str(path) == "-":
        return {}
    folder = (path if path.is_dir() else path.parent).absolute()
    for place in (folder, *folder.parents[:3]):
        file = place / "secrets.json"
        if file.is_file():
            try:
                secrets = json.loads(file.read_text(encoding="utf-8"))
                return {str(name): _texts(value) for name, value in secrets.items()}
            except (ValueError, AttributeError):
                message = f'{file} must be a JSON object as {{"stripe": "whsec_…"}}, with texts or lists of texts'
                raise DeliveryError(message) from None
    return {}


def _judge(
    item: Delivery | Problem,
    chosen: Provider | None,
    providers: Mapping[str, Provider],
    secrets: Mapping[str, Sequence[str]],
) -> JudgedDelivery:
    if isinstance(item, Problem):
        return JudgedDelivery(verdict="unreadable", source=item.file or "", problem=item)
    source = item.name or ""
    provider = chosen or recognise_provider(item.body, item.headers, providers)
    if provider is None:
        problem = Problem(
            message=f"is of no provider that is known: {_seen(item)}",
            file=source,
            remedy="name it with `provider`, or describe it in a YAML entry",
        )
        return JudgedDelivery(verdict="unreadable", source=source, delivery=item, problem=problem)
    return judge_delivery(item, provider, secrets.get(provider.name, ()), item.received_at, source=source)


def _seen(delivery: Delivery) -> str:
    """Return what a delivery looks like, for whoever must say whose it is."""
    try:
        return describe_shape(orjson.loads(delivery.body))
    except orjson.JSONDecodeError:
        return f"{len(delivery.body)} bytes that are not JSON"


def _play(file: Path, secrets: Mapping[str, Sequence[str]]) -> list[Delivery]:
    """Return the deliveries of a scenario, which stands in a folder of the samples it is made of."""
    scenario = read_scenario(file)
    signing = secrets.get(scenario.provider.name)
    if not signing:
        message = f"the scenario {file} cannot be signed: no secret of {scenario.provider.name} was given"
        raise DeliveryError(message)
    return scenario_deliveries(scenario, file.absolute().parent.parent, signing[0])


def _as_lists(secrets: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else list(value) for name, value in secrets.items()}


def _texts(value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    message = "not a text or a list of texts"
    raise ValueError(message)
