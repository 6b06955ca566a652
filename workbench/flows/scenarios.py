"""Play a named sequence of samples: out of order, twice, or with a fault, each delivery signed at its own time.

```yaml
title: A paid invoice overtakes its draft
provider: stripe
steps:
  - invoice.paid/membership
  - {sample: invoice.created/membership-draft, after_seconds: 3}
  - {sample: invoice.paid/membership, fault: wrong-secret}
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from workbench.errors import DeliveryError, IntegrationError, Problem
from workbench.events.delivery import Delivery
from workbench.events.providers import Provider, find_provider
from workbench.flows.compose import find_sample, resign
from workbench.flows.provider_files import project_providers

__all__ = ["Fault", "Scenario", "Step", "read_scenario", "scenario_deliveries"]

Fault = Literal["wrong-secret", "changed-body", "truncated", "expired", "future", "no-signature", "reserialised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One delivery of a scenario."""

    event_type: str
    variant: str
    after_seconds: float = 1  # after the step before
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A sequence of deliveries of one provider."""

    title: str
    provider: Provider
    steps: tuple[Step, ...]


def read_scenario(file: Path) -> Scenario:
    """Return the scenario in a YAML file.

    Raises:
        IntegrationError: with every fault of the file.
        DeliveryError: there is no such file.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the scenario {file} cannot be read: {error.strerror}"
        raise DeliveryError(message) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise IntegrationError([Problem(message="is not YAML", file=str(file), **place)]) from error
    if not isinstance(content, dict) or not isinstance(content.get("steps"), list):
        raise IntegrationError(
            [Problem(message="a scenario has a title, a provider and a list of steps", file=str(file))]
        )
    problems: list[Problem] = []
    steps = [_step(step, number, file, problems) for number, step in enumerate(content["steps"], start=1)]
    if problems:
        raise IntegrationError(problems)
    provider = find_provider(str(content.get("provider")), project_providers(file.parent))
    return Scenario(title=str(content.get("title", file.stem)), provider=provider, steps=tuple(filter(None, steps)))


def scenario_deliveries(
    scenario: Scenario, samples: Path, secret: str, start: datetime | None = None
) -> list[Delivery]:
    """Return the deliveries in the order they arrive, each signed at that time.

    Args:
        scenario: what to play.
        samples: the folder of samples.
        secret: what to sign with.
        start: when the first arrives; by default when the last of the samples did.

    Raises:
        DeliveryError: a sample is not there.
    """
    found = [find_sample(samples, scenario.provider, step.event_type, step.variant) for step in scenario.steps]
    moment = start or max(sample.received_at for sample in found)
    deliveries = []
    for number, (step, sample) in enumerate(zip(scenario.steps, found, strict=True), start=1):
        moment += timedelta(seconds=step.after_seconds)
        delivery = _with_fault(sample, step.fault, scenario.provider, secret, moment)
        deliveries.append(replace(delivery, name=f"step {number}: {step.event_type}/{step.variant}"))
    return deliveries


def _with_fault(sample: Delivery, fault: Fault | None, provider: Provider, secret: str, now: datetime) -> Delivery:
    """Return a sample as it arrives now, right or with a fault that the receiver must see."""
    hour = timedelta(hours=1)
    if fault in ("expired", "future"):
        return replace(
            resign(sample, provider, secret, now - hour if fault == "expired" else now + hour), received_at=now
        )
    signed = resign(sample, provider, f"{secret}0" if fault == "wrong-secret" else secret, now)
    if fault == "changed-body":
        return replace(signed, body=signed.body.replace(b"1", b"2", 1))
    if fault == "truncated":
        return replace(signed, body=signed.body[: len(signed.body) // 2])
    if fault == "reserialised":
        lines = signed.body.splitlines()
        return replace(signed, body=b"".join(line.strip() for line in lines).replace(b'": ', b'":'))
    if fault == "no-signature":
        names = {signature.header for signature in provider.signatures}
        return replace(signed, headers={name: value for name, value in signed.headers.items() if name not in names})
    return signed


def _step(step: Any, number: int, file: Path, problems: list[Problem]) -> Step | None:
    """Return a step of the file, or add what is wrong with it to the problems."""
    content = {"sample": step} if isinstance(step, str) else step
    known = {"sample", "after_seconds", "fault"}
    if not isinstance(content, dict) or not isinstance(content.get("sample"), str) or content["sample"].count("/") != 1:
        remedy = "write event.type/variant, or {sample: event.type/variant, after_seconds: 1, fault: ...}"
        problems.append(Problem(message=f"step {number} names no sample", file=str(file), remedy=remedy))
        return None
    after, fault = content.get("after_seconds", 1), content.get("fault")
    faults = {
        f"step {number} has the unknown key {key}": f"there are {', '.join(sorted(known))}"
        for key in sorted(set(content) - known)
    }
    if fault is not None and fault not in get_args(Fault):
        faults[f"step {number} has an unknown fault"] = f"there are {', '.join(get_args(Fault))}"
    if isinstance(after, bool) or not isinstance(after, int | float) or after < 0:
        faults[f"step {number}: after_seconds must be a number of at least 0"] = "leave it out for one second"
    problems.extend(Problem(message=found, file=str(file), remedy=remedy) for found, remedy in faults.items())
    if faults:
        return None
    event_type, _, variant = content["sample"].partition("/")
    return Step(event_type=event_type, variant=variant, after_seconds=after, fault=fault)
