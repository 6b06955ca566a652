"""The whole story in one run: load, map, provision, replay, check, audit and report, on a fresh embedded Medplum.

Every step checks what it says: signatures on the raw bytes, least privilege by trying what must be refused, the bot's
answers and the resources on the server against what the mappings give here, the audit trail against the events sent.
A step that finds less than it should raises; what was not checked is not said.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.flows.accounting import EventAccount, account_for, find_disagreements, find_missing_resources
from workbench.flows.collect import audit_frame
from workbench.flows.design import MappedEvents, map_events
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.load import LoadedEvents, load_events, read_secrets
from workbench.flows.measure import measures
from workbench.flows.project import Project, prepare_data_folder
from workbench.flows.rehearsal import Rehearsed, load_integrations, rehearse
from workbench.flows.report import report
from workbench.sandbox.launcher import start_sandbox
from workbench.sandbox.lifecycle import reset_sandbox
from workbench.servers.client import Server

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Demo", "Step"]

STEPS = ("load", "map", "sandbox", "provision", "replay", "check", "audit", "report")
_SHOWN = 10  # faults listed in an error; the rest are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was done and checked."""

    name: str
    seconds: float
    found: str
    details: tuple[str, ...] = ()


class Demo:
    """One run of the story; it holds what became of every event.

    Args:
        project: whose mappings, samples and notebooks are used.
        events: the events to tell the story with; by default the project's samples.
        data: the folder of the demo's sandbox, which is reset: each run begins with an empty server.
    """

    def __init__(self, project: Project, *, events: Path | None = None, data: Path | None = None) -> None:
        self.project = project
        self.events = events or project.samples
        self.data = data or project.data / "demo"
        self.accounts: tuple[EventAccount, ...] = ()
        self.latency: DataFrame | None = None  # event type × outcome, with p50_ms and p95_ms
        self.page: Path | None = None  # the report
        self._loaded: LoadedEvents
        self._integrations: Mapping[str, LoadedIntegration]
        self._mapped: MappedEvents
        self._server: Server
        self._rehearsed: Rehearsed
        self._open = ExitStack()

    def run(self) -> Iterator[Step]:
        """Do step after step, giving each when it is done and checked; the sandbox ends with the last.

        Raises:
            WorkbenchError: a step failed, or found less than it should; a note names the step.
        """
        with self._open:
            for name in STEPS:
                start = time.perf_counter()
                try:
                    found, *details = getattr(self, f"_{name}")()
                except WorkbenchError as error:
                    error.add_note(f"the demo ended at its step {name!r}")
                    raise
                yield Step(name=name, seconds=time.perf_counter() - start, found=found, details=tuple(details))

    def _load(self) -> list[str]:
        secrets = read_secrets(self.events) or read_secrets(self.project.samples)
        self._loaded = load_events(self.events, secrets=secrets)
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self._loaded.counts().items()))
        return [f"{len(self._loaded.deliveries)} deliveries: {verdicts}; {len(self._loaded)} events"]

    def _map(self) -> list[str]:
        self._integrations = load_integrations(self.project)
        mappings = [mapping for each in self._integrations.values() for mapping in each.mappings]
        self._mapped = map_events(mappings, self._loaded.events)
        kinds = Counter(made.resource["resourceType"] for made in self._mapped.resources)
        found = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "no resources"
        return [found, *(str(problem) for problem in self._mapped.problems[:_SHOWN])]

    def _sandbox(self) -> list[str]:
        reset_sandbox(prepare_data_folder(self.data))
        box = self._open.enter_context(start_sandbox(self.data))
        client = Server(box.base_url, box.client_id, box.client_secret, box.project_id)
        self._server = self._open.enter_context(client)
        return [f"the embedded Medplum at {box.base_url}"]

    def _provision(self) -> list[str]:
        self._rehearsed = rehearse(self._server, self._integrations)
        probes = [probe for proofs in self._rehearsed.proofs.values() for probe in proofs]
        _refuse([f"{probe.tried}: {probe.found} instead of {probe.expected}" for probe in probes if not probe.ok])
        changes = sum(len(made.changes) for made in self._rehearsed.provisioned.values())
        urls = [made.webhook_url() for made in self._rehearsed.provisioned.values()]
        return [f"{changes} changes applied; {len(probes)} probes of least privilege, each as it should be", *urls]

    def _replay(self) -> list[str]:
        rows = self._rehearsed.send(self._loaded.deliveries)
        self.accounts = account_for(self._loaded.deliveries, rows, self._integrations)
        outcomes = Counter(account.outcome for account in self.accounts)
        return [", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())]

    def _check(self) -> list[str]:
        _refuse(find_disagreements(self._mapped, self.accounts))
        count, faults = find_missing_resources(self._server, self._mapped)
        _refuse(faults)
        return [f"{count} resources read back by identifier, each as new as its newest event"]

    def _audit(self) -> list[str]:
        rows = audit_frame(self._server)
        sent = {row.event.id for row in self._mapped if row.event.provider in self._integrations}
        _refuse([f"event {missing} left no audit row" for missing in sorted(sent - set(rows["event_id"].dropna()))])
        self.latency = measures(rows).by_type
        return [f"{rows['id'].nunique()} bot runs in the audit trail, {len(sent)} events, none without its row"]

    def _report(self) -> list[str]:
        parameters = {"where": "sandbox", "data": str(self.data.resolve())}
        made = report(self.project.notebooks / "06_report.ipynb", parameters=parameters, reports=self.project.reports)
        self.page = made.page
        return [f"{made.page} ({made.level})"]


def _refuse(faults: tuple[str, ...] | list[str]) -> None:
    """Raise when there are faults, with the first of them listed."""
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        message = "\n".join([f"{len(faults)} checks failed:", *faults[:_SHOWN], *more])
        raise WorkbenchError(message)
