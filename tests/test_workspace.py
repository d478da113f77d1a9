"""Settings survive a round trip; files are replaced whole or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.catalog import roots
from core.errors import BadInput
from core.workspace import Workspace, workspace, write_atomic


def test_settings_come_back_as_they_were_saved(space: Workspace) -> None:
    settings = {
        "roots": ['/data/with "quotes"', "C:\\back\\slash", "ünïcode"],
        "allow_without_sign_in": False,
        "detectors": {"image": "20260101-120000-net", "odd name": "x"},
        "limits": {"pixels": 123, "seconds": 1.5},
    }
    space.save_settings(settings)
    assert space.settings() == settings


def test_damaged_settings_are_one_clear_line(space: Workspace) -> None:
    write_atomic(space.settings_file, "roots = [")
    with pytest.raises(BadInput, match="not valid TOML"):
        space.settings()


def test_the_workspace_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "elsewhere"))
    assert workspace().root == tmp_path / "elsewhere"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "document.json"
    write_atomic(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["document.json"]


def test_settings_of_every_kind_survive_a_change(space: Workspace) -> None:
    space.root.mkdir(parents=True)
    space.settings_file.write_text(
        "operators = ['a\"b', 'tab\\there']\nsince = 2026-01-02T03:04:05Z\nlargest = inf\n"
        "[executor]\noffer = ['local', 'ray']\noptions = {a = 1, deeper = {b = [1.5, true]}}\n"
        "[[mirrors]]\nurl = 'x'\n[executor.environment]\n\"odd key\" = 'y'\n"
    )
    before = space.settings()
    roots.add(space.root, space=space)
    after = space.settings()
    assert after.pop("roots") == [str(space.root)] and after == before


def test_changes_at_the_same_time_are_all_kept(space: Workspace) -> None:
    folders = [space.root.parent / f"data {i}" for i in range(12)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda folder: roots.add(folder, space=space), folders))
    assert set(roots.read(space)) == set(folders)
