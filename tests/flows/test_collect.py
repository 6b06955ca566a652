"""AuditEvents become rows, all of them, once, and without what they say about people."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pandas
import pytest
from invented.audit_trail import BOT, audit_event, instant, invented_trail, result_line
from invented.medplum import AuditServer

from workbench.audit.columns import COLUMNS
from workbench.errors import ServerError, StoreError
from workbench.flows import audit_pages
from workbench.flows.collect import OVERLAP, audit_frame, pull
from workbench.store.audit_rows import read_frame
from workbench.store.audit_store import AuditStore

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
APPLIED = {
    "event": "evt_1",
    "type": "invoice.paid",
    "at": "2026-11-23T08:30:00.000Z",
    "mapping": "stripe-invoice@3",
    "outcome": "applied",
    "writes": [{"ref": "Account/1", "action": "none"}, {"ref": "Invoice/2", "action": "create"}],
}
PLANTED = ("Erika", "Mustermann", "1970-01-01", "whsec_Planted", "sk_live_Planted")


def frame_of(*events: dict, **arguments: object) -> pandas.DataFrame:
    """The audit frame of some AuditEvents on a server."""
    return audit_frame(AuditServer(list(events)).connect(), **arguments)  # type: ignore[arg-type]


def test_a_run_of_our_bot_is_one_row_with_what_its_result_line_says() -> None:
    """Every column of one row, value by value."""
    row = frame_of(audit_event("a1", AT, f"started\n{result_line(APPLIED)}", milliseconds=47)).iloc[0].to_dict()

    expected = {
        "id": "a1",
        "result_index": 0,
        "event_index": 0,
        "recorded": pandas.Timestamp(AT),
        "last_updated": pandas.Timestamp(AT) + pandas.Timedelta(milliseconds=1),
        "outcome": "0",
        "duration_ms": 47,
        "bot": BOT,
        "bot_name": "stripe-invoices",
        "requester": "ClientApplication/258ad670-04e8-4c79-8644-92bab8fb73ff",
        "trace_id": "3f3f13dd-dd6f-499e-9225-4c869c26452a",
        "provider": "stripe",
        "event_id": "evt_1",
        "event_type": "invoice.paid",
        "event_time": pandas.Timestamp("2026-11-23T08:30:00Z"),
        "mapping": "stripe-invoice",
        "version": 3,
        "action": "applied",
        "event_outcome": "applied",
        "proof": "exact",
        "writes": 1,
        "refs": "Account/1 Invoice/2",
        "state": "ok",
    }
    assert expected == {name: value for name, value in row.items() if not pandas.isna(value)}


def test_columns_and_dtypes_are_fixed_even_without_rows() -> None:
    """An empty trail has the same columns and dtypes as a full one."""
    expected = {column.name: column.dtype for column in COLUMNS}
    for frame in (frame_of(), frame_of(*invented_trail(50, AT))):
        assert expected == {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_a_run_with_three_events_is_three_rows_of_one_id() -> None:
    """Each event has its own outcome; the run's duration repeats."""
    results = [{**APPLIED, "event": f"e{n}", "outcome": word} for n, word in enumerate(("applied", "failed", "stale"))]
    frame = frame_of(audit_event("a1", AT, result_line(*results, provider="okta"), outcome="4", milliseconds=9))

    assert list(frame["id"]) == ["a1", "a1", "a1"]
    assert list(frame["event_index"]) == [0, 1, 2]
    assert list(frame["event_id"]) == ["e0", "e1", "e2"]
    assert list(frame["state"]) == ["ok", "failed", "ok"]
    assert list(frame["duration_ms"]) == [9, 9, 9]


def test_a_bot_that_throws_is_read_by_its_last_result_line() -> None:
    """Medplum quotes the line again in the error and its stack; it is one row, and the problem is its text."""
    line = result_line({**APPLIED, "outcome": "failed", "problem": "reference-not-found"})
    console = f"{line}\nUnhandled error: {line}\nError: {line}\n    at exports.handler (index.js:1:1)"
    row = frame_of(audit_event("a1", AT, console, outcome="4")).iloc[0]

    assert (
        row["event_id"],
        row["action"],
        row["state"],
        row["problem"],
    ) == ("evt_1", "failed", "failed", "reference-not-found")
    assert pandas.isna(row["text"])


