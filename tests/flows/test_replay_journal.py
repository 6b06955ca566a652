"""Replays by a journal on an embedded Medplum: broken off and resumed, dead letters, written here or by the bot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from workbench.flows.dead_letters import cluster_dead_letters
from workbench.flows.integrations import load_integration
from workbench.flows.provision import apply_integration, find_provisioned, plan_integration
from workbench.flows.replay import ReplayRow, replay
from workbench.flows.replay_journal import begin_replays, carry_out, dead_letter_requests, unfinished_replays
from workbench.flows.replay_selection import ReplayRequest, select_deliveries
from workbench.flows.secrets import published_secrets
from workbench.sandbox.launcher import Sandbox, start_sandbox
from workbench.servers.client import Server
from workbench.store.journal import ReplayJournal, open_journal

ROOT = Path(__file__).parents[2]
STRIPE = ROOT / "mappings/stripe/integration.yaml"
SAMPLES = str(ROOT / "sample_events/stripe")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """An embedded Medplum with the shipped Stripe integration on it."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        with client_of(started) as server:
            provision(server)
        yield started


def client_of(sandbox: Sandbox) -> Server:
    """An administrator's client."""
    return Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret)


def provision(server: Server) -> None:
    """Put the integration on the server."""
    loaded = load_integration(STRIPE)
    secrets = published_secrets(loaded)
    apply_integration(server, loaded, secrets, confirm=plan_integration(server, loaded, secrets).checksum)


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    """A client of the sandbox."""
    with client_of(sandbox) as opened:
        yield opened


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[ReplayJournal]:
    """An empty journal."""
    with open_journal(tmp_path / "replays.db") as opened:
        yield opened


def contents(server: Server) -> dict[str, Any]:
    """What the bot's types hold, by identity, without ids and versions; references by what they refer to."""
    kinds = [line["resourceType"] for line in load_integration(STRIPE).desired.bot_policy["resource"]]
    found = [resource for kind in kinds for resource in server.search(kind, {"_count": "1000"})]
    names = {f"{each['resourceType']}/{each['id']}": json.dumps(each["identifier"][0]) for each in found}
    unsaid = {"versionId": "", "lastUpdated": "", "author": ""}
    text = json.dumps([{**each, "id": "", "meta": {**each["meta"], **unsaid}} for each in found])
    for reference, name in names.items():
        text = text.replace(f'"{reference}"', name)
    return {each["resourceType"] + json.dumps(each["identifier"][0]): each for each in json.loads(text)}


def test_a_replay_that_is_stopped_goes_on_exactly_there(server: Server, journal: ReplayJournal) -> None:
    """Stopped after ten: what was on its way is noted; resumed, the rest is sent and nothing twice."""
    stop = Flag()
    rows: list[ReplayRow] = []

    def count(row: ReplayRow) -> None:
        rows.append(row)
        if len(rows) == 10:
            stop.set()

    (begun,) = begin_replays(journal, ReplayRequest(events=SAMPLES, order="shuffled", duplicate=0.2), [STRIPE], server)
    report = carry_out(begun, server, journal, stop=stop, told=count)
    (resumed,) = unfinished_replays(journal, server)
    rest = carry_out(resumed, server, journal)

    assert report.stopped
    assert 10 <= len(report.rows) < 14
    assert len(report.rows) + len(rest.rows) == len(begun.selected) == len(list(journal.rows(begun.id)))
    assert unfinished_replays(journal, server) == ()
    assert rest.failed == ()


CHILD = """
import sys
from pathlib import Path
from workbench.flows.replay_journal import begin_replays, carry_out
from workbench.flows.replay_selection import ReplayRequest
from workbench.servers.client import Server
from workbench.store.journal import open_journal
base, client, secret, journal, samples, integration = sys.argv[1:]
with Server(base, client, secret) as server, open_journal(Path(journal)) as opened:
    for pending in begin_replays(opened, ReplayRequest(events=samples, duplicate=1.0), [Path(integration)], server):
        carry_out(pending, server, opened, told=lambda row: print(row.number, flush=True))
"""


