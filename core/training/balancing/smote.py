"""SMOTE on the embeddings of the frozen backbone, inside the training fold only (Chawla et al. 2002)."""

from __future__ import annotations

import numpy as np

from core.training.balancing.base import Balancing


class Smote(Balancing):
    """New minority embeddings between neighbours, until both classes are equally many."""

    name = "smote"

    def resample(
        self, embeddings: np.ndarray, labels: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, str | None]:
        counts = np.bincount(labels, minlength=2)
        few = int(counts.min())
        if few <= self.neighbours:
            return (
                embeddings,
                labels,
                (
                    f"smote: the minority class has {few} samples and needs more than {self.neighbours} "
                    "(smote_neighbours); training goes on with the original data"
                ),
            )
        from imblearn.over_sampling import SMOTE

        grown, grown_labels = SMOTE(k_neighbors=self.neighbours, random_state=seed).fit_resample(
            embeddings.astype(np.float64), labels
        )
        return grown.astype(embeddings.dtype), grown_labels.astype(labels.dtype), None
