"""timm backbones as encoders: built without a classifier, with weights from a folder, the caches or the
hub."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from models import timm_library, weights
from models.cards import BadOption, UnknownModel
from models.shapes import without_values

MOST_MISSING = 0.1  # share of a backbone's numbers that a file of weights may lack (buffers made at start)


class TimmEncoder(nn.Module):
    """(n, channels, H, W) -> (n, width): the pooled features of a timm backbone."""

    def __init__(
        self, name: str, *, pretrained: bool = False, channels: int = 3, drop_path: float = 0.0
    ) -> None:
        super().__init__()
        extra: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
        self.backbone = build(name, pretrained=pretrained, in_chans=channels, **extra)
        # num_features is before a head's last convolution (MobileNetV3); the classifier sees
        # head_hidden_size.
        self.width = int(getattr(self.backbone, "head_hidden_size", None) or self.backbone.num_features)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        features = self.backbone.forward_features(pictures)
        return self.backbone.forward_head(features, pre_logits=True)


def build(name: str, *, pretrained: bool, **options: Any) -> nn.Module:
    """`timm.create_model` without a classifier; an unknown name lists the near ones."""
    timm = timm_library.load()

    check_name(name)
    options = {"num_classes": 0, **options}
    if takes_any_size(name):
        options["dynamic_img_size"] = True
    if not pretrained:
        try:
            return timm.create_model(name, pretrained=False, **options)
        except TypeError as error:
            raise BadOption(f"timm backbone {name} does not take these options: {error}") from error
    full = weights_name(name)
    local = weights.local_file(full)
    overlay = {"file": str(local)} if local else None
    origin = "a file that fits it" if local else weights_address(name, full)
    try:
        with _loads() as loads, weights.quick_without_network():
            net = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **options)
        _check_complete(net, loads)
    except Exception as error:
        raise weights.missing(name, f"{full}.safetensors", origin, error) from error
    return net


def weights_address(name: str, full: str) -> str:
    """Where the file can be fetched by hand; a few backbones have an address instead of a place on the
    hub."""
    config = pretrained_config(name)
    if config.get("url") and not config.get("hf_hub_id"):
        return str(config["url"])
    return f"the model.safetensors of huggingface.co/{config.get('hf_hub_id') or f'timm/{full}'}"


@contextmanager
def _loads() -> Iterator[list[set[str]]]:
    """What each loading of weights left unset: timm itself loads leniently and says nothing."""
    missing: list[set[str]] = []
    original = nn.Module.load_state_dict

    def watched(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        missing.append(set(result.missing_keys))
        return result

    nn.Module.load_state_dict = watched  # type: ignore[method-assign]
    try:
        yield missing
    finally:
        nn.Module.load_state_dict = original  # type: ignore[method-assign]


def _check_complete(net: nn.Module, loads: list[set[str]]) -> None:
    sizes = {name: tensor.numel() for name, tensor in net.state_dict().items()}
    for missing in loads:
        if sum(sizes.get(name, 0) for name in missing) > MOST_MISSING * sum(sizes.values()):
            raise ValueError(
                f"the file lacks {len(missing)} of {len(sizes)} tensors, {min(missing)} among them"
            )


def check_name(name: str) -> None:
    timm = timm_library.load()

    if timm.is_model(name):
        return
    close = difflib.get_close_matches(name, timm.list_models(), n=5, cutoff=0.5)
    hint = f"did you mean {', '.join(close)}?" if close else "timm.list_models() gives all names"
    raise UnknownModel(f"timm has no backbone {name!r}; {hint}")


def weights_name(name: str) -> str:
    """The name with the tag of its weights, as the hub and the folder call the file."""
    config = pretrained_config(name)
    base = name.split(".")[0]
    return f"{base}.{config['tag']}" if config.get("tag") else base


def pretrained_config(name: str) -> dict[str, Any]:
    timm = timm_library.load()

    check_name(name)
    config = timm.get_pretrained_cfg(name)
    return config.to_dict() if config is not None else {}


def has_weights(name: str) -> bool:
    config = pretrained_config(name)
    return any(config.get(key) for key in ("url", "hf_hub_id", "file"))


def takes_any_size(name: str) -> bool:
    """Plain vision transformers take pictures of any size that their patches divide."""
    timm = timm_library.load()

    module = timm.models.model_entrypoint(name.split(".")[0]).__module__
    return module.endswith((".vision_transformer", ".eva", ".deit"))


@cache
def cam_layer(name: str) -> str:
    """The layer for Grad-CAM: the last that still has a map in it, found by a pass without data.

    In a transformer it is the norm before the last attention: behind it, only the class token has a gradient.
    """
    with without_values():
        net = build(name, pretrained=False).eval()
    if isinstance(blocks := getattr(net, "blocks", None), (nn.Sequential, nn.ModuleList)):
        last = f"blocks.{len(blocks) - 1}.norm1"
        if any(part == last for part, _ in net.named_modules()):
            return last
    maps: list[str] = []
    for part, module in net.named_modules():
        if part:
            module.register_forward_hook(partial(_note_map, maps, part))
    size = int(pretrained_config(name).get("input_size", (3, 224, 224))[-1])
    net(torch.zeros(1, 3, size, size, device="meta"))
    return maps[-1]


def _note_map(maps: list[str], part: str, module: nn.Module, inputs: Any, output: Any) -> None:
    if isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[1:]) > 1:
        maps.append(part)
