"""What a run says of itself where PyTorch's or the system's own words would be no help."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.runs.folder import FolderGone, RunFolder, new_run
from core.training.process.heartbeat import Heartbeat
from core.training.worker import fail, reader_ended


def test_a_reader_that_was_killed_is_one_clear_line() -> None:
    said = "DataLoader worker (pid 77) is killed by signal: Killed. "
    assert "resume goes on from the last checkpoint" in str(reader_ended(RuntimeError(said)))
    assert "fewer workers" in str(
        reader_ended(RuntimeError("DataLoader worker (pid(s) 77) exited unexpectedly"))
    )
    assert reader_ended(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None


def test_a_deleted_folder_ends_the_run_and_is_not_made_again(tmp_path: Path) -> None:
    run = new_run({"modality": "image"}, path=tmp_path / "run")
    beating = Heartbeat(run, gpu=None)
    assert not beating.stop_requested()
    for path in run.path.iterdir():
        path.unlink()
    run.path.rmdir()
    with pytest.raises(FolderGone, match="is gone, so the run ends"):
        beating.stop_requested()
    with pytest.raises(FolderGone):
        RunFolder(run.path).set_status(state="failed")
    fail(run, FolderGone("gone"))
    assert not run.path.exists()
