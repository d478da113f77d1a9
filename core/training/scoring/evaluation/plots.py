"""The result pictures of a run, readable in print: curves of training, of the threshold, ROC and PR,
confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core import numbers, words
from core.thresholds.sweep import Sweep

mpl.use("Agg")  # no display; figures are made without pyplot, so threads do not meet
REAL, FAKE, NEUTRAL = "#0072B2", "#D55E00", "#7F7F7F"
DASHES = ("-", "--", "-.", ":")
# Inches. Printed, a picture is seven wide: the letters of one that is much wider could not be read.
WIDTH, PANEL_HEIGHT, MOST_BESIDE = 8.4, 2.6, 3
Series = Mapping[str, Sequence[tuple[float, float]]]  # name of the measurement -> (epoch, value)


def training_curves(path: Path, series: Series, best_epoch: int | None, monitor: str) -> None:
    """Loss, the metrics and the learning rate by epoch; the best epoch, which the monitor picked, is
    marked."""
    wanted = dict.fromkeys(("loss", monitor, "auc", "accuracy", "balanced_accuracy", "f1"))
    panels = [*(m for m in wanted if f"val/{m}" in series or f"train/{m}" in series)]
    panels += ["lr"] * ("lr" in series or not panels)
    figure, axes = _grid(len(panels))
    for axis, name in zip(axes, panels, strict=True):
        names = ["lr"] if name == "lr" else [f"train/{name}", f"val/{name}"]
        for key, style, color in zip(names, DASHES, (NEUTRAL, FAKE), strict=False):
            points = series.get(key, ())
            if points:
                x, y = zip(*points, strict=True)
                axis.plot(x, y, style, color=color, marker="o", markersize=3, label=_part_of(key))
        if best_epoch and name != "lr":
            axis.axvline(
                best_epoch, color="black", linewidth=0.8, linestyle=":", label=f"best epoch {best_epoch}"
            )
        title = words.figure(name)
        axis.set_xlabel("epoch")
        axis.set_title(f"{title}\n(picks the best epoch)" if name == monitor else title, fontsize="medium")
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=8, framealpha=1)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def _grid(panels: int) -> tuple[Figure, list[Axes]]:
    """At most three beside each other; four stand two and two."""
    columns = 2 if panels == 4 else min(panels, MOST_BESIDE)
    rows = -(-panels // columns)
    figure = Figure(figsize=(WIDTH, PANEL_HEIGHT * rows), layout="constrained")
    axes = list(np.ravel(figure.subplots(rows, columns)))
    for empty in axes[panels:]:
        empty.remove()
    return figure, axes[:panels]


def _part_of(series: str) -> str:
    """train/loss is of training, val/loss of validation; the learning rate is neither."""
    part, slash, _ = series.partition("/")
    return words.split(part) if slash else words.figure(series)


def threshold_analysis(
    path: Path, sweep: Sweep, labels: np.ndarray, scores: np.ndarray, chosen: float | None
) -> None:
    """Scores of both classes, and what precision, recall and F1 do as the threshold moves (validation)."""
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    bins = np.histogram_bin_edges(scores, bins=40)
    for value, name, color, hatch in ((0, "real", REAL, ""), (1, "fake", FAKE, "//")):
        left.hist(scores[labels == value], bins=bins, alpha=0.6, color=color, hatch=hatch, label=name)
    left.set(xlabel="score", ylabel="samples")
    left.set_title("scores of both classes (validation)", fontsize="medium")
    left.locator_params(axis="y", integer=True)  # few samples: there is no half of one
    thresholds, tp, fp = thin(sweep)
    called = np.maximum(tp + fp, 1)
    precision, recall = tp / called, tp / max(sweep.positives, 1)
    f1 = 2 * tp / np.maximum(tp + fp + sweep.positives, 1)
    for y, name, style in ((precision, "precision", "-"), (recall, "recall", "--"), (f1, "F1 of fake", "-.")):
        right.plot(thresholds, y, style, label=name)
    right.set(xlabel="threshold", ylim=(0, 1.02))
    right.set_title("what the threshold does (validation)", fontsize="medium")
    for axis in (left, right):
        _mark_thresholds(axis, chosen)
        axis.grid(alpha=0.3)
    # Bars can stand anywhere: their legend has room above them.
    left.set_ylim(top=1.3 * left.get_ylim()[1])
    left.legend(fontsize=8, framealpha=1, ncols=2, loc="upper center")
    right.legend(fontsize=8, framealpha=1)
    figure.savefig(path, dpi=150)


def thin(sweep: Sweep, points: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sweep at no more points than a picture can show."""
    n = len(sweep.thresholds)
    index = np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(int))
    return np.asarray(sweep.thresholds)[index], np.asarray(sweep.tp)[index], np.asarray(sweep.fp)[index]


