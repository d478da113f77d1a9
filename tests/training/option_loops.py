"""A setup or a loop of a tiny configuration, for tests that read an option back from what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.runs.folder import new_run
from core.training.learner import Context, NetworkLearner
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks
from core.training.setup import Setup, set_up
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

CPU = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("options")
    space = Workspace(root / "workspace")
    image_set(space, root, real=30, fake=60)
    image_set(space, root, real=12, fake=12, name="other", seed=1)
    return space


def built(space: Workspace, **more: Any) -> Setup:
    return set_up(TrainConfig.from_dict(small(**more)), space)


def loop(space: Workspace, tmp_path: Path, **more: Any) -> Loop:
    setup = built(space, **more)
    return Loop(NetworkLearner(setup, Context(CPU)), new_run(setup.config.to_dict(), path=tmp_path / "run"))


def first_group(job: Loop) -> list[Any]:
    draws = job.draws_of(1)
    return list(job.loader.batches(draws[: job.config.accumulation]))
