"""Forward passes that several files share: a few threads run the networks, whoever has pieces waits for one.

    file 1 ─ 3 pieces ─┐
    file 2 ─ 1 piece  ─┼─▶ one pass over 5 ─▶ each file its own scores
    file 3 ─ 1 piece  ─┘

What waits when the last pass is over goes into the next, so passes grow with the load and nobody waits for company. One
takes so many files at most that others are read meanwhile: with all of them in it the readers would stand still. On a
CPU two passes run side by side: one alone keeps a core waiting, for the interpreter and for the slower half of its work.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from core.detection.detector import Detector, Judged
from core.errors import WorkbenchError
from core.training.reading.inputs import Pieces

MOST_PIECES = 128  # of one pass
SIDE_BY_SIDE = 2  # each may hold as much as memory.SCORING_BUDGET says


def passes_at_once(readers: int) -> int:
    """On a card one pass after the other: they would wait for it anyway, and each would need memory of its own."""
    return 1 if torch.cuda.is_available() else min(SIDE_BY_SIDE, readers)


class _Waiting(NamedTuple):
    detector: Detector
    cut: Pieces
    answer: Future[Judged | None]


class SharedPasses:
    """`cores`: how many are idle now, so that passes on a CPU may have them; `most_files`: of one pass; `at_once`: how
    many passes."""

    def __init__(self, cores: Callable[[], int], most_files: int, at_once: int) -> None:
        self._cores, self._most_files = cores, most_files
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._running, self._guard = 0, threading.Lock()
        self._threads = [
            threading.Thread(target=self._serve, name=f"passes-{k}", daemon=True) for k in range(at_once)
        ]
        for thread in self._threads:
            thread.start()

    def judge(
        self, detector: Detector, prepared: Any, text: str | None, metadata: Mapping[str, Any]
    ) -> Judged | None:
        """As `detector.judge`, from any thread."""
        cut = detector.cut(prepared, text=text, metadata=metadata)
        if not cut.pieces:
            return None
        waiting = _Waiting(detector, cut, Future())
        self._queue.put(waiting)
        return waiting.answer.result()

    def close(self) -> None:
        """After the passes at hand; nobody may ask any more."""
        self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        first = self._queue.get()
        while first is not None:
            together, first = self._gather(first)
            with self._share_of_cores() as threads:
                torch.set_num_threads(threads)  # of this thread's passes alone
                _score(together)
            if first is None:
                first = self._queue.get()
        self._queue.put(None)  # for the other threads

    @contextmanager
    def _share_of_cores(self) -> Iterator[int]:
        with self._guard:
            self._running += 1
            threads = max(1, self._cores() // self._running)
        try:
            yield threads
        finally:
            with self._guard:
                self._running -= 1

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None]:
        """Who waits for the same network, and who comes next where it is another or the pass is full."""
        together, count = [first], len(first.cut.pieces)
        while len(together) < self._most_files:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return together, None
            if one is None:
                self._queue.put(None)
                return together, None
            count += len(one.cut.pieces)
            if one.detector is not first.detector or count > MOST_PIECES:
                return together, one
            together.append(one)
        return together, None


def _score(together: list[_Waiting]) -> None:
    """Every answer is given; where a pass of several fails, each file is tried alone."""
    try:
        judged = together[0].detector.judge_many([one.cut for one in together])
    except Exception as error:  # noqa: BLE001 (raised where the file is judged)
        if len(together) == 1:
            together[0].answer.set_exception(error)
            return
        for one in together:
            _score([one])
        return
    for one, found in zip(together, judged, strict=True):
        if isinstance(found, WorkbenchError):
            one.answer.set_exception(found)
        else:
            one.answer.set_result(found)
