"""Bad input at the command line: one clear error that names the place and the remedy, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "sample_events/stripe/invoice.paid/membership.body"


def workbench(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, in a folder."""
    command = [sys.executable, "-m", "workbench", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"}
    )


def errors_of(run: subprocess.CompletedProcess[str]) -> str:
    """Give what stands on stderr, after holding that it is no traceback and shows no payload value."""
    assert "Traceback" not in run.stderr
    assert "amara" not in run.stderr.lower()
    return run.stderr


def test_a_changed_body_is_refused_with_its_file_and_the_likely_causes(tmp_path: Path) -> None:
    """A delivery whose body was changed after it was signed is refused by name, and the exit code is 1."""
    changed = SAMPLE.read_bytes().replace(b'"livemode": false', b'"livemode": true')
    (tmp_path / "tampered.body").write_bytes(changed)
    (tmp_path / "tampered.json").write_bytes(SAMPLE.with_suffix(".json").read_bytes())
    (tmp_path / "secrets.json").write_bytes((ROOT / "sample_events/secrets.json").read_bytes())

    run = workbench("load", tmp_path)

    assert run.returncode == 1
    assert f"error: {tmp_path}/tampered.body: the Stripe delivery is not proved (mismatched)" in errors_of(run)


def test_a_truncated_file_is_told_by_line_and_column(tmp_path: Path) -> None:
    """JSON that was cut short names the file, the line and the column where it ends."""
    (tmp_path / "cut.json").write_text('{"object": "event",\n "type": "invoice.paid", "data": {', encoding="utf-8")

    run = workbench("load", tmp_path / "cut.json")

    assert run.returncode == 1
    assert f"{tmp_path}/cut.json:2:" in errors_of(run)
    assert "is not whole JSON" in run.stderr


def test_an_event_of_no_known_provider_is_reported(tmp_path: Path) -> None:
    """An event that nobody's entry recognises says so and how to go on."""
    (tmp_path / "odd.json").write_text('{"hello": "world"}', encoding="utf-8")

    run = workbench("load", tmp_path / "odd.json")

    assert run.returncode == 1
    assert "is of no provider that is known: an object with 1 key (hello); name it with `provider`" in errors_of(run)


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    """A path of the caller's that cannot be used is named, and there is no traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    run = workbench("bot", "build", ROOT / "mappings/okta/integration.yaml", "--out", tmp_path / "file")

    assert run.returncode == 1
    assert errors_of(run) == f"error: {tmp_path}/file cannot be used: File exists\n"


def test_five_faults_of_a_mapping_are_told_at_once(tmp_path: Path) -> None:
    """Every fault has its line and column, and what to do."""
    (tmp_path / "five.yaml").write_text(
        "mapping: five\n"
        "version: one\n"
        "provider: stripe\n"
        'events: ["invoice.*"]\n'
        "vars:\n"
        "  unused: =data.object\n"
        "resources:\n"
        "  invoice:\n"
        '    identity: {system: "https://stripe.com/invoice/id", value: =data.object.id}\n'
        "    resource:\n"
        "      resourceType: Invoice\n"
        "      status: paid\n"
        "      totalGros: =data.object.total +\n",
        encoding="utf-8",
    )

    run = workbench("map", "check", tmp_path / "five.yaml")

    lines = [line for line in run.stdout.splitlines() if "five.yaml:" in line]
    assert run.returncode == 1
    assert {int(line.split("five.yaml:")[1].split(":")[0]) for line in lines} >= {2, 6, 12, 13}
    assert len(lines) >= 5
    errors_of(run)


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    """A sandbox that cannot have its port says which, and leaves nothing running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = workbench("sandbox", "start", "--background", "--data", tmp_path / "box", "--port", str(port))

    assert run.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in errors_of(run)


def test_a_missing_data_folder_is_not_made_up(tmp_path: Path) -> None:
    """A data folder in a folder that does not exist is an error, since its name may be mistyped."""
    run = workbench("audit", "--data", tmp_path / "no" / "such")

    assert run.returncode == 1
    assert f"{tmp_path}/no does not exist; create it, or choose another folder" in errors_of(run)


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    """The demo outside a project says what is missing."""
    run = workbench("demo", folder=tmp_path)

    assert run.returncode == 1
    assert "no folder there holds mappings/; run this inside a project folder" in errors_of(run)


def test_an_unset_environment_names_every_variable() -> None:
    """`--server environment` without its variables names all three at once."""
    cleaned = {name: value for name, value in os.environ.items() if not name.startswith("MEDPLUM_")}
    command = [sys.executable, "-m", "workbench", "audit", "--server", "environment"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=cleaned)

    assert run.returncode == 1
    for name in ("MEDPLUM_BASE_URL", "MEDPLUM_CLIENT_ID", "MEDPLUM_CLIENT_SECRET"):
        assert name in errors_of(run)


def test_a_report_with_an_unknown_parameter_could_not_tell(tmp_path: Path) -> None:
    """A parameter that the notebook does not have is refused with exit code 3 before anything runs."""
    run = workbench("report", "-p", "sinse=7d", "--reports", tmp_path)

    assert run.returncode == 3
    assert "sinse: is no parameter of the notebook; did you mean since?" in errors_of(run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_the_demo_and_its_sandbox(tmp_path: Path) -> None:
    """Ctrl-C in the middle is exit code 130, one line, and no sandbox goes on."""
    command = [sys.executable, "-m", "workbench", "demo", "--data", str(tmp_path / "box")]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert demo.stdout
    for line in demo.stdout:
        if line.startswith("sandbox"):
            break
    state = json.loads((tmp_path / "box/sandbox.json").read_text(encoding="utf-8"))
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert errors == "error: stopped; nothing was left half done\n"
    for _ in range(100):
        if not Path(f"/proc/{state['pid']}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{state['pid']}").exists()
