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
from models.finetune import parameter_groups
from tests.models.small_networks import BUILT, inputs_for, small_options
from tests.training.tiny_catalogue import image_set, small


@pytest.fixture(autouse=True)
def settings_again() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.long
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


QUICK = 2_000_000  # parameters
LONG = ("raw_waveform",)  # small and slow: it looks at every sample of the sound
SLOW_STARTERS = {"forensic_sound": 300}  # steps: few weights on standardised features
EVERY = [
    name
    if name in BUILT and name not in LONG and models.count_parameters(name, **small_options(name)) < QUICK
    else pytest.param(name, marks=pytest.mark.long)
    for name in models.list_models()
]


@pytest.mark.parametrize("name", EVERY)
def test_every_network_overfits_one_batch(name: str) -> None:
    """Its whole way learns: after a few steps it knows four samples by heart."""
    torch.manual_seed(0)
    network = models.create(name, **small_options(name))
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    inputs, labels = inputs_for(name, batch=4), torch.tensor([0, 1, 1, 0])
    huge = models.count_parameters(name, **small_options(name)) > 1e8
    tune = "layernorm" if huge else "all"
    optimizer = torch.optim.AdamW(parameter_groups(network.train(), 2e-3, tune))
    for _ in range(SLOW_STARTERS.get(name, 80)):
        loss = torch.nn.functional.cross_entropy(network(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.05:
            break
    assert loss.item() < 0.05
