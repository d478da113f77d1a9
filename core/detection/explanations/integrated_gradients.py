"""Integrated gradients (Sundararajan et al. 2017) over a waveform, from silence to the recording, per
moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core.detection.explanations.base import (
    FAKE,
    Attribution,
    View,
    backward_through_recurrence,
    clear_gradients,
    scaled,
)
from core.detection.network_lock import alone

BIN = 320  # samples of one moment: 20 ms at 16 kHz


@dataclass(frozen=True)
class IntegratedGradients:
    name: str = "integrated_gradients"
    title: str = "Integrated gradients"
    about: str = "what each moment adds to the evidence for fake on the way from silence to the recording"
    over: str = "time"
    steps: int = 8

    def __call__(self, view: View, inputs: torch.Tensor) -> Attribution:
        """The sums over moments add up to logit(recording) - logit(silence), as exactly as the steps are
        fine."""
        total = torch.zeros_like(inputs)
        with alone(view.network), torch.enable_grad(), backward_through_recurrence(view.network):
            for step in range(self.steps):
                at = (inputs * ((step + 0.5) / self.steps)).detach().requires_grad_(True)
                logits = view.forward(at)
                total += torch.autograd.grad(logits[:, FAKE].sum(), at)[0]
            clear_gradients(view.network)
        added = (total * inputs / self.steps).detach().cpu().numpy()
        moments = per_moment(added)
        return Attribution(scaled(moments), np.maximum(moments, 0).sum(axis=1), raw=moments)


def per_moment(values: np.ndarray) -> np.ndarray:
    """(units, samples) summed over moments of BIN samples: (units, moments)."""
    units, samples = values.shape
    padded = np.pad(values, ((0, 0), (0, -samples % BIN)))
    return padded.reshape(units, -1, BIN).sum(axis=2)


EXPLAINER = IntegratedGradients()
