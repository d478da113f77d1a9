"""Measure before trust: an imported detector on labelled files of the user's, then threshold, calibration and figures from there.

labelled samples ─┬─ choose (val): threshold, calibration, reference ─┐
                  └─ report (test): figures at that threshold ────────┴─▶ the documents of a run
all of them: AUC and EER, which need no threshold, and whether it is at chance
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from core import numbers
from core.access import LOCAL, Person
from core.catalog import allocation
from core.errors import BadInput
from core.runs.folder import RunFolder
from core.training import rescore
from core.training.learning import best_model
from core.training.options.config import TrainConfig
from core.training.process.ranks import describe
from core.training.reading.samples import plan_samples, select
from core.training.reference.making import NoReference, Part, make
from core.training.reference.of_run import reference_file
from core.training.reference.stored import pack
from core.training.scoring import evaluation
from core.training.scoring.evaluation import provenance
from core.training.scoring.predict import Predicted, save_tables
from core.workspace import Workspace, write_atomic

log = logging.getLogger(__name__)

SEED = 42
HALVES = (0.5, 0.0, 0.5)  # of allocation's three parts: to choose on, none, to report on
DESCRIBING = "Describing these files, so that files of another kind are told from them"
CHOOSE, REPORT = "val", "test"


def measure(
    folder: RunFolder,
    datasets: Sequence[str],
    *,
    workers: int = 1,
    score: rescore.Score | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
    person: Person = LOCAL,
    space: Workspace | None = None,
) -> dict[str, Any]:
    """Score every labelled sample of the datasets and write what a trained run has. Returns what `evaluate` prints.
    `on_stage` is told what takes its time after the scoring.
    """
    person.require_operator("measure a detector")
    about = folder.imported
    if about is None:
        raise BadInput(f"{folder.id} was not imported; it is measured as the run it is")
    loaded = best_model.load(folder)
    config = _config(folder, loaded.recipe.modality, datasets)
    rows, how = divide(config, space)
    _require_both_classes(folder.id, rows)
    ranks = rescore.single_rank(config)
    source = rescore.source_of(rows, loaded, space)
    found = (score or rescore.score_source)(loaded, source, ranks, workers, folder.id)
    folder.save_config({**folder.config(), "datasets": list(datasets)})
    _save(folder, rows, found)
    overall = evaluation.measure(_table(rows, found), 0.5, resamples=config.bootstrap)
    kept = _point_in_force(folder, about, datasets)
    metrics = evaluation.write(
        folder,
        plan=rows,
        device=describe(ranks.device),
        extra=_verdict(overall, len(found.scored)),
        person=person,
    )
    if kept is not None:
        write_atomic(folder.path / "operating_point.json", kept)
    on_stage(DESCRIBING)
    missing = _save_reference(folder, rows, loaded, ranks.device, space)
    measured = {**_summarise(overall, metrics, datasets, found, how, person), "no_reference": missing}
    folder.save_document("detector", {**about, "measured": measured})
    return _result(folder, rows, found, metrics, overall, how)


def select_reported(
    folder: RunFolder, datasets: Sequence[str], space: Workspace | None = None
) -> pd.DataFrame:
    """The samples that figures are reported on."""
    modality = str(folder.config().get("modality"))
    rows, _ = divide(_config(folder, modality, datasets), space)
    return rows[rows["split"] == REPORT].reset_index(drop=True)


def divide(config: TrainConfig, space: Workspace | None) -> tuple[pd.DataFrame, str]:
    """Labelled samples as `val` (to choose on) and `test` (to report on), and in words how they were divided.

    The official test part stays the one that is reported; it was trained on nothing here, so all the rest may
    choose. Without official parts whole groups go to one half or the other.
    """
    table = select(config, space)
    planned = plan_samples(config, table, space, training=False)
    rows = planned.rows
    official = set(rows["dataset"][rows["id"].isin(table["id"][table["split"].notna()])])
    parts = []
    for name, part in rows.groupby("dataset", sort=True):
        if name in official and _both(part[part["split"] == REPORT]) and _both(part[part["split"] != REPORT]):
            parts.append(part.assign(split=part["split"].where(part["split"] == REPORT, CHOOSE)))
        else:
            parts.append(halve(part))
            official.discard(name)
    how = "official parts" if official else "halves by group"
    return pd.concat(parts).sort_values("id", kind="stable").reset_index(drop=True), how


def halve(rows: pd.DataFrame) -> pd.DataFrame:
    """Whole components to either half, both classes in each where that can be."""
    components, index = np.unique(rows["component"].astype(str), return_inverse=True)
    strata = np.stack([np.ones(len(rows)), rows["label"] == 0, rows["label"] == 1], axis=1).astype(np.int64)
    counts = np.zeros((len(components), 3), np.int64)
    np.add.at(counts, index, strata)
    place = allocation.allocate(counts, list(components), SEED, HALVES)
    return rows.assign(split=np.where(place[index] == 2, REPORT, CHOOSE))


def _both(rows: pd.DataFrame) -> bool:
    return rows["label"].nunique() == 2


def _config(folder: RunFolder, modality: str, datasets: Sequence[str]) -> TrainConfig:
    if not datasets:
        raise BadInput(
            f"{folder.id} was imported and learned from nothing here; name labelled datasets with --dataset"
        )
    fixed = {"modality": modality, "datasets": list(datasets), "protocol": "official"}
    return TrainConfig.from_dict({**folder.config(), **fixed})


def _require_both_classes(name: str, rows: pd.DataFrame) -> None:
    for label, word in ((0, "real"), (1, "fake")):
        if not (rows["label"] == label).any():
            raise BadInput(
                f"{name} cannot be measured: the datasets hold no sample labelled {word}; name others"
            )


def _save(folder: RunFolder, rows: pd.DataFrame, found: Predicted) -> None:
    """Scores of both parts, and the plan they were divided by."""
    for split in (CHOOSE, REPORT):
        inside = (rows["split"] == split).to_numpy()
        place = {int(old): new for new, old in enumerate(np.flatnonzero(inside))}
        part = Predicted({place[i]: s for i, s in found.scored.items() if i in place}, [])
        save_tables(folder, split, part, rows[inside].reset_index(drop=True))
    counts = {
        s: {
            "real": int(((rows["split"] == s) & (rows["label"] == 0)).sum()),
            "fake": int(((rows["split"] == s) & (rows["label"] == 1)).sum()),
        }
        for s in ("train", CHOOSE, REPORT)
    }
    datasets = sorted(map(str, rows["dataset"].unique()))
    plan = {
        "protocol": "measured",
        "datasets": datasets,
        "counts": counts,
        "hash": provenance.plan_hash(rows),
    }
    folder.save_document("plan", plan)


def _table(rows: pd.DataFrame, found: Predicted) -> pd.DataFrame:
    order = sorted(found.scored)
    chosen = rows.iloc[order]
    return pd.DataFrame(
        {
            "label": chosen["label"].to_numpy(dtype=np.int64),
            "score": [float(found.scored[i].score or 0.0) for i in order],
            "group": chosen["component"].astype(str).to_numpy(),
            "dataset": chosen["dataset"].to_numpy(),
            "split": chosen["split"].to_numpy(),
        }
    )


def _verdict(overall: dict[str, Any], count: int) -> dict[str, Any]:
    """Whether it is at chance, on all that was measured: no threshold was chosen, so nothing needs to be held out."""
    reason = at_chance(overall, count)
    return {
        "learned_nothing": reason is not None,
        "learned_nothing_reason": reason,
        "judged_on": "all",
        "overall": overall,
    }


def at_chance(overall: dict[str, Any], count: int) -> str | None:
    """Why its answers on these files are no better than guessing; None where they are better."""
    auc, interval = overall["auc"], overall["intervals"].get("auc")
    if auc is None or interval is None:
        return "at chance: too few files of both classes to show anything"
    low, high = interval
    if low > 0.5:
        return None
    shown = f"AUC {numbers.interval(auc, low, high)} on {numbers.count_of(count, 'labelled file')} of yours"
    if high < 0.5:
        turned = "its labels may be the other way round: import it again, and say which label means fake"
        return f"worse than chance: {shown} lies below 0.5; {turned}"
    return f"at chance: {shown} does not rise above 0.5, which is guessing"


def _point_in_force(folder: RunFolder, about: dict[str, Any], datasets: Sequence[str]) -> bytes | None:
    """The analyst's operating point stays where the same datasets are measured again."""
    before = about.get("measured") or {}
    path = folder.path / "operating_point.json"
    same = sorted(before.get("datasets") or []) == sorted(datasets)
    return path.read_bytes() if same and path.is_file() else None


