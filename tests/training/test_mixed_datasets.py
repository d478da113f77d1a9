"""Pictures, recordings, silent clips and talking clips learned from together; and datasets that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from core.catalog import table
from core.errors import BadInput
from core.media.cache import prepare_cached
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.training import rescore
from core.training.learning import best_model
from core.training.options.config import TrainConfig
from core.training.reading.inputs import pieces_of
from core.training.reading.samples import select
from core.training.reading.tensors import batch_of
from core.training.reading.usable_datasets import fit
from core.training.scoring.forward import score_prepared
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


@pytest.mark.long
def test_all_media_train_together_and_nothing_vanishes(finished: RunFolder) -> None:
    assert finished.status().state == "completed"
    plan = finished.document("plan")
    assert plan["datasets"] == TOGETHER and not any(plan["skipped"].values())
    scores = pd.concat([pd.read_parquet(finished.scores_file(s)) for s in ("val", "test")])
    assert set(scores["dataset"]) == set(TOGETHER)
    assert set(scores["modality"]) == {"image", "audio", "video"}


@pytest.mark.long
def test_figures_come_by_dataset_by_modality_and_by_what_was_present(finished: RunFolder) -> None:
    scores = pd.read_parquet(finished.scores_file("test"))
    assert scores.groupby("dataset")["present"].unique().map(list).to_dict() == {
        "clips": ["picture+sound"],
        "silent": ["picture"],
        "sounds": ["sound"],
        "tiny": ["picture"],
    }
    by = (finished.document("metrics") or {})["test"]["by"]
    for key in ("dataset", "modality", "present"):
        counts = {part["name"]: part["real"] + part["fake"] for part in by[key]}
        assert counts == scores[key].value_counts().to_dict()
    pictures = next(part for part in by["present"] if part["name"] == "picture")
    own = scores[scores["present"] == "picture"]
    assert pictures["auc"] == pytest.approx(roc_auc_score(own["label"], own["score"]))
    text = (finished.results / "training_results.txt").read_text()
    assert (
        "by what was present, at the chosen threshold" in text
        and "What picture and sound each add to the AUC" in text
    )


@pytest.mark.long
def test_datasets_are_told_apart_beside_chance(finished: RunFolder) -> None:
    found = {event.name for event in events.read(finished.events_file)[0]}
    assert {"train/domain_accuracy", "chance/domain_accuracy"} <= found
    assert (finished.document("plan") or {})["objectives"] == {"domain": 0.1}


@pytest.mark.long
def test_the_ablation_is_the_same_network_without_the_modality(finished: RunFolder, place: Workspace) -> None:
    rows = {row["part"]: row for row in (finished.document("metrics") or {})["ablation"]}
    assert set(rows) == {"picture", "sound"}
    scores = pd.read_parquet(finished.scores_file("test")).set_index("id")
    both = scores[scores["present"] == "picture+sound"]
    assert {row["n"] for row in rows.values()} == {len(both)}
    network, card, recipe = best_model.load(finished)
    files = table.absolute_paths(
        table.load(["clips"], place).set_index("id").loc[both.index].reset_index(), place
    )
    unheard = []
    for path in files:
        cut = pieces_of(prepare_cached(path, recipe, place), recipe)
        inputs, mask = batch_of([piece.arrays for piece in cut.pieces], recipe, card, "cpu", network)
        with torch.no_grad():
            logits = network({"image": inputs["image"]}, {k: v for k, v in mask.items() if k != "audio"})
        unheard.append(float(logits.softmax(1)[:, 1].mean()))
    assert rows["sound"]["without"] == pytest.approx(roc_auc_score(both["label"], unheard))
    assert rows["sound"]["with"] == pytest.approx(roc_auc_score(both["label"], both["score"]))
    assert rescore.ablation(finished, space=place) == list(rows.values())


@pytest.mark.long
def test_a_recording_and_a_picture_are_judged_by_what_they_bring(
    finished: RunFolder, place: Workspace
) -> None:
    network, card, recipe = best_model.load(finished)
    for name, kind in (("tiny", "frame"), ("sounds", "segment")):
        (path,) = table.absolute_paths(table.load([name], place).head(1), place)
        units, score = score_prepared(network, card, prepare_cached(path, recipe, place), recipe)
        assert {unit.kind for unit in units} == {kind} and 0 <= (score or -1) <= 1


@pytest.mark.parametrize(
    ("modality", "names", "words"),
    [
        (
            "video",
            ["clips", "tiny", "sounds"],
            ["'tiny' holds pictures", "'sounds' holds recordings", "this kind of detector takes"],
        ),
        ("image", ["tiny", "sounds"], ["'sounds' holds recordings"]),
        ("audio", ["sounds", "silent"], ["'silent' has no label for the sound of its clips"]),
        ("multimodal", ["tiny", "unlabelled"], ["'unlabelled' has no labels"]),
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
