"""A finished run looked at again: its figures made anew, on other datasets too, and under degradations."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from tqdm import tqdm

from core import progress
from core.access import LOCAL, Person
from core.errors import BadInput
from core.runs.folder import RunFolder
from core.runs.titles import name_of
from core.training.ablation import SAMPLES as ABLATION_SAMPLES
from core.training.ablation import ablate, few_of_each
from core.training.learning import best_model
from core.training.learning.best_model import Loaded
from core.training.options.config import TrainConfig
from core.training.process.arithmetic import on_device
from core.training.process.ranks import Ranks, describe, own_device
from core.training.reading.examples import Source, Unusable, metadata_of, read
from core.training.reading.inputs import pieces_of
from core.training.reading.samples import Planned, plan_samples, select
from core.training.reading.texts import texts_for
from core.training.scoring import evaluation
from core.training.scoring.evaluation.degradations import Degradation, degradations
from core.training.scoring.forward import score_many
from core.training.scoring.predict import Predicted, predict, save_tables, score_tables
from core.workspace import Workspace, write_atomic

# Where samples are scored: here (`scored`), or in shards (scoring.sharded).
Score = Callable[[Loaded, Source, Ranks, int, str], Predicted]
SPLITS = ("val", "test")
KEPT = ("skipped", "minutes", "epochs", "provenance", "ablation")
ROBUSTNESS_SAMPLES = 200  # of the test split, as many of each class as there are up to half


def evaluate(
    folder: RunFolder,
    splits: tuple[str, ...] = SPLITS,
    *,
    rescore: bool = False,
    workers: int = 1,
    score: Score | None = None,
    space: Workspace | None = None,
    person: Person = LOCAL,
) -> dict[str, Any]:
    """The run's figures and result files again, from its scores; `rescore` (or a missing file) scores
    anew."""
    config = TrainConfig.from_dict(folder.config())
    missing = [split for split in splits if rescore or not folder.scores_file(split).exists()]
    try:
        planned = plan_of(folder, config, space)
    except BadInput:  # a run that was copied here without its data: its scores alone give its figures
        if missing:
            raise
        planned = None
    if missing and planned is not None:
        _score_splits(folder, missing, planned, single_rank(config), score or score_source, workers, space)
    before = folder.document("metrics") or {}
    point = folder.path / "operating_point.json"
    kept = point.read_bytes() if before and point.exists() else None
    every = planned.rows if planned is not None else None
    device = describe(single_rank(config).device)
    extra = {name: before[name] for name in KEPT if name in before}  # what made the run is what made it then
    extra["evaluated_by"] = evaluation.provenance.provenance(folder.config(), every, device)
    best = before.get("best_epoch")
    metrics = evaluation.write(folder, plan=every, device=device, best_epoch=best, extra=extra, person=person)
    if kept is not None:  # the operating point in force is the analyst's, not this command's
        write_atomic(point, kept)
    return metrics


def _score_splits(
    folder: RunFolder,
    splits: list[str],
    planned: Planned,
    ranks: Ranks,
    score: Score,
    workers: int,
    space: Workspace | None,
) -> None:
    loaded = best_model.load(folder)
    for split in splits:
        rows = planned.split(split)
        if len(rows):
            found = score(loaded, source_of(rows, loaded, space), ranks, workers, split)
            save_tables(folder, split, found, rows)


def plan_of(folder: RunFolder, config: TrainConfig, space: Workspace | None) -> Planned:
    """The plan that the run was trained by, from the catalogue as it is now."""
    planned = plan_samples(config, select(config, space), space)
    kept = (folder.document("plan") or {}).get("hash")
    if kept != evaluation.provenance.plan_hash(planned.rows):
        raise BadInput(
            f"{name_of(folder)}: the catalogue gives another plan than the run was trained by; "
            "name datasets with --dataset, or scan the folders of that time again"
        )
    return planned


def evaluate_on(
    folder: RunFolder,
    dataset: str,
    *,
    split: str = "test",
    workers: int = 1,
    score: Score | None = None,
    space: Workspace | None = None,
) -> dict[str, Any]:
    """The run's detector on one dataset: its test part where it was trained on, else the official one, else
    all."""
    config = TrainConfig.from_dict(folder.config())
    rows, part = rows_on(folder, config, dataset, split, space)
    loaded, ranks = best_model.load(folder), single_rank(config)
    found = (score or score_source)(loaded, source_of(rows, loaded, space), ranks, workers, dataset)
    scores, units = score_tables(found, rows)
    name = f"on {quote(dataset, safe=' ')}"
    write_atomic(folder.scores_file(name), scores.to_parquet(index=False))
    write_atomic(folder.units_file(name), units.to_parquet(index=False))
    threshold = (folder.document("operating_point") or {}).get("threshold", 0.5)
    chosen = evaluation.measure(scores, threshold, resamples=config.bootstrap)
    result = {
        "dataset": dataset,
        "part": part,
        "trained_on": dataset in trained_on(folder),
        "n": len(scores),
        "skipped": [{"id": str(rows["id"].iloc[u.sample]), "reason": u.reason} for u in found.unusable],
        "at_default": evaluation.measure(scores, 0.5, resamples=config.bootstrap),
        "at_chosen": chosen,
        "by": evaluation.breakdown(scores, threshold, whole=chosen),
    }
    cross = folder.document("cross_dataset") or {}
    folder.save_document("cross_dataset", plain({**cross, dataset: result}))
    return result


def score_source(loaded: Loaded, source: Source, ranks: Ranks, workers: int, what: str) -> Predicted:
    """Every sample's score, with a word on how far it is."""
    with contextlib.closing(progress.Shown(len(source.files), what, network=True)) as shown:
        network = on_device(loaded.network, ranks.device)
        return predict(
            network,
            loaded.card,
            source,
            ranks,
            workers=workers,
            precision="auto",
            progress=shown.add,
        )


