"""A run of every modality, also from clips; and its robustness table, whose every row is what degraded media score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from core.catalog import table
from core.media.cache import prepare_cached
from core.runs.folder import RunFolder, new_run
from core.training import rescore
from core.training.learning import best_model
from core.training.options.config import TrainConfig
from core.training.scoring.evaluation import degradations as ways
from core.training.scoring.forward import score_prepared
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import clip_set, image_set, small, sound_set

NETWORKS: dict[str, dict[str, Any]] = {
    "image": {"datasets": ["tiny"]},
    "audio": {"datasets": ["sounds"], "model": "logmel_mobilenetv3_small", "seconds": 0.5},
    "video": {"datasets": ["clips"], "model": "forensic_frames", "frames": 3},
    "multimodal": {"datasets": ["clips"], "model": "fusion_forensic", "frames": 2, "seconds": 0.5},
}
FROM_CLIPS = {
    "frames of clips": {**NETWORKS["image"], "modality": "image", "datasets": ["clips"]},
    "sound of clips": {**NETWORKS["audio"], "modality": "audio", "datasets": ["clips"]},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("modalities")
    space = Workspace(root / "workspace")
    image_set(space, root, real=16, fake=16)
    sound_set(space, root)
    clip_set(space, root)
    return space


@pytest.fixture(autouse=True)
def settings_again() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def trained(place: Workspace, folder: Path, **more: Any) -> RunFolder:
    options = {"epochs": 1, "bootstrap": 20, "batch_size": 4, **more}
    run = new_run(small(**options), path=folder)
    work(run, space=place)
    return run


@pytest.mark.parametrize(
    "what",
    [
        "image",
        *(
            pytest.param(what, marks=pytest.mark.long)
            for what in ["video", "audio", "multimodal", *FROM_CLIPS]
        ),
    ],
)
def test_a_run_of_every_modality_completes(place: Workspace, tmp_path: Path, what: str) -> None:
    options = FROM_CLIPS.get(what) or {"modality": what, **NETWORKS[what]}
    run = trained(place, tmp_path / "run", **options)
    assert run.status().state == "completed"
    truth = table.load(options["datasets"], place).set_index("id")
    column = {"audio": "label_audio", "multimodal": "label"}.get(options["modality"], "label_video")
    for split in ("val", "test"):
        scores, units = pd.read_parquet(run.scores_file(split)), pd.read_parquet(run.units_file(split))
        assert len(scores) and set(units["id"]) == set(scores["id"]) == set(
            run.document("plan")["splits"][split]
        )
        assert scores["label"].tolist() == truth.loc[scores["id"], column].astype(int).tolist()


@pytest.mark.long
@pytest.mark.parametrize("modality", list(NETWORKS))
def test_every_strength_of_the_robustness_table_is_what_degraded_media_score(
    place: Workspace, tmp_path: Path, modality: str
) -> None:
    run = trained(place, tmp_path / "run", modality=modality, **NETWORKS[modality])
    rows = rescore.robustness(run, space=place)
    assert json.loads(json.dumps(rows)) == run.document("robustness")["table"]
    kinds = ways.degradations(modality, TrainConfig().seed)
    assert [(r["kind"], r["strength"]) for r in rows] == [
        ("none", None),
        *((k.kind, k.strength) for k in kinds),
    ]
    network, card, recipe = best_model.load(run)
    clean = pd.read_parquet(run.scores_file("test"))
    files = table.load(NETWORKS[modality]["datasets"], place).set_index("id").loc[clean["id"]].reset_index()
    ready = [prepare_cached(path, recipe, place) for path in table.absolute_paths(files, place)]
    assert rows[0]["auc"] == pytest.approx(roc_auc_score(clean["label"], clean["score"]))
    for kind, row in zip(kinds, rows[1:], strict=True):
        harmed = [kind.apply(one) for one in ready]
        scores = [score_prepared(network, card, one, recipe, text="").score for one in harmed]
        assert row["n"] == len(scores) and row["auc"] == pytest.approx(roc_auc_score(clean["label"], scores))
        low, high = row["intervals"]["auc"]
        assert 0 <= low <= high <= 1
        part = "audio" if kind.touches == "sound" else "frames"
        before, after = (np.asarray(getattr(found[0], part)) for found in (ready, harmed))
        assert before.shape == after.shape and not np.array_equal(before, after), kind.name


@pytest.mark.parametrize("rate", [4000, 16_000, 30_000, 96_000])
@pytest.mark.parametrize("codec", ["mp3", "aac", "opus"])
def test_sound_of_any_rate_goes_through_the_codecs(rate: int, codec: str) -> None:
    t = np.arange(rate) / rate
    heard = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    back = ways.audio_codec(heard, rate, codec, 64)
    assert len(back) == len(heard)
    middle = slice(rate // 4, 3 * rate // 4)
    assert np.sqrt(np.mean(back[middle] ** 2)) == pytest.approx(np.sqrt(0.5), rel=0.1)
