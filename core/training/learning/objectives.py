"""Objectives beside the verdict: domains told apart adversarially, and sound aligned with picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from core.training.options.config import TrainConfig
from core.training.reading.data import Batch

STEEPNESS = 10.0  # of the usual schedule (Ganin and Lempitsky 2015)
TEMPERATURE = 0.07

Objective = Callable[[Any, Batch, int], torch.Tensor]


def adversarial_strength(step: int, steps: int) -> float:
    """λ = 2/(1 + exp(-10 p)) - 1: nothing at first, while features are noise, near 1 at the end."""
    share = min(1.0, step / max(1, steps))
    return 2.0 / (1.0 + math.exp(-STEEPNESS * share)) - 1.0


def domain_objective(output: Any, batch: Batch, strength: float) -> torch.Tensor:
    """Cross-entropy of the dataset. The network reverses its gradient, so the backbone learns to hide it."""
    logits = output.extras.get("domain_logits")
    if logits is None:
        return output.logits.sum() * 0.0
    return strength * functional.cross_entropy(logits.float(), batch.domains.to(logits.device))


def contrastive_objective(output: Any, batch: Batch) -> torch.Tensor:
    """Symmetric InfoNCE between the sound and the picture of the same clip, over real clips: a fake's need not fit."""
    audio, video = output.extras.get("audio_embedding"), output.extras.get("video_embedding")
    real = (batch.labels == 0).nonzero().flatten()
    if audio is None or video is None or len(real) < 2:
        return output.logits.sum() * 0.0
    audio = functional.normalize(audio.float()[real.to(audio.device)], dim=1)
    video = functional.normalize(video.float()[real.to(video.device)], dim=1)
    likeness = audio @ video.T / TEMPERATURE
    own = torch.arange(len(real), device=likeness.device)
    return (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2


def extra_objectives(config: TrainConfig, steps: int) -> Objective | None:
    """The objectives that the configuration asks for, added up; None where it asks for none."""
    if not config.domain_weight and not config.contrastive_weight:
        return None

    def objective(output: Any, batch: Batch, step: int) -> torch.Tensor:
        total = output.logits.sum() * 0.0
        if config.domain_weight:
            total = total + domain_objective(
                output, batch, config.domain_weight * adversarial_strength(step, steps)
            )
        if config.contrastive_weight:
            total = total + config.contrastive_weight * contrastive_objective(output, batch)
        return total

    return objective
