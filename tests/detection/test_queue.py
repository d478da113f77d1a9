"""Who is served next: verdicts before heat maps, sessions in rotation, nobody waits for a stranger's whole batch."""

from __future__ import annotations

from core.detection.serving.queue import PATIENCE, Queue


def served(queue: Queue[str], most: int = 100) -> list[str]:
    found: list[str] = []
    while len(found) < most and (job := queue.take()) is not None:
        found.append(job)
    return found


def test_every_file_of_a_batch_is_judged_before_one_is_explained() -> None:
    queue: Queue[str] = Queue()
    for k in range(3 * PATIENCE):
        queue.add("a", f"verdict {k}")
    assert queue.take() == "verdict 0" and queue.verdict_waits
    queue.add("a", "maps 0", maps=True)  # put off, as others wait
    order = served(queue)
    assert order == [*(f"verdict {k}" for k in range(1, 3 * PATIENCE)), "maps 0"]
    assert not queue.verdict_waits and queue.take() is None


def test_sessions_take_turns_for_verdicts_and_for_maps() -> None:
    queue: Queue[str] = Queue()
    for session in ("a", "a", "a", "b", "b", "c"):
        queue.add(session, session)
        queue.add(session, session.upper(), maps=True)
    assert "".join(served(queue)) == "abcabaABCABA"


def test_a_single_file_is_explained_before_a_strangers_batch_is_judged() -> None:
    queue: Queue[str] = Queue()
    for _ in range(5 * PATIENCE):
        queue.add("batch", "b")
    queue.add("batch", "B", maps=True)
    queue.add("single", "S", maps=True)
    order = served(queue)
    assert order.index("S") == PATIENCE and order.index("B") == len(order) - 1


def test_a_session_that_leaves_takes_all_of_its_own_along() -> None:
    queue: Queue[str] = Queue()
    queue.add("a", "v")
    queue.add("a", "m", maps=True)
    queue.add("b", "other")
    assert queue.waiting() == 2 and queue.waiting("a") == 1
    assert queue.drop("a") == (["v"], ["m"])
    assert queue.drop("a") == ([], []) and served(queue) == ["other"]
