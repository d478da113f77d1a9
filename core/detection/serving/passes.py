"""Forward passes that several files share: one thread runs the networks, whoever has pieces waits for it.

    file 1 ─ 3 pieces ─┐
    file 2 ─ 1 piece  ─┼─▶ one pass over 5 ─▶ each file its own scores
    file 3 ─ 1 piece  ─┘

What waits when the last pass is over goes into the next, so passes grow with the load and nobody waits for company. One
takes so many files at most that others are read meanwhile: with all of them in it the readers would stand still.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

import torch

from core.detection.detector import Detector, Judged
from core.errors import WorkbenchError
from core.training.reading.inputs import Pieces

MOST_PIECES = 128  # of one pass


class _Waiting(NamedTuple):
    detector: Detector
    cut: Pieces
    answer: Future[Judged | None]


class SharedPasses:
    """`threads`: with how many a pass on the CPU may compute now; `most_files`: of one pass."""

    def __init__(self, threads: Callable[[], int], most_files: int) -> None:
        self._threads, self._most_files = threads, most_files
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="passes", daemon=True)
        self._thread.start()

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
        """After the pass at hand; nobody may ask any more."""
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        first = self._queue.get()
        while first is not None:
            together, first = self._gather(first)
            torch.set_num_threads(max(1, self._threads()))
            _score(together)
            if first is None:
                first = self._queue.get()

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
