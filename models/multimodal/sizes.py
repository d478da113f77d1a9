"""How large a multimodal network is, by the memory that it may take."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.multimodal.encoders import (
    FORENSIC_PICTURE,
    FORENSIC_SOUND,
)
from models.multimodal.text import SENTENCE_DEFAULT


@dataclass(frozen=True)
class Size:
    """One width and depth of fusion, the encoders that go with it, and how it is trained on such a device."""

    width: int
    layers: int
    heads: int
    batch: int
    visual_encoder: str
    audio_encoder: str
    text_encoder: str
    metadata: bool
    precision: str = ""  # on a GPU; empty: as for any network
    accumulation: int = 1  # batches whose gradients make one step


SIZES = {
    "large": Size(
        512,
        4,
        8,
        2,
        "vit_base_patch16_224.augreg2_in21k_ft_in1k",
        "wav2vec2_large",
        SENTENCE_DEFAULT,
        True,
        precision="fp16",
        accumulation=8,
    ),
    "small": Size(
        256,
        2,
        4,
        4,
        "resnet50.a1_in1k",
        "wav2vec2_base",
        SENTENCE_DEFAULT,
        True,
        precision="fp16",
        accumulation=4,
    ),
    "tiny": Size(
        64, 2, 4, 8, "mobilenetv3_small_050.lamb_in1k", "logmel:mobilenetv3_small_050.lamb_in1k", "", False
    ),
    "forensic": Size(64, 1, 4, 8, FORENSIC_PICTURE, FORENSIC_SOUND, "", False),
}
SMALL_UP_TO = 16.0  # gigabytes of device memory


def size_for(memory_gb: float | None = None) -> str:
    """LARGE where the device has more than 16 GB, else SMALL; without a number the first GPU is asked."""
    if memory_gb is None:
        cuda = torch.cuda.is_available()
        memory_gb = torch.cuda.get_device_properties(0).total_memory / 1e9 if cuda else 0.0
    # A card sold as 16 GB reports up to 17.2e9 bytes.
    return "large" if memory_gb > SMALL_UP_TO * 1.08 else "small"
