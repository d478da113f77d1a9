"""Exports of a run's measurements, read back by TensorBoard's own reader and by pandas."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core.cli import main
from core.errors import BadInput
from core.runs import events, tensorboard_export
from core.runs.folder import RunFolder, new_run
from core.workspace import Workspace


@pytest.fixture
def run(space: Workspace) -> RunFolder:
    made = new_run({"model": "m", "datasets": ["=danger"]}, space=space)
    for step in range(1, 6):
        events.append(made.events_file, step, 1, {"step/loss": 1 / step, "lr": 0.1}, now=1000.0 + step)
    events.append(made.events_file, 5, 1, {"val/auc": 0.75}, now=1006.0)
    with made.events_file.open("ab") as file:
        file.write(b'{"time": 1007.0, "step": 6, "na')
    return made


def test_tensorboard_reads_every_measurement_with_its_step_and_time(run: RunFolder, tmp_path: Path) -> None:
    made = tensorboard_export.write(run, tmp_path / "out")
    reader = EventAccumulator(str(made.folder)).Reload()
    assert set(reader.Tags()["scalars"]) == {"step/loss", "lr", "val/auc"} == set(made.names)
    loss = reader.Scalars("step/loss")
    assert [e.step for e in loss] == [1, 2, 3, 4, 5] and [e.wall_time for e in loss] == [
        1001.0 + k for k in range(5)
    ]
    assert [e.value for e in loss] == pytest.approx([1 / k for k in range(1, 6)])
    (auc,) = reader.Scalars("val/auc")
    assert (auc.step, auc.value) == (5, pytest.approx(0.75))
    table = pd.read_csv(made.csv)
    assert list(table.columns) == ["time", "step", "epoch", "name", "value"]
    assert len(table) == made.measurements == 11


def test_what_a_resumed_run_did_again_stands_once(run: RunFolder, tmp_path: Path) -> None:
    with run.events_file.open("ab") as file:
        file.write(b"\n")
    for step in range(3, 8):
        events.append(run.events_file, step, 2, {"step/loss": 10.0 + step}, now=2000.0 + step)
    made = tensorboard_export.write(run, tmp_path / "out")
    loss = EventAccumulator(str(made.folder)).Reload().Scalars("step/loss")
    assert [(e.step, e.value > 1) for e in loss] == [
        (1, False),
        (2, False),
        *((k, True) for k in range(3, 8)),
    ]


def test_a_second_export_replaces_the_first_and_nothing_else(run: RunFolder, tmp_path: Path) -> None:
    first = tensorboard_export.write(run, tmp_path)
    (tmp_path / "mine.txt").write_text("kept")
    second = tensorboard_export.write(run, tmp_path)
    assert {p.name for p in tmp_path.iterdir() if p.name != "workspace"} == {
        "mine.txt",
        "metrics.csv",
        second.events.name,
    }
    assert first.folder == second.folder


def test_the_command_says_where_it_went(
    run: RunFolder, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "export", run.id, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(space.root / "exports" / run.id) and Path(found["events"]).is_file()
    assert main(["runs", "stop", run.id, "--out", "x"]) == 2
    assert "--out is for export" in capsys.readouterr().err


def test_a_run_without_measurements_says_so(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="measured nothing yet"):
        tensorboard_export.write(new_run({"model": "m"}, space=space), tmp_path / "out")
