"""Objectives beside the verdict: the schedule of the adversary, the gradient it sends back, and aligned sound."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import models
from core.errors import BadInput
from core.training.learning.objectives import (
    TEMPERATURE,
    adversarial_strength,
    contrastive_objective,
    count_domains,
    domain_objective,
    extra_objectives,
)
from core.training.options.config import TrainConfig
from core.training.reading.data import Batch
from core.training.setup import check_objectives
from models.cards import Output
from models.multimodal.fusion import DomainDiscriminator


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
    config = TrainConfig(modality="multimodal", domain_weight=2.0)
    objective = extra_objectives(nn.Identity(), config, steps=10)
    assert objective is not None
    assert objective(output, batch([0, 1], [2, 0])).item() == pytest.approx(2 * math.log(3), rel=1e-5)


def test_the_schedule_scales_the_reversed_gradient_alone() -> None:
    """As published: the discriminator learns from the first step, the backbone hears of it more and more."""
    torch.manual_seed(0)
    network = Hiding()
    objective = extra_objectives(network, TrainConfig(modality="multimodal", domain_weight=2.0), steps=100)
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
    assert count_domains(output, batch([0, 1, 0], [0, 0, 0])) == (2, 3)
    assert count_domains(Output(torch.zeros(3, 2), torch.zeros(3, 4)), batch([0, 1, 0], [0, 0, 0])) == (0, 0)


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
    config = TrainConfig(modality="multimodal", contrastive_weight=0.5)
    objective = extra_objectives(nn.Identity(), config, steps=10)
    assert objective is not None
    value = contrastive_objective(crossed, batch([0, 0, 0], [0, 0, 0])).item()
    assert objective(crossed, batch([0, 0, 0], [0, 0, 0])).item() == pytest.approx(0.5 * value)


def test_without_weights_there_is_nothing_beside_the_verdict() -> None:
    assert extra_objectives(nn.Identity(), TrainConfig(), 10) is None
    with pytest.raises(BadInput, match="domain_weight"):
        TrainConfig(modality="video", domain_weight=1.0)


GIVEN = {"domain": {"domain_logits"}, "contrastive": {"audio_embedding", "video_embedding"}}


@pytest.mark.parametrize("name", models.list_models("multimodal"))
def test_a_card_names_the_objectives_that_the_network_has_something_for(name: str) -> None:
    from tests.models.small_networks import inputs_for, small_options

    card = models.card(name)
    options = {**small_options(name), **({"domains": 2} if "domain" in card.objectives else {})}
    inputs = inputs_for(name)
    with torch.no_grad():
        extras = models.create(name, **options).eval()(inputs, None, details=True).extras
    for objective, names in GIVEN.items():
        assert (names <= set(extras)) == (objective in card.objectives)
        if objective not in card.objectives:
            config = TrainConfig.from_dict(
                {"modality": "multimodal", "model": name, f"{objective}_weight": 1}
            )
            with pytest.raises(
                BadInput, match=f"{objective}_weight: 1 does nothing with {name}; it may be 0, or"
            ):
                check_objectives(config, card)