def _save_reference(
    folder: RunFolder,
    rows: pd.DataFrame,
    loaded: best_model.Loaded,
    device: torch.device,
    space: Workspace | None,
) -> str | None:
    """What it knows is what it was measured on: the files that its threshold was chosen on, none of them trained on.
    Returns why there is none."""
    reference_file(folder).unlink(missing_ok=True)
    chosen = rows[rows["split"] == CHOOSE].reset_index(drop=True)
    part = Part(CHOOSE, rescore.source_of(chosen, loaded, space), chosen["component"].tolist())
    point = folder.document("operating_point") or {}
    try:
        loaded.network.to(device)  # there already where the files were scored here
        threshold = point.get("threshold", 0.5)
        made = make(loaded, [part], threshold=threshold, encoder_trained=False, device=device)
    except NoReference as reason:
        log.info("%s gets no reference: %s", folder.id, reason)
        return str(reason)
    write_atomic(reference_file(folder), pack(made))
    return None


def _summarise(
    overall: dict[str, Any],
    metrics: dict[str, Any],
    datasets: Sequence[str],
    found: Predicted,
    how: str,
    person: Person,
) -> dict[str, Any]:
    return {
        "datasets": list(datasets),
        "n": len(found.scored),
        "skipped": len(found.unusable),
        "auc": overall["auc"],
        "eer": overall["eer"],
        "intervals": {k: overall["intervals"].get(k) for k in ("auc", "eer")},
        "at_chance": bool(metrics["learned_nothing"]),
        "words": metrics["learned_nothing_reason"],
        "divided": how,
        "when": time.time(),
        "who": person.name,
    }