def trained_on(folder: RunFolder) -> list[str]:
    return list((folder.document("plan") or {}).get("datasets", []))


def rows_on(
    folder: RunFolder, config: TrainConfig, dataset: str, split: str, space: Workspace | None
) -> tuple[pd.DataFrame, str]:
    """The samples to score, and in words which part of the dataset they are."""
    if dataset in trained_on(folder):
        rows = plan_of(folder, config, space).split(split)
        rows = rows[rows["dataset"] == dataset].reset_index(drop=True)
        return rows, f"{split} split of the run's plan"
    other = replace(
        config,
        datasets=[dataset],
        dataset_weights={},
        protocol="official",
        heldout="",
        max_samples_per_class=None,
    )
    table = select(other, space)
    planned = plan_samples(other, table, space, training=False)
    if (table["split"] == split).any():
        return planned.split(split), f"official {split} split"
    return planned.rows.reset_index(drop=True), "all samples"


def robustness(
    folder: RunFolder,
    *,
    space: Workspace | None = None,
    most: int = ROBUSTNESS_SAMPLES,
    rows: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """AUC and balanced accuracy at the chosen threshold under each degradation, on the same test samples."""
    config = TrainConfig.from_dict(folder.config())
    rows = plan_of(folder, config, space).split("test") if rows is None else rows
    rows = few_of_each(rows, most, config.seed)
    ranks = single_rank(config)
    loaded = best_model.load(folder, ranks.device)
    source = source_of(rows, loaded, space)
    groups = rows["component"].astype(str).to_numpy()
    threshold = (folder.document("operating_point") or {}).get("threshold", 0.5)
    prepared = {i: found for i in range(len(rows)) if not isinstance(found := read(source, i), Unusable)}
    kinds: list[Degradation | None] = [None, *degradations(config.modality, config.seed)]
    table = []
    for kind in tqdm(kinds, desc="degradations", disable=not sys.stderr.isatty(), leave=False):
        scored = _score_degraded(loaded, source, prepared, kind, groups, ranks)
        measured = evaluation.measure(scored, threshold, resamples=config.bootstrap)
        table.append(
            {
                "kind": "none" if kind is None else kind.kind,
                "strength": None if kind is None else kind.strength,
                "n": len(scored),
                **{k: measured[k] for k in ("auc", "balanced_accuracy", "intervals")},
            }
        )
    folder.save_document("robustness", plain({"table": table, "threshold": threshold}))
    return table


def _score_degraded(
    loaded: Loaded,
    source: Source,
    prepared: Mapping[int, Any],
    kind: Degradation | None,
    groups: np.ndarray,
    ranks: Ranks,
) -> pd.DataFrame:
    """Label, score and group of each prepared sample under one degradation, as it is where that is None."""
    found = []
    for i, one in prepared.items():
        changed = one if kind is None else kind.apply(one)
        cut = pieces_of(changed, loaded.recipe, text=source.texts[i], metadata=metadata_of(source, i))
        score = next(score_many(loaded.network, loaded.card, [cut], loaded.recipe, ranks.device)).score
        if score is not None:
            found.append((int(source.labels[i]), score, groups[i]))
    return pd.DataFrame(found, columns=["label", "score", "group"])


def ablation(
    folder: RunFolder, *, space: Workspace | None = None, most: int = ABLATION_SAMPLES
) -> list[dict[str, Any]]:
    """What each modality adds on the test split of a multimodal run; empty for the others."""
    config = TrainConfig.from_dict(folder.config())
    if config.modality != "multimodal":
        return []
    rows = few_of_each(plan_of(folder, config, space).split("test"), most, config.seed)
    ranks = single_rank(config)
    loaded = best_model.load(folder, ranks.device)
    table = ablate(
        loaded.network,
        loaded.card,
        source_of(rows, loaded, space),
        rows["component"].astype(str).to_numpy(),
        ranks.device,
        config.bootstrap,
    )
    folder.save_document("metrics", {**(folder.document("metrics") or {}), "ablation": table})
    return table


def source_of(rows: pd.DataFrame, loaded: Loaded, space: Workspace | None) -> Source:
    return Source(
        files=rows["file"].tolist(),
        labels=rows["label"].to_numpy(dtype=np.int64),
        texts=texts_for(rows, loaded.network, space),
        domains=np.zeros(len(rows), np.int64),
        recipe=loaded.recipe,
        space=space,
        metadata=bool(getattr(loaded.network, "metadata_tensors", lambda _: None)([{}])),
    )


def single_rank(config: TrainConfig) -> Ranks:
    return Ranks(0, 1, own_device("auto" if config.device == "cuda" else config.device))


def plain(value: Any) -> Any:
    """Without NaN, as JSON wants it."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