def test_a_bot_that_we_did_not_build_has_its_run_and_its_error() -> None:
    """The result line's columns are empty; a failure's text is the last line that is no frame of the stack, masked."""
    fine = audit_event("a1", AT, "a 1 [object Object]")
    console = "hello\nUnhandled error: boom\nError: Patient Erika not found\n    at exports.handler (x:6:105)"
    failing = audit_event("a2", AT + timedelta(seconds=1), console, outcome="4")
    silent = audit_event("a3", AT + timedelta(seconds=2), None, outcome="4")
    frame = frame_of(fine, failing, silent)

    assert list(frame["state"]) == ["ok", "failed", "failed"]
    assert list(frame["text"].fillna("")) == ["", "Error Patient … not found", ""]
    assert frame[["provider", "event_id", "event_type", "mapping", "version", "action", "writes"]].isna().all(axis=None)


def test_a_result_line_that_was_cut_or_damaged_is_told() -> None:
    """A run whose line cannot be read is kept, and counted as unreadable; its outcome is the server's."""
    whole = result_line(*({**APPLIED, "event": f"evt_{number}"} for number in range(200)))
    damaged = audit_event("a1", AT, '{"workbench":1,"results":[}')
    cut = audit_event("a2", AT, f"Unhandled error: {whole}"[-10_240:], outcome="4")
    frame = frame_of(damaged, cut)

    assert list(frame["problem"].dropna()) == ["unreadable-result"]
    assert list(frame["state"]) == ["ok", "failed"]


def test_a_handshake_is_a_run_without_an_event() -> None:
    """Okta's verification is a row of its own kind."""
    row = frame_of(audit_event("a1", AT, result_line(provider="okta", handshake=True))).iloc[0]

    assert (row["provider"], row["action"], row["state"]) == ("okta", "handshake", "ok")


def test_a_text_that_looks_like_our_line_is_masked_where_it_is_no_name() -> None:
    """A foreign bot may print anything into our columns: only names and ids are shown."""
    said = {
        "event": "Erika Mustermann",
        "type": "<script>",
        "mapping": "x y@1",
        "outcome": "ok!",
        "problem": "Erika died",
    }
    row = frame_of(audit_event("a1", AT, result_line(said))).iloc[0]

    assert [row[name] for name in ("event_id", "event_type", "mapping", "action")] == ["…"] * 4
    assert row["problem"] == "…"


def test_what_is_planted_is_found_nowhere(tmp_path: Path) -> None:
    """Names and secrets in console output reach neither the frame nor the files; only `reveal` shows them."""
    planted = "Erika Mustermann 1970-01-01 whsec_Planted sk_live_Planted"
    events = [
        audit_event("a1", AT, f"{planted}\n{result_line({**APPLIED, 'problem': planted})}"),
        audit_event("a2", AT, f"x\nError: {planted}", outcome="4"),
        audit_event("a3", AT, planted, outcome="4"),
    ]
    server = AuditServer(events).connect()
    shown = audit_frame(server).to_csv() + audit_frame(server, data=tmp_path / "audit").to_csv()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    assert [word for word in PLANTED if word in shown or word.encode() in kept] == []
    assert all(word in audit_frame(server, reveal=True).to_csv() for word in PLANTED)


