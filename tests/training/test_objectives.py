"""Objectives beside the verdict: the schedule of the adversary, the gradient it sends back, and aligned sound."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

import models
from core.errors import BadInput
from core.training.learning.objectives import (
    TEMPERATURE,
    adversarial_strength,
    contrastive_objective,
    domain_objective,
    domains_named,
    extra_objectives,
)
from core.training.options.config import TrainConfig
from core.training.reading.data import Batch
from core.training.setup import check_objectives, objective_weights
from models.cards import Output
from models.domain import DomainDiscriminator


def batch(labels: list[int], domains: list[int]) -> Batch:
    return Batch(list(range(len(labels))), torch.tensor(labels), torch.tensor(domains), {})


class Hiding(nn.Module):
    """An encoder whose dataset a discriminator tells apart behind reversed gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 16)
        self.domain_head = DomainDiscriminator(16, 2).eval()

    def forward(self, inputs: torch.Tensor) -> Output:
        embedding = self.encoder(inputs)
        return Output(embedding[:, :2], embedding, None, {"domain_logits": self.domain_head(embedding)})


def test_the_usual_schedule() -> None:
    assert adversarial_strength(0, 100) == 0
    assert adversarial_strength(50, 100) == pytest.approx(2 / (1 + math.exp(-5)) - 1)
    assert adversarial_strength(100, 100) == pytest.approx(0.99991, abs=1e-4)
    assert adversarial_strength(500, 100) == adversarial_strength(100, 100)


def test_domain_weight_scales_the_cross_entropy_of_the_dataset() -> None:
    logits = torch.zeros(2, 3)
    output = Output(torch.zeros(2, 2), torch.zeros(2, 4), None, {"domain_logits": logits})
    assert domain_objective(output, batch([0, 1], [2, 0])).item() == pytest.approx(math.log(3))
    objective = extra_objectives(nn.Identity(), {"domain": 2.0}, steps=10)
    assert objective is not None
    assert objective(output, batch([0, 1], [2, 0])).item() == pytest.approx(2 * math.log(3), rel=1e-5)


def test_the_schedule_scales_the_reversed_gradient_alone() -> None:
    """As published: the discriminator learns from the first step, the backbone hears of it more and more."""
    torch.manual_seed(0)
    network = Hiding()
    objective = extra_objectives(network, {"domain": 2.0}, steps=100)
    assert objective is not None
    inputs, truth = torch.randn(4, 3), batch([0, 1, 0, 1], [0, 0, 1, 1])

    def gradients() -> tuple[torch.Tensor, torch.Tensor]:
        network.zero_grad()
        objective(network(inputs), truth).backward()
        return network.encoder.weight.grad.clone(), network.domain_head.net[0].weight.grad.clone()

    network.domain_head.strength = -1.0  # reversed twice: as it is
    plain, discriminator = gradients()
    for step in (0, 20, 100):
        objective.prepare(step)
        backbone, own = gradients()
        torch.testing.assert_close(backbone, -adversarial_strength(step, 100) * plain)
        assert torch.equal(own, discriminator) and own.abs().sum() > 0 and plain.abs().sum() > 0


def test_how_often_the_discriminator_names_the_dataset_is_counted() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    output = Output(torch.zeros(3, 2), torch.zeros(3, 4), None, {"domain_logits": logits})
    assert domains_named(output, batch([0, 1, 0], [0, 0, 0])) == (2, 3)
    nothing = Output(torch.zeros(3, 2), torch.zeros(3, 4))
    assert domains_named(nothing, batch([0, 1, 0], [0, 0, 0])) == (0, 0)


