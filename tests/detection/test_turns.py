"""Who is served next: verdicts before heat maps, sessions by turns, nobody waits for a stranger's whole batch."""

from __future__ import annotations

from core.detection.serving.queue import PATIENCE, Turns


def served(turns: Turns[str], most: int = 100) -> list[str]:
    found: list[str] = []
    while len(found) < most and (job := turns.take()) is not None:
        found.append(job)
    return found


def test_every_file_of_a_batch_is_judged_before_one_is_explained() -> None:
    turns: Turns[str] = Turns()
    for k in range(3 * PATIENCE):
        turns.add("a", f"verdict {k}")
    assert turns.take() == "verdict 0" and turns.verdict_waits
    turns.add("a", "maps 0", maps=True)  # put off, as others wait
    order = served(turns)
    assert order == [*(f"verdict {k}" for k in range(1, 3 * PATIENCE)), "maps 0"]
    assert not turns.verdict_waits and turns.take() is None


def test_sessions_take_turns_for_verdicts_and_for_maps() -> None:
    turns: Turns[str] = Turns()
    for session in ("a", "a", "a", "b", "b", "c"):
        turns.add(session, session)
        turns.add(session, session.upper(), maps=True)
    assert "".join(served(turns)) == "abcabaABCABA"


def test_a_single_file_is_explained_before_a_strangers_batch_is_judged() -> None:
    turns: Turns[str] = Turns()
    for _ in range(5 * PATIENCE):
        turns.add("batch", "b")
    turns.add("batch", "B", maps=True)
    turns.add("single", "S", maps=True)
    order = served(turns)
    assert order.index("S") == PATIENCE and order.index("B") == len(order) - 1


def test_a_session_that_leaves_takes_all_of_its_own_along() -> None:
    turns: Turns[str] = Turns()
    turns.add("a", "v")
    turns.add("a", "m", maps=True)
    turns.add("b", "other")
    assert turns.waiting() == 2 and turns.waiting("a") == 1
    assert turns.drop("a") == (["v"], ["m"])
    assert turns.drop("a") == ([], []) and served(turns) == ["other"]
