"""Occlusion over time: each stretch of sound is silenced in turn; how far the evidence for fake falls is its
weight."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch

from core.detection.explanations.base import FAKE, Attribution, View, scaled
from core.detection.explanations.integrated_gradients import BIN
from core.detection.network_lock import alone


@dataclass(frozen=True)
class Occlusion:
    name: str = "occlusion"
    title: str = "Occlusion"
    about: str = "how far the evidence for fake falls when a stretch of sound is silenced; needs no gradients"
    over: str = "time"
    stretches: int = 24

    def __call__(self, view: View, inputs: torch.Tensor) -> Attribution:
        samples = inputs.shape[1]
        edges = np.linspace(0, samples, min(self.stretches, samples) + 1).astype(int)
        falls = []
        with alone(view.network), torch.no_grad():
            whole = view.forward(inputs)[:, FAKE]
            for start, end in itertools.pairwise(edges):
                without = inputs.clone()
                without[:, start:end] = 0
                falls.append((whole - view.forward(without)[:, FAKE]).cpu().numpy())
        drops = np.stack(falls, axis=1)  # (units, stretches)
        moments = -(-samples // BIN)
        middle = (np.arange(moments) + 0.5) * BIN
        at = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, drops.shape[1] - 1)
        raw = drops[:, at]
        return Attribution(scaled(raw), np.maximum(drops, 0).sum(axis=1), raw=raw)


EXPLAINER = Occlusion()
