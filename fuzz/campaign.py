"""Run a target on case after case, for a time or a number, and end on the first that breaks a promise."""

from __future__ import annotations

import argparse
import faulthandler
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from math import inf

from workbench.errors import WorkbenchError

__all__ = ["BrokenPromiseError", "Case", "run"]

Case = Callable[[random.Random], str]
"""One case, made from chance alone: it gives how it ended, and raises on a broken promise."""

HANG_SECONDS = 60  # a case that takes longer ends the run, with the place where it hung


class BrokenPromiseError(AssertionError):
    """What we promise did not hold, though nothing failed."""


def run(targets: Mapping[str, Case], arguments: Sequence[str] | None = None) -> int:
    """Give the exit code: 0 when every case ended well or in an error of ours.

    Any other error is raised as it is, with the command that repeats its case.
    """
    parser = argparse.ArgumentParser(description="Throw hostile input at the workbench, and end non-zero if it breaks.")
    parser.add_argument("--seconds", type=float, default=60, help="for how long, all targets together (default 60)")
    parser.add_argument("--cases", type=int, help="how many cases of each target, instead of a time")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="a new one each time, if not given")
    parser.add_argument("--case", type=int, help="this one case only, to repeat a fault")
    chosen = parser.parse_args(arguments)
    for name, case in targets.items():
        numbers: Iterable[int] = count() if chosen.cases is None else range(chosen.cases)
        seconds = chosen.seconds / len(targets) if chosen.cases is None else inf
        if chosen.case is not None:
            numbers, seconds = [chosen.case], inf
        _run_target(name, case, chosen.seed, numbers, seconds)
    return 0


def _run_target(name: str, case: Case, seed: int, numbers: Iterable[int], seconds: float) -> None:
    started, ends = time.monotonic(), Counter[str]()
    for number in numbers:
        if time.monotonic() - started > seconds:
            break
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            ends[case(random.Random(f"{name}/{seed}/{number}"))] += 1  # noqa: S311 - repeatable, and guards nothing
        except WorkbenchError as error:
            ends[type(error).__name__] += 1
        except BaseException as error:
            error.add_note(f"repeat it by: python -m fuzz.{name} --seed {seed} --case {number}")
            raise
    faulthandler.cancel_dump_traceback_later()
    told = ", ".join(f"{times} {end}" for end, times in ends.most_common())
    sys.stdout.write(f"{name:11} seed {seed}: {ends.total()} cases in {time.monotonic() - started:.1f} s: {told}\n")
    sys.stdout.flush()
