"""`workbench replay`, `workbench dead-letters`: does it work end to end, twice, in any order, and what did not?"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import typer

from workbench.faces.cli.kept_events import (
    ProviderOption,
    SinceOption,
    TypeOption,
    UntilOption,
    VerdictOption,
    WhereOption,
)
from workbench.faces.cli.replay_arguments import (
    AttemptsOption,
    CauseOption,
    ConcurrencyOption,
    DuplicateOption,
    EventOption,
    EventsArgument,
    FailedOption,
    IntegrationOption,
    LocalOption,
    Ordered,
    OrderOption,
    ResumeOption,
    ScenarioOption,
    SeedOption,
    SpeedOption,
    journal_file,
    read_request,
)
from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import JsonOption, complain, results, say, show, show_frame

if TYPE_CHECKING:
    from workbench.flows.replay import ReplayReport, ReplayRow
    from workbench.flows.replay_journal import PendingReplay
    from workbench.servers.client import Server
    from workbench.store.journal import ReplayJournal

__all__ = ["dead_letters", "register", "replay"]

_STOPPED = 130


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Replay")(replay)
    app.command(name="dead-letters", rich_help_panel="Replay")(dead_letters)


def replay(
    events: EventsArgument = None,
    integration: IntegrationOption = None,
    scenario: ScenarioOption = None,
    provider: ProviderOption = None,
    type: TypeOption = None,  # noqa: A002 - the option's name
    since: SinceOption = None,
    until: UntilOption = None,
    verdict: VerdictOption = None,
    where: WhereOption = None,
    event: EventOption = None,
    order: OrderOption = Ordered.given,
    speed: SpeedOption = "max",
    duplicate: DuplicateOption = 0.0,
    seed: SeedOption = 0,
    local: LocalOption = False,
    resume: ResumeOption = False,
    failed: FailedOption = False,
    cause: CauseOption = None,
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    concurrency: ConcurrencyOption = 4,
    attempts: AttemptsOption = 5,
    as_json: JsonOption = False,
) -> None:
    """Send deliveries to the deployed bot as the provider would, signed anew, their bytes untouched.

    Each outcome is kept in a journal, .workbench/replays.db. Ctrl-C lets what is on its way finish; --resume goes on
    exactly there. What was not settled is a dead letter: `workbench dead-letters` lists them by cause, --failed sends
    them again. Exit code 1 when something was not settled, 130 when it was stopped.

    [dim]workbench replay sample_events --integration mappings/stripe/integration.yaml[/dim]

    [dim]workbench replay --type 'invoice.*' --order shuffled --duplicate 0.2[/dim]
    """
    from workbench.store.journal import open_journal

    where_values = {"type": type, "since": since, "until": until, "verdict": verdict, "where": where, "ids": event}
    how = {"order": order, "speed": speed, "duplicate": duplicate, "seed": seed}
    with open_server(server, data) as client, open_journal(journal_file()) as journal:
        if resume:
            pending = _broken_off(journal, client)
        elif failed:
            pending = _dead(journal, client, cause, integration)
        else:
            request = read_request(events, scenario, {"provider": provider, **where_values, **how})
            pending = _begun(journal, client, request, integration, local=local)
        reports = _carried_out(pending, client, journal, concurrency=concurrency, attempts=attempts)
    _conclude(pending, reports, as_json=as_json)


def dead_letters(
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    as_json: JsonOption = False,
) -> None:
    """List the deliveries that were replayed and not settled, by their cause, the most frequent first.

    The number of a cause is what `workbench replay --failed --cause` takes. Exit code 1 when there are any.

    [dim]workbench dead-letters; workbench replay --failed --cause 1[/dim]
    """
    from workbench.faces.tables import Column, Table, count, moment
    from workbench.flows.dead_letters import cluster_dead_letters
    from workbench.store.journal import open_journal

    with open_server(server, data) as client, open_journal(journal_file()) as journal:
        found = cluster_dead_letters(journal.dead_letters(client.base_url))
    records = [
        {
            "cause": number,
            "deliveries": len(cluster.rows),
            "what": cluster.words,
            "first": cluster.rows[0].settled_at,
            "last": cluster.rows[-1].settled_at,
            "types": sorted({name for row in cluster.rows for name in row.event_types}),
            "events": [name for row in cluster.rows for name in row.event_ids],
        }
        for number, cluster in enumerate(found, start=1)
    ]
    columns = (
        *(Column(key=key, heading=key, show=count) for key in ("cause", "deliveries")),
        Column(key="what", heading="what"),
        *(Column(key=key, heading=f"{key} (UTC)", show=moment) for key in ("first", "last")),
        Column(key="types", heading="event types"),
    )
    show(Table(title="", columns=columns, records=records, empty="no dead letters: all was settled"), as_json=as_json)
    if records:
        raise typer.Exit(1)


def _begun(
    journal: ReplayJournal, client: Server, request: Any, integrations: list[Path] | None, *, local: bool
) -> tuple[PendingReplay, ...]:
    from workbench.flows.project import find_project
    from workbench.flows.replay_journal import begin_replays

    chosen = integrations or find_project(Path.cwd()).integrations()
    pending = begin_replays(journal, request, chosen, client, via="local" if local else "bot")
    if not pending:
        complain("nothing to send: no delivery is of the provider of an integration")
        raise typer.Exit(1)
    return pending


def _broken_off(journal: ReplayJournal, client: Server) -> tuple[PendingReplay, ...]:
    from workbench.flows.replay_journal import unfinished_replays

    if pending := unfinished_replays(journal, client):
        done = sum(len(each.settled) for each in pending)
        say(f"going on after {done} of {sum(len(each.selected) for each in pending)} deliveries")
        return pending
    results().print("nothing to resume: every replay on this server was finished")
    raise typer.Exit


def _dead(
    journal: ReplayJournal, client: Server, cause: int | None, integrations: list[Path] | None
) -> tuple[PendingReplay, ...]:
    from workbench.flows.dead_letters import cluster_dead_letters
    from workbench.flows.replay_journal import begin_replays, dead_letter_requests

    clusters = cluster_dead_letters(journal.dead_letters(client.base_url))
    if not clusters:
        results().print("no dead letters: everything was settled")
        raise typer.Exit
    if cause is not None and not 1 <= cause <= len(clusters):
        message = f"--cause takes a number from 1 to {len(clusters)}: see `workbench dead-letters`"
        raise typer.BadParameter(message)
    rows = [row for number, each in enumerate(clusters, start=1) if cause in (None, number) for row in each.rows]
    wanted = {path.resolve() for path in integrations or ()}
    pending: list[PendingReplay] = []
    for path, via, request in dead_letter_requests(journal, rows):
        if not wanted or path in wanted:
            pending += begin_replays(journal, request, [path], client, via=via)
    return tuple(pending)


def _carried_out(
    pending: Sequence[PendingReplay], client: Server, journal: ReplayJournal, *, concurrency: int, attempts: int
) -> list[ReplayReport]:
    from workbench.faces.cli.progress import counting
    from workbench.flows.replay_journal import carry_out

    reports: list[ReplayReport] = []
    found: Counter[str] = Counter()
    with _stopping() as stop, counting("replaying", sum(len(each.left) for each in pending)) as advance:

        def told(row: ReplayRow) -> None:
            found[row.outcome] += 1
            advance(", ".join(f"{count} {outcome}" for outcome, count in sorted(found.items())))

        for each in pending:
            if stop.is_set():
                break
            reports.append(
                carry_out(each, client, journal, concurrency=concurrency, attempts=attempts, stop=stop, told=told)
            )
    return reports


@contextmanager
def _stopping() -> Iterator[Flag]:
    """Give a flag that the first Ctrl-C sets; the second one interrupts as it always does."""
    flag = Flag()
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: object) -> None:
        flag.set()
        signal.signal(signal.SIGINT, before)
        say("stopping: what is on its way is finished first")

    signal.signal(signal.SIGINT, stop)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)


def _conclude(pending: Sequence[PendingReplay], reports: Sequence[ReplayReport], *, as_json: bool) -> None:
    for each, report in zip(pending, reports, strict=False):
        if as_json:
            show_frame(report.to_frame())
            continue
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes().items())
        sent = f"{len(report.rows)} deliveries in {report.seconds:.1f} s"
        results().print(f"{each.loaded.name}: {sent}: {outcomes or 'nothing to send'}", markup=False, soft_wrap=True)
    failed = [row for report in reports for row in report.failed]
    for row in failed[:20]:
        complain(f"{row.delivery}: {row.outcome}: {row.problem or 'no reason was given'}")
    if len(failed) > 20:
        complain(f"and {len(failed) - 20} more: `workbench dead-letters` lists them by cause")
    left = sum(len(each.left) for each in pending) - sum(len(report.rows) for report in reports)
    if left:
        complain(f"{left} deliveries were not sent; `workbench replay --resume` goes on there")
        gone = any(row.outcome == "unreachable" for row in failed)
        raise typer.Exit(1 if gone else _STOPPED)
    if failed:
        raise typer.Exit(1)
