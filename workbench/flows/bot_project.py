"""An integration and recorded deliveries → the TypeScript project of its bot, on disk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from workbench.bot.project import Example, project_files
from workbench.events.delivery import Delivery
from workbench.events.envelopes import read_events
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.signing import bytes_to_send, headers_to_send

__all__ = ["write_project"]

_SIGNED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SECRET: Final = "whsec_invented_for_these_examples"  # noqa: S105 - signs the exported examples only


def write_project(loaded: LoadedIntegration, deliveries: Iterable[Delivery], folder: Path) -> tuple[Path, ...]:
    """The files written, sorted: the bot, its types, and a test of every delivery that its mappings can map.

    Raises:
        MappingRunError: a mapping fails on one of the deliveries.
        OSError: the folder cannot be written.
    """
    examples = [_example(loaded, delivery) for delivery in deliveries if delivery.method == "POST"]
    texts = project_files(
        name=loaded.name,
        provider=loaded.provider.name,
        title=loaded.provider.title,
        code=loaded.code,
        examples=examples,
    )
    written = []
    for path, text in sorted(texts.items()):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        written.append(file)
    return tuple(written)


def _example(loaded: LoadedIntegration, delivery: Delivery) -> Example:
    """What the delivery's events make on an empty server: the first to name an identity makes the resource."""
    body = bytes_to_send(delivery)
    outcomes: list[str] = []
    resources: dict[str, dict[str, Any]] = {}
    for event in read_events(delivery, loaded.provider):
        taking = [mapping for mapping in loaded.mappings if mapping.accepts(event.type)]
        for mapping in taking:
            made = mapping.map(event.payload, event_id=event.id).resources
            outcomes.append("applied" if made else "ignored")
            for each in made:
                resources.setdefault(each.identity.reference(), each.resource)
        if not taking:
            outcomes.append("ignored")
    checked = [each for each in resources.values() if each.get("identifier")]
    return Example(
        name=_short(delivery),
        input=body.decode(),
        headers=headers_to_send(delivery, body, loaded, _SECRET, _SIGNED_AT),
        signed_at=_SIGNED_AT.isoformat(),
        secrets={source.name: _SECRET for source in loaded.integration.secrets},
        outcomes=tuple(outcomes),
        resources=tuple(_without_references(each) for each in checked),
    )


def _short(delivery: Delivery) -> str:
    """The last two parts of where it came from, as `invoice.paid/membership`."""
    return "/".join(Path(delivery.name or "delivery").with_suffix("").parts[-2:])


def _without_references(value: Any) -> Any:
    """The resource without references, which the server makes literal, and without empty objects left of them."""
    if isinstance(value, list):
        return [_without_references(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_references(each) for name, each in value.items() if name != "reference"}
    return value
