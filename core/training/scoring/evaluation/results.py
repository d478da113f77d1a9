"""The result files of a run under results/: the text, the pictures and the report. Made again by
`evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import numbers, pdf, words
from core.runs.folder import RunFolder
from core.runs.summaries import summary
from core.thresholds.sweep import Sweep, sweep
from core.training.scoring.evaluation.report import report
from core.training.scoring.evaluation.text import training_results
from core.workspace import write_atomic

History = Mapping[str, list[tuple[float, float]]]


def write_results(
    folder: RunFolder,
    metrics: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    history: History,
    best_epoch: int | None,
) -> list[Path]:
    """Every file of results/, also after one epoch or with one class only; what cannot be drawn says so."""
    from core.training.scoring.evaluation import plots  # matplotlib is slow to import; few need pictures

    results = folder.results
    results.mkdir(parents=True, exist_ok=True)
    config, called = folder.config(), summary(folder).name
    write_atomic(results / "training_results.txt", training_results(folder.id, config, metrics, name=called))
    plots.training_curves(
        results / "training_curves.png", history, best_epoch, str(config.get("monitor") or "auc")
    )
    shown = "test" if "test" in metrics else "val"
    _draw_thresholds(results, tables, shown, metrics)
    _draw_confusions(results, shown, metrics)
    write_atomic(results / "report.html", report(folder.id, config, metrics, results, name=called))
    brief = report(folder.id, config, metrics, results, name=called, brief=True)
    write_atomic(results / "report.pdf", pdf.from_html(brief))
    return sorted(results.iterdir())


def _draw_thresholds(
    results: Path, tables: Mapping[str, pd.DataFrame], shown: str, metrics: Mapping[str, Any]
) -> None:
    """threshold_analysis.png and roc_pr_curves.png; both need real and fake samples."""
    from core.training.scoring.evaluation import plots

    sweeps = {split: made for split, table in tables.items() if (made := _sweep(table)) is not None}
    chosen = metrics[shown]["at_chosen"]["threshold"] if shown in metrics else None
    val = tables["val"] if "val" in sweeps else tables.get(shown)
    if sweeps and val is not None:
        labels, scores = val["label"].to_numpy(dtype=np.int64), val["score"].to_numpy(dtype=np.float64)
        first = sweeps.get("val") or next(iter(sweeps.values()))
        plots.threshold_analysis(results / "threshold_analysis.png", first, labels, scores, chosen)
        plots.roc_pr_curves(results / "roc_pr_curves.png", sweeps, chosen)
    else:
        for name in ("threshold_analysis.png", "roc_pr_curves.png"):
            plots.message(results / name, "needs samples of both classes")


def _draw_confusions(results: Path, shown: str, metrics: Mapping[str, Any]) -> None:
    """confusion_matrix_default.png and confusion_matrix_optimal.png."""
    from core.training.scoring.evaluation import plots

    for name, at in (("default", "at_default"), ("optimal", "at_chosen")):
        path = results / f"confusion_matrix_{name}.png"
        if shown not in metrics:
            plots.message(path, "no scored samples")
            continue
        figures = metrics[shown][at]
        threshold = figures["threshold"]
        line = "nothing is called fake" if threshold is None else f"threshold {numbers.threshold(threshold)}"
        plots.confusion_matrix(path, figures, f"{words.split(shown)}: {line}")


def _sweep(table: pd.DataFrame) -> Sweep | None:
    labels = table["label"].to_numpy(dtype=np.int64)
    if not 0 < labels.sum() < len(labels):
        return None
    return sweep(labels, table["score"].to_numpy(dtype=np.float64))
