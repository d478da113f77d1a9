"""Losses against values and gradients worked out by hand, and against torch where torch has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.training.balancing import TrainingSet, make_balancing
from core.training.losses import LOSSES, make_loss
from core.training.losses.focal import FocalSettings
from core.training.options.config import TrainConfig

# Two samples. Real with p(fake) = 1/4: logits 0 and -ln 3. Fake with p(fake) = 1/5: logits 0 and -ln 4.
LOGITS = torch.tensor([[0.0, -math.log(3.0)], [0.0, -math.log(4.0)]])
LABELS = torch.tensor([0, 1])
P_TRUE = (0.75, 0.2)


def test_cross_entropy_by_hand() -> None:
    expected = -(math.log(0.75) + math.log(0.2)) / 2
    assert LOSSES["cross_entropy"]()(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-6)


def test_focal_by_hand() -> None:
    terms = [-0.25 * (1 - p) ** 2 * math.log(p) for p in P_TRUE]
    assert LOSSES["focal"]()(LOGITS, LABELS).item() == pytest.approx(sum(terms) / 2, rel=1e-6)


def test_weighted_focal_by_hand() -> None:
    weights = torch.tensor([2.0, 0.5])
    terms = [-w * (1 - p) ** 2 * math.log(p) for w, p in zip((2.0, 0.5), P_TRUE, strict=True)]
    loss = LOSSES["weighted_focal"](class_weights=weights)
    assert loss(LOGITS, LABELS).item() == pytest.approx(sum(terms) / 2, rel=1e-6)


def test_class_weights_multiply_each_sample() -> None:
    loss = LOSSES["cross_entropy"](class_weights=torch.tensor([3.0, 0.5]))
    expected = -(3 * math.log(0.75) + 0.5 * math.log(0.2)) / 2
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_is_that_of_torch() -> None:
    loss = LOSSES["cross_entropy"](smoothing=0.2)
    expected = functional.cross_entropy(LOGITS, LABELS, label_smoothing=0.2)
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


def test_focal_without_focus_is_cross_entropy() -> None:
    loss = LOSSES["focal"](settings=FocalSettings(focal_alpha=1.0, focal_gamma=0.0))
    expected = functional.cross_entropy(LOGITS, LABELS)
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


def test_gradient_of_focal_by_hand() -> None:
    """With z the true logit minus the other: dFL/dz = α (1-p)^γ (γ p ln p + p - 1)."""
    logits = LOGITS.clone().double().requires_grad_()
    LOSSES["focal"]()(logits, LABELS).backward()
    for row, (label, p) in enumerate(zip((0, 1), P_TRUE, strict=True)):
        expected = 0.25 * (1 - p) ** 2 * (2 * p * math.log(p) + p - 1) / 2
        assert logits.grad[row, label].item() == pytest.approx(expected, rel=1e-4)
        assert logits.grad[row, 1 - label].item() == pytest.approx(-expected, rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [0.0, 30.0, 200.0])
def test_every_loss_stays_finite_with_its_gradient(name: str, size: float) -> None:
    logits = torch.tensor([[size, -size], [-size, size]], requires_grad=True)
    value = LOSSES[name](class_weights=torch.tensor([1.0, 2.0]))(logits, LABELS)
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_falls_when_the_truth_gets_likelier(name: str) -> None:
    loss = LOSSES[name](class_weights=torch.tensor([1.0, 1.0]))
    worse, better = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 2.0]])
    assert loss(better, torch.tensor([1])) < loss(worse, torch.tensor([1]))


def test_options_reach_the_loss() -> None:
    labels = np.array([0] * 30 + [1] * 10)  # n/(k·n_c): 40/60 and 40/20
    config = TrainConfig(loss="focal", focal_alpha=0.7, focal_gamma=1.5, label_smoothing=0.1)  # type: ignore[call-arg]
    loss = make_loss(config, labels)
    assert loss.settings == FocalSettings(focal_gamma=1.5, focal_alpha=0.7)
    assert (loss.smoothing, loss.class_weights) == (0.1, None)
    techniques = make_balancing(["class_weights"], TrainingSet(labels, np.ones(len(labels))))
    weighed = make_loss(TrainConfig(balancing=["class_weights"]), labels, techniques)
    assert weighed.class_weights.tolist() == pytest.approx([40 / 60, 2.0])
    assert make_loss(TrainConfig(loss="weighted_focal"), labels).class_weights.tolist() == pytest.approx(
        [2 / 3, 2.0]
    )
