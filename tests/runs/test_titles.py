"""Runs of one name are told apart, by as little as is needed."""

from __future__ import annotations

from core.runs.summaries import Summary
from core.runs.titles import titles


def test_a_name_of_its_own_stays_a_name() -> None:
    runs = [
        Summary("20260101-120000-net", "a", "completed"),
        Summary("20260101-120001-net", "b", "completed"),
    ]
    assert list(titles(runs).values()) == ["a", "b"]


def test_runs_of_one_name_are_told_apart_by_their_moment_else_by_their_id() -> None:
    ids = ["20260101-120000-net", "20260101-120001-net", "20260101-120001-net-2", "brought"]
    told = titles([Summary(i, "a", "completed") for i in ids])
    assert told == {
        ids[0]: "a (20260101-120000)",
        ids[1]: f"a ({ids[1]})",
        ids[2]: f"a ({ids[2]})",
        "brought": "a (brought)",
    }
