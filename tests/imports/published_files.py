"""Files with the published names and shapes and random values: one maker a family, small where the family allows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.published import families
from models.published.deepfakebench_efficientnet import EXPANDED, OUTER, UNEXPANDED, block_places

LABELS = {0: "Real", 1: "Fake"}


def state_of(family: str, **options: Any) -> dict[str, torch.Tensor]:
    """The tensors of a family's own network, from a seed."""
    one = families()[family]
    torch.manual_seed(0)
    return one.build(**{**one.defaults(), **options}).state_dict()


def aasist(path: Path) -> Path:
    torch.save(state_of("aasist"), path)
    return path


def cnndetection(path: Path) -> Path:
    torch.save({"model": state_of("cnndetection"), "total_steps": 1}, path)
    return path


def deepfakebench_resnet34(path: Path) -> Path:
    torch.save({f"backbone.{k}": v for k, v in state_of("deepfakebench_resnet34").items()}, path)
    return path


def deepfakebench_efficientnet(path: Path) -> Path:
    """Under the names of efficientnet_pytorch, which count the blocks in a row."""
    places = list(block_places())
    turned: dict[str, torch.Tensor] = {}
    for name, tensor in state_of("deepfakebench_efficientnet").items():
        parts = name.split(".")
        if parts[:2] == ["net", "blocks"]:
            stage, place, rest = int(parts[2]), int(parts[3]), ".".join(parts[4:-1])
            known = {
                v: k
                for k, v in (UNEXPANDED if stage == 0 else EXPANDED).items()
                if stage or k != "_expand_conv"
            }
            if stage == 0:
                known["bn1"] = "_bn1"
            short = f"_blocks.{places.index((stage, place))}.{known[rest]}"
        elif parts[0] == "net":
            short = {v: k for k, v in OUTER.items()}[parts[1]]
        else:
            turned[f"backbone.{name}"] = tensor
            continue
        turned[f"backbone.efficientnet.{short}.{parts[-1]}"] = tensor
    torch.save(turned, path)
    return path


def deepfakebench_xception(path: Path) -> Path:
    torch.save(
        {f"module.backbone.{k}": v for k, v in state_of("deepfakebench_xception", channels=4).items()}, path
    )
    return path


def mesonet(path: Path, widths: tuple[int, ...] = (8, 8, 16, 16)) -> Path:
    """Keras numbers its layers on from whatever was made before: here from 5."""
    import h5py

    rng = np.random.default_rng(0)
    inputs = (3, *widths[:-1])
    arrays: dict[str, tuple[int, ...]] = {}
    for k, (a, b) in enumerate(zip(inputs, widths, strict=True)):
        side = 3 if k == 0 else 5
        arrays[f"conv2d_{k + 5}/kernel"] = (side, side, a, b)
        arrays[f"conv2d_{k + 5}/bias"] = (b,)
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            arrays[f"batch_normalization_{k + 5}/{part}"] = (b,)
    arrays |= {
        "dense_3/kernel": (1024, 16),
        "dense_3/bias": (16,),
        "dense_4/kernel": (16, 1),
        "dense_4/bias": (1,),
    }
    with h5py.File(path, "w") as file:
        for name, shape in arrays.items():
            layer, part = name.split("/")
            file[f"{layer}/{layer}/{part}:0"] = np.abs(rng.standard_normal(shape)).astype(np.float32) * 0.1
    return path


def tiny_vit(folder: Path, labels: dict[int, str] | None = None) -> Path:
    """A ViT as `save_pretrained` writes it."""
    from transformers import ViTConfig, ViTForImageClassification

    words = labels or LABELS
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
        id2label=words, label2id={word: i for i, word in words.items()},
    )  # fmt: skip
    ViTForImageClassification(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": 32, "width": 32},
        "resample": 2, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


class Nothing(nn.Module):
    """Somebody else's network."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)


def of_no_family(path: Path) -> Path:
    torch.save(Nothing().state_dict(), path)
    return path


MAKERS = {
    "aasist": aasist,
    "cnndetection": cnndetection,
    "deepfakebench_efficientnet": deepfakebench_efficientnet,
    "deepfakebench_resnet34": deepfakebench_resnet34,
    "deepfakebench_xception": deepfakebench_xception,
    "huggingface": tiny_vit,
    "mesonet": mesonet,
}
