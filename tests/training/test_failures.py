"""What a run says of itself where PyTorch's or the system's own words would be no help."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from core.catalog.table import DataGone
from core.errors import WorkbenchError
from core.runs import curves
from core.runs.folder import FolderGone, RunFolder, new_run
from core.runs.summaries import summary
from core.training.failures import data_gone, fail, reader_ended
from core.training.options.config import TrainConfig
from core.training.process.heartbeat import Heartbeat, gpu_measurements
from core.training.reading.data import TrainingSamples
from core.training.reading.examples import Changes
from core.training.setup import Setup, set_up
from core.workspace import Workspace
from dashboard.charts.curves import View, payload
from tests.training.tiny_catalogue import image_set, small


def test_a_reader_that_was_killed_is_one_clear_line() -> None:
    said = "DataLoader worker (pid 77) is killed by signal: Killed. "
    assert "resume goes on from the last checkpoint" in str(reader_ended(RuntimeError(said)))
    assert "fewer workers" in str(
        reader_ended(RuntimeError("DataLoader worker (pid(s) 77) exited unexpectedly"))
    )
    assert reader_ended(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None


def gone_by_reading(setup: Setup, workers: int) -> WorkbenchError | None:
    """What the run says after its reader, here or in a process of its own, met the missing folder."""
    samples = TrainingSamples(setup.source("train"), Changes(), seed=0)
    reader = DataLoader(samples, batch_sampler=[[(1, 0, 0)]], num_workers=workers, collate_fn=list)
    with pytest.raises(DataGone) as caught:
        list(reader)
    return data_gone(caught.value)


class Damaged:
    """Files of which none can be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, _: int) -> None:
        raise self.error


@pytest.mark.parametrize("kind", [ValueError, WorkbenchError])
def test_what_a_reading_process_raised_is_one_line_and_its_traceback_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    run = new_run({"modality": "image"}, path=tmp_path / "run")
    with pytest.raises(kind) as caught:
        list(DataLoader(Damaged(kind("clip.mp4 has no frames")), num_workers=1))  # type: ignore[arg-type]
    assert "Traceback" in str(caught.value)
    fail(run, caught.value)
    shown = summary(run).error or ""
    assert shown.endswith("clip.mp4 has no frames") and len(shown) < 60 and "Traceback" not in shown
    assert "Traceback" in caplog.text and "__getitem__" in caplog.text


def test_a_data_disk_that_is_gone_is_one_clear_line(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "workspace")
    root = tmp_path / image_set(space, tmp_path)
    setup = set_up(TrainConfig.from_dict(small()), space)
    for path in sorted(root.rglob("*"), reverse=True):
        (path.unlink if path.is_file() else path.rmdir)()
    for workers in (0, 1):  # the mount point of a disk stays, empty
        found = str(gone_by_reading(setup, workers))
        assert found.startswith(f"the data folder {root} is gone or empty") and "\n" not in found
        assert found.endswith("resume goes on from the last checkpoint")
    root.rmdir()
    with pytest.raises(DataGone, match="mount its disk again"):
        set_up(TrainConfig.from_dict(small()), space)


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


def test_a_card_is_measured_as_far_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use, memory, temperature and power; a card that does not measure its power leaves it out."""
    import pynvml

    class Use:
        gpu = 31

    class Memory:
        used = 72 * 1024**3

    def refused(handle: object) -> float:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", lambda handle: Use)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda handle: Memory)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTemperature", lambda handle, sensor: 64)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetPowerUsage", lambda handle: 412_000)
    found = {"gpu": 31.0, "gpu_memory": 72 * 1024.0, "gpu_temperature": 64.0, "gpu_power": 412.0}
    assert gpu_measurements(object()) == found
    monkeypatch.setattr(pynvml, "nvmlDeviceGetPowerUsage", refused)
    assert gpu_measurements(object()) == {k: v for k, v in found.items() if k != "gpu_power"}
    assert set(found) <= set(curves.SYSTEM) and set(found) <= set(View().strips)
    x = np.arange(3.0)
    measured = {name: curves.Series(x, x, x, x) for name in found}
    drawn = payload({"run": measured}, View())
    assert [panel["title"] for panel in drawn["panels"][1:]] == [
        "GPU load (%)",
        "GPU memory (MB)",
        "GPU temperature (°C)",
        "GPU power (W)",
    ]
    assert [panel["top"] for panel in drawn["panels"][1:]] == [100, 1, 1, 1], "a share is seen of its whole"
    assert len(payload({"run": {}}, View())["panels"]) == 1, "nothing is drawn where there is no card"
