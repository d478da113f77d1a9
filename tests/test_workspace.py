"""Settings survive a round trip; files are replaced whole or not at all."""

from __future__ import annotations

import os
import tomllib
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


COMMENTED = """\
# Who may train here.
operators = ["ada@example.org"]  # ask Ada for more
roots = [
    "/data/one", # the old disk
]

# Larger files come from the archive only.
[limits]
pixels = 4_000_000 # as agreed in May
seconds = 1.0

[executor]
default = 'local'
"""


def test_a_change_leaves_what_the_operator_wrote_beside_it(space: Workspace) -> None:
    write_atomic(space.settings_file, COMMENTED)

    def change(settings: dict[str, object]) -> dict[str, object]:
        return settings | {"detectors": {"image": "run-1"}, "allow_without_sign_in": False}

    space.change_settings(change)
    written = space.settings_file.read_text()
    added = '[detectors]\nimage = "run-1"'
    for line in (*COMMENTED.splitlines(), *added.splitlines(), "allow_without_sign_in = false"):
        assert line in written.splitlines()
    assert space.settings() == change(tomllib.loads(COMMENTED))


def test_what_is_taken_out_or_changed_goes_and_the_rest_stays(space: Workspace) -> None:
    write_atomic(space.settings_file, COMMENTED)
    space.change_settings(
        lambda s: {**s, "roots": [], "limits": {"pixels": 5, "seconds": 1}, "executor": None}
    )
    written = space.settings_file.read_text()
    assert "ask Ada" in written and "archive only" in written and "executor" not in written
    assert space.settings() == {
        "operators": ["ada@example.org"],
        "roots": [],
        "limits": {"pixels": 5, "seconds": 1},
    }
    assert isinstance(space.settings()["limits"]["seconds"], int)
