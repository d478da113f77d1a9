"""Objectives beside the verdict: domains told apart adversarially, and sound aligned with picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from core.training.reading.data import Batch
from models import presence

STEEPNESS = 10.0  # of the usual schedule (Ganin and Lempitsky 2015)
TEMPERATURE = 0.07


def adversarial_strength(step: int, steps: int) -> float:
    """λ = 2/(1 + exp(-10 p)) - 1: nothing at first, while features are noise, near 1 at the end."""
    share = min(1.0, step / max(1, steps))
    return 2.0 / (1.0 + math.exp(-STEEPNESS * share)) - 1.0


def domain_objective(output: Any, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the dataset. The network reverses its gradient, so the backbone learns to hide it."""
    logits = output.extras.get("domain_logits")
    if logits is None:
        return output.logits.sum() * 0.0
    return functional.cross_entropy(logits.float(), batch.domains.to(logits.device, non_blocking=True))


def domains_named(output: Any, batch: Batch) -> tuple[torch.Tensor, int]:
    """Of how many samples the discriminator named the dataset (on the device), and how many it saw."""
    logits = output.extras.get("domain_logits")
    if logits is None:
        return output.logits.new_zeros((), dtype=torch.int64), 0
    named = logits.detach().argmax(dim=1) == batch.domains.to(logits.device, non_blocking=True)
    return named.sum(), len(named)


def contrastive_objective(output: Any, batch: Batch) -> torch.Tensor:
    """Symmetric InfoNCE between the sound and the picture of the same clip, over real clips: a fake's need
    not fit."""
    audio, video = output.extras.get("audio_embedding"), output.extras.get("video_embedding")
    chosen = batch.labels == 0
    both = output.extras.get("both_present")
    if both is not None:  # a picture without sound has nothing to be aligned with
        chosen = chosen & presence.known(both).to(chosen.device)
    real = chosen.nonzero().flatten()
    if audio is None or video is None or len(real) < 2:
        return output.logits.sum() * 0.0
    there = real.to(audio.device, non_blocking=True)
    audio = functional.normalize(audio.float()[there], dim=1)
    video = functional.normalize(video.float()[there], dim=1)
    likeness = audio @ video.T / TEMPERATURE
    own = torch.arange(len(real), device=likeness.device)
    return (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2


@dataclass(frozen=True)
class Objectives:
    """What is minimised beside the verdict: `prepare(step)` before the forward pass, then a call with what it gave.

    The schedule scales the reversed gradient alone (Ganin and Lempitsky 2015): the discriminator learns from the first
    step, and the backbone hears of it more and more.

        verdict <── backbone ──> reversal (-λ) ──> discriminator ──> domain_weight · cross-entropy
    """

    network: nn.Module
    domain_weight: float
    contrastive_weight: float
    steps: int  # in the whole run

    def prepare(self, step: int) -> None:
        head = getattr(self.network, "domain_head", None)
        if self.domain_weight and head is not None:
            head.strength = adversarial_strength(step, self.steps)

    def __call__(self, output: Any, batch: Batch) -> torch.Tensor:
        total = output.logits.sum() * 0.0
        if self.domain_weight:
            total = total + self.domain_weight * domain_objective(output, batch)
        if self.contrastive_weight:
            total = total + self.contrastive_weight * contrastive_objective(output, batch)
        return total


def extra_objectives(network: nn.Module, weights: Mapping[str, float], steps: int) -> Objectives | None:
    """The objectives that have a weight; None where none has."""
    domain, contrastive = weights.get("domain", 0.0), weights.get("contrastive", 0.0)
    if not domain and not contrastive:
        return None
    return Objectives(network, domain, contrastive, steps)
