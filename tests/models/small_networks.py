"""Every registered network at a size that tests can afford, and inputs for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import nn

import models

TINY_SPEECH: dict[str, Any] = {
    "extractor_conv_layer_config": [(32, 10, 5), (32, 3, 2), (32, 3, 2), (32, 3, 2)],
    "encoder_embed_dim": 32,
    "encoder_num_layers": 2,
    "encoder_num_heads": 2,
    "encoder_ff_interm_features": 64,
    "encoder_pos_conv_kernel": 8,
    "encoder_pos_conv_groups": 2,
}
ON_META = (
    30_000_000  # parameters above which a network is built without memory, and only its shapes are checked
)
SECONDS = 16_000


def small_options(name: str) -> dict[str, Any]:
    """What makes a huge network affordable; the others are built as they are."""
    if name.startswith("wav2vec2"):
        return {"sizes": TINY_SPEECH}
    if name == "fusion":
        return {"size": "tiny", "text_encoder": "bytes", "metadata": True, "domains": 3}
    return {}


NAMES = models.list_models()
BUILT = [n for n in NAMES if models.count_parameters(n, **small_options(n)) <= ON_META]
SHAPES_ONLY = [n for n in NAMES if n not in BUILT]


@cache
def built(name: str) -> nn.Module:
    """One network a name for all tests; each sets the mode that it needs."""
    torch.manual_seed(0)
    return models.create(name, **small_options(name))


def inputs_for(name: str, batch: int = 2, device: str = "cpu") -> Any:
    card = models.card(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        side = 56 if "14" in card.pretrained else 64
        image = torch.randn(batch, 3, 3, side, side).to(device)
        sound = 0.1 * torch.randn(batch, SECONDS).to(device)
    if card.modality == "image":
        return image[:, 0]
    if card.modality == "video":
        return image
    if card.modality == "audio":
        return sound
    net = built(name)
    inputs = {"image": image, "audio": sound}
    texts = net.text_tensors(["fake news", *[None] * (batch - 1)])
    metadata = net.metadata_tensors([{"codec": "h264", "width": 640}, *[None] * (batch - 1)])
    inputs |= {k: moved(v, device) for k, v in (("text", texts), ("metadata", metadata)) if v is not None}
    return inputs


def mask_for(name: str, inputs: Any) -> Any:
    """Something absent in the first sample; nothing to mask in a picture."""
    modality = models.card(name).modality
    if modality == "video":
        return absent_first(inputs.shape[:2])
    if modality == "audio":
        return absent_first(inputs.shape)
    if modality == "multimodal":
        batch = len(inputs["image"])
        return {
            "audio": torch.tensor([False] + [True] * (batch - 1)),
            "image_frames": absent_first(inputs["image"].shape[:2]),
        }
    return None


def absent_first(shape: torch.Size) -> torch.Tensor:
    mask = torch.ones(shape, dtype=torch.bool)
    mask[0, shape[1] // 2] = False
    return mask


def moved(value: Any, device: str) -> Any:
    if isinstance(value, dict):
        return {k: moved(v, device) for k, v in value.items()}
    return value.to(device)


def batch_size(inputs: Any) -> int:
    return len(inputs["image"] if isinstance(inputs, dict) else inputs)
