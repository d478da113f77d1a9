"""reference.npz of a run folder: written when training ends, or later where an old run's files are still
here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from core.errors import BadInput
from core.runs.folder import RunFolder
from core.training.learning import best_model
from core.training.learning.best_model import Loaded
from core.training.options.config import TrainConfig
from core.training.reference.making import NoReference, Part, make
from core.training.reference.rule import Reference
from core.training.reference.stored import FILE_NAME, pack
from core.training.setup import Setup
from core.workspace import Workspace, write_atomic

log = logging.getLogger(__name__)

SPLITS = ("val", "train")


class Trained(Protocol):
    """What a finished training still holds."""

    total: torch.nn.Module

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None: ...


def reference_file(folder: RunFolder) -> Path:
    return folder.path / FILE_NAME


def save_at_end(folder: RunFolder, setup: Setup, job: Trained, device: torch.device | str) -> None:
    """Part of every training. A run stands without it: the reason is logged, and first use tries again."""
    job.total.eval()
    parts = []
    for split in SPLITS:
        groups = setup.planned.split(split)["component"].tolist()
        parts.append(Part(split, setup.source(split), groups, job.embeddings(split)))
    try:
        made = make(
            Loaded(job.total, setup.card, setup.recipe),
            parts,
            threshold=_threshold(folder),
            encoder_trained=setup.tune != "head",
            device=device,
        )
    except NoReference as reason:
        log.info("no reference is made: %s", reason)
        return
    except Exception:  # hours of training do not end in nothing for what first use can make again
        log.exception("the reference could not be made; the first file judged tries again")
        return
    write_atomic(reference_file(folder), pack(made))


def make_later(folder: RunFolder, space: Workspace | None = None) -> Reference:
    """Of a run from before there were references, by the plan that it was trained by."""
    from core.training.rescore import plan_of, single_rank, source_of

    config = TrainConfig.from_dict(folder.config())
    planned = plan_of(folder, config, space)
    loaded, ranks = best_model.load(folder), single_rank(config)
    loaded.network.to(ranks.device).eval()
    parts = []
    for split in SPLITS:
        rows = planned.split(split)
        parts.append(Part(split, source_of(rows, loaded, space), rows["component"].tolist()))
    tuned = (config.tune or loaded.card.tune) != "head"
    return make(loaded, parts, threshold=_threshold(folder), encoder_trained=tuned, device=ranks.device)


def _threshold(folder: RunFolder) -> float | None:
    try:
        stated = (folder.document("operating_point") or {}).get("threshold", 0.5)
    # A damaged operating point is reported wherever the run is judged with.
    except BadInput:
        return None
    return float(stated) if isinstance(stated, (int, float)) else None
