"""From the score files of a run to its documents: calibration, operating point, metrics, and the result files.

The threshold is chosen on validation and only there; the test split is opened once, with the default 0.5 and the
chosen threshold side by side.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core import words
from core.access import LOCAL, Person
from core.catalog.table import datasets, info
from core.runs import events
from core.runs.folder import RunFolder
from core.thresholds import operating_point
from core.training.scoring.evaluation.chosen_on_validation import (
    BAND_ERROR,
    DEFAULT_THRESHOLD,
    choose_band,
    choose_threshold,
    count_left_to_people,
    fit_calibration,
)
from core.training.scoring.evaluation.figures import RESAMPLES, breakdown, measure
from core.training.scoring.evaluation.localisation import localisation
from core.training.scoring.evaluation.majority import (
    always_fake_f1,
    chance_of_order,
    learned_nothing,
    majority_baseline,
)
from core.training.scoring.evaluation.provenance import SCHEMA, provenance
from core.training.scoring.evaluation.results import write_results
from core.workspace import write_atomic

DEMO = (
    "all of this is demo data; the figures show how the workbench works and say nothing about real forgeries"
)
FEW = 30  # samples of a class; with fewer its figures are rough
COMPARED = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "f1_real", "macro_f1", "mcc")


def write(
    folder: RunFolder,
    *,
    plan: pd.DataFrame | None = None,
    device: str = "cpu",
    best_epoch: int | None = None,
    extra: Mapping[str, Any] | None = None,
    person: Person = LOCAL,
) -> dict[str, Any]:
    """Write every document of a finished run from scores/ and units/, and return metrics.json as a dictionary.

    `plan` adds the identity of each sample; `extra` is kept in metrics.json as it is (skipped samples, time, …).
    """
    config = folder.config()
    method = str(config.get("threshold_method") or "macro_f1")
    tables = {split: read_scores(folder, split) for split in ("val", "test")}
    val = tables["val"]
    calibrate(folder, tables, str(config.get("calibration") or "platt"))
    threshold, reachable = choose_threshold(val, method)
    band = choose_band(val, threshold)
    prevalence = config.get("prevalence")
    draws = int(config.get("bootstrap") or RESAMPLES)
    metrics: dict[str, Any] = {"schema": SCHEMA, "written": time.time(), "best_epoch": best_epoch}
    for split, table in tables.items():
        if len(table):
            units = read_units(folder, split, table)
            metrics[split] = split_figures(with_identity(table, plan), units, threshold, prevalence, draws)
            metrics[split]["localisation"] = localise(table, units, plan, draws)
            metrics[split]["people"] = count_left_to_people(table, threshold, band)
    metrics["threshold_method"] = method
    metrics["threshold_reachable"] = reachable
    metrics.update(verdict_on_learning(metrics))
    metrics["demo"] = only_demo(tables)
    metrics["warnings"] = [DEMO] * metrics["demo"] + disagreement(metrics)
    metrics["provenance"] = provenance(config, plan, device)
    metrics.update(extra or {})
    save_first_point(folder, threshold, method, band, metrics, person)
    folder.save_document("metrics", metrics)
    write_results(folder, metrics, tables, history(folder), best_epoch)
    return metrics


def calibrate(folder: RunFolder, tables: Mapping[str, pd.DataFrame], kind: str) -> None:
    """Fit the calibration on validation, and give every table its probabilities."""
    fitted = fit_calibration(tables["val"], kind)
    folder.save_document("calibration", fitted.to_dict())
    for split, table in tables.items():
        if len(table):
            table["probability"] = fitted.apply(table["score"].to_numpy(dtype=np.float64))
            save_scores(folder, split, table)


def save_first_point(
    folder: RunFolder,
    threshold: float | None,
    method: str,
    band: tuple[float, float] | None,
    metrics: Mapping[str, Any],
    person: Person,
) -> None:
    """The operating point that a run ends with, part of its figures; nobody chose it, so nobody confirms it."""
    point = operating_point.OperatingPoint(
        threshold=threshold,
        method=method,
        chosen_on="val",
        band=band,
        error=None if band is None else BAND_ERROR,
        figures={split: metrics[split]["at_chosen"] for split in ("val", "test") if split in metrics},
        who=person.name,
        when=time.time(),
        why="at the end of training",
    )
    operating_point.save(folder, point, person, confirmed=True)


def read_scores(folder: RunFolder, split: str) -> pd.DataFrame:
    path = folder.scores_file(split)
    if not path.exists():
        return pd.DataFrame(
            columns=["id", "dataset", "modality", "method", "group", "label", "score", "probability"]
        )
    return pd.read_parquet(path)


def save_scores(folder: RunFolder, split: str, table: pd.DataFrame) -> None:
    write_atomic(folder.scores_file(split), table.to_parquet(index=False))


def read_units(folder: RunFolder, split: str, scores: pd.DataFrame) -> pd.DataFrame | None:
    """The unit scores with label and group of their samples."""
    path = folder.units_file(split)
    if not path.exists():
        return None
    units = pd.read_parquet(path)
    known = scores[["id", "dataset", "group", "label"]]
    return units.merge(known, on="id", how="inner")


def with_identity(table: pd.DataFrame, plan: pd.DataFrame | None) -> pd.DataFrame:
    if plan is None or "identity" not in plan:
        return table
    return table.merge(plan[["id", "identity"]].drop_duplicates("id"), on="id", how="left")


def localise(
    table: pd.DataFrame, units: pd.DataFrame | None, plan: pd.DataFrame | None, draws: int = 0
) -> dict[str, Any] | None:
    """AP at overlap where the plan states fake segments (a real sample of such a set has none)."""
    if units is None or plan is None or "segments" not in plan:
        return None
    stated = plan[plan["id"].isin(table["id"]) & plan["segments"].notna()]
    return localisation(
        units,
        {
            str(i): [(float(s[0]), float(s[1])) for s in segments]
            for i, segments in zip(stated["id"], stated["segments"], strict=True)
        },
        dict(zip(table["id"].astype(str), table["group"], strict=True)),
        draws,
    )


def split_figures(
    table: pd.DataFrame,
    units: pd.DataFrame | None,
    threshold: float | None,
    prevalence: float | None,
    draws: int = RESAMPLES,
) -> dict[str, Any]:
    """One split: sample level at both thresholds, unit level beside it and never mixed in, and its parts."""
    labels = table["label"].to_numpy(dtype=np.int64)
    default = measure(table, DEFAULT_THRESHOLD, prevalence=prevalence, resamples=draws)
    chosen = measure(table, threshold, prevalence=prevalence, resamples=draws)
    unit_level = None
    if units is not None and len(units):
        unit_level = {
            "n": len(units),
            "at_default": measure(units, DEFAULT_THRESHOLD, resamples=draws),
            "at_chosen": measure(units, threshold, resamples=draws),
        }
    return {
        "level": "sample",
        "n": len(table),
        "fake": int(labels.sum()),
        "real": int(len(labels) - labels.sum()),
        "majority_baseline": majority_baseline(labels),
        "always_fake_f1": always_fake_f1(labels),
        "chance": chance_of_order(labels, table["score"].to_numpy(dtype=np.float64)),
        "at_default": default,
        "at_chosen": chosen,
        "improvement": {
            k: chosen[k] - default[k] for k in COMPARED if chosen[k] is not None and default[k] is not None
        },
        "units": unit_level,
        "by": breakdown(table, threshold, whole=chosen),
    }


def verdict_on_learning(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Judged on test, on validation where there is no test split with both classes."""
    for split in ("test", "val"):
        if split in metrics and metrics[split]["real"] and metrics[split]["fake"]:
            reason = learned_nothing(metrics[split])
            return {
                "learned_nothing": reason is not None,
                "learned_nothing_reason": reason,
                "judged_on": split,
            }
    reason = "no split has both classes, so nothing shows that anything was learned"
    return {"learned_nothing": True, "learned_nothing_reason": reason, "judged_on": None}


