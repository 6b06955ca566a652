"""A backfill leaves what applying every event in its time leaves, to the byte the same however it is carried out."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
import zstandard

from workbench.errors import DeliveryError, MappingError, StoreError, WorkbenchError
from workbench.events.providers import find_provider
from workbench.fhir.settling import Write, decide, same
from workbench.flows.backfill.chunks import ProviderWork
from workbench.flows.backfill.inputs import find_inputs
from workbench.flows.backfill.loading import load_resources
from workbench.flows.backfill.run import BackfillSummary, backfill
from workbench.flows.design import load_mappings
from workbench.flows.integrations import load_integration
from workbench.flows.load import load_events
from workbench.flows.provision import apply_integration, plan_integration
from workbench.flows.replay import replay
from workbench.flows.replay_selection import ReplayRequest, select_deliveries
from workbench.flows.secrets import published_secrets
from workbench.sandbox.launcher import start_sandbox
from workbench.servers.client import Server

ROOT = Path(__file__).parents[3]
MAPPINGS = ROOT / "mappings/stripe"
SAMPLES = ROOT / "sample_events/stripe"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every Stripe sample twenty times, each time another customer's, a line each; two lines are no events."""
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    lines = [event.payload for event in load_events(SAMPLES).events]
    with file.open("wb") as written:
        for copy in range(20):
            for line in lines:
                text = orjson.dumps(line).decode()
                for kind in ("in_", "cus_", "sub_", "ch_", "pi_", "re_", "po_", "evt_", "cs_", "du_", "prod_"):
                    text = text.replace(f'"{kind}', f'"{kind}{copy}x')
                written.write(text.encode() + b"\n")
            written.write(b"{broken\n" if copy == 3 else b'{"object": "nothing"}\n' if copy == 7 else b"\n")
    return file


def resources(out: Path) -> dict[str, Any]:
    """Every resource of a backfill, by its search."""
    found = {}
    for file in sorted(out.glob("[A-Z]*.ndjson")):
        keys = (out / ".backfill" / f"{file.stem}.keys.ndjson").read_bytes().splitlines()
        for key, line in zip(keys, file.read_bytes().splitlines(), strict=True):
            found[json.loads(key)[0]] = json.loads(line)
    return found


