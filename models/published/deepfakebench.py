"""DeepfakeBench (Yan et al. 2023, arXiv 2307.01426): what its detectors share. A family below is a backbone of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from models.cards import ModelCard
from models.published.base import Family, Reading

SIZE = 256
HALF = (0.5, 0.5, 0.5)
PROTOCOL = "mean of the frames over eight test sets of other sources, trained on FaceForensics++ c23 (DeepfakeBench's README)"
READING = Reading(2, (1,), "DeepfakeBench scores by softmax, output 1 is fake", "fake")


class DeepfakeBenchFamily(Family):
    """Aligned faces of 256 px with margin 1.3, values from -1 to 1."""

    source = "Yan et al. 2023, github.com/SCLBD/DeepfakeBench"
    licence = "CC BY-NC 4.0"
    modality = "image"
    compared = True
    cam_layer: str

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name,
            modality="image",
            about=self.about,
            source=self.source,
            size=SIZE,
            mean=HALF,
            std=HALF,
            cam_layer=self.cam_layer,
        )

    def recipe(self, **options: Any) -> dict[str, Any]:
        return {"faces": True, "face_margin": 1.3}

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """Without `backbone.`, also where other parts of a detector stand beside it; one name for the head."""
        renamed = {}
        for name, tensor in tensors.items():
            short = name.removeprefix("backbone.")
            first, _, rest = short.partition(".")
            if first in ("last_layer", "last_linear", "fc"):
                inner = rest.removeprefix("1.") if rest.startswith("1.") else rest
                short = f"{self.classifier}.{inner}"
            renamed[short] = tensor
        return renamed
