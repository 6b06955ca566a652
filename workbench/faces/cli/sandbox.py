"""`workbench sandbox`: the embedded Medplum on loopback, its life and the faults it can be told to have."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workbench.faces.cli.terminal import JsonOption, results, say, show_lines

if TYPE_CHECKING:
    from workbench.sandbox.settings import SandboxSettings

__all__ = ["env", "logs", "register", "reset", "start", "status", "stop"]

DataOption = Annotated[Path, typer.Option("--data", help="The folder that holds everything.")]
_DATA = Path(".workbench/sandbox")


def register(app: typer.Typer) -> None:
    """Add the commands, as a group."""
    group = typer.Typer(help="Start, look at and stop the embedded Medplum.", no_args_is_help=True)
    for command in (start, status, stop, reset, logs, env):
        group.command()(command)
    app.add_typer(group, name="sandbox", rich_help_panel="Server")


def start(
    data: DataOption = _DATA,
    port: Annotated[int, typer.Option(help="0 takes any free one.")] = 0,
    background: Annotated[bool, typer.Option("--background", help="Go on after this command.")] = False,
    runtime: Annotated[Literal["vmcontext", "awslambda"], typer.Option(help="What bots find.")] = "vmcontext",
    quota: Annotated[int | None, typer.Option(help="FHIR points a member may spend a minute; then 429.")] = None,
    conflict_rate: Annotated[float, typer.Option(help="Share of conditional writes that conflict (409).")] = 0.0,
    fail_rate: Annotated[float, typer.Option(help="Share of requests answered 503.")] = 0.0,
    latency: Annotated[float, typer.Option(help="Seconds added to each request.")] = 0.0,
    feature: Annotated[list[str] | None, typer.Option(help="A feature of the project; instead of the usual.")] = None,
    seed: Annotated[int | None, typer.Option(help="Make the provoked faults the same every time.")] = None,
) -> None:
    """Start it: in the foreground until Ctrl-C, or in the background.

    [dim]workbench sandbox start --background --conflict-rate 0.3[/dim]
    """
    from workbench.flows.project import prepare_data_folder
    from workbench.sandbox.settings import DEFAULT_FEATURES, SandboxSettings

    try:
        settings = SandboxSettings(
            port=port,
            runtime=runtime,
            quota=quota,
            conflict_rate=conflict_rate,
            fail_rate=fail_rate,
            latency=latency,
            features=tuple(feature) if feature else DEFAULT_FEATURES,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    prepare_data_folder(data)
    if background:
        from workbench.sandbox.lifecycle import start_background

        results().print(start_background(data, settings).base_url, markup=False)
    else:
        _serve(data, settings)


def status(data: DataOption = _DATA, as_json: JsonOption = False) -> None:
    """Say whether a sandbox serves the folder, and where; exit code 1 when none does.

    [dim]workbench sandbox status[/dim]
    """
    from workbench.sandbox.lifecycle import find_sandbox

    found = find_sandbox(data)
    if as_json:
        there = {"base_url": found.base_url, "process": found.pid, "project": found.project_id} if found else {}
        show_lines([{"data": str(data), "serves": found is not None, **there}])
        raise typer.Exit(0 if found else 1)
    if found is None:
        results().print(f"no sandbox serves {data}", markup=False)
        raise typer.Exit(1)
    results().print(f"{found.base_url} (process {found.pid}, project {found.project_id})", markup=False)


def stop(data: DataOption = _DATA) -> None:
    """Stop the sandbox that serves the folder; what it holds stays.

    [dim]workbench sandbox stop[/dim]
    """
    from workbench.sandbox.lifecycle import stop_background

    results().print("stopped" if stop_background(data) else f"no sandbox serves {data}", markup=False)


def reset(
    data: DataOption = _DATA,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what the sandbox holds: resources, credentials, log.

    [dim]workbench sandbox reset --yes[/dim]
    """
    from workbench.sandbox.lifecycle import reset_sandbox

    if not yes and not typer.confirm(f"delete everything the sandbox in {data} holds?", err=True):
        raise typer.Exit(1)
    reset_sandbox(data)
    results().print("empty", markup=False)


def logs(
    data: DataOption = _DATA, lines: Annotated[int | None, typer.Option(help="Only the last so many lines.")] = None
) -> None:
    """Print the log; lines marked DANGER name calls that would destroy data on a real server.

    [dim]workbench sandbox logs --lines 20[/dim]
    """
    from workbench.sandbox.lifecycle import read_logs

    results().print(read_logs(data, lines=lines), end="", markup=False, soft_wrap=True)


def env(data: DataOption = _DATA) -> None:
    """Print the three MEDPLUM_* lines for a shell; the last one is secret.

    [dim]eval "$(workbench sandbox env)"[/dim]
    """
    from workbench.sandbox.lifecycle import read_environment

    for name, value in read_environment(data).items():
        results().print(f"export {name}={shlex.quote(value)}", markup=False, soft_wrap=True)


def _serve(data: Path, settings: SandboxSettings) -> None:
    """Serve until Ctrl-C or a request to end."""
    from workbench.sandbox.launcher import launch

    process, ready = launch(data, settings, attached=True)
    say(f"the embedded Medplum is at http://127.0.0.1:{ready['port']}/; Ctrl-C stops it")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        process.wait()
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait()
