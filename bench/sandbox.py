"""Measures the embedded Medplum: `python bench/sandbox.py [resources ...]` (10000 and 100000 unless told)."""

import base64
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.sandbox.launcher import Sandbox, start_sandbox

FHIR = "/fhir/R4/"
IN_A_BATCH = 200
AUDIT_EVENTS = 50_000
SYSTEM = "https://example.com/id"


class Connection:
    """One keep-alive connection with the admin's credentials."""

    def __init__(self, sandbox: Sandbox) -> None:
        credentials = base64.b64encode(f"{sandbox.client_id}:{sandbox.client_secret}".encode()).decode()
        self.headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.base_url.rstrip("/").rpartition(":")[2]))

    def call(self, method: str, path: str, body: object = None) -> bytes:
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


def patient(number: int) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": f"p{number}"}],
        "name": [{"family": f"Family{number % 5000}", "given": [f"Given{number}"]}],
        "birthDate": f"{1930 + number % 90}-0{1 + number % 9}-11",
        "gender": "female" if number % 2 else "male",
    }


def rate(count: int, call: Callable[[int], object]) -> float:
    begun = time.perf_counter()
    for number in range(count):
        call(number)
    return count / (time.perf_counter() - begun)


def megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4 / 1024


def fill(connection: Connection, make: Callable[[int], dict[str, object]], first: int, last: int) -> None:
    for start in range(first, last, IN_A_BATCH):
        resources = [make(number) for number in range(start, min(start + IN_A_BATCH, last))]
        entry = [
            {"request": {"method": "POST", "url": resource["resourceType"]}, "resource": resource}
            for resource in resources
        ]
        connection.call("POST", FHIR, {"resourceType": "Bundle", "type": "batch", "entry": entry})


def measure(connection: Connection, size: int) -> dict[str, float]:
    get = lambda query: connection.call("GET", f"{FHIR}Patient?{query}")  # noqa: E731
    upsert = lambda n: connection.call(  # noqa: E731
        "PUT", f"{FHIR}Patient?identifier={SYSTEM}%7Cp{n}", patient(n) | {"active": True}
    )
    return {
        "create/s": rate(500, lambda n: connection.call("POST", f"{FHIR}Patient", patient(10_000_000 + size + n))),
        "identifier search/s": rate(1000, lambda n: get(f"identifier={SYSTEM}%7Cp{n * 7 % size}")),
        "conditional update/s": rate(300, upsert),
        "name prefix/s": rate(200, lambda n: get(f"name=Family{n}&_count=20")),
        "gender, newest first/s": rate(200, lambda _: get("gender=male&_sort=-_lastUpdated&_count=20")),
        "_sort=birthdate/s": rate(50, lambda _: get("_sort=birthdate&_count=20")),
        "_sort=-family/s": rate(50, lambda _: get("_sort=-family&_count=20")),
        "_total=accurate/s": rate(20, lambda _: get("gender=male&_total=accurate&_count=1")),
    }


def audit_event(number: int) -> dict[str, object]:
    bot = {"reference": f"Bot/00000000-0000-4000-8000-00000000000{number % 10}"}
    return {
        "resourceType": "AuditEvent",
        "type": {"system": "https://medplum.com/CodeSystem/audit-event", "code": "execute"},
        "recorded": "2026-01-01T00:00:00.000Z",
        "agent": [{"who": bot, "requestor": True}],
        "source": {"observer": bot},
        "entity": [{"what": bot}],
        "outcome": "0" if number % 50 else "4",
    }


def execute(connection: Connection, sandbox: Sandbox) -> dict[str, float]:
    made = connection.call("POST", f"/admin/projects/{sandbox.project_id}/bot", {"name": "bench"})
    path = f"{FHIR}Bot/{json.loads(made)['id']}"
    connection.call("POST", f"{path}/$deploy", {"code": "exports.handler = async (medplum, event) => event.input;"})
    connection.call("POST", f"{path}/$execute", {})
    get = lambda query: connection.call("GET", f"{FHIR}AuditEvent?{query}")  # noqa: E731
    bot = "entity=Bot/00000000-0000-4000-8000-000000000003"
    return {
        "$execute/s": rate(2000, lambda n: connection.call("POST", f"{path}/$execute", {"n": n})),
        "AuditEvent pages of 1000/s": rate(5, lambda _: get("_count=1000&_sort=_lastUpdated")),
        "newest failures of a bot/s": rate(100, lambda _: get(f"{bot}&outcome=4&_sort=-_lastUpdated&_count=20")),
        "poll since now/s": rate(
            200, lambda _: get("_lastUpdated=gt2099-01-01T00:00:00Z&_sort=_lastUpdated&_count=100")
        ),
    }


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        start_sandbox(Path(folder)).stop()
        first = time.perf_counter() - begun
        begun = time.perf_counter()
        with start_sandbox(Path(folder)) as sandbox:
            print(
                f"start: {first:.2f} s with an empty folder (stop included), {time.perf_counter() - begun:.2f} s again"
            )
            connection = Connection(sandbox)
            connection.call("GET", "/healthcheck")
            print(f"idle: {megabytes(sandbox.pid):.0f} MB")
            for events in (2_000, AUDIT_EVENTS):
                fill(connection, audit_event, 0, events)
                print(f"with {events} AuditEvents more:")
                for name, value in execute(connection, sandbox).items():
                    print(f"  {name}: {value:.0f}")
            held = 0
            for size in sizes:
                fill(connection, patient, held, size)
                held = size
                print(f"at {size} resources:")
                for name, value in measure(connection, size).items():
                    print(f"  {name}: {value:.0f}")
            disk = sum(path.stat().st_size for path in Path(folder).glob("sandbox.db*")) >> 20
            print(f"then: {megabytes(sandbox.pid):.0f} MB, {disk} MB on disk")
        begun = time.perf_counter()
        start_sandbox(Path(folder)).stop()
        print(f"start: {time.perf_counter() - begun:.2f} s with all of it (stop included)")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
