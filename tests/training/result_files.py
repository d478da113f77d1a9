"""The files that design.md promises under results/ of every run."""

from __future__ import annotations

RESULT_FILES = (
    "training_results.txt",
    "training_curves.png",
    "threshold_analysis.png",
    "roc_pr_curves.png",
    "confusion_matrix_default.png",
    "confusion_matrix_optimal.png",
    "report.html",
)
