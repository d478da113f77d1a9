"""Workspaces of other versions: the one of 0.1.0 opens and works, a newer one is refused in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core import migrations
from core.errors import BadInput
from core.runs.listing import listing
from core.training.learning import best_model
from core.workspace import Workspace

OLD = Path(__file__).parent / "old_workspace"
RUN = "20260115-101500-first"


def command(*arguments: str, space: Workspace) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        capture_output=True,
        text=True,
        cwd=OLD.parent.parent,
        env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)},
    )


@pytest.fixture
def old(space: Workspace) -> Workspace:
    shutil.copytree(OLD, space.root)
    return space


@pytest.mark.long
def test_the_workspace_of_the_first_version_opens_and_judges(old: Workspace, tmp_path: Path) -> None:
    assert migrations.version_of(old) == 1
    done = command("runs", "--json", space=old)
    assert done.returncode == 0, done.stderr
    assert [run["id"] for run in json.loads(done.stdout)] == [RUN]
    assert (old.root / "version").read_text() == "2\n"
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    done = command("detect", str(tmp_path / "a.png"), "--run", RUN, "--json", space=old)
    (entry,) = json.loads(done.stdout)
    assert (entry["detector"], entry["status"]) == (RUN, "ok")
    done = command("detect", str(tmp_path / "a.png"), "--json", space=old)
    (entry,) = json.loads(done.stdout)  # its default learned nothing: nobody is judged by it unasked
    assert (entry["detector"], entry["status"]) == (None, "not_applicable")
    assert entry["passed_over"] == [{"detector": RUN, "why": "it learned nothing"}]
    assert "the one everybody uses" in old.settings_file.read_text()


def test_a_migration_runs_once_and_leaves_what_cannot_be_made_again(old: Workspace) -> None:
    stale = old.cache / "reference" / "x.npz"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    before = {p: p.read_bytes() for p in old.runs.rglob("*") if p.is_file()}
    migrations.open_workspace(old)
    assert not stale.exists()
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"new")
    migrations.open_workspace(old)
    assert stale.exists()
    assert {p: p.read_bytes() for p in old.runs.rglob("*") if p.is_file()} == before
    assert [run.id for run in listing(old).runs()] == [RUN]


def test_a_newer_workspace_is_refused_by_command_and_dashboard(space: Workspace) -> None:
    space.root.mkdir()
    (space.root / "version").write_text("99\n")
    done = command("runs", space=space)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "workspace version 99, this program knows 2" in done.stderr
    served = subprocess.run(
        [sys.executable, "-m", "dashboard"], capture_output=True, text=True, cwd=OLD.parent.parent, timeout=60
    )
    assert (served.returncode, "version 99" in served.stderr) == (2, True)


@pytest.mark.parametrize("text", ["two", "", "-1"])
def test_a_version_that_is_no_number_says_so(space: Workspace, text: str) -> None:
    space.root.mkdir()
    (space.root / "version").write_text(text)
    with pytest.raises(BadInput, match="no number"):
        migrations.open_workspace(space)


def test_an_empty_folder_is_left_alone(space: Workspace) -> None:
    migrations.open_workspace(space)
    assert not space.root.exists()


def test_a_detector_of_a_newer_program_is_refused_with_its_version(tmp_path: Path) -> None:
    content: dict[str, Any] = torch.load(OLD / "runs" / RUN / "best_model.pth", weights_only=True)
    path = tmp_path / "new.pth"
    best_model.save(path, {**content, "schema": 99})
    with pytest.raises(BadInput, match="newer workbench \\(schema 99, this program knows 1\\)"):
        best_model.read(path)
