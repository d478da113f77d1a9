"""Run folders with tiny networks, made by hand in the agreed format: no training is needed to test detection."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

import models
from core.detection.detector import Detector
from core.media.prepare import prepare
from core.media.recipe import Recipe
from core.training.learning import best_model
from core.training.reference import rule
from core.training.reference.rule import figures_of
from core.training.reference.stored import pack

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


def reference_around(found: Detector, picture: Path, away: float = 0.0) -> rule.Reference:
    """What a detector would know whose files all look nearly like this picture."""
    prepared = prepare(picture, found.recipe)
    judged = found.judge(prepared)
    assert judged is not None
    own = figures_of(judged.embedding, prepared, None)
    rng = np.random.default_rng(0)
    around = {
        name: values + away + 0.05 * rng.normal(size=(40, len(values))) * (np.abs(values).mean() + 0.1)
        for name, values in own.items()
    }
    made = rule.fit(around, list(range(40)), np.ones(40, bool), {"val": 40}, codecs=("png",))
    return replace(made, spans={"height": (100.0, 200.0)})


def put_reference(run: Path, picture: Path, away: float) -> None:
    """A reference into the run's folder, so far away from this picture."""
    (run / "reference.npz").write_bytes(pack(reference_around(Detector.open(run), picture, away)))
