"""The authoritative FHIR check: what Medplum's own validator says of mapped resources, told with the mapping's lines.

The instant check (`workbench.mapping.validation`) runs in process while one types; this one asks a server, the embedded
Medplum or another, by `$validate`. Nothing is stored there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.errors import Problem, ServerError
from workbench.fhir.outcome import describe_outcome
from workbench.flows.design import MappedEvents
from workbench.mapping.compile import EventMapping
from workbench.mapping.validation import place_problem
from workbench.servers.client import Server

__all__ = ["validate_on_server"]


def validate_on_server(
    mapped: MappedEvents,
    mappings: Sequence[EventMapping],
    server: Server,
    *,
    progress: Callable[[str], None] | None = None,
) -> tuple[Problem, ...]:
    """Give every fault that the server's validator finds in the mapped resources, placed in the mapping that made it.

    Args:
        mapped: from `map_events`.
        mappings: those that it was made with.
        server: a client that may create the types in question; nothing is created.
        progress: is told how far it is.

    Raises:
        ServerError: the server could not be reached, or answered something else than a verdict.
    """
    documents = {f"{one.name}@{one.version}": one.document for one in mappings}
    made = [(row.mapping, each) for row in mapped for each in (row.result.resources if row.result else ())]
    problems: list[Problem] = []
    for number, (name, each) in enumerate(made, 1):
        document = documents[str(name)]
        problems += [place_problem(document, each.rule, fault) for fault in _faults(server, each.resource)]
        if progress and number % 100 == 0:
            progress(f"{server.base_url} judged {number} of {len(made)} resources")
    return tuple(problems)


def _faults(server: Server, resource: dict[str, object]) -> list[Problem]:
    try:
        server.request("POST", "fhir/R4/{type}/$validate", json=resource, type=str(resource["resourceType"]))
    except ServerError as error:
        if error.status != 400 or error.outcome is None:
            raise
        issues = [issue for issue in error.outcome["issue"] if issue.get("severity") in {"error", "fatal"}]
        return [
            Problem(
                message=f"Medplum refuses the resource: {describe_outcome({**error.outcome, 'issue': [issue]})}",
                target=next(iter(issue.get("expression") or ()), str(resource["resourceType"])),
                code=str(issue.get("code")),
            )
            for issue in issues
        ]
    return []
