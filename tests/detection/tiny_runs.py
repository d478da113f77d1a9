"""Run folders with tiny networks, made by hand in the agreed format: no training is needed to test detection."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import yaml

import models
from core.media.recipe import Recipe
from core.training.learning import best_model

SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("mobilenetv3_small", {}),
    "video": ("simple_cnn", {}),
    "audio": ("logmel_mobilenetv3_small", {}),
}


def make_run(
    folder: Path,
    modality: str = "image",
    *,
    model: str | None = None,
    options: dict[str, Any] | None = None,
    threshold: float | None = 0.5,
    band: tuple[float, float] | None = None,
    learned_nothing: bool = False,
    calibration: dict[str, Any] | None = None,
    seed: int = 0,
    **recipe: Any,
) -> Path:
    """A finished run: random weights from a seed, an operating point, a calibration."""
    import json

    name, defaults = SMALL.get(modality, ("", {}))
    name, options = model or name, {**defaults, **(options or {})}
    torch.manual_seed(seed)
    network = models.create(name, pretrained=False, **options)
    card = getattr(network, "card", None) or models.card(name)
    fields = {"image_size": 64, "frames": 1 if modality == "image" else 4, "resize": card.resize} | recipe
    document = best_model.document(network, card, Recipe(modality=modality, **fields), name, options)
    folder.mkdir(parents=True, exist_ok=True)
    best_model.save(folder / "best_model.pth", document)
    config = {"modality": modality, "model": name, "datasets": ["tiny"], "name": folder.name}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    status = {"state": "completed", "created": time.time(), "ended": time.time(), "epoch": 1, "epochs": 1}
    point: dict[str, Any] = {
        "threshold": threshold,
        "method": "macro_f1",
        "chosen_on": "val",
        "figures": {},
        "who": "local",
    }
    point |= {"band": list(band) if band else None, "when": 1.0, "why": "chosen by macro_f1 on validation"}
    scale = calibration or {"method": "platt", "scale": "probability", "slope": 1.0, "offset": 0.0}
    for stem, content in {
        "status": status,
        "operating_point": point,
        "calibration": scale,
        "metrics": {"learned_nothing": learned_nothing},
    }.items():
        (folder / f"{stem}.json").write_text(json.dumps(content))
    return folder
