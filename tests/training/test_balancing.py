"""Balancing: what each technique draws, weighs and invents; and the order of an epoch over several processes."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.balancing import TECHNIQUES, TrainingSet, draws_together, make_balancing
from core.training.reading.order import batches, epoch_order, share_of_rank


def training_set(real: int = 30, fake: int = 300) -> TrainingSet:
    labels = np.array([0] * real + [1] * fake)
    groups = [frozenset({f"clip-{i % real}"}) for i in range(len(labels))]
    return TrainingSet(labels, np.ones(len(labels)), groups)


@pytest.mark.parametrize("name", TECHNIQUES)
class TestEveryTechnique:
    def test_draws_are_samples_and_repeat_with_the_seed(self, name: str) -> None:
        samples = training_set()
        first, second = (TECHNIQUES[name](samples).draws(np.random.default_rng(3)) for _ in range(2))
        if first is None:
            assert second is None
            return
        assert np.array_equal(first, second)
        assert first.min() >= 0 and first.max() < len(samples.labels)

    def test_one_class_alone_is_no_accident(self, name: str) -> None:
        samples = TrainingSet(np.zeros(5, int), np.ones(5), [frozenset()] * 5)
        technique = TECHNIQUES[name](samples)
        assert technique.class_weights() is None or np.isfinite(technique.class_weights()).all()

    def test_changes_one_thing_only(self, name: str) -> None:
        technique = TECHNIQUES[name](training_set())
        rng = np.random.default_rng(0)
        embeddings = rng.normal(size=(330, 4)).astype(np.float32)
        changed = [
            technique.draws(rng) is not None,
            technique.class_weights() is not None,
            technique.strengthens(0) or technique.strengthens(1),
            len(technique.resample(embeddings, training_set().labels, 0)[0]) != 330,
        ]
        assert sum(changed) == 1


def test_sampler_draws_both_classes_equally_often() -> None:
    samples = training_set()
    drawn = TECHNIQUES["sampler"](samples).draws(np.random.default_rng(0))
    assert len(drawn) == 330
    assert np.bincount(samples.labels[drawn]).tolist() == [165, 165]
    times = np.bincount(drawn, minlength=330)[:30]
    assert times.max() - times.min() <= 1  # everything once before anything twice


def test_dataset_weights_decide_how_often_a_dataset_is_drawn() -> None:
    weights = np.where(np.arange(400) % 2, 3.0, 1.0)
    samples = TrainingSet(np.arange(400) // 200, weights, [frozenset()] * 400, np.arange(400) % 2)
    for techniques in ([], make_balancing(["sampler"], samples)):
        drawn = np.concatenate([epoch_order(samples, techniques, 1, epoch) for epoch in range(20)])
        assert np.mean(drawn % 2) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("names", [[], ["sampler"]])
def test_datasets_of_equal_weight_are_drawn_equally_often_whatever_their_size(names: list[str]) -> None:
    datasets = np.array([0] * 1000 + [1] * 50)
    labels = np.arange(1050) % 2
    samples = TrainingSet(labels, np.ones(1050), [frozenset()] * 1050, datasets)
    drawn = epoch_order(samples, make_balancing(names, samples), 1, 1)
    assert len(drawn) == 1050
    assert np.ptp(np.bincount(datasets[drawn])) <= 2
    times = np.bincount(drawn, minlength=1050)
    for label in (0, 1):
        for dataset in (0, 1):  # everything once before anything twice
            assert np.ptp(times[(datasets == dataset) & (labels == label)]) <= 1


def test_pairs_come_from_the_same_source() -> None:
    samples = training_set()
    drawn = TECHNIQUES["pairs"](samples).draws(np.random.default_rng(0)).reshape(-1, 2)
    assert len(drawn) == 300  # as many as the larger class has, each once
    assert sorted(drawn[:, 0]) == list(range(30, 330))
    for fake, real in drawn:
        assert samples.labels[fake] == 1 and samples.labels[real] == 0
        assert samples.groups[fake] & samples.groups[real]
    for batch in batches(drawn.reshape(-1), 1, 7, together=2):
        assert len(batch) % 2 == 0


def test_pairs_without_a_partner_take_any_of_the_other_class() -> None:
    samples = TrainingSet(np.array([0, 1, 1]), np.ones(3), [frozenset({"a"}), frozenset({"b"}), frozenset()])
    drawn = TECHNIQUES["pairs"](samples).draws(np.random.default_rng(0)).reshape(-1, 2)
    assert set(drawn[:, 1]) == {0}


def test_smote_invents_between_neighbours_of_the_minority() -> None:
    rng = np.random.default_rng(0)
    labels = np.array([0] * 10 + [1] * 60)
    embeddings = rng.normal(size=(70, 3)).astype(np.float32)
    grown, grown_labels, warning = TECHNIQUES["smote"](training_set()).resample(embeddings, labels, 7)
    assert warning is None and np.bincount(grown_labels).tolist() == [60, 60]
    assert np.array_equal(grown[:70], embeddings)
    reals = embeddings[labels == 0]
    for new in grown[70:]:  # on the line between two reals
        a = reals[:, None] - new
        b = reals[None] - new
        bend = np.linalg.norm(np.cross(a, b), axis=-1) / (
            np.linalg.norm(reals[:, None] - reals[None], axis=-1) + 1e-9
        )
        assert np.min(bend[~np.eye(10, dtype=bool)]) < 1e-4


def test_smote_falls_back_with_a_warning_when_the_minority_is_too_small() -> None:
    labels = np.array([0] * 5 + [1] * 60)
    embeddings = np.zeros((65, 3), np.float32)
    same, same_labels, warning = TECHNIQUES["smote"](training_set()).resample(embeddings, labels, 7)
    assert same is embeddings and same_labels is labels
    assert warning is not None and "5 samples" in warning and "original data" in warning


def test_minority_augmentation_is_for_the_minority() -> None:
    technique = TECHNIQUES["minority_augmentation"](training_set(real=10, fake=90))
    assert technique.strengthens(0) and not technique.strengthens(1)


def test_without_techniques_every_sample_comes_once() -> None:
    samples = training_set()
    first, again = (epoch_order(samples, [], 42, 1) for _ in range(2))
    assert np.array_equal(first, again) and sorted(first) == list(range(330))
    assert not np.array_equal(first, epoch_order(samples, [], 42, 2))
    assert not np.array_equal(first, epoch_order(samples, [], 43, 1))


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("names", [[], ["sampler"], ["pairs"]])
def test_every_rank_gets_as_many_of_each_class(world: int, names: list[str]) -> None:
    samples = training_set(real=37, fake=101)
    techniques = make_balancing(names, samples)
    order, together = epoch_order(samples, techniques, 42, 1), draws_together(techniques)
    assert together == (2 if "pairs" in names else 1)
    shares = [share_of_rank(order, samples.labels, rank, world, together) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    for label in (0, 1):
        counts = [int(np.sum(samples.labels[share] == label)) for share in shares]
        assert max(counts) - min(counts) <= 1
    drawn = np.concatenate(shares)
    assert set(order) <= set(drawn) and len(drawn) - len(order) < world * together
