"""The estimate of the Train page against the training that it estimates: right in its order, so that one can plan by it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.runs.estimate import estimate
from core.runs.folder import new_run
from core.training.options.config import TrainConfig
from core.workspace import CODE_ROOT, Workspace
from tests.training.tiny_catalogue import image_set, small

MEASURED = """
import resource, runpy, sys
sys.argv[0] = "core"
try:
    runpy.run_module("core", run_name="__main__", alter_sys=True)
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


@pytest.mark.long
def test_time_and_memory_are_right_in_their_order(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=60, fake=60)
    config = TrainConfig.from_dict(small(epochs=6, batch_size=8, early_stopping=None, bootstrap=20)).to_dict()
    told = estimate(config, space)
    run = new_run(config, space=space)
    worker = subprocess.run(
        [sys.executable, "-c", MEASURED, "train", "--run-dir", str(run.path)],
        cwd=CODE_ROOT,
        env={**os.environ, "DEEPFAKE_WORKSPACE": str(space.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert worker.returncode == 0, worker.stderr[-2000:]
    peak = next(float(line.split()[1]) for line in worker.stderr.splitlines() if line.startswith("peak "))
    assert 1 / 2 < told.memory_mb / peak < 2
    status = run.status()
    assert status.started is not None and status.ended is not None
    # Starting up and writing the results are not in the estimate,
    # and a machine may be busy: the order is what counts.
    assert told.seconds < 10 * (status.ended - status.started)
    assert told.seconds > (status.ended - status.started - 60) / 10


def test_head_mode_is_measured_on_a_few_samples(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.cli.estimate import SCORED, measure
    from core.training.scoring import forward, predict

    image_set(space, tmp_path, real=60, fake=60)
    scored: list[int] = []

    def counted(network: Any, card: Any, pieces: Any, *rest: Any, **more: Any) -> Any:
        scored.append(len(pieces))
        return forward.score_many(network, card, pieces, *rest, **more)

    monkeypatch.setattr(predict, "score_many", counted)
    told = measure(TrainConfig.from_dict(small(tune="head", epochs=6)))
    assert sum(scored) <= 2 * SCORED
    assert told["epoch_seconds"] is None and told["seconds"] > 0
    assert told["device"].startswith("CPU (") and told["precision"] == "fp32", "the estimate knows the card"
    assert not list(space.cache.rglob("*embedd*"))


def test_a_configuration_that_cannot_train_is_one_line(space: Workspace, tmp_path: Path) -> None:
    from core.errors import WorkbenchError

    image_set(space, tmp_path, real=4, fake=0)
    with pytest.raises(WorkbenchError, match="the estimate failed: ") as error:
        estimate(yaml.safe_load(yaml.safe_dump(small())), space)
    assert "\n" not in str(error.value)