def _result(
    folder: RunFolder,
    rows: pd.DataFrame,
    found: Predicted,
    metrics: dict[str, Any],
    overall: dict[str, Any],
    how: str,
) -> dict[str, Any]:
    """`at_default` needs no choice and is measured on all; `at_chosen` on what the threshold never saw."""
    point = folder.document("operating_point") or {}
    table = _table(rows, found)
    datasets = {}
    for name, part in table.groupby("dataset", sort=True):
        reported = part[part["split"] == REPORT]
        skipped = [u for u in found.unusable if rows["dataset"].iloc[u.sample] == name]
        datasets[str(name)] = {
            "dataset": str(name),
            "part": f"all samples; at_chosen on the part that chose nothing ({how})",
            "trained_on": False,
            "n": len(part),
            "skipped": [{"id": str(rows["id"].iloc[u.sample]), "reason": u.reason} for u in skipped],
            "at_default": evaluation.measure(part, 0.5),
            "at_chosen": evaluation.measure(reported, point.get("threshold", 0.5)),
        }
    splits = {split: metrics[split] for split in (CHOOSE, REPORT) if split in metrics}
    return rescore.plain(
        {
            "run": folder.id,
            "imported": True,
            "at_chance": metrics["learned_nothing"],
            "learned_nothing": metrics["learned_nothing"],
            "learned_nothing_reason": metrics["learned_nothing_reason"],
            "overall": overall,
            "datasets": datasets,
            "metrics": splits,
            "operating_point": point,
        }
    )
