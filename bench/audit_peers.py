"""fhiry and fhir-pyrate on the pages of `bench/audit.py`, in the environment of `bench/requirements.txt`.

    <its python> bench/audit_peers.py fhiry|fhir_pyrate FOLDER

`bench/audit.py --peers <its python>` runs it in turn with the other routes. Both are given pages on disk and no server.
fhiry gives its own columns, which are not tidy: lists stay lists, and nothing is converted, so only rows and failures
can be compared. fhir-pyrate is given a function of ours that picks the same columns as json_normalize does.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Any


def fhiry(folder: Path) -> dict[str, Any]:
    """The way its documentation shows: a folder of bundles, processed."""
    from fhiry import Fhiry

    reader = Fhiry()
    reader.folder = str(folder)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        reader.process_source()
    return {"rows": len(reader.df), "failures": int((reader.df["outcome"] != "0").sum())}


def fhir_pyrate(folder: Path) -> dict[str, Any]:
    """Its bundle objects and a processing function, its fastest route by far."""
    import pandas
    from fhir_pyrate import Pirate
    from fhir_pyrate.util import FHIRObj

    reader = Pirate(auth=None, base_url="http://127.0.0.1:9/", num_processes=1)  # never asked
    bundles = (FHIRObj(**json.loads(page.read_bytes())) for page in sorted(folder.glob("*.json")))
    with contextlib.redirect_stderr(io.StringIO()):
        frame = reader.bundles_to_dataframe(bundles, process_function=_pick)
    for column in ("recorded", "last_updated", "start", "end"):
        frame[column] = pandas.to_datetime(frame[column], utc=True)
    took = (frame.pop("end") - frame.pop("start")).dt.total_seconds().mul(1000).round().astype("int64")
    frame["duration_ms"] = took
    return {
        "rows": len(frame),
        "failures": int((frame["outcome"] != "0").sum()),
        "duration_ms": int(took.sum()),
        "last": frame["recorded"].max().isoformat(),
        "actions": {str(word): int(many) for word, many in sorted(frame["action"].value_counts().items())},
    }


def _pick(bundle: Any) -> list[dict[str, Any]]:
    rows = []
    for entry in bundle.entry:
        event = entry.resource
        said = next(line for line in reversed(event.outcomeDesc.splitlines()) if line.startswith('{"workbench":1,'))
        result = json.loads(said)["results"][0]
        tracing = {part.url: part.valueId for part in event.extension[0].extension}
        rows.append(
            {
                "id": event.id,
                "recorded": event.recorded,
                "last_updated": event.meta.lastUpdated,
                "outcome": event.outcome,
                "text": event.outcomeDesc,
                "bot": event.source.observer.reference,
                "requester": event.agent[0].who.reference,
                "type": event.type.code,
                "request_id": tracing.get("requestId"),
                "start": event.period.start,
                "end": event.period.end,
                "event_id": result.get("event"),
                "event_type": result.get("type"),
                "mapping": result.get("mapping"),
                "action": result.get("outcome"),
                "writes": len(result["writes"]),
            }
        )
    return rows


def peak_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    import pandas  # noqa: F401 - what import costs is not what is measured

    __import__(sys.argv[1])
    baseline, start, spent = peak_mb(), time.perf_counter(), time.process_time()
    found = {"fhiry": fhiry, "fhir_pyrate": fhir_pyrate}[sys.argv[1]](Path(sys.argv[2]))
    seconds, cpu = time.perf_counter() - start, time.process_time() - spent
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb() - baseline, "found": found}))
