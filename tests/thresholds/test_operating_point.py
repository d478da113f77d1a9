"""The operating point: written whole, signed, never lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.access import LOCAL, Person
from core.errors import BadInput, NotAllowed
from core.thresholds import operating_point
from core.thresholds.operating_point import OperatingPoint, history, read, restore, save


def point(threshold: float | None, why: str = "") -> OperatingPoint:
    return OperatingPoint(threshold, "f1", "val", {"val": {"recall": 0.5}}, why=why)


def test_saves_with_who_when_and_why(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert history(tmp_path) == []
    save(tmp_path, point(0.25, "first"), Person("ann", operator=True), now=100.0)
    found = read(tmp_path)
    assert found == OperatingPoint(
        0.25, "f1", "val", {"val": {"recall": 0.5}}, None, who="ann", when=100.0, why="first"
    )


def test_earlier_ones_are_kept_and_come_back(tmp_path: Path) -> None:
    for k, threshold in enumerate((0.1, 0.2, None)):
        save(tmp_path, point(threshold, f"number {k}"), LOCAL, now=float(k))
    assert [p.threshold for p in history(tmp_path)] == [None, 0.2, 0.1]
    restore(tmp_path, 2, Person("eve", operator=True))
    points = history(tmp_path)
    assert [p.threshold for p in points] == [0.1, None, 0.2, 0.1]
    assert points[0].who == "eve"
    assert "restored from" in points[0].why
    assert "number 0" in points[0].why


def test_only_operators_change_it(tmp_path: Path) -> None:
    viewer = Person("vic", operator=False)
    save(tmp_path, point(0.1), LOCAL)
    save(tmp_path, point(0.2), LOCAL)
    with pytest.raises(NotAllowed, match="vic may not save an operating point"):
        save(tmp_path, point(0.3), viewer)
    with pytest.raises(NotAllowed, match="vic may not restore"):
        restore(tmp_path, 1, viewer)
    assert [p.threshold for p in history(tmp_path)] == [0.2, 0.1]


def test_what_is_no_operating_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="finite"):
        save(tmp_path, point(float("nan")), LOCAL)
    with pytest.raises(BadInput, match="the lower first"):
        save(tmp_path, OperatingPoint(0.5, "f1", "val", band=(0.6, 0.4)), LOCAL)
    with pytest.raises(BadInput, match="no earlier operating point 1"):
        restore(tmp_path, 1, LOCAL)
    for text in ("{", "[]", "{}", '{"threshold": "x", "method": "f1"}'):
        (tmp_path / operating_point.FILE).write_text(text)
        with pytest.raises(BadInput):
            read(tmp_path)


def test_two_analysts_who_save_together_both_stand_in_the_history(tmp_path: Path) -> None:
    def many(name: str) -> None:
        for k in range(15):
            save(tmp_path, point(k / 100), Person(name, operator=True))

    threads = [threading.Thread(target=many, args=(name,)) for name in ("ann", "bob", "cat")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p.who for p in history(tmp_path)) == ["ann"] * 15 + ["bob"] * 15 + ["cat"] * 15
