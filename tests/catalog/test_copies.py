"""Copies of one file never stand on two sides of a plan that keeps groups together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.catalog import copies, leaks, splits, table
from core.catalog.table import DatasetInfo
from core.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    return Workspace(tmp_path / "workspace")


def content(seed: int, size: int = 6000) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def dataset(
    space: Workspace,
    root: Path,
    name: str,
    files: dict[str, bytes],
    splits_of: dict[str, str] | None = None,
    fake_every: int = 2,
) -> pd.DataFrame:
    """Files on disk and in the catalogue; every second one is fake."""
    rows = []
    for number, (path, data) in enumerate(files.items()):
        (root / name / path).parent.mkdir(parents=True, exist_ok=True)
        (root / name / path).write_bytes(data)
        status = (root / name / path).stat()
        label = int(number % fake_every == 0)
        rows.append(
            {
                "id": f"{name}/{path}",
                "path": path,
                "dataset": name,
                "layout": "generic",
                "modality": "image",
                "label": label,
                "method": "swap" if label and number % 4 else "blend" if label else None,
                "split": (splits_of or {}).get(path),
                "groups": [f"clip:{path}"],
                "bytes": status.st_size,
                "mtime_ns": status.st_mtime_ns,
            }
        )
    table.save(name, pd.DataFrame(rows), DatasetInfo(name, "generic", str(root / name)), space)
    return table.load([name], space)


def files_with_copies(count: int = 60, copied: int = 12) -> dict[str, bytes]:
    """All of one size; the last repeat the first."""
    return {f"{i}.png": content(i % (count - copied)) for i in range(count)}


def sides_of_copies(plan: pd.DataFrame, root: Path) -> list[set[str]]:
    """The sides of each content, by reading every file."""
    found: dict[bytes, set[str]] = {}
    for row in plan[plan["split"] != ""].itertuples():
        found.setdefault((root / row.dataset / row.path).read_bytes(), set()).add(row.split)
    return list(found.values())


@pytest.mark.parametrize("protocol", ["group", "official", "heldout_method"])
def test_copies_stay_on_one_side(protocol: str, space: Workspace, tmp_path: Path) -> None:
    samples = dataset(space, tmp_path, "one", files_with_copies())
    for seed in range(5):
        plan = splits.plan(samples, protocol, seed, space=space)
        assert all(len(sides) == 1 for sides in sides_of_copies(plan.table, tmp_path))
        assert plan.crossing_groups == 0
        assert any("12 samples are copies of others" in note for note in plan.notes)


def test_random_lets_them_cross(space: Workspace, tmp_path: Path) -> None:
    samples = dataset(space, tmp_path, "one", files_with_copies())
    plan = splits.plan(samples, "random", 1, space=space)
    assert any(len(sides) > 1 for sides in sides_of_copies(plan.table, tmp_path))


@pytest.mark.parametrize("protocol", ["group", "official", "heldout_method"])
def test_copies_in_two_datasets_stay_on_one_side(protocol: str, space: Workspace, tmp_path: Path) -> None:
    one = dataset(space, tmp_path, "one", {f"{i}.png": content(i) for i in range(40)})
    two = dataset(space, tmp_path, "two", {f"{i}.png": content(i + 30) for i in range(40)})
    for seed in range(5):
        plan = splits.plan(pd.concat([one, two]), protocol, seed, space=space)
        assert all(len(sides) == 1 for sides in sides_of_copies(plan.table, tmp_path))


def test_official_lists_stay_as_they_are_and_others_yield(space: Workspace, tmp_path: Path) -> None:
    listed = {f"{i}.png": "train" if i < 20 else "test" for i in range(40)}
    one = dataset(space, tmp_path, "one", {f"{i}.png": content(i) for i in range(40)}, listed)
    two = dataset(space, tmp_path, "two", {f"{i}.png": content(i + 35) for i in range(40)})
    plan = splits.plan(pd.concat([one, two]), "official", 3, space=space)
    assert all(len(sides) == 1 for sides in sides_of_copies(plan.table, tmp_path))
    mine = plan.table[plan.table["dataset"] == "one"]
    assert (mine["split"][mine["path"].map(listed) == "test"] == "test").all()


def test_copies_that_the_official_lists_divide_are_reported(space: Workspace, tmp_path: Path) -> None:
    files = {"a.png": content(1), "b.png": content(1)} | {f"{i}.png": content(i + 9) for i in range(20)}
    stated = dict.fromkeys(files, "train") | {"b.png": "test", "3.png": "test"}
    plan = splits.plan(dataset(space, tmp_path, "one", files, stated), "official", 3, space=space)
    sides = plan.table.set_index("path")["split"]
    assert sides["b.png"] == "test" and sides["a.png"] != "test"
    assert "exact duplicates" in {leak.kind for leak in leaks.report(plan.table, space=space)}


def test_the_same_bytes_under_two_labels_are_a_problem(space: Workspace, tmp_path: Path) -> None:
    files = {"fake/a.png": content(1), "real/b.png": content(1)} | {
        f"{i}.png": content(i + 9) for i in range(20)
    }
    plan = splits.plan(dataset(space, tmp_path, "one", files), "group", 3, space=space)
    line = next(note for note in plan.notes if "as real and as fake" in note)
    assert "one/real/b.png (real)" in line and "one/fake/a.png (fake)" in line
    found = {leak.kind: leak for leak in leaks.report(plan.table, media=False, space=space)}
    assert found["same bytes, two labels"].count == 1


def test_equal_sizes_and_middles_are_not_enough(space: Workspace, tmp_path: Path) -> None:
    middle = content(5, 8000)
    files = {f"{i}.png": content(i, 3000) + middle + content(i + 99, 3000) for i in range(12)}
    assert copies.identical(dataset(space, tmp_path, "one", files), [], space) == {}


def test_what_fills_a_third_of_a_dataset_is_a_placeholder(space: Workspace, tmp_path: Path) -> None:
    files = {f"{i}.png": content(i if i > 15 else 0) for i in range(40)}
    plan = splits.plan(dataset(space, tmp_path, "one", files), "group", 3, space=space)
    assert any("placeholders" in note for note in plan.notes)
    assert plan.dropped == 0 and plan.counts["val"]["real"] and plan.counts["test"]["real"]


def test_files_are_read_once(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = dataset(space, tmp_path, "one", files_with_copies())
    first = splits.plan(samples, "group", 3, space=space)
    monkeypatch.setattr(copies, "_digest", lambda path, which: pytest.fail(f"{path} was read again"))
    assert splits.plan(samples, "group", 3, space=space).table.equals(first.table)


def test_a_table_without_files_is_divided_as_ever(space: Workspace) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": f"x/{i}",
            "path": f"{i}",
            "dataset": "x",
            "modality": "image",
            "label": i % 2,
            "method": None,
            "split": None,
            "groups": [],
            "bytes": 7,
            "mtime_ns": 1,
        }
        for i in range(30)
    ]
    assert splits.plan(pd.DataFrame(rows), "group", 3, space=space).dropped == 0
