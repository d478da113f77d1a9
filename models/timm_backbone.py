"""timm backbones as encoders: built without a classifier, with weights from a folder, the caches or the hub."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import nn

from models import weights
from models.registry import UnknownModel

# Where Grad-CAM looks in each family: the last layer that still has a picture (or tokens) in it.
CAM_CANDIDATES = ("conv_head", "layer4", "stages", "blocks", "layers", "features", "act4", "norm")


class TimmEncoder(nn.Module):
    """(n, channels, H, W) -> (n, width): the pooled features of a timm backbone."""

    def __init__(
        self, name: str, *, pretrained: bool = False, channels: int = 3, drop_path: float | None = None
    ) -> None:
        super().__init__()
        extra: dict[str, Any] = {} if drop_path is None else {"drop_path_rate": drop_path}
        self.backbone = build(name, pretrained=pretrained, in_chans=channels, **extra)
        # num_features is before a head's last convolution (MobileNetV3); the classifier sees head_hidden_size.
        self.width = int(getattr(self.backbone, "head_hidden_size", None) or self.backbone.num_features)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        features = self.backbone.forward_features(pictures)
        return self.backbone.forward_head(features, pre_logits=True)


def build(name: str, *, pretrained: bool, **options: Any) -> nn.Module:
    """`timm.create_model` without a classifier; an unknown name lists the near ones."""
    import timm

    check_name(name)
    options = {"num_classes": 0, **options, **_any_size(name)}
    if not pretrained:
        return timm.create_model(name, pretrained=False, **options)
    full = weights_name(name)
    local = weights.local_file(full)
    overlay = {"file": str(local)} if local else None
    try:
        return timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **options)
    except Exception as error:
        origin = (
            f"the model.safetensors of huggingface.co/timm/{full}" if local is None else "a file that fits"
        )
        raise weights.missing(name, f"{full}.safetensors", origin, error) from error


def check_name(name: str) -> None:
    import timm

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
    import timm

    check_name(name)
    config = timm.get_pretrained_cfg(name)
    return config.to_dict() if config is not None else {}


def has_weights(name: str) -> bool:
    config = pretrained_config(name)
    return any(config.get(key) for key in ("url", "hf_hub_id", "file"))


def _any_size(name: str) -> dict[str, Any]:
    """Plain vision transformers take pictures of any size that their patches divide."""
    import timm

    module = timm.models.model_entrypoint(name.split(".")[0]).__module__
    return {"dynamic_img_size": True} if module.endswith((".vision_transformer", ".eva", ".deit")) else {}