@pytest.mark.parametrize("after", [1, 17, 60])
def test_a_replay_that_is_killed_goes_on(sandbox: Sandbox, server: Server, tmp_path: Path, after: int) -> None:
    """Killed after so many answers, the journal opens, knows each of them, and the rest is sent."""
    place = tmp_path / "replays.db"
    arguments = [sandbox.base_url, sandbox.client_id, sandbox.client_secret, str(place), SAMPLES, str(STRIPE)]
    with subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        told = [child.stdout.readline() for _ in range(after)]
        os.kill(child.pid, signal.SIGKILL)
    with open_journal(place) as journal:
        (resumed,) = unfinished_replays(journal, server)
        known = len(resumed.settled)
        rest = carry_out(resumed, server, journal)
        rows = list(journal.rows(resumed.id))

    assert len(told) == after <= known < len(resumed.selected)
    assert known + len(rest.rows) == len(resumed.selected) == len(rows)
    assert {row.outcome for row in rows} <= {"applied", "unchanged", "duplicate", "stale", "ignored"}


def test_dead_letters_are_sent_again_when_their_cause_is_gone(server: Server, journal: ReplayJournal) -> None:
    """A bot whose secret was changed refuses everything: one cause in words; put right, all are settled and gone."""
    loaded = load_integration(STRIPE)
    wrong = dict.fromkeys(published_secrets(loaded), "whsec_another")
    apply_integration(server, loaded, wrong, confirm=plan_integration(server, loaded, wrong).checksum)
    request = ReplayRequest(events=SAMPLES, type="invoice.paid")
    (begun,) = begin_replays(journal, request, [STRIPE], server)
    carry_out(begun, server, journal, attempts=1)
    (cluster,) = cluster_dead_letters(journal.dead_letters(server.base_url))
    provision(server)
    for path, via, again in dead_letter_requests(journal, cluster.rows):
        for pending in begin_replays(journal, again, [path], server, via=via):
            carry_out(pending, server, journal)

    assert cluster.words.startswith("signature-unmatched: the bot does not believe the signature")
    assert len(cluster.rows) == len(begun.selected) > 3
    assert journal.dead_letters(server.base_url) == ()


def test_a_server_that_is_killed_and_started_again_loses_nothing(tmp_path: Path, journal: ReplayJournal) -> None:
    """Killed after twenty answers and started again two seconds later: the replay waits for it and goes on."""
    rows: list[ReplayRow] = []
    with ExitStack() as stack:
        first = stack.enter_context(start_sandbox(tmp_path / "box"))
        server = stack.enter_context(client_of(first))
        provision(server)
        (begun,) = begin_replays(journal, ReplayRequest(events=SAMPLES), [STRIPE], server)

        def start_again() -> None:
            time.sleep(2)
            stack.enter_context(start_sandbox(tmp_path / "box", port=urlsplit(first.base_url).port or 0))

        back = Thread(target=start_again)

        def kill(row: ReplayRow) -> None:
            rows.append(row)
            if len(rows) == 20:
                os.kill(first.pid, signal.SIGKILL)
                back.start()

        report = carry_out(begun, server, journal, told=kill)
        back.join()

    assert not report.stopped
    assert len(report.rows) == len(begun.selected) == len(list(journal.rows(begun.id)))
    assert report.failed == ()
    assert max(row.attempts for row in report.rows) > 1


def test_a_server_that_is_gone_stops_the_replay(tmp_path: Path, journal: ReplayJournal) -> None:
    """What was on its way waits as long as it may and is a dead letter; the rest was never sent and can be resumed."""
    with start_sandbox(tmp_path / "box") as started, client_of(started) as server:
        provision(server)
        there = find_provisioned(server, load_integration(STRIPE))
        selected = select_deliveries(ReplayRequest(events=SAMPLES))
    secrets = published_secrets(load_integration(STRIPE))
    report = replay(
        [each.delivery for each in selected], there, load_integration(STRIPE), secrets, sleep=lambda _: None
    )

    assert report.stopped
    assert {row.outcome for row in report.rows} == {"unreachable"}
    assert 1 <= len(report.rows) <= 4 < len(selected)


@pytest.mark.parametrize("order", ["given", "shuffled"])
def test_what_is_written_here_is_what_the_bot_writes(tmp_path: Path, journal: ReplayJournal, order: Any) -> None:
    """On two fresh servers, one by the bot and one by ourselves: the same resources, and the same outcomes in order."""
    held, outcomes = [], []
    for via in ("bot", "local"):
        with start_sandbox(tmp_path / via) as started, client_of(started) as server:
            provision(server)
            request = ReplayRequest(events=SAMPLES, order=order, seed=4)
            (begun,) = begin_replays(journal, request, [STRIPE], server, via=via)  # type: ignore[arg-type]
            outcomes.append([row.outcome for row in carry_out(begun, server, journal, concurrency=1).rows])
            held.append(contents(server))

    assert outcomes[0] == outcomes[1]
    assert held[0] == held[1]
    assert len(held[0]) > 40