def files(out: Path) -> dict[str, bytes]:
    """What a backfill wrote, by name."""
    return {file.name: file.read_bytes() for file in sorted(out.glob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def expected(history: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BackfillSummary]:
    """The backfill by one process in one chunk."""
    out = tmp_path_factory.mktemp("expected")
    return out, backfill([history], [MAPPINGS], out, workers=1)


def test_it_leaves_what_applying_each_event_in_its_time_leaves(
    history: Path, expected: tuple[Path, BackfillSummary]
) -> None:
    """The same resources as settling one event after the other, each counted, none lost."""
    mappings = load_mappings(MAPPINGS)
    events = [event for event in map(_event, history.read_bytes().splitlines()) if event]
    state: dict[str, dict[str, Any]] = {}
    mapped = 0
    for event in sorted(events, key=lambda one: str(one["created"])):  # of one second in the order of the file
        for mapping in mappings:
            if mapping.accepts(event["type"]):
                mapped += 1
                for made in mapping.map(event).resources:
                    search = made.identity.reference()
                    write = Write(resource=made.resource, mode=made.write, order=made.order)
                    state[search] = decide(state.get(search), [write]).next or state[search]
    out, summary = expected
    found = resources(out)

    assert found.keys() == state.keys()
    assert [search for search in state if not same(state[search], found[search])] == []
    assert (summary.mapped, summary.refused, summary.read) == (mapped, 2, len(events) + 2)
    assert sum(summary.resources.values()) == len(state) < summary.rows


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if "type" in found else None


def test_what_is_refused_has_its_line_and_reason(expected: tuple[Path, BackfillSummary], history: Path) -> None:
    """Both lines, with no value of them; the others were not held up."""
    lines = history.read_bytes().splitlines()
    refused = [json.loads(line) for line in (expected[0] / "refused.ndjson").read_bytes().splitlines()]

    assert [lines[each["line"] - 1] for each in refused] == [b"{broken", b'{"object": "nothing"}']
    assert {each["file"] for each in refused} == {str(history)}
    assert "is not JSON" in refused[0]["reason"]
    assert "is not a delivery of Stripe" in refused[1]["reason"]
    assert "nothing" not in refused[1]["reason"]


@pytest.mark.parametrize(("workers", "chunk_bytes"), [(1, 50_000), (2, 300_000), (2, 1 << 30)])
def test_any_number_of_workers_gives_the_same_bytes(
    history: Path, expected: tuple[Path, BackfillSummary], tmp_path: Path, workers: int, chunk_bytes: int
) -> None:
    """Chunks and processes change nothing, nor does a second call."""
    summary = backfill([history], [MAPPINGS], tmp_path / "out", workers=workers, chunk_bytes=chunk_bytes)
    again = backfill([history], [MAPPINGS], tmp_path / "out", workers=workers, chunk_bytes=chunk_bytes)

    assert summary == expected[1] == again
    assert files(tmp_path / "out") == files(expected[0])


@pytest.mark.parametrize("provider", ["stripe", "okta"])
def test_of_a_line_only_what_the_mappings_need_is_decoded(provider: str) -> None:
    """Every sample gives the events and the resources that it gives as a whole."""
    work = ProviderWork(find_provider(provider), load_mappings(ROOT / "mappings" / provider))

    for event in load_events(ROOT / "sample_events" / provider).events:
        (found,) = work.events(orjson.dumps(event.payload) if provider == "stripe" else _hook(event.payload))
        assert (found.id, found.type) == (event.id, event.type)
        assert len(orjson.dumps(found.payload)) < len(orjson.dumps(event.payload))
        for mapping in work.taking(event.type):
            assert mapping.map(found.payload).as_list() == mapping.map(event.payload).as_list()


def _hook(event: dict[str, Any]) -> bytes:
    return orjson.dumps({"eventType": "com.okta.event_hook", "data": {"events": [event]}})


CHILD = """
import sys
from workbench.flows.backfill.run import backfill
if __name__ == "__main__":
    tell = lambda stage, done, total: print(stage, done, flush=True)
    backfill([sys.argv[1]], [sys.argv[2]], sys.argv[3], workers=int(sys.argv[4]), chunk_bytes=200_000, progress=tell)
"""


@pytest.mark.parametrize(("after", "workers"), [("mapping 1", 1), ("mapping 9", 2), ("folding 2", 1)])
def test_killed_anywhere_it_goes_on(
    history: Path, expected: tuple[Path, BackfillSummary], tmp_path: Path, after: str, workers: int
) -> None:
    """Killed after so many chunks or partitions, the next call does the rest and gives the same bytes."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    out = tmp_path / "out"
    arguments = [str(script), str(history), str(MAPPINGS), str(out), str(workers)]
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout
        for line in child.stdout:
            if line.strip() == after:
                os.killpg(child.pid, signal.SIGKILL)
                break
    assert not (out / ".backfill/summary.json").exists()
    assert backfill([history], [MAPPINGS], out, workers=1, chunk_bytes=200_000) == expected[1]
    assert files(out) == files(expected[0])


def test_another_job_does_not_mix_with_one_that_was_begun(history: Path, tmp_path: Path) -> None:
    """Another mapping into the same folder is refused; so are mappings of two providers."""
    backfill([history], [MAPPINGS], tmp_path / "out", workers=1)

    with pytest.raises(StoreError, match="holds a backfill of other files or mappings"):
        backfill([history], [MAPPINGS / "stripe-invoice.yaml"], tmp_path / "out", workers=1)
    with pytest.raises(MappingError, match="mappings of one provider, not of okta, stripe"):
        backfill([history], [ROOT / "mappings"], tmp_path / "other", workers=1)


COLUMNS = "{id: 'VARCHAR', object: 'VARCHAR', type: 'VARCHAR', created: 'BIGINT', livemode: 'BOOLEAN', data: 'JSON'}"


@pytest.mark.parametrize("kind", ["gz", "zst", "parquet", "columns"])
def test_packed_history_gives_the_same(
    history: Path, expected: tuple[Path, BackfillSummary], tmp_path: Path, kind: str
) -> None:
    """Compressed lines, Parquet with a column of JSON, and Parquet with the event's own columns."""
    whole = [line for line in history.read_bytes().splitlines() if _event(line)]
    packed = tmp_path / ("history.parquet" if kind in ("parquet", "columns") else f"history.ndjson.{kind}")
    text = b"\n".join(whole)
    if kind == "gz":
        packed.write_bytes(gzip.compress(text))
    elif kind == "zst":
        packed.write_bytes(zstandard.compress(text))
    else:
        plain = tmp_path / "plain.ndjson"
        plain.write_bytes(b"\n".join(line for line in whole if isinstance(json.loads(line)["created"], int)))
        with duckdb.connect() as connection:
            if kind == "parquet":
                connection.execute("CREATE TABLE t (payload VARCHAR)")
                connection.executemany("INSERT INTO t VALUES (?)", [[line.decode()] for line in whole[:400]])
            else:
                connection.execute(f"CREATE TABLE t AS SELECT * FROM read_json(?, columns={COLUMNS})", [str(plain)])
            connection.execute(f"COPY t TO '{packed}' (FORMAT parquet)")
        plain.unlink()
    summary = backfill([packed], [MAPPINGS], tmp_path / "out", workers=1)

    assert summary.refused == 0
    if kind == "parquet":
        assert summary.read == 400
    else:
        assert resources(tmp_path / "out").keys() == resources(expected[0]).keys()
    if kind in ("gz", "zst"):
        assert resources(tmp_path / "out") == resources(expected[0])


def test_what_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    """Every path that is not there or is nothing we read; a file that was cut off."""
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "cut.ndjson.gz").write_bytes(gzip.compress(b"{}\n" * 1000)[:20])

    with pytest.raises(DeliveryError) as caught:
        find_inputs([tmp_path / "none.ndjson", tmp_path / "notes.txt"], tmp_path)
    assert [line.partition(" is n")[0] for line in str(caught.value).splitlines()] == [
        str(tmp_path / "none.ndjson"),
        str(tmp_path / "notes.txt"),
    ]
    with pytest.raises(DeliveryError, match=r"cut\.ndjson\.gz cannot be read to its end"):
        backfill([tmp_path / "cut.ndjson.gz"], [MAPPINGS], tmp_path / "out", workers=1)


def test_bundles_are_batches_that_a_server_takes(
    history: Path, expected: tuple[Path, BackfillSummary], tmp_path: Path
) -> None:
    """Every resource is in one, under its identity, at most a hundred in each."""
    backfill([history], [MAPPINGS], tmp_path / "out", form="bundles", workers=1)
    bundles = [json.loads(line) for line in (tmp_path / "out/bundles.ndjson").read_bytes().splitlines()]
    entries = [entry for bundle in bundles for entry in bundle["entry"]]

    assert max(len(bundle["entry"]) for bundle in bundles) <= 100
    assert len(entries) == sum(expected[1].resources.values())
    assert {entry["request"]["method"] for entry in entries} == {"PUT", "POST"}


@contextmanager
def dask_cluster() -> Iterator[str]:
    """The address of a Dask scheduler with two worker processes over TCP, each started as an operator would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli"]
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    with ExitStack() as stack:
        for module, *options in (scheduler, worker, worker):
            command = [*dask[:2], f"distributed.cli.{module}", *options]
            process = stack.enter_context(subprocess.Popen(command, **quiet))
            stack.callback(process.terminate)
            time.sleep(0.1)
        yield address


@pytest.mark.parametrize("where", ["local", "tcp"])
def test_a_cluster_gives_the_same_bytes(
    history: Path, expected: tuple[Path, BackfillSummary], tmp_path: Path, where: str
) -> None:
    """On a LocalCluster, and on a scheduler with two worker processes over TCP."""
    with ExitStack() as stack:
        address = "local" if where == "local" else stack.enter_context(dask_cluster())
        summary = backfill([history], [MAPPINGS], tmp_path / "out", cluster=address, workers=2, chunk_bytes=300_000)

    assert summary == expected[1]
    assert files(tmp_path / "out") == files(expected[0])


def test_a_cluster_that_is_not_there_is_told(history: Path, tmp_path: Path) -> None:
    """With its address and what to do."""
    with pytest.raises(WorkbenchError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1 "):
        backfill([history], [MAPPINGS], tmp_path / "out", cluster="tcp://127.0.0.1:1")


def test_loaded_it_is_what_the_bot_would_have_left(tmp_path: Path) -> None:
    """A server loaded from a backfill, on which a second load changes nothing, holds what the bot's server holds."""
    loaded = load_integration(MAPPINGS / "integration.yaml")
    secrets = published_secrets(loaded)
    lines = tmp_path / "samples.ndjson"
    chosen = select_deliveries(ReplayRequest(events=str(SAMPLES), order="occurred"))
    lines.write_bytes(b"".join(orjson.dumps(each.events[0].payload) + b"\n" for each in chosen if each.events))
    out = tmp_path / "out"
    backfill([lines], [MAPPINGS], out, workers=1)
    with start_sandbox(tmp_path / "loaded", quota=60_000) as box, client_of(box) as server:
        first = load_resources(out, server, loaded.provider, batch=7)
        (out / ".backfill/loaded.json").unlink()
        second = load_resources(out, server, loaded.provider)
        by_load = {search: held(server, search) for search in resources(out)}
    with start_sandbox(tmp_path / "replayed") as box, client_of(box) as server:
        plan = plan_integration(server, loaded, secrets)
        there = apply_integration(server, loaded, secrets, confirm=plan.checksum)
        replay([each.delivery for each in chosen], there, loaded, secrets, concurrency=1)
        by_bot = {search: held(server, search) for search in resources(out)}

    assert (first.failed, second.failed, second.created, second.updated) == (0, 0, 0, 0)
    assert first.created == len(by_load) == second.unchanged
    assert by_load == by_bot


def client_of(sandbox: Any) -> Server:
    """An administrator's client."""
    return Server(sandbox.base_url, sandbox.client_id, sandbox.client_secret)


def held(server: Server, search: str) -> Any:
    """What a server holds of a resource, without what is its own; references by type alone, ids differ."""
    kind, _, query = search.partition("?")
    (found,) = server.search(kind, query)
    plain = json.loads(json.dumps(found), object_hook=_without_id)
    return {**plain, "id": "", "meta": {key: plain["meta"].get(key) for key in ("tag", "extension", "source")}}


def _without_id(value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("reference")
    return {**value, "reference": reference.partition("/")[0]} if isinstance(reference, str) else value
