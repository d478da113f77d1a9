"""Head mode: the backbone stays as it is, embeddings come once and then from the cache, SMOTE sees training only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core.catalog import table
from core.errors import BadInput, WorkbenchError
from core.media.cache import prepare_cached
from core.progress import Pace
from core.runs.folder import RunFolder, new_run
from core.training import embeddings
from core.training.balancing import TrainingSet, make_balancing
from core.training.head import HeadLearner
from core.training.learner import Context
from core.training.learning import best_model
from core.training.learning.heads import build_head, start_from_shares
from core.training.loop import Loop
from core.training.losses import make_loss
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks
from core.training.scoring.forward import score_prepared
from core.training.setup import set_up
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

CPU = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("head")
    image_set(Workspace(root / "workspace"), root, real=18, fake=60)
    return root


@pytest.fixture(autouse=True)
def settings_again() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def run(place: Path, folder: Path, **more: Any) -> RunFolder:
    options = {"tune": "head", "epochs": 12, "learning_rate": 0.02, "batch_size": 8, **more}
    made = new_run(small(**options), path=folder)
    work(made, space=Workspace(place / "workspace"))
    return made


def test_where_no_sample_can_be_used_it_says_why(place: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"no training sample can be used \(no face found\)"):
        run(place, tmp_path / "run", faces=True)


@pytest.mark.parametrize("head", ["linear", pytest.param("mlp", marks=pytest.mark.long), "logistic"])
def test_every_head_trains_and_is_part_of_the_detector(place: Path, tmp_path: Path, head: str) -> None:
    space = Workspace(place / "workspace")
    folder = run(place, tmp_path / "run", head=head)
    network, card, recipe = best_model.load(folder)
    untouched = set_up(TrainConfig.from_dict(small(tune="head")), space).network.state_dict()
    for name, value in network.state_dict().items():
        if name.startswith("encoder."):
            assert torch.equal(value, untouched[name]), name
    scores = pd.read_parquet(folder.scores_file("test"))
    rows = table.load(["tiny"], space).set_index("id").loc[scores["id"]].reset_index()
    for path, score in list(zip(table.absolute_paths(rows, space), scores["score"], strict=True))[:4]:
        again = score_prepared(network, card, prepare_cached(path, recipe, space), recipe, "cpu")
        assert again.score == pytest.approx(score, abs=1e-5)
    assert folder.document("metrics")["best_epoch"] >= 1


def test_embeddings_are_computed_once(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(place, tmp_path / "one")

    def never(*_: Any) -> Any:
        raise AssertionError("the backbone ran again")

    monkeypatch.setattr(embeddings, "_through_backbone", never)
    run(place, tmp_path / "two", head="mlp", balancing=["sampler", "class_weights"], loss="focal")
    with pytest.raises(AssertionError, match="ran again"):
        run(place, tmp_path / "three", image_size=40)


def test_smote_invents_training_embeddings_and_nothing_else(place: Path, tmp_path: Path) -> None:
    space = Workspace(place / "workspace")
    setup = set_up(TrainConfig.from_dict(small(tune="head", balancing=["smote"], smote_neighbours=3)), space)
    job = HeadLearner(setup, Context(CPU))
    counts = setup.planned.counts()
    fakes = counts["train"]["fake"]
    assert np.bincount(job.training_set.labels).tolist() == [fakes, fakes]
    assert len(job.validation.samples) == sum(counts["val"].values())
    training = set(map(bytes, job.rows.values[: sum(counts["train"].values())]))
    assert not training & set(map(bytes, job.validation.values))


def test_it_says_how_far_the_network_is_before_the_first_step(place: Path, tmp_path: Path) -> None:
    config = TrainConfig.from_dict(small(tune="head", image_size=44))
    setup = set_up(config, Workspace(place / "workspace"))
    heard: list[Pace | None] = []
    learner = HeadLearner(setup, Context(CPU, on_pace=heard.append))
    learner._embed(setup.source("test"))  # scored at the end, and no part of it
    total = sum(len(setup.source(split).files) for split in ("train", "val"))
    *paces, end = heard
    assert end is None and [pace.done for pace in paces if pace] == sorted(
        pace.done for pace in paces if pace
    )
    assert str(paces[-1]).startswith(f"Running the network on {total} of {total} files")


@pytest.mark.long
def test_smote_with_too_few_neighbours_goes_on_with_a_warning(place: Path, tmp_path: Path) -> None:
    folder = run(place, tmp_path / "run", balancing=["smote"], smote_neighbours=60, epochs=1)
    assert folder.status().state == "completed"
    assert "smote: the minority class has" in folder.log_file.read_text()


def test_views_are_augmented_copies_of_the_minority(place: Path, tmp_path: Path) -> None:
    space = Workspace(place / "workspace")
    config = TrainConfig.from_dict(small(tune="head", balancing=["minority_augmentation"], views=3))
    job = HeadLearner(set_up(config, space), Context(CPU))
    labels = job.training_set.labels
    assert set(job.rows.count[labels == 0]) == {3} and set(job.rows.count[labels == 1]) == {1}
    views = [job.rows.values[i : i + 3] for i in job.rows.first[labels == 0]]
    assert any(len(np.unique(three, axis=0)) > 1 for three in views)


def test_logistic_is_the_optimum_that_scikit_learn_finds(place: Path, tmp_path: Path) -> None:
    space = Workspace(place / "workspace")
    config = TrainConfig.from_dict(small(tune="head", head="logistic", weight_decay=0.1))
    job = HeadLearner(set_up(config, space), Context(CPU))
    Loop(job, new_run({}, path=tmp_path / "run")).fit()
    x = job.network.head[0](torch.from_numpy(job.rows.values)).numpy()
    y = job.rows.labels
    # The layer has two rows of weights; their difference is one row that pays half the penalty.
    reference = LogisticRegression(C=1 / (0.1 / 2 * len(y)), tol=1e-8, max_iter=5000).fit(x, y)
    layer = job.network.head[-1]
    ours = (layer.weight[1] - layer.weight[0]).detach().numpy()
    assert np.allclose(ours, reference.coef_[0], atol=5e-3)


def test_a_head_that_is_unknown_is_refused() -> None:
    with pytest.raises(BadInput, match="linear, mlp, logistic"):
        build_head("forest", 3)


@pytest.mark.parametrize(
    ("techniques", "odds"),
    [({}, 9.0), ({"balancing": ["class_weights"]}, 1.0), ({"label_smoothing": 0.2}, 0.82 / 0.18)],
)
def test_a_head_starts_from_the_shares_of_the_classes(techniques: dict[str, Any], odds: float) -> None:
    labels = np.array([1] * 90 + [0] * 10)
    config = TrainConfig.from_dict({"modality": "image", **techniques})
    chosen = make_balancing(config.balancing, TrainingSet(labels, np.ones(100)), config)
    loss = make_loss(config, labels, chosen)
    head = build_head("linear", 5_000)
    start_from_shares(head[-1].bias, loss, labels)
    real, fake = torch.softmax(head[-1].bias, 0).tolist()
    # Smoothed, a class's share is 0.8 of it and half of the rest.
    assert fake / real == pytest.approx(odds, rel=1e-3)


def test_a_wide_head_knows_the_imbalance_after_one_epoch(place: Path, tmp_path: Path) -> None:
    space = Workspace(place / "workspace")
    for balancing, fakes in (([], 0.7), (["sampler"], 0.5)):
        config = TrainConfig.from_dict(small(tune="head", learning_rate=1e-6, balancing=balancing))
        job = HeadLearner(set_up(config, space), Context(CPU))
        shares = torch.softmax(job.network.head[-1].bias.detach(), 0)
        assert float(shares[1]) == pytest.approx(fakes, abs=0.1)
