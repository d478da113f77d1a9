"""The compact forensic network over the frames of a clip: what it learns from little data on a CPU."""

from __future__ import annotations

import torch

from models.cards import ModelCard
from models.covariance import CovarianceNetwork
from models.image.forensic_residual import CovarianceEncoder
from models.network import over_frames
from models.registry import register


@register(
    ModelCard(
        name="forensic_frames",
        modality="video",
        about="compact: the forensic residual network on each frame, averaged; learns from little data, the quick one for a CPU",
        source="this workbench; see Forensic residual",
        size=128,
        frames=4,
        resize="native",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        cam_layer="encoder.local",
        learning_rate=1e-3,
        tune="head",
        objectives={},  # nothing before the head learns, so nothing could hide the dataset
    )
)
class ForensicFrames(CovarianceNetwork):
    """Averaging the frames' log-covariances takes away what changes from frame to frame, such as the pose."""

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3) -> None:
        encoder = CovarianceEncoder()
        super().__init__(encoder, encoder.width, dropout)
        self.width = encoder.width

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return over_frames(self.encoder, inputs, mask, self.width)
