"""Where the work is done: processes of this machine, or a Dask cluster; the same functions, the same results.

Dask is the extra `cluster`. Its workers must see the input, the mappings and the output under the same paths.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from workbench.errors import WorkbenchError

__all__ = ["Pool", "open_pool"]

Pool = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Applies a function to every task and yields the results as they come."""


@contextmanager
def open_pool(workers: int | None = None, cluster: str | None = None) -> Iterator[Pool]:
    """Give a pool; its processes end with the block.

    Args:
        workers: how many processes; by default one a core. One does without another process.
        cluster: the address of a Dask scheduler, or `local` for a cluster of this machine.

    Raises:
        WorkbenchError: Dask is not installed, or no scheduler answers.
    """
    count = workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or os.cpu_count()
    if cluster:
        with _dask(cluster, count or 1) as pool:
            yield pool
    elif count == 1:
        yield lambda function, tasks: map(function, tasks)
    else:
        # spawned: a forked process would share this one's threads' locks, half held
        context = get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=context, initializer=_collect_seldom) as executor:

            def run(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
                futures = [executor.submit(function, task) for task in tasks]
                try:
                    for future in as_completed(futures):
                        yield future.result()
                finally:
                    for future in futures:
                        future.cancel()

            yield run


def _collect_seldom() -> None:
    """Let a worker look for circles of objects seldom: events and resources have none, and are many."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@contextmanager
def _dask(address: str, workers: int) -> Iterator[Pool]:
    try:
        import distributed
    except ImportError:
        message = "a cluster needs Dask: pip install 'integration-workbench[cluster]'"
        raise WorkbenchError(message) from None
    options: dict[str, Any] = {"address": address, "timeout": 5}
    if address == "local":
        options = {"n_workers": workers, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    try:
        client = distributed.Client(**options)  # type: ignore[no-untyped-call]
    except OSError as error:
        message = f"no Dask scheduler answers at {address} ({type(error).__name__}); start one, or leave --cluster out"
        raise WorkbenchError(message) from error

    def run(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        futures = client.map(function, list(tasks), pure=False)
        for _, result in distributed.as_completed(futures, with_results=True):  # type: ignore[no-untyped-call]
            yield result

    with client:
        yield run