def _mark_thresholds(axis: Axes, chosen: float | None) -> None:
    axis.axvline(0.5, color=NEUTRAL, linestyle=":", linewidth=1, label="default 0.5")
    if chosen is not None:
        axis.axvline(chosen, color="black", linewidth=1, label=f"chosen {numbers.threshold(chosen)}")


def roc_pr_curves(path: Path, sweeps: Mapping[str, Sweep], chosen: float | None) -> None:
    """ROC and precision-recall of each split, with both thresholds as points and chance as a line."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    roc, pr = figure.subplots(1, 2)
    for (split, sweep), style, color in zip(sweeps.items(), DASHES, (NEUTRAL, FAKE), strict=False):
        _plot_split(roc, pr, split, sweep, style, color)
        for value, marker in ((0.5, "s"), (chosen, "o")):
            if value is not None and len(sweep.thresholds):
                _plot_threshold(roc, pr, sweep, value, marker, color)
    roc.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=":")
    roc.set(xlabel="false-alarm rate", ylabel="recall of fakes")
    roc.set_title("ROC (□ at 0.5, ○ at the chosen threshold)", fontsize="medium")
    pr.set(xlabel="recall of fakes", ylabel="precision", ylim=(0, 1.02))
    pr.set_title("precision and recall (dotted: chance)", fontsize="medium")
    for axis in (roc, pr):
        axis.legend(fontsize=8, framealpha=1)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def _plot_split(roc: Axes, pr: Axes, split: str, sweep: Sweep, style: str, color: str) -> None:
    """One split's two curves, and the precision of calling everything fake."""
    _, tp, fp = thin(sweep)
    order = np.argsort(fp + tp, kind="stable")
    tp, fp = tp[order], fp[order]
    recall, fpr, precision = tp / sweep.positives, fp / sweep.negatives, tp / np.maximum(tp + fp, 1)
    auc, ap = numbers.number(sweep.auc), numbers.number(sweep.ap)
    roc.plot(np.r_[0, fpr], np.r_[0, recall], style, color=color, label=f"{words.split(split)}: AUC {auc}")
    pr.plot(recall, precision, style, color=color, label=f"{words.split(split)}: average precision {ap}")
    chance = sweep.positives / (sweep.positives + sweep.negatives)
    pr.axhline(chance, color=color, linewidth=0.6, linestyle=":")


def _plot_threshold(roc: Axes, pr: Axes, sweep: Sweep, threshold: float, marker: str, color: str) -> None:
    tp, fp = scores_at(sweep, threshold)
    recall = tp / sweep.positives
    roc.plot(fp / sweep.negatives, recall, marker, color=color, mfc="none")
    if tp + fp:
        pr.plot(recall, tp / (tp + fp), marker, color=color, mfc="none")


def scores_at(sweep: Sweep, threshold: float) -> tuple[int, int]:
    """True and false positives where a score at or above the threshold is called fake."""
    thresholds = np.asarray(sweep.thresholds)
    at_or_above = np.flatnonzero(thresholds >= threshold)
    if len(at_or_above) == 0:
        return 0, 0
    lowest = at_or_above[np.argmin(thresholds[at_or_above])]
    return int(sweep.tp[lowest]), int(sweep.fp[lowest])


def confusion_matrix(path: Path, counts: Mapping[str, Any], title: str) -> None:
    """Counts, and the share of the row in words, so that it reads without colour."""
    matrix = np.array([[counts["tn"], counts["fp"]], [counts["fn"], counts["tp"]]], dtype=float)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(3.6, 3.2), layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap="Greys", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            color = "white" if share[row, column] > 0.5 else "black"
            text = f"{int(matrix[row, column]):,}\n{numbers.percent(float(share[row, column]))}"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=12)
    axis.set_xticks([0, 1], ["called real", "called fake"])
    axis.set_yticks([0, 1], ["is real", "is fake"], rotation=90, va="center")
    axis.set_title(title, fontsize=10)
    figure.savefig(path, dpi=150)


def message(path: Path, text: str) -> None:
    """A picture that says why there is none."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    figure.text(0.5, 0.5, text, ha="center", va="center")
    figure.savefig(path, dpi=100)
