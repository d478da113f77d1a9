"""Sanity: labels that say nothing teach nothing, labels that say something are learned, every network can learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import models
from core.runs.folder import new_run
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small


@pytest.fixture(autouse=True)
def settings_again() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def test_shuffled_labels_give_an_interval_that_holds_a_half(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=60, fake=60, shuffled=True)
    folder = new_run(small(epochs=4, batch_size=8, bootstrap=300), space=space)
    result = work(folder, space=space)
    low, high = result["metrics"]["test"]["at_chosen"]["intervals"]["auc"]
    assert low <= 0.5 <= high
    assert result["learned_nothing"] is True and "0.5" in result["learned_nothing_reason"]


def test_labels_that_mean_something_are_learned(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=50, fake=50)
    options = {"model": "forensic_residual", "tune": "head", "epochs": 15, "learning_rate": None}
    folder = new_run(small(bootstrap=300, **options), space=space)
    result = work(folder, space=space)
    assert result["metrics"]["test"]["at_chosen"]["auc"] > 0.9
    assert result["learned_nothing"] is False


SMALL_ENOUGH = [n for n in models.list_models("image") if models.count_parameters(n) < 2e6] + [
    "timm:test_resnet"
]


@pytest.mark.parametrize("name", SMALL_ENOUGH)
def test_a_small_network_overfits_one_batch(name: str) -> None:
    torch.manual_seed(0)
    card = models.card(name)
    side = 64 if card.resize == "native" else 48
    network = models.create(name, dropout=0.0).train()
    inputs, labels = torch.randn(8, 3, side, side), torch.tensor([0, 1] * 4)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(80):
        loss = torch.nn.functional.cross_entropy(network(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.02:
            break
    assert loss.item() < 0.1
