"""Long work shows how far it is: a bar with rate and time left at a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.faces.cli.terminal import say

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["counting", "stages"]

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Give a function that counts one more done, with words about what became of them so far; drawn on stderr."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
        return
    done, started, said = 0, time.monotonic(), time.monotonic()

    def count(words: str) -> None:
        nonlocal done, said
        done += 1
        now = time.monotonic()
        if now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            rate = done / (now - started)
            left = (total - done) / rate
            say(f"{what}: {done} of {total}, {rate:.0f}/s, {left:.0f} s left: {words}")

    yield count


@contextmanager
def stages() -> Iterator[Callable[..., None]]:
    """Give a function that is told a stage, how much of it is done, how much there is, and words if there are any."""
    if sys.stderr.isatty():
        with _stage_bars() as advance:
            yield advance
        return
    started: dict[str, tuple[float, int]] = {}
    said: dict[str, float] = {}

    def tell(stage: str, done: int, total: int, words: str = "") -> None:
        now = time.monotonic()
        began, first = started.setdefault(stage, (now, done))
        if now - said.get(stage, now) >= _SECONDS_BETWEEN_LINES or done == total:
            said[stage] = now
            rate = (done - first) / (now - began) if now > began else 0.0
            left = f", {(total - done) / rate:.0f} s left" if rate else ""
            say(f"{stage}: {done} of {total}{left}{': ' if words else ''}{words}")
        said.setdefault(stage, now)

    yield tell


@contextmanager
def _stage_bars() -> Iterator[Callable[..., None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        *(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()),
        *(TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[words]}")),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int, words: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total, words="")
            progress.update(tasks[stage], completed=done, total=total, words=words)

        yield tell


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, words="", rate="–")

        def count(words: str) -> None:
            speed = progress.tasks[0].speed
            progress.update(task, advance=1, words=words, rate=f"{speed:.0f}" if speed else "–")

        yield count
