"""report.html and report.pdf: the results of a run on pages that need nothing else."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import html, numbers, option_words, words
from core.training.options import display
from core.training.scoring.evaluation.provenance import package_lines
from core.training.scoring.evaluation.text import (
    ROWS,
    ablation_lines,
    people_text,
    threshold_text,
    with_interval,
)
from core.version import VERSION

TEMPLATE = Path(__file__).with_name("report.html")
MOST_PARTS = 60  # rows of one breakdown; in a brief report BRIEF_PARTS
BRIEF_PARTS = 8
BRIEF_ROWS = (
    "auc",
    "ap",
    "eer",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "macro_f1",
    "ece",
)
PICTURES = (
    ("training_curves.png", "Training curves", "whole"),
    (
        "roc_pr_curves.png",
        "Fakes found against false alarms (ROC), and precision against recall",
        "whole most",
    ),
    ("threshold_analysis.png", "What the threshold does", "whole most"),
    ("confusion_matrix_default.png", "What is called what, at 0.5", ""),
    ("confusion_matrix_optimal.png", "What is called what, at the chosen threshold", ""),
)
SPLITS = (
    ("test", "Test (opened once, at the end)"),
    ("val", "Validation (the threshold was chosen here)"),
)


def report(
    run: str,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    results: Path,
    *,
    name: str = "",
    brief: bool = False,
) -> str:
    """`name` is what the run is called. `brief` is for a PDF of one to three pages: breakdowns are cut and of one part
    alone, options stand in one paragraph."""
    found = [(metrics[split], title) for split, title in SPLITS if split in metrics]
    return html.render(
        TEMPLATE,
        heading=name or run,
        made=_made(run, metrics),
        subject=_subject(config, metrics),
        learned_nothing=metrics["learned_nothing_reason"] if metrics["learned_nothing"] else "",
        warnings=[f"{words.capital(warning)}." for warning in metrics.get("warnings", [])],
        splits=[
            _split(figures, title, brief=brief, breakdowns=not (brief and place))
            for place, (figures, title) in enumerate(found)
        ],
        ablation=ablation_lines(metrics["ablation"]) if metrics.get("ablation") else [],
        pictures=[made for name, *shown in PICTURES if (made := _picture(results / name, *shown))],
        configuration={
            option_words.option(str(k)): display.value(str(k), v) for k, v in config.items() if k != "name"
        },
        brief=brief,
        provenance=package_lines(metrics["provenance"]),
    )


def _made(run: str, metrics: Mapping[str, Any]) -> str:
    when = metrics.get("written")
    stamp = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(when)) if when else "an unknown time"
    return f"training report of run {run}; measured {stamp} with deepfake workbench {VERSION}"


def _subject(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    best = ""
    if metrics.get("best_epoch"):
        monitor = words.figure(str(config.get("monitor") or "auc"))
        best = f" Epoch {metrics['best_epoch']} was the best, by {monitor} on validation."
    chosen = words.quoted(config.get("datasets") or [])
    datasets = words.listed(chosen) if chosen else "every dataset that fits"
    network, kind = words.network(str(config.get("model"))), words.modality(str(config.get("modality")))
    how = display.choice("protocol", config.get("protocol"))
    return f"{network}, which judges {kind}. It learned from {datasets}. {option_words.option('protocol')}: {how}.{best}"


def _picture(path: Path, caption: str, size: str) -> dict[str, str] | None:
    if not path.exists():
        return None
    return {"data": base64.b64encode(path.read_bytes()).decode("ascii"), "caption": caption, "size": size}


def _split(figures: Mapping[str, Any], title: str, *, brief: bool, breakdowns: bool) -> dict[str, Any]:
    tables = [_table("Whole samples", figures, brief=brief)]
    if figures["units"] and not _is_one_piece_each(figures):
        tables.append(_table("Single frames, faces, segments", figures["units"], brief=brief))
    most = BRIEF_PARTS if brief else MOST_PARTS
    if breakdowns:
        tables += [_parts_table(part, rows, most) for part, rows in figures["by"].items() if len(rows) > 1]
    people = figures.get("people")
    return {
        "title": title,
        "counts": f"{numbers.count_of(figures['n'], 'sample')}: {figures['real']:,} real, {figures['fake']:,} fake. Always answering "
        f"with the larger class has accuracy {numbers.number(figures['majority_baseline'])}; always answering fake has F1 "
        f"{numbers.number(figures['always_fake_f1'])}.",
        "people": f"{people_text(people, figures['n']).capitalize()}." if people else "",
        "warnings": [
            f"{words.capital(w)}." for at in ("at_default", "at_chosen") for w in figures[at]["warnings"]
        ],
        "tables": tables,
    }


def _is_one_piece_each(figures: Mapping[str, Any]) -> bool:
    """Whether every sample is scored as one piece: its table would only say the same once more."""
    of_samples, of_units = (_table("", one, brief=False)["rows"] for one in (figures, figures["units"]))
    return figures["units"]["n"] == figures["n"] and all(row in of_samples for row in of_units)


def _table(title: str, figures: Mapping[str, Any], *, brief: bool) -> dict[str, Any]:
    default, chosen = figures["at_default"], figures["at_chosen"]
    return {
        "heads": (
            title,
            f"at the default threshold, {threshold_text(default['threshold'])}",
            f"at the chosen threshold, {threshold_text(chosen['threshold'])}",
        ),
        "rows": [
            (label, with_interval(default, key), with_interval(chosen, key))
            for key, label in ROWS
            if (default.get(key) is not None or chosen.get(key) is not None)
            and (not brief or key in BRIEF_ROWS)
        ],
    }


def _parts_table(part: str, rows: list[Mapping[str, Any]], most: int) -> dict[str, Any]:
    cells = [
        (
            words.part(part, str(row["name"])),
            f"{row['real']:,}",
            f"{row['fake']:,}",
            with_interval(row, "auc"),
            with_interval(row, "balanced_accuracy"),
        )
        for row in rows[:most]
    ]
    more = len(rows) - most
    if more > 0:
        cells.append((f"and {more} more", "", "", "", ""))
    by = f"by {words.BREAKDOWNS.get(part, part)}"
    return {"heads": (by, "real", "fake", "AUC", "balanced accuracy, chosen threshold"), "rows": cells}
