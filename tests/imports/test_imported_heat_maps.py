"""Heat maps over detectors of others: the family names the layers, and the faithfulness of their maps decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.detection.explanations.base import Attribution, View
from core.detection.faithful_layer import most_faithful
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.views import Looked
from core.imports.importing import import_detector
from core.workspace import Workspace
from tests.imports import published_files as files


def tiny_of_transformers(kind: str) -> Callable[[Path], Path]:
    """A classifier of pictures as `save_pretrained` writes it."""

    def make(folder: Path) -> Path:
        import transformers

        shapes: dict[str, dict[str, Any]] = {
            "Swin": {
                "embed_dim": 12,
                "depths": [1, 2],
                "num_heads": [2, 2],
                "window_size": 4,
                "patch_size": 4,
            },
            "ConvNext": {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2},
            "ResNet": {
                "embedding_size": 8,
                "hidden_sizes": [8, 16],
                "depths": [1, 1],
                "layer_type": "basic",
                "downsample_in_first_stage": True,
            },
        }
        sizes = shapes[kind] | ({"image_size": 32} if kind != "ResNet" else {})
        words = {"id2label": files.LABELS, "label2id": {w: i for i, w in files.LABELS.items()}}
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**sizes, **words)
        getattr(transformers, f"{kind}ForImageClassification")(config).save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(files.PROCESSOR))
        return folder

    return make


MADE: dict[str, Callable[[Path], Path]] = {
    "ViT of transformers": files.tiny_vit,
    "Swin of transformers": tiny_of_transformers("Swin"),
    "ConvNeXt of transformers": tiny_of_transformers("ConvNext"),
    "ResNet of transformers": tiny_of_transformers("ResNet"),
    "ViT of timm": files.tiny_timm,
    "ONNX": files.tiny_onnx,
}


@pytest.mark.parametrize("kind", list(MADE))
def test_a_picture_gets_a_map_with_its_faithfulness(kind: str, tmp_path: Path, space: Workspace) -> None:
    import_detector(MADE[kind](tmp_path / "given"), name="mine", space=space)
    picture, out = tmp_path / "picture.png", tmp_path / "out"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(picture)
    request = Request(run="mine", explain=True, out=out)
    verdict = detect(picture, picture.name, request, space=space)
    assert verdict.status == "ok", verdict.reason
    (map_,) = verdict.explanations
    assert Path(map_.path).is_file() and map_.faithfulness is not None
    assert map_.method == ("picture_occlusion" if kind == "ONNX" else "gradcam")
    assert bool(map_.layer) == (kind != "ONNX")


def test_the_layer_with_the_most_faithful_map_is_taken() -> None:
    """A network that looks at the left half alone, and two layers: one marks the left, the other the right."""
    net = torch.nn.Module()
    layers = {"right": torch.nn.Identity(), "left": torch.nn.Identity()}

    def forward(x: torch.Tensor) -> torch.Tensor:
        brightness = x[..., : x.shape[-1] // 2].std(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(brightness), 6 * brightness - 3], dim=1)

    class Marks:
        name, title, about, over = "marks", "marks", "", "picture"

        def __call__(self, view: View, inputs: torch.Tensor) -> Attribution:
            maps = np.zeros((len(inputs), 32, 32), np.float32)
            maps[:, :, slice(0, 16) if view.layer is layers["left"] else slice(16, 32)] = 1
            return Attribution(maps, np.ones(len(inputs), np.float32))

    inputs = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kept, mapped = most_faithful(Marks(), Looked(View(net, forward), inputs, (0,), whole=False), layers)
    assert list(kept) == ["left"] and mapped.layer == "left" and mapped.figures[0].holds
