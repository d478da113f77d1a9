"""What always answering with the larger class would reach. It stands beside every accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core import numbers

CHANCE = 0.025  # one side of a 95 % interval


def majority_baseline(labels: np.ndarray) -> float:
    """The accuracy of always saying the larger class."""
    share = float(np.mean(labels)) if len(labels) else float("nan")
    return max(share, 1 - share)


def always_fake_f1(labels: np.ndarray) -> float:
    """F1 of the fake class for a detector that always says fake: 0.958 where 92 % are fake."""
    share = float(np.mean(labels)) if len(labels) else float("nan")
    return 2 * share / (1 + share) if share else 0.0


def chance_of_order(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """The chance that scores without any knowledge order the samples at least as well: Mann and Whitney's test,
    exact for small samples. A bootstrap cannot see it: every redraw of five samples in perfect order is perfect."""
    fake, real = scores[labels == 1], scores[labels == 0]
    if not len(fake) or not len(real):
        return None
    if scores.min() == scores.max():
        return 1.0
    from scipy.stats import mannwhitneyu  # slow to import, and judging a file needs none of it

    return float(mannwhitneyu(fake, real, alternative="greater").pvalue)


def learned_nothing(split: Mapping[str, Any]) -> str | None:
    """Why this split shows that nothing was learned, in one line; None where it does show something."""
    chosen = split["at_chosen"]
    if chosen.get("auc") is None:
        return "this split has one class only, so nothing shows that anything was learned"
    for figure, name in (("auc", "AUC"), ("balanced_accuracy", "balanced accuracy at the chosen threshold")):
        low, high = chosen["intervals"].get(figure) or (None, None)
        if low is None or low <= 0.5:
            value = chosen[figure]
            return (
                f"{name} {numbers.interval(value, low or 0.0, high or 1.0)} does not rise above chance (0.5)"
            )
    chance = split.get("chance")
    if chance is not None and chance > CHANCE:
        return (
            f"an AUC of {numbers.number(chosen['auc'])} on {split['real']} real and {split['fake']} fake samples comes by chance "
            f"in {numbers.percent(chance)} of orders, more than {numbers.percent(CHANCE)}: too few samples to show anything"
        )
    return None


def accuracy_warning(at: Mapping[str, Any], baseline: float) -> str | None:
    """Where an accuracy is no better than the majority share beyond its interval, say so beside it."""
    interval = at["intervals"].get("accuracy")
    if at.get("accuracy") is None or interval is None or interval[0] > baseline:
        return None
    return (
        f"accuracy {numbers.interval(at['accuracy'], *interval)} is no better than "
        f"always answering with the larger class ({numbers.number(baseline)})"
    )


def one_sided_warning(at: Mapping[str, Any], limit: float = 0.98) -> str | None:
    """A threshold at which nearly everything falls on one side decides nothing."""
    total = at["tp"] + at["fp"] + at["tn"] + at["fn"]
    fake = (at["tp"] + at["fp"]) / total if total else 0.0
    if total and max(fake, 1 - fake) >= limit:
        side = "fake" if fake >= 0.5 else "real"
        return f"this threshold calls {numbers.percent(max(fake, 1 - fake))} of the samples {side}"
    return None
