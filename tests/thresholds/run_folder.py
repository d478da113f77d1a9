"""A finished run's folder as far as thresholds need it: scores of both splits, and nothing of networks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.runs.folder import RunFolder, new_run
from core.workspace import Workspace


def scores(n: int, seed: int, shift: float = 2.0, dataset: str = "demo") -> pd.DataFrame:
    """Overlapping classes, a third of it real, four methods of which one is hard, several samples a group."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 2 / 3).astype(np.int8)
    method = np.where(label == 1, random.choice(["swap", "reenactment", "synthesis", "hard"], n), "")
    logit = random.normal(size=n) * 1.3 + shift * (2 * label - 1) / 2 - 1.2 * (method == "hard")
    score = 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {
            "id": [f"{dataset}/{seed}/clip{i:05d}.png" for i in range(n)],
            "dataset": dataset,
            "modality": "image",
            "method": method,
            "group": [f"g{seed}-{i // 3}" for i in range(n)],
            "label": label,
            "score": score,
            "probability": score,
        }
    )


def finished_run(space: Workspace, n: int = 600, seed: int = 1) -> RunFolder:
    folder = new_run({"modality": "image", "model": "stand_in", "datasets": ["demo"]}, space=space)
    for split, offset in (("val", 0), ("test", 100)):
        file = folder.scores_file(split)
        file.parent.mkdir(exist_ok=True)
        scores(n, seed + offset).to_parquet(file, index=False)
    folder.set_status(state="completed")
    return folder
