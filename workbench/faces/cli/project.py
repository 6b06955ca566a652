"""`workbench init` and `workbench lab`: a project folder, and JupyterLab on its notebooks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.faces.cli.terminal import results, say, show_lines

__all__ = ["init", "lab", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (init, lab):
        app.command(rich_help_panel="Start here")(command)


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one without such files.")],
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as one JSON line.")] = False,
) -> None:
    """Write a project: six notebooks, sample events, mappings and an integration file for each provider.

    Nothing is written over.

    [dim]workbench init my-project && workbench lab my-project[/dim]
    """
    from workbench.flows.new_project import make_project

    made = make_project(folder)
    if as_json:
        show_lines([{"folder": str(folder), "files": len(made)}])
        return
    results().print(f"{folder}: {len(made)} files written", markup=False, soft_wrap=True)
    say(f"next: workbench lab {folder}")


def lab(
    folder: Annotated[Path, typer.Argument(help="The project's folder, or one within it.")] = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on. [default: 8888 or above]")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open a project's notebooks in JupyterLab, on this machine only: it listens on the loopback address.

    [dim]workbench lab my-project[/dim]
    """
    from workbench.flows.project import find_project

    root = find_project(folder).root
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--ServerApp.root_dir={root}"]
    command += ["--LabApp.news_url=None", "--LabApp.default_url=/lab/tree/notebooks/01_explore_events.ipynb"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"] if port else []
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    if os.name == "nt":
        import subprocess

        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own arguments
    os.execv(command[0], command)  # noqa: S606 - JupyterLab takes this process's place, and its Ctrl-C