def only_demo(tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether all that was scored is demo data, as the catalogue says."""
    names = {str(name) for table in tables.values() for name in table["dataset"].unique()}
    known = set(datasets()) if names else set()
    return bool(names) and names <= known and all(info(name).demo for name in names)


def disagreement(metrics: Mapping[str, Any]) -> list[str]:
    """Figures at the chosen threshold whose intervals on validation and test do not meet, and small
    classes."""
    found = []
    if "val" in metrics and "test" in metrics:
        ours, theirs = metrics["val"]["at_chosen"]["intervals"], metrics["test"]["at_chosen"]["intervals"]
        for name in ("auc", "balanced_accuracy", "f1"):
            a, b = ours.get(name), theirs.get(name)
            if a and b and (a[1] < b[0] or b[1] < a[0]):
                found.append(f"{words.figure(name)} differs between validation and test beyond the intervals")
    for split in ("val", "test"):
        sides = [s for s in ("real", "fake") if split in metrics and metrics[split][s] < FEW]
        if sides:
            few = " and ".join(f"{metrics[split][side]} {side}" for side in sides)
            found.append(f"{words.split(split)} has only {few} samples; its figures are rough")
    return found


def history(folder: RunFolder) -> dict[str, list[tuple[float, float]]]:
    """Epoch and value of each measurement, the last one of an epoch."""
    found: dict[str, dict[float, float]] = {}
    for event in events.read(folder.events_file)[0]:
        found.setdefault(event.name, {})[event.epoch] = event.value
    return {name: sorted(values.items()) for name, values in found.items()}
