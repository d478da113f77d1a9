"""What each modality adds to a multimodal run: its test samples judged again without their sound, picture or text.

sound     0.93 with  0.81 without  +0.12 [0.05, 0.19]     over the samples that have sound and something else
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from core.thresholds.intervals import difference
from core.training.reading.examples import Source, Unusable, read, whole_pieces
from core.training.reading.inputs import PRESENT_WORDS, Pieces, without
from core.training.scoring.forward import score_many

SAMPLES = 200  # of the test split, as many of each class as there are up to half
FEWEST = 4  # samples from which a difference says anything


def ablate(
    network: torch.nn.Module,
    card: Any,
    source: Source,
    groups: np.ndarray,
    device: torch.device | str,
    resamples: int = 1000,
) -> list[dict[str, Any]]:
    """A row for each modality that the network takes and some sample has beside another."""
    cuts = {
        i: whole_pieces(found, source, i)
        for i in range(len(source.files))
        if not isinstance(found := read(source, i), Unusable)
    }
    cuts = {i: cut for i, cut in cuts.items() if cut.pieces}
    whole = _scores(network, card, cuts, source, device)
    rows = []
    for part, word in PRESENT_WORDS.items():
        chosen = {i: cut for i, cut in cuts.items() if word in cut.present and len(cut.present) > 1}
        if not chosen or part not in getattr(network, "parts", ()):
            continue
        less = _scores(network, card, {i: _without(cut, part) for i, cut in chosen.items()}, source, device)
        order = sorted(chosen)
        labels = source.labels[order]
        row: dict[str, Any] = {
            "part": word,
            "n": len(order),
            "fake": int(labels.sum()),
            "with": None,
            "without": None,
            "gain": None,
            "interval": None,
        }
        if len(order) >= FEWEST and 0 < labels.sum() < len(labels):
            row.update(_compared(labels, whole, less, order, groups, resamples))
        rows.append(row)
    return rows


def _compared(
    labels: np.ndarray,
    whole: Mapping[int, float],
    less: Mapping[int, float],
    order: list[int],
    groups: np.ndarray,
    resamples: int,
) -> dict[str, Any]:
    from core.thresholds.sweep import sweep

    first = np.array([whole[i] for i in order])
    second = np.array([less[i] for i in order])
    found = difference(labels, first, second, groups[order], figures=("auc",), n=resamples).get("auc")
    values = {"with": float(sweep(labels, first).auc), "without": float(sweep(labels, second).auc)}
    gain = None if found is None else float(found[0])
    return {**values, "gain": gain, "interval": None if found is None else [float(found[1]), float(found[2])]}


def _scores(
    network: torch.nn.Module,
    card: Any,
    cuts: Mapping[int, Pieces],
    source: Source,
    device: torch.device | str,
) -> dict[int, float]:
    scored = score_many(network, card, list(cuts.values()), source.recipe, device)
    return {i: float(one.score or 0.0) for i, one in zip(cuts, scored, strict=True)}


def _without(cut: Pieces, part: str) -> Pieces:
    return replace(
        cut, pieces=tuple(replace(p, arrays=without(p.arrays, frozenset({part}))) for p in cut.pieces)
    )


def few_of_each(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """A random part of both classes."""
    rng = np.random.default_rng([seed, 5])
    kept = [rng.permutation(np.flatnonzero(rows["label"] == label))[: most // 2] for label in (0, 1)]
    return rows.iloc[np.sort(np.concatenate(kept))].reset_index(drop=True)
