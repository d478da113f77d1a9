"""wav2vec 2.0 and XLS-R from fairseq's files: sizes read off the tensors, names mapped onto those of transformers.

ssl_model.model.encoder.layers.3.self_attn.k_proj.weight  ─▶  ssl_model.encoder.layers.3.attention.k_proj.weight
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from models.published.base import Given

GIVEN = "ssl_model.model."  # how the published detectors call it
OWN = "ssl_model."
STRIDES = (5, 2, 2, 2, 2, 2, 2)
# What pre-training alone needs: the published detectors carry it and never use it.
UNUSED = tuple(GIVEN + part for part in ("mask_emb", "quantizer.", "project_q.", "final_proj."))
# fmt: off
NAMES = (
    (r"feature_extractor\.conv_layers\.(\d+)\.0\.(weight|bias)", r"feature_extractor.conv_layers.\1.conv.\2"),
    (r"feature_extractor\.conv_layers\.(\d+)\.2\.(?:1\.)?(weight|bias)", r"feature_extractor.conv_layers.\1.layer_norm.\2"),
    (r"post_extract_proj\.(weight|bias)", r"feature_projection.projection.\1"),
    (r"layer_norm\.(weight|bias)", r"feature_projection.layer_norm.\1"),
    (r"encoder\.pos_conv\.0\.bias", r"encoder.pos_conv_embed.conv.bias"),
    (r"encoder\.pos_conv\.0\.(?:weight_g|parametrizations\.weight\.original0)", r"encoder.pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"encoder\.pos_conv\.0\.(?:weight_v|parametrizations\.weight\.original1)", r"encoder.pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"encoder\.layer_norm\.(weight|bias)", r"encoder.layer_norm.\1"),
    (r"encoder\.layers\.(\d+)\.self_attn\.([kvq]|out)_proj\.(weight|bias)", r"encoder.layers.\1.attention.\2_proj.\3"),
    (r"encoder\.layers\.(\d+)\.self_attn_layer_norm\.(weight|bias)", r"encoder.layers.\1.layer_norm.\2"),
    (r"encoder\.layers\.(\d+)\.fc1\.(weight|bias)", r"encoder.layers.\1.feed_forward.intermediate_dense.\2"),
    (r"encoder\.layers\.(\d+)\.fc2\.(weight|bias)", r"encoder.layers.\1.feed_forward.output_dense.\2"),
    (r"encoder\.layers\.(\d+)\.final_layer_norm\.(weight|bias)", r"encoder.layers.\1.final_layer_norm.\2"),
)
# fmt: on
XLSR_300M: dict[str, Any] = {
    "width": 1024,
    "layers": 24,
    "inner": 4096,
    "channels": [512] * 7,
    "kernels": [10, 3, 3, 3, 3, 2, 2],
    "bias": True,
    "every_norm": True,
    "reach": 128,
    "groups": 16,
}


def renamed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Names that are none of fairseq's stay as they are: they are left over, and said to be."""
    return {_name(name): tensor for name, tensor in tensors.items()}


def _name(name: str) -> str:
    if not name.startswith(GIVEN):
        return name
    inner = name.removeprefix(GIVEN)
    for pattern, own in NAMES:
        found = re.fullmatch(pattern, inner)
        if found is not None:
            return OWN + found.expand(own)
    return name


def sizes(given: Given) -> dict[str, Any] | None:
    """What builds this encoder again; None where its first tensors are not there."""
    inner, place = given.shape(GIVEN + "encoder.layers.0.fc1.weight"), _position(given)
    convolutions = list(_convolutions(given))
    if inner is None or len(inner) != 2 or place is None or len(convolutions) != len(STRIDES):
        return None
    layers = [re.match(rf"{re.escape(GIVEN)}encoder\.layers\.(\d+)\.", name) for name in given.tensors]
    return {
        "width": inner[1],
        "layers": 1 + max(int(found[1]) for found in layers if found),
        "inner": inner[0],
        "channels": [shape[0] for shape in convolutions],
        "kernels": [shape[2] for shape in convolutions],
        "bias": given.has(f"{GIVEN}feature_extractor.conv_layers.0.0.bias"),
        "every_norm": given.has(f"{GIVEN}feature_extractor.conv_layers.1.2.1.weight"),
        "reach": place[2],
        "groups": max(1, place[0] // max(1, place[1])),
    }


def _position(given: Given) -> tuple[int, ...] | None:
    """Shape (width, width / groups, reach) of the convolution that places the steps."""
    start = f"{GIVEN}encoder.pos_conv.0."
    found = given.shape(start + "weight_v") or given.shape(start + "parametrizations.weight.original1")
    return found if found is not None and len(found) == 3 else None


def _convolutions(given: Given) -> Iterator[tuple[int, ...]]:
    for number in range(len(STRIDES)):
        shape = given.shape(f"{GIVEN}feature_extractor.conv_layers.{number}.0.weight")
        if shape is not None and len(shape) == 3:
            yield shape


def build(speech: Mapping[str, Any]) -> nn.Module:
    """transformers' encoder. Those with a norm in every convolution norm before a layer, base after it."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    every = bool(speech["every_norm"])
    config = Wav2Vec2Config(
        hidden_size=speech["width"],
        num_hidden_layers=speech["layers"],
        intermediate_size=speech["inner"],
        num_attention_heads=12 if speech["width"] == 768 else 16,
        conv_dim=list(speech["channels"]),
        conv_kernel=list(speech["kernels"]),
        conv_stride=list(STRIDES),
        conv_bias=speech["bias"],
        feat_extract_norm="layer" if every else "group",
        do_stable_layer_norm=every,
        num_conv_pos_embeddings=speech["reach"],
        num_conv_pos_embedding_groups=speech["groups"],
        mask_time_prob=0.0,
        mask_feature_prob=0.0,
        layerdrop=0.0,
        attn_implementation="eager",
    )
    return Wav2Vec2Model(config)


def layers_of(encoder: Any, sound: torch.Tensor) -> list[torch.Tensor]:
    """What each layer gives, (batch, steps, width), before the norm that follows the last."""
    seen: list[torch.Tensor] = []

    def note(_layer: nn.Module, _inputs: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    hooks = [layer.register_forward_hook(note) for layer in encoder.encoder.layers]
    try:
        encoder(sound)
    finally:
        for hook in hooks:
            hook.remove()
    return seen
