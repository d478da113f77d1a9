"""Pictures, recordings, silent clips and talking clips learned from together; and datasets that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import torch

from core.catalog import table
from core.errors import BadInput
from core.runs.folder import RunFolder, new_run
from core.training.options.config import TrainConfig
from core.training.reading.fitting import fit
from core.training.reading.samples import select
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import clip_set, image_set, silent_clip_set, small, sound_set

TOGETHER = ["clips", "silent", "sounds", "tiny"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("mixed")
    space = Workspace(root / "workspace")
    image_set(space, root, real=16, fake=16)
    sound_set(space, root)
    clip_set(space, root)
    silent_clip_set(space, root)
    return space


@pytest.fixture(scope="module")
def finished(place: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    options = {"model": "fusion_forensic", "frames": 2, "seconds": 0.5, "epochs": 2, "batch_size": 4}
    run = new_run(
        small(modality="multimodal", datasets=TOGETHER, bootstrap=20, **options),
        path=tmp_path_factory.mktemp("run") / "run",
    )
    work(run, space=place)
    yield run
    torch.use_deterministic_algorithms(False)


def test_all_media_train_together_and_nothing_vanishes(finished: RunFolder) -> None:
    assert finished.status().state == "completed"
    plan = finished.document("plan")
    assert plan["datasets"] == TOGETHER and not any(plan["skipped"].values())
    scores = pd.concat([pd.read_parquet(finished.scores_file(s)) for s in ("val", "test")])
    assert set(scores["dataset"]) == set(TOGETHER)
    assert set(scores["modality"]) == {"image", "audio", "video"}


@pytest.mark.parametrize(
    ("modality", "names", "words"),
    [
        (
            "video",
            ["clips", "tiny", "sounds"],
            ["'tiny' holds pictures", "'sounds' holds recordings", "video takes"],
        ),
        ("image", ["tiny", "sounds"], ["'sounds' holds recordings"]),
        ("audio", ["sounds", "silent"], ["'silent' nobody states a label for the sound of its clips"]),
        ("multimodal", ["tiny", "unlabelled"], ["'unlabelled' nobody states a label"]),
    ],
)
def test_a_named_dataset_that_cannot_be_used_stops_the_run(
    place: Workspace, modality: str, names: list[str], words: list[str]
) -> None:
    frame = table.load(["tiny"], place)
    nobody = frame.assign(
        dataset="unlabelled", id=["unlabelled/" + p for p in frame["path"]], label=None, label_video=None
    )
    about = table.DatasetInfo(name="unlabelled", layout="generic", root=table.info("tiny", place).root)
    table.save("unlabelled", nobody, about, place)
    config = TrainConfig.from_dict({"modality": modality, "datasets": names})
    with pytest.raises(BadInput) as error:
        select(config, place)
    assert all(word in str(error.value) for word in words) and "\n" not in str(error.value)
    assert [name for name in names if fit(name, modality, place).why] == [
        name for name in names if repr(name) in str(error.value)
    ]
