"""training_results.txt: everything a reader needs to judge a run, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import glossary, numbers, words
from core.runs.titles import with_id
from core.training.options import display
from core.training.scoring.evaluation.provenance import package_lines

ROWS = (
    ("auc", "AUC"),
    ("ap", "average precision"),
    ("eer", words.figure("eer")),
    ("accuracy", "accuracy"),
    ("balanced_accuracy", "balanced accuracy"),
    ("precision", "precision (fake)"),
    ("recall", "recall (fake)"),
    ("f1", "F1 (fake)"),
    ("precision_real", "precision (real)"),
    ("recall_real", "recall (real)"),
    ("f1_real", "F1 (real)"),
    ("macro_f1", "macro F1"),
    ("specificity", words.figure("specificity")),
    ("mcc", words.figure("mcc")),
    ("log_loss", "log loss"),
    ("brier", words.figure("brier")),
    ("ece", "calibration error"),
    ("precision_at_prevalence", "precision in use"),
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
        else f"of the other {people['decided']:,}, {numbers.share_with_interval(people, 'error')} are called wrongly"
    )
    return (
        f"left to a person (uncertain from {numbers.threshold(low)} to {numbers.threshold(high)}): "
        f"{people['uncertain']:,} of {samples:,}, {numbers.share_with_interval(people, 'share')}; {rest}"
    )


def training_results(
    run: str, config: Mapping[str, Any], metrics: Mapping[str, Any], *, name: str = ""
) -> str:
    lines = [
        f"Run {with_id(name or run, run)}",
        f"Network {words.network(str(config.get('model')))}, which looks at {words.modality(str(config.get('modality')))}; "
        f"seed {config.get('seed')}",
    ]
    datasets = config.get("datasets") or ["every dataset of the catalogue that fits"]
    how = display.choice("protocol", config.get("protocol"))
    lines += [f"Datasets: {', '.join(map(str, datasets))}; divided by: {how}"]
    if metrics.get("best_epoch"):
        lines += [
            f"Best epoch {metrics['best_epoch']}, by {words.figure(str(config.get('monitor')))} on validation"
        ]
    if metrics["learned_nothing"]:
        lines += ["", f"LEARNED NOTHING: {metrics['learned_nothing_reason']}."]
    lines += [f"Note: {warning}." for warning in metrics.get("warnings", [])]
    for split in ("val", "test"):
        if split in metrics:
            lines += ["", *_split_lines(split, metrics[split])]
    if metrics.get("ablation"):
        lines += ["", *ablation_lines(metrics["ablation"])]
    lines += ["", "Made by", *(f"  {line}" for line in package_lines(metrics["provenance"]))]
    return "\n".join([*lines, *glossary.lines("\n".join(lines))]) + "\n"


def ablation_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each modality adds: the test samples that have it and another, judged again without it."""
    lines = [
        f"{words.what_adds(str(row['part']) for row in rows)} to the AUC on test: "
        "samples that have another one too, judged again without it"
    ]
    for row in rows:
        gain = "too few samples to say"
        if row["gain"] is not None:
            gain = f"{numbers.number(row['without'])} without, {numbers.number(row['with'])} with; gain {numbers.interval(row['gain'], *row['interval'])}"
        lines.append(f"  {row['part']:<8} {row['n']:>6,} samples  {gain}")
    return lines


def _split_lines(split: str, figures: Mapping[str, Any]) -> list[str]:
    name = {"val": "Validation (the threshold was chosen here)", "test": "Test (opened once, at the end)"}[
        split
    ]
    lines = [
        name,
        f"  {numbers.count_of(figures['n'], 'sample')}: {figures['real']:,} real, {figures['fake']:,} fake",
        f"  always answering with the larger class: accuracy {numbers.number(figures['majority_baseline'])}; "
        f"always answering fake: F1 {numbers.number(figures['always_fake_f1'])}",
    ]
    lines += [f"  {line}" for line in _table("whole samples", figures)]
    if figures.get("people"):
        lines += ["  " + people_text(figures["people"], figures["n"])]
    for at, which in (("at_default", "at the default threshold"), ("at_chosen", "at the chosen threshold")):
        lines += [f"  {which}: {warning}" for warning in figures[at]["warnings"]]
    if figures["units"]:
        lines += [
            "",
            *(f"  {line}" for line in _table("single frames, faces, segments", figures["units"])),
        ]
    for part, rows in figures["by"].items():
        if len(rows) > 1:
            lines += ["", f"  by {words.BREAKDOWNS.get(part, part)}, at the chosen threshold:"]
            lines += [
                f"    {words.part(part, row['name'])[:40]:<40} {row['real']:>7,} real {row['fake']:>7,} fake  "
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
    for name, at in (("counts, default threshold", default), ("counts, chosen threshold", chosen)):
        counts = "  ".join(f"{words.figure(key)} {at[key]:,}" for key in ("tp", "fp", "tn", "fn"))
        lines.append(f"{name:<28} {counts}")
    return lines
