"""Passes of several files side by side, and explanations that have a network alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn

from core.detection.network_lock import NetworkLock, alone, side_by_side
from core.detection.serving.passes import SharedPasses
from core.training.reading.inputs import Pieces

PATIENCE = 20.0


class Together:
    """A detector whose pass ends when as many run at once."""

    def __init__(self, many: int) -> None:
        self._barrier = threading.Barrier(many)
        self.threads: list[int] = []

    def cut(self, prepared: Any, **_: Any) -> Pieces:
        return Pieces((), (prepared,))

    def judge_many(self, cuts: Sequence[Pieces]) -> list[Any]:
        self.threads.append(torch.get_num_threads())
        self._barrier.wait(PATIENCE)
        return [cut.pieces[0] for cut in cuts]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_two_passes_run_at_once_and_share_the_idle_cores(pool: ThreadPoolExecutor) -> None:
    passes, detector = SharedPasses(lambda: 4, most_files=1, at_once=2), Together(2)
    judged = [pool.submit(passes.judge, detector, file, None, {}) for file in "ab"]  # type: ignore[arg-type]
    assert [one.result(PATIENCE) for one in judged] == ["a", "b"]
    passes.close()
    assert sorted(detector.threads) == [2, 4]  # the first had not heard of the second


def test_a_pass_with_no_idle_core_has_one_thread(pool: ThreadPoolExecutor) -> None:
    passes, detector = SharedPasses(lambda: 0, most_files=1, at_once=1), Together(1)
    assert pool.submit(passes.judge, detector, "a", None, {}).result(PATIENCE) == "a"  # type: ignore[arg-type]
    passes.close()
    assert detector.threads == [1]


def test_passes_of_a_network_do_not_wait_for_each_other(pool: ThreadPoolExecutor) -> None:
    network, both = nn.Identity(), threading.Barrier(2)

    def run() -> int:
        with side_by_side(network):
            return both.wait(PATIENCE)

    arrived = [pool.submit(run) for _ in range(2)]
    assert {one.result(PATIENCE) for one in arrived} == {0, 1}


def test_an_explanation_waits_for_passes_and_goes_before_new_ones(pool: ThreadPoolExecutor) -> None:
    lock, order = NetworkLock(), list[str]()
    running, may_end = threading.Event(), threading.Event()

    def first_pass() -> None:
        with lock.side_by_side():
            running.set()
            may_end.wait(PATIENCE)
            order.append("first pass")

    def explanation() -> None:
        with lock.alone(), lock.alone(), lock.side_by_side():  # it asks again for what it has
            order.append("explanation")

    def late_pass() -> None:
        with lock.side_by_side():
            order.append("late pass")

    done = [pool.submit(first_pass)]
    assert running.wait(PATIENCE)
    done.append(pool.submit(explanation))
    while not lock._explanations_waiting:
        threading.Event().wait(0.001)
    done.append(pool.submit(late_pass))
    may_end.set()
    for one in done:
        one.result(PATIENCE)
    assert order == ["first pass", "explanation", "late pass"]


def test_an_explanation_that_fails_gives_the_network_back() -> None:
    network = nn.Identity()
    with pytest.raises(ZeroDivisionError), alone(network):
        raise ZeroDivisionError
    with side_by_side(network), pytest.raises(ZeroDivisionError):
        raise ZeroDivisionError
    with alone(network):
        pass