def test_every_row_arrives_once_over_pages_that_share_a_millisecond() -> None:
    """Medplum's cursor is a time, so the rows of one millisecond come on both pages; the trail is whole."""
    events = [audit_event(f"a{number:02d}", AT + timedelta(milliseconds=number // 3)) for number in range(50)]
    server = AuditServer(events, page_size=7)

    assert [f"a{number:02d}" for number in range(50)] == list(audit_frame(server.connect())["id"])
    assert all("_sort=_lastUpdated&_count=1000" in call for call in server.calls[1:2])


def test_more_rows_in_one_millisecond_than_a_page_holds_are_refused() -> None:
    """The cursor cannot pass them; the pull says so instead of going round in circles."""
    server = AuditServer([audit_event(f"a{number}", AT) for number in range(8)], page_size=3)

    with pytest.raises(ServerError) as caught:
        audit_frame(server.connect())

    assert str(caught.value) == (
        "GET fhir/R4/AuditEvent: over 1000 rows share one instant, which paging cannot pass; narrow it down"
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(403, json={"resourceType": "OperationOutcome", "id": "forbidden"}), "refused with 403"),
        (httpx.Response(200, text="<html>proxy error</html>"), "a page is no Bundle of AuditEvents (DecodeError)"),
        (
            httpx.Response(200, json={"resourceType": "Patient"}),
            "a page is no Bundle of AuditEvents (another resource)",
        ),
    ],
)
def test_a_page_that_fails_fails_the_pull(answer: httpx.Response, expected: str, tmp_path: Path) -> None:
    """No frame is made of the pages that did arrive."""
    server = AuditServer(invented_trail(60, AT), page_size=20)
    server.fault = lambda query: answer if "_cursor" in query else None

    for data in (None, tmp_path / "audit"):
        with pytest.raises(ServerError) as caught:
            audit_frame(server.connect(), data=data)
        assert expected in str(caught.value)


def test_fewer_rows_than_the_server_counts_fail_the_pull() -> None:
    """A server whose pages end early is caught by its own count."""
    trail = invented_trail(60, AT)
    server = AuditServer(trail, page_size=20)
    short = AuditServer(trail[:20])
    server.fault = lambda query: None if "_summary" in query else short(httpx.Request("GET", f"http://x/?{query}"))

    with pytest.raises(ServerError) as caught:
        audit_frame(server.connect())

    assert str(caught.value) == (
        "GET fhir/R4/AuditEvent: the server counts 60 AuditEvents and its pages held 20;"
        " pull again, and if it stays so give the client a policy that reads all AuditEvents"
    )


def test_only_the_query_of_a_next_link_is_followed() -> None:
    """The server's own idea of its address is another behind a proxy; credentials go to the address we were given."""
    server = AuditServer(invented_trail(30, AT), page_size=20)
    hosts = []
    client = server.connect()
    client._http.event_hooks = {"request": [lambda request: hosts.append(request.url.host)]}
    audit_frame(client)

    assert {"127.0.0.1"} == set(hosts)


def test_a_span_and_a_bot_are_asked_of_the_server() -> None:
    """Only what is wanted is fetched."""
    other = audit_event("b1", AT, bot="Bot/other")
    server = AuditServer([audit_event("a1", AT - timedelta(days=3)), audit_event("a2", AT), other])

    assert list(audit_frame(server.connect(), since="1d", bot=BOT)["id"]) == ["a2"]
    assert all("entity=Bot%2Ff73a12a6" in call and "_lastUpdated=ge" in call for call in server.calls)
    assert list(audit_frame(server.connect(), since="1d", bot=BOT.removeprefix("Bot/"))["id"]) == ["a2"]


def test_a_saved_search_is_used_without_its_paging() -> None:
    """The Medplum app's address bar is a source: its filters stay, its fields and sorting go."""
    server = AuditServer([audit_event("a1", AT)])
    saved = f"https://app.medplum.com/AuditEvent?_count=20&_fields=id,outcome&_sort=-_lastUpdated&entity={BOT}"

    assert list(audit_frame(server.connect(), search=saved)["id"]) == ["a1"]
    assert server.calls[0] == "entity=Bot%2Ff73a12a6-b87d-4e96-b01f-a9c5b11901a9&_summary=count"
    with pytest.raises(ValueError) as caught:
        audit_frame(server.connect(), search="Patient?name=x")
    assert str(caught.value) == (
        "search: is not one for AuditEvents; copy the address of the app's AuditEvent page, `AuditEvent?…`"
    )


def test_a_log_export_is_a_source(tmp_path: Path) -> None:
    """Lines of a server's log, without id or meta, among others; what is passed over is told."""
    logged = [
        {k: v for k, v in audit_event(f"a{n}", AT + timedelta(seconds=n)).items() if k not in ("id", "meta")}
        for n in (1, 2)
    ]
    log = tmp_path / "medplum.ndjson"
    lines = ['{"level":"INFO","msg":"Server started"}', *map(json.dumps, [*logged, logged[0]]), "not JSON"]
    log.write_text("\n".join(lines))
    said: list[str] = []
    frame = audit_frame(log, progress=said.append)

    assert len(frame) == 2
    assert frame["id"].str.startswith("log-").all()
    assert said == ["medplum.ndjson: 2 line(s) that are no AuditEvent were passed over"]


def test_more_columns_by_jsonata_show_what_they_are_asked_for() -> None:
    """An expression over the AuditEvent is a column, with reveal only."""
    server = AuditServer([audit_event("a1", AT)]).connect()

    frame = audit_frame(server, extra={"observer": "source.observer.display"}, reveal=True)

    assert list(frame["observer"]) == ["stripe-invoices"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"source": None},
            "audit_frame: give a server, a file of AuditEvents, or the folder `data` of what was pulled",
        ),
        (
            {"source": None, "data": "x", "reveal": True},
            "audit_frame: `data` keeps masked rows of a whole trail; leave out search, extra, reveal, a file",
        ),
        (
            {"source": Path("x"), "search": "AuditEvent?"},
            "audit_frame: `search` is asked of a server; give one as the source",
        ),
        (
            {"source": Path("x"), "extra": {"a": "b"}},
            "audit_frame: an extra column shows what the AuditEvent holds; say reveal=True",
        ),
        (
            {"source": Path("x"), "extra": {"id": "b"}, "reveal": True},
            "audit_frame: extra column(s) id exist already; choose other names",
        ),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(arguments: dict, expected: str) -> None:
    """Each misuse says what to do."""
    with pytest.raises(ValueError) as caught:
        audit_frame(**arguments)

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "absent.ndjson",
            None,
            "{path}: does not exist; give a file of AuditEvents, one a line, or a folder of such files",
        ),
        ("empty.ndjson", "", "{path}: holds no AuditEvent in 0 line(s) of 1 file(s); give NDJSON"),
        (
            "broken.ndjson",
            '{"resourceType":"AuditEvent","recorded":"Erika"',
            (
                "a file of AuditEvents: could not be read (InvalidInputException);"
                " each line must be one AuditEvent as JSON, its times ISO 8601 with their offset"
            ),
        ),
        (
            "time.ndjson",
            '{"resourceType":"AuditEvent","type":{"code":"execute"},"recorded":"Erika"}',
            (
                "a file of AuditEvents: could not be read (ConversionException);"
                " each line must be one AuditEvent as JSON, its times ISO 8601 with their offset"
            ),
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_so_without_its_content(
    tmp_path: Path, name: str, text: str | None, expected: str
) -> None:
    """The kind of fault is told, never the value that DuckDB would quote."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(StoreError) as caught:
        audit_frame(path)

    assert expected.format(path=path) == str(caught.value)


class TestPull:
    """A folder that is kept up to date."""

    def test_a_second_pull_brings_only_what_is_new(self, tmp_path: Path) -> None:
        """The window overlaps, and nothing is stored twice."""
        server, store = AuditServer(invented_trail(300, AT)), AuditStore(tmp_path)
        first = pull(server.connect(), store)
        again = pull(server.connect(), store)
        server.events.append(audit_event("late", AT + timedelta(minutes=30)))
        third = pull(server.connect(), store)

        assert (first.new, again.new, third.new) == (300, 0, 1)
        assert again.fetched < 20
        assert 301 == store.frame()["id"].nunique() == len(store.frame())

    def test_a_row_that_becomes_visible_late_is_not_lost(self, tmp_path: Path) -> None:
        """It bears a time before the newest row seen, as rows of a transaction do (contract.md §0 point 28)."""
        server, store = AuditServer([audit_event("a1", AT)]), AuditStore(tmp_path)
        pull(server.connect(), store)
        server.events.append(audit_event("hidden", AT - OVERLAP + timedelta(seconds=1)))
        pull(server.connect(), store)

        assert list(store.frame()["id"]) == ["hidden", "a1"]

    def test_the_folder_gives_what_the_server_gives(self, tmp_path: Path) -> None:
        """Rows read from Parquet equal rows read from the pages, dtypes and all."""
        server = AuditServer(invented_trail(400, AT, days=3))

        pandas.testing.assert_frame_equal(
            audit_frame(server.connect()), audit_frame(server.connect(), data=tmp_path / "a b'c")
        )

    def test_an_older_span_is_fetched_when_it_is_asked_for(self, tmp_path: Path) -> None:
        """First a day, then a week: only the missing days are fetched."""
        server = AuditServer(invented_trail(200, AT, days=6))
        day = audit_frame(server.connect(), data=tmp_path, since="1d")
        week = audit_frame(server.connect(), data=tmp_path, since="7d")

        assert len(day) < len(week) == 200
        assert any("_lastUpdated=lt" in call for call in server.calls)

    def test_an_audit_event_that_was_rewritten_replaces_its_older_self(self, tmp_path: Path) -> None:
        """A project admin may rewrite one (contract.md §5.20); the newest version counts."""
        server, store = AuditServer(invented_trail(20, AT)), AuditStore(tmp_path)
        pull(server.connect(), store)
        forged = {**server.events[3], "outcome": "4", "outcomeDesc": "Error: refused"}
        forged["meta"] = {"versionId": "v2", "lastUpdated": instant(AT + timedelta(minutes=1))}
        server.events[3] = forged
        report = pull(server.connect(), store)

        frame = store.frame().set_index("id")
        assert report.new == 0
        assert len(frame) == 20
        assert frame.loc[forged["id"], "state"] == "failed"

    def test_a_pull_that_is_broken_off_goes_on_where_it_was(self, tmp_path: Path) -> None:
        """What was committed is kept; the rest comes with the next pull."""
        server, store = AuditServer(invented_trail(100, AT), page_size=20), AuditStore(tmp_path)
        calls = []
        server.fault = lambda query: calls.append(query) if len(calls) < 4 else httpx.Response(403)
        with pytest.raises(ServerError):
            pull(server.connect(), store, pages_a_commit=2)
        kept = len(store.frame())
        server.fault = lambda _query: None
        pull(server.connect(), store)

        assert kept == 40
        assert len(store.frame()) == 100

    def test_a_folder_holds_the_trail_of_one_server_and_bot(self, tmp_path: Path) -> None:
        """Mixing two trails is refused before anything is fetched."""
        store = AuditStore(tmp_path)
        server = AuditServer([audit_event("a1", AT)])
        pull(server.connect(), store)

        with pytest.raises(StoreError) as caught:
            pull(server.connect(), store, bot="7")

        assert str(caught.value) == (
            f"{tmp_path}: holds the trail of http://127.0.0.1:8103/ all bots,"
            " not of http://127.0.0.1:8103/ Bot/7; give another folder"
        )

    def test_a_folder_without_rows_says_how_to_get_them(self, tmp_path: Path) -> None:
        """Reading what was never pulled is an error, not an empty success."""
        with pytest.raises(StoreError) as caught:
            audit_frame(None, data=tmp_path / "none")

        assert str(caught.value) == (
            f"{tmp_path / 'none'}: holds no audit rows; pull them first: workbench audit pull, or give a server"
        )


def test_a_page_is_split_without_changing_a_byte_of_its_resources() -> None:
    """Each line is the server's own text; only line breaks between its tokens become spaces."""
    event = audit_event("a1", AT, "äöü \\u0041 “x”")
    pretty = json.dumps({"resourceType": "Bundle", "entry": [{"resource": event}]}, indent=2, ensure_ascii=False)
    server = AuditServer([event])
    server.fault = lambda _query: httpx.Response(200, content=pretty)
    (page,) = audit_pages.read_pages(server.connect(), "")

    assert event == json.loads(page.lines())
    assert page.lines().count(b"\n") == 1


def test_texts_that_repeat_are_held_once() -> None:
    """A frame of many rows holds the name of a bot, an event type or an outcome once, not once a row."""
    frame = frame_of(*invented_trail(200, AT))

    for name in ("bot", "bot_name", "requester", "provider", "event_type", "action", "state"):
        told = frame[name].dropna()
        assert told.nunique() == len({id(text) for text in told.to_numpy(dtype=object)})


def test_a_fault_while_rows_are_read_stops_the_pages_that_follow(tmp_path: Path) -> None:
    """A file is read while the next is made; what is wrong with it ends the whole."""
    files = [tmp_path / f"{number}.ndjson" for number in range(3)]
    texts = [json.dumps(audit_event("a1", AT)), '{"resourceType":"AuditEvent","recorded":"Erika"', ""]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)

    with pytest.raises(StoreError) as caught:
        read_frame(iter(files))

    assert str(caught.value).startswith("a file of AuditEvents: could not be read (InvalidInputException)")
