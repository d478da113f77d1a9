"""SMOTE on the embeddings of the frozen backbone, inside the training fold only (Chawla et al. 2002)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import numbers
from core.training.balancing.base import Balancing
from core.training.options.fields import option


@dataclass(frozen=True)
class SmoteSettings:
    smote_neighbours: int = option(
        5, "neighbours among which SMOTE invents samples", low=1, high=100, group="techniques"
    )


class Smote(Balancing):
    """New minority embeddings between neighbours, until both classes are equally many."""

    name = "smote"
    title = "SMOTE on embeddings"
    about = "new embeddings of the minority (tune: head)"
    order = 50
    needs_embeddings = True
    Settings = SmoteSettings
    settings: SmoteSettings

    def resample(
        self, embeddings: np.ndarray, labels: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, str | None]:
        counts = np.bincount(labels, minlength=2)
        few, neighbours = int(counts.min()), self.settings.smote_neighbours
        if few <= neighbours:
            warning = (
                f"smote: the minority class has {numbers.count_of(few, 'sample')} and needs more than {neighbours} "
                "(smote_neighbours); training goes on with the original data"
            )
            return embeddings, labels, warning
        from imblearn.over_sampling import SMOTE

        grown, grown_labels = SMOTE(k_neighbors=neighbours, random_state=seed).fit_resample(
            embeddings.astype(np.float64), labels
        )
        return grown.astype(embeddings.dtype), grown_labels.astype(labels.dtype), None
