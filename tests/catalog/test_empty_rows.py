"""Rows of shards that hold no media are problems, not samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import statistics, table
from core.catalog.scan import scan
from core.catalog.shards import tables
from core.media import shards
from core.workspace import Workspace
from tests.catalog.shard_files import parquet, picture, tar


@pytest.mark.parametrize("measured", [True, False], ids=["small set", "large set"])
def test_null_and_empty_rows_of_parquet(
    measured: bool, tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not measured:
        monkeypatch.setattr(tables, "MEASURED", 1)
    empties: list[dict[str, object] | None] = [None, {"bytes": None, "path": "c.png"}]
    if measured:  # the footer of a large set knows of nulls only
        empties.append({"bytes": b"", "path": "b.png"})
    media = [{"bytes": picture(1), "path": "a.png"}, *empties, {"bytes": picture(2), "path": "d.png"}]
    rows = [{"image": one, "label": "real" if i else "fake"} for i, one in enumerate(media)]
    shard = parquet(tmp_path / "mixed" / "train-0.parquet", rows, group=2)
    (about,) = scan([tmp_path], space=space).datasets
    total = statistics.count(about.counts)
    assert (total.real, total.fake) == (1, 1)
    assert about.problem_count == len(empties)
    assert f"{shard}#1: holds no media" in about.problems[0]
    samples = table.load(["mixed"], space)
    assert samples["path"].tolist() == ["train-0.parquet#0", f"train-0.parquet#{len(rows) - 1}"]
    assert shards.read(shard.with_name(f"{shard.name}#{len(rows) - 1}")) == picture(2)


def test_empty_members_of_a_tar(tmp_path: Path, space: Workspace) -> None:
    members = [("real/0.png", picture(1)), ("real/1.png", b""), ("fake/0.png", picture(2))]
    shard = tar(tmp_path / "packed" / "train.tar", members)
    (about,) = scan([tmp_path], space=space).datasets
    total = statistics.count(about.counts)
    assert (total.real, total.fake) == (1, 1)
    assert about.problems == [f"{shard}, real/1.png: the file is empty; download it again or delete it"]


def test_a_tar_that_ends_early(tmp_path: Path, space: Workspace) -> None:
    shard = tar(tmp_path / "packed" / "train.tar", [(f"real/{i}.png", picture(i)) for i in range(2)])
    whole = shard.read_bytes()
    shard.write_bytes(whole[: whole.index(b"real/1.png") + 1000])
    (about,) = scan([tmp_path], space=space).datasets
    assert about.problem_count == 1
    assert f"{shard}: cannot be read (unexpected end of data); download it again" in about.problems[0]


def test_splits_of_the_folders_in_a_tar(tmp_path: Path, space: Workspace) -> None:
    members = [(f"set/{split}/real/{split}.png", picture(i)) for i, split in enumerate(("train", "val"))]
    tar(tmp_path / "packed" / "all.tar", members)
    (about,) = scan([tmp_path], space=space).datasets
    assert {s: c.real for s, c in statistics.count_by(about, "split").items() if c.real} == {
        "train": 1,
        "val": 1,
    }
