"""Many files in several processes: each opens its detector once, a bad file or a crash costs its own entry only."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from core.children import end_with_parent
from core.detection.files import Given
from core.detection.verdict import Verdict
from core.errors import BadInput
from core.memory import keep_freed

FILES_A_PROCESS = 8  # fewer are not worth another start of the libraries
CRASHED = "reading or judging this file crashed the process; the file may be damaged on purpose"
# (request, files with their numbers)
Job = tuple[int, Given]


def workers_for(files: int, asked: int | None = None) -> int:
    if asked is not None:
        if asked < 1:
            raise BadInput(f"--workers ({asked}) must be at least 1")
        return min(asked, max(1, files))
    return max(1, min(os.cpu_count() or 1, files // FILES_A_PROCESS))


def run(
    files: Sequence[Given],
    request: object,
    *,
    workers: int | None = None,
    on_verdict: Callable[[int, Verdict], None] = lambda _n, _verdict: None,
) -> list[Verdict]:
    """One verdict a file, in the order given. `on_verdict` gets each as it comes. A named detector that cannot be opened
    raises before the first file is read.

    `request` is a core.detection.judgement.Request; it is typed loosely so that this module stays light: only the
    processes that judge import torch.
    """
    if not files:
        return []
    count = workers_for(len(files), workers)
    found: dict[int, Verdict] = {}
    for number, verdict in _in_pool(list(enumerate(files)), request, count):
        found[number] = verdict
        on_verdict(number, verdict)
    for number, given in enumerate(files):
        if number in found:
            continue
        # Its process died, or that of another file did while this one waited: each is tried once, alone.
        alone = next((v for _, v in _in_pool([(number, given)], request, 1)), None)
        found[number] = alone or Verdict(file=given.shown, status="error", reason=CRASHED)
        on_verdict(number, found[number])
    return [found[n] for n in range(len(files))]


def _in_pool(jobs: list[Job], request: object, count: int) -> Iterator[tuple[int, Verdict]]:
    """Verdicts as they come; after a crash those of the jobs that were done."""
    with _pool(count, max(1, (os.cpu_count() or 1) // count)) as pool, _nothing_waits(pool):
        try:
            # One a process, so that all start now and none comes late to the files.
            messages = [opened.result() for opened in [pool.submit(_open, request) for _ in range(count)]]
            if (message := next((m for m in messages if m is not None), None)) is not None:
                raise BadInput(message)
            futures: list[Future[tuple[int, Verdict]]] = [pool.submit(_judge, job, request) for job in jobs]
        except BrokenProcessPool:
            return
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                continue  # not lost: the caller judges what has no verdict again, one process a file


def _pool(count: int, threads: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of the libraries' threads
    return ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(threads,))


@contextlib.contextmanager
def _nothing_waits(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Where the work is broken off, files that wait are not judged first, and the one at hand is let go."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise


def _prepare(threads: int) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends its processes
    import torch

    keep_freed()
    torch.set_num_threads(threads)


def _open(request: object) -> str | None:
    from core.detection.detector import shared
    from core.errors import WorkbenchError, one_line

    run_name = getattr(request, "run", None)
    if run_name is None:
        return None
    try:
        shared(run_name)
    except WorkbenchError as error:
        return one_line(error)
    return None


def _judge(job: Job, request: object) -> tuple[int, Verdict]:
    from core.detection.judgement import detect
    from core.detection.request import Request

    number, given = job
    assert isinstance(request, Request)
    return number, replace(detect(given.path, given.shown, request, stem=f"{number:04d}"), file=given.shown)