def test_contrastive_weight_pulls_sound_and_picture_of_real_clips_together() -> None:
    own = torch.eye(3, 4)
    output = Output(torch.zeros(3, 2), own, None, {"audio_embedding": own, "video_embedding": own})
    aligned = contrastive_objective(output, batch([0, 0, 0], [0, 0, 0])).item()
    assert aligned == pytest.approx(
        -math.log(math.exp(1 / TEMPERATURE) / (math.exp(1 / TEMPERATURE) + 2)), abs=1e-6
    )
    crossed = Output(
        torch.zeros(3, 2), own, None, {"audio_embedding": own, "video_embedding": own.roll(1, 0)}
    )
    assert contrastive_objective(crossed, batch([0, 0, 0], [0, 0, 0])).item() > 10
    # A fake's sound need not fit its picture: only the reals count.
    assert contrastive_objective(crossed, batch([1, 1, 0], [0, 0, 0])).item() == 0
    objective = extra_objectives(nn.Identity(), {"contrastive": 0.5}, steps=10)
    assert objective is not None
    value = contrastive_objective(crossed, batch([0, 0, 0], [0, 0, 0])).item()
    assert objective(crossed, batch([0, 0, 0], [0, 0, 0])).item() == pytest.approx(0.5 * value)


def test_without_weights_there_is_nothing_beside_the_verdict() -> None:
    assert extra_objectives(nn.Identity(), {"domain": 0.0}, 10) is None


GIVEN = {"domain": {"domain_logits"}, "contrastive": {"audio_embedding", "video_embedding"}}
LARGEST = 15_000_000  # parameters of a network that a quick test builds


@pytest.mark.parametrize("name", models.list_models())
def test_a_card_names_the_objectives_that_the_network_has_something_for(name: str) -> None:
    from tests.models.small_networks import inputs_for, small_options

    card = models.card(name)
    for objective in {"domain", "contrastive"} - set(card.objectives):
        if objective == "domain" or card.modality == "multimodal":
            wish = {"modality": card.modality, "model": name, f"{objective}_weight": 1}
            with pytest.raises(
                BadInput, match=f"{objective}_weight: 1 does nothing with {name}; it may be 0, or"
            ):
                check_objectives(TrainConfig.from_dict(wish), card)
    options = {**small_options(name), **({"domains": 2} if "domain" in card.objectives else {})}
    if models.count_parameters(name, **small_options(name)) > LARGEST:
        return
    network = models.create(name, **options).eval()
    with torch.no_grad():
        extras = network(inputs_for(name), None, details=True).extras
    for objective, names in GIVEN.items():
        assert (names <= set(extras)) == (objective in card.objectives)
    if "domain" in card.objectives:
        assert extras["domain_logits"].shape == (2, 2)
        again = models.create(name, **network.options)
        again.load_state_dict(network.state_dict())
        assert again.domain_head.net[-1].out_features == 2


@pytest.mark.parametrize(
    ("options", "datasets", "weights"),
    [
        ({"modality": "multimodal", "model": "contrastive"}, 1, {"contrastive": 0.2}),
        (
            {"modality": "multimodal", "model": "contrastive", "contrastive_weight": 0},
            1,
            {"contrastive": 0.0},
        ),
        ({"modality": "multimodal"}, 3, {"domain": 0.1}),
        ({"modality": "multimodal"}, 1, {"domain": 0.0}),
        ({"modality": "multimodal", "tune": "head"}, 3, {"domain": 0.0}),
        ({"modality": "multimodal", "domain_weight": 0}, 3, {"domain": 0.0}),
        ({"modality": "video", "model": "simple_cnn"}, 3, {"domain": 0.0}),
        ({"modality": "video", "model": "simple_cnn", "domain_weight": 0.5}, 3, {"domain": 0.5}),
        ({"modality": "video", "model": "forensic_frames"}, 3, {}),
    ],
)
def test_a_network_brings_the_weight_of_its_objective(
    options: dict[str, Any], datasets: int, weights: dict[str, float]
) -> None:
    """Choosing `contrastive` alone trains with its loss; domain_weight and contrastive_weight override the card."""
    config = TrainConfig.from_dict(options)
    card = models.card(config.model_name)
    assert objective_weights(config, card, config.tune or card.tune, datasets) == weights


def test_a_sample_without_sound_is_not_aligned() -> None:
    own = torch.eye(3, 4)
    extras = {"audio_embedding": own, "video_embedding": own.roll(1, 0)}
    extras["both_present"] = torch.tensor([True, False, False])
    output = Output(torch.zeros(3, 2), own, None, extras)
    assert contrastive_objective(output, batch([0, 0, 0], [0, 0, 0])).item() == 0
