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


def fill(connection: Connection, first: int, last: int) -> None:
    for start in range(first, last, IN_A_BATCH):
        entry = [
            {"request": {"method": "POST", "url": "Patient"}, "resource": patient(number)}
            for number in range(start, min(start + IN_A_BATCH, last))
        ]
        connection.call("POST", FHIR, {"resourceType": "Bundle", "type": "batch", "entry": entry})


def measure(connection: Connection, size: int) -> dict[str, float]:
    get = lambda query: connection.call("GET", f"{FHIR}Patient?{query}")  # noqa: E731
    return {
        "create/s": rate(500, lambda n: connection.call("POST", f"{FHIR}Patient", patient(10_000_000 + size + n))),
        "identifier search/s": rate(1000, lambda n: get(f"identifier={SYSTEM}%7Cp{n * 7 % size}")),
        "conditional update/s": rate(
            300,
            lambda n: connection.call(
                "PUT", f"{FHIR}Patient?identifier={SYSTEM}%7Cp{n}", patient(n) | {"active": True}
            ),
        ),
        "name prefix/s": rate(200, lambda n: get(f"name=Family{n}&_count=20")),
        "gender, newest first/s": rate(200, lambda _: get("gender=male&_sort=-_lastUpdated&_count=20")),
        "_sort=birthdate/s": rate(50, lambda _: get("_sort=birthdate&_count=20")),
        "_sort=-family/s": rate(50, lambda _: get("_sort=-family&_count=20")),
        "_total=accurate/s": rate(20, lambda _: get("gender=male&_total=accurate&_count=1")),
    }


def execute(connection: Connection, sandbox: Sandbox) -> dict[str, float]:
    made = connection.call("POST", f"/admin/projects/{sandbox.project_id}/bot", {"name": "bench"})
    path = f"{FHIR}Bot/{json.loads(made)['id']}"
    connection.call("POST", f"{path}/$deploy", {"code": "exports.handler = async (medplum, event) => event.input;"})
    connection.call("POST", f"{path}/$execute", {})
    found = {"$execute/s": rate(2000, lambda n: connection.call("POST", f"{path}/$execute", {"n": n}))}
    pages = lambda _: connection.call("GET", f"{FHIR}AuditEvent?_count=1000&_sort=_lastUpdated")  # noqa: E731
    return {**found, "AuditEvent pages of 1000/s": rate(5, pages)}


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
            for name, value in execute(connection, sandbox).items():
                print(f"{name}: {value:.0f}")
            held = 0
            for size in sizes:
                fill(connection, held, size)
                held = size
                print(f"at {size} resources:")
                for name, value in measure(connection, size).items():
                    print(f"  {name}: {value:.0f}")
            print(
                f"then: {megabytes(sandbox.pid):.0f} MB, {sum(p.stat().st_size for p in Path(folder).glob('sandbox.db*')) >> 20} MB on disk"
            )
        begun = time.perf_counter()
        start_sandbox(Path(folder)).stop()
        print(f"start: {time.perf_counter() - begun:.2f} s with all of it (stop included)")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
