"""Put every integration of a project on a server with the samples' published secrets, and send it deliveries.

This is how the demo, the notebooks and the tests get a server with something on it. The secrets are known to everybody,
so it is done on an embedded Medplum only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.errors import PlanError, StoreError
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.project import Project
from workbench.flows.proving import Probe, prove_access
from workbench.flows.provision import Provisioned, apply_integration, plan_integration
from workbench.flows.replay import ReplayRow, replay
from workbench.flows.secrets import is_local, published_secrets
from workbench.flows.verdicts import JudgedDelivery
from workbench.servers.client import Server

__all__ = ["Rehearsed", "load_integrations", "rehearse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Every integration of a project on one server, each by its provider's name."""

    integrations: Mapping[str, LoadedIntegration]
    provisioned: Mapping[str, Provisioned]
    proofs: Mapping[str, Sequence[Probe]]
    _secrets: Mapping[str, Mapping[str, str]] = field(repr=False)

    def send(self, deliveries: Iterable[JudgedDelivery]) -> dict[str, ReplayRow]:
        """Send what was not refused to its provider's bot; give each delivery's row by its source."""
        rows: dict[str, ReplayRow] = {}
        usable = [judged for judged in deliveries if judged.verdict in {"verified", "unsigned", "handshake"}]
        for provider, loaded in self.integrations.items():
            own = [judged for judged in usable if judged.provider == provider and judged.delivery]
            sent = replay(
                [judged.delivery for judged in own if judged.delivery],
                self.provisioned[provider],
                loaded,
                self._secrets[provider],
            )
            rows |= {judged.source: row for judged, row in zip(own, sent.rows, strict=True)}
        return rows


def load_integrations(project: Project) -> dict[str, LoadedIntegration]:
    """Give the project's integrations by their provider's name.

    Raises:
        StoreError: it has none.
        IntegrationError, MappingSpecError: one of them is wrong.
    """
    loaded = [load_integration(path) for path in project.integrations()]
    if not loaded:
        message = f"no integration in {project.mappings}: <provider>/integration.yaml is missing; add one there"
        raise StoreError(message)
    return {each.provider.name: each for each in loaded}


def rehearse(server: Server, integrations: Mapping[str, LoadedIntegration]) -> Rehearsed:
    """Plan, apply and prove every integration, its signing secrets being the samples' own.

    Raises:
        PlanError: the server is not on this machine, or a plan cannot be made.
        ServerError: the server refused a change.
    """
    if not is_local(server):
        message = "a rehearsal uses secrets that are published, so it is for an embedded Medplum on this machine only"
        raise PlanError(message)
    values: dict[str, Mapping[str, str]] = {}
    provisioned, proofs = {}, {}
    for provider, loaded in integrations.items():
        values[provider] = published_secrets(loaded)
        plan = plan_integration(server, loaded, values[provider])
        provisioned[provider] = apply_integration(server, loaded, values[provider], confirm=plan.checksum)
        proofs[provider] = prove_access(server, loaded, provisioned[provider])
    return Rehearsed(integrations=integrations, provisioned=provisioned, proofs=proofs, _secrets=values)
