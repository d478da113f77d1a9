"""Occlusion over pictures: each cell of a grid is blurred in turn; how far the evidence for fake falls is its
weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from core.detection.explanations.base import FAKE, Attribution, View, scaled
from core.detection.network_lock import alone

GRID = 8  # cells along each side


@dataclass(frozen=True)
class PictureOcclusion:
    name: str = "picture_occlusion"
    title: str = "Occlusion over the picture"
    about: str = (
        "how far the evidence for fake falls when a part of the picture is blurred; needs no gradients"
    )
    over: str = "picture"

    def __call__(self, view: View, inputs: torch.Tensor) -> Attribution:
        blurred = functional.interpolate(
            functional.adaptive_avg_pool2d(inputs, 4), inputs.shape[-2:], mode="bilinear", align_corners=False
        )
        rows, columns = (np.linspace(0, side, GRID + 1).astype(int) for side in inputs.shape[-2:])
        falls = np.zeros((len(inputs), GRID, GRID), np.float32)
        with alone(view.network), torch.no_grad():
            whole = view.forward(inputs)
            for row in range(GRID):
                for column in range(GRID):
                    y, x = slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])
                    covered = inputs.clone()
                    covered[..., y, x] = blurred[..., y, x]
                    falls[:, row, column] = (whole - view.forward(covered))[:, FAKE].float().cpu().numpy()
        maps = functional.interpolate(torch.from_numpy(falls)[:, None], inputs.shape[-2:], mode="bilinear")
        scores = whole.float().softmax(-1)[:, FAKE].cpu().numpy()
        strengths = np.maximum(falls, 0).sum(axis=(1, 2))
        return Attribution(scaled(maps[:, 0].numpy()), strengths, raw=falls, scores=scores)


EXPLAINER = PictureOcclusion()
