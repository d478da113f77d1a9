"""training_results.txt: everything a reader needs to judge a run, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import numbers
from core.training.scoring.evaluation.provenance import package_lines

ROWS = (
    ("auc", "AUC"),
    ("ap", "average precision"),
    ("eer", "EER"),
    ("accuracy", "accuracy"),
    ("balanced_accuracy", "balanced accuracy"),
    ("precision", "precision (fake)"),
    ("recall", "recall (fake)"),
    ("f1", "F1 (fake)"),
    ("precision_real", "precision (real)"),
    ("recall_real", "recall (real)"),
    ("f1_real", "F1 (real)"),
    ("macro_f1", "macro F1"),
    ("specificity", "specificity"),
    ("mcc", "MCC"),
    ("log_loss", "log loss"),
    ("brier", "Brier"),
    ("ece", "calibration error"),
    ("precision_at_prevalence", "precision at prevalence"),
)


def with_interval(at: Mapping[str, Any], name: str) -> str:
    """`0.913 [0.88, 0.94]`, `0.913` without an interval, `–` where the figure does not exist."""
    return numbers.interval(at.get(name), *(at.get("intervals", {}).get(name) or (None, None)))


def threshold_text(threshold: float | None) -> str:
    return "none (nothing is called fake)" if threshold is None else numbers.threshold(threshold)


def people_text(people: Mapping[str, Any], samples: int) -> str:
    """The uncertain band in one line: what goes to people, and what the rest costs."""
    low, high = people["band"]
    rest = (
        "nothing is decided"
        if people["error"] is None
        else f"of the other {people['decided']:,} {_share(people, 'error')} are called wrongly"
    )
    return (
        f"left to a person (uncertain from {numbers.threshold(low)} to {numbers.threshold(high)}): "
        f"{people['uncertain']:,} of {samples:,}, {_share(people, 'share')}; {rest}"
    )


def _share(people: Mapping[str, Any], name: str) -> str:
    """`12.5 % [9.8, 15.7]`"""
    return numbers.percent_interval(people[name], *(people.get("intervals", {}).get(name) or (None, None)))


def training_results(run: str, config: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    lines = [
        f"Run {run}",
        f"Model {config.get('model')} ({config.get('modality')}), seed {config.get('seed')}",
    ]
    datasets = config.get("datasets") or ["every dataset of the catalogue that fits"]
    lines += [f"Datasets: {', '.join(map(str, datasets))}; split: {config.get('protocol')}"]
    if metrics.get("best_epoch"):
        lines += [f"Best epoch {metrics['best_epoch']} by validation {config.get('monitor')}"]
    if metrics["learned_nothing"]:
        lines += ["", f"LEARNED NOTHING: {metrics['learned_nothing_reason']}."]
    lines += [f"Note: {warning}." for warning in metrics.get("warnings", [])]
    for split in ("val", "test"):
        if split in metrics:
            lines += ["", *_split_lines(split, metrics[split])]
    if metrics.get("ablation"):
        lines += ["", *ablation_lines(metrics["ablation"])]
    lines += ["", "Made by", *(f"  {line}" for line in package_lines(metrics["provenance"]))]
    return "\n".join(lines) + "\n"


def ablation_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each modality adds: the test samples that have it and another, judged again without it."""
    lines = [
        "What each modality adds to AUC on test, judged again without it (over samples that have another)"
    ]
    for row in rows:
        gain = "too few samples to say"
        if row["gain"] is not None:
            gain = f"{numbers.number(row['without'])} -> {numbers.number(row['with'])}, gain {numbers.interval(row['gain'], *row['interval'])}"
        lines.append(f"  {row['part']:<8} {row['n']:>6,} samples  {gain}")
    return lines


def _split_lines(split: str, figures: Mapping[str, Any]) -> list[str]:
    name = {"val": "Validation (the threshold was chosen here)", "test": "Test (opened once, at the end)"}[
        split
    ]
    lines = [
        name,
        f"  {figures['n']:,} samples: {figures['real']:,} real, {figures['fake']:,} fake",
        f"  always answering with the larger class: accuracy {numbers.number(figures['majority_baseline'])}; "
        f"always answering fake: F1 {numbers.number(figures['always_fake_f1'])}",
    ]
    lines += [f"  {line}" for line in _table("sample level", figures)]
    if figures.get("people"):
        lines += ["  " + people_text(figures["people"], figures["n"])]
    for at, told in (("at_default", "default"), ("at_chosen", "chosen")):
        lines += [f"  {told}: {warning}" for warning in figures[at]["warnings"]]
    if figures["units"]:
        lines += [
            "",
            *(f"  {line}" for line in _table("unit level (frames, faces, segments)", figures["units"])),
        ]
    for part, rows in figures["by"].items():
        if len(rows) > 1:
            lines += ["", f"  by {part} at the chosen threshold:"]
            lines += [
                f"    {row['name'][:40]:<40} {row['real']:>7,} real {row['fake']:>7,} fake  "
                f"AUC {with_interval(row, 'auc'):<20} balanced accuracy {with_interval(row, 'balanced_accuracy')}"
                for row in rows
            ]
    return lines


def _table(title: str, figures: Mapping[str, Any]) -> Sequence[str]:
    default, chosen = figures["at_default"], figures["at_chosen"]
    heads = (
        f"default {threshold_text(default['threshold'])}",
        f"chosen {threshold_text(chosen['threshold'])}",
    )
    lines = [f"{title:<28} {heads[0]:<22} {heads[1]:<28} change"]
    for key, label in ROWS:
        if default.get(key) is not None or chosen.get(key) is not None:
            a, b = default.get(key), chosen.get(key)
            change = numbers.change(b - a) if a is not None and b is not None and a != b else ""
            lines.append(
                f"{label:<28} {with_interval(default, key):<22} {with_interval(chosen, key):<28} {change}"
            )
    for name, at in (("default", default), ("chosen", chosen)):
        lines.append(
            f"{name + ' counts':<28} TP {at['tp']:,}  FP {at['fp']:,}  TN {at['tn']:,}  FN {at['fn']:,}"
        )
    return lines
