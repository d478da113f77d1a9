"""python -m benchmarks.quality FOLDER: how well the forensic networks tell real from fake after minutes on a CPU.

FOLDER holds faces/ (labels.csv: file, label, split) and speech/ (manifest.csv: file, label, group, system, corpus);
either may be missing. Everything goes through the commands as an analyst would use them: copy, scan, train, detect.
Training never sees the files that are judged; it stops and chooses on an inner split of its own part.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.quality_runs import File, judge, probe, read_table, train

RESAMPLES = 2000
INNER = 5  # one in so many of the training part is kept to stop and choose on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with faces/ and speech/")
    parser.add_argument("--seeds", type=int, default=3, help="trainings on the faces (default 3)")
    parser.add_argument("--only", choices=("faces", "speech"), help="one of the two")
    parser.add_argument(
        "--folds-seed", type=int, default=0, help="another division of the speech (default 0)"
    )
    parser.add_argument(
        "--minutes", type=float, help="end each training after so many, for a first look only"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    args = parser.parse_args()
    measured: dict[str, Any] = {}
    limit = {} if args.minutes is None else {"max_minutes": args.minutes}
    for name in ("faces", "speech"):
        if args.only not in (None, name):
            continue
        if not (args.folder / name).is_dir():
            parser.error(f"{args.folder} has no folder {name}")
        scratch = Path(tempfile.mkdtemp(prefix=f"quality-{name}-"))
        try:
            if name == "faces":
                measured[name] = faces(args.folder / name, scratch, args.seeds, limit)
            else:
                measured[name] = speech(args.folder / name, scratch, args.folds_seed, limit)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        print(json.dumps({name: measured[name]}, indent=2))
    if args.json:
        args.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


def faces(folder: Path, scratch: Path, seeds: int, limit: dict[str, Any]) -> dict[str, Any]:
    """Trained on `train` alone; mean AUC on `val` over the seeds, with its interval."""
    table = read_table(folder / "labels.csv", folder)
    known, held = [f for f in table if f.split == "train"], [f for f in table if f.split == "val"]
    options = {"modality": "image", "model": "forensic_residual", "image_size": 256, "faces": False, **limit}
    scores, minutes = [], []
    for seed in range(seeds):
        began = time.perf_counter()
        labels = np.array([f.label for f in known])
        parts = StratifiedKFold(INNER, shuffle=True, random_state=seed).split(labels, labels)
        run = train(divided(known, next(parts)), scratch / f"seed{seed}", {**options, "seed": seed})
        minutes.append((time.perf_counter() - began) / 60)
        scores.append(judge(held, run, scratch / f"seed{seed}"))
        print(f"faces, seed {seed}: AUC {auc(held, scores[-1]):.4f} after {minutes[-1]:.1f} minutes")
    every = np.array(scores)
    groups = [f.group or str(i) for i, f in enumerate(held)]
    low, high = interval(held, groups, every)
    return {
        "auc": [round(auc(held, row), 4) for row in every],
        "mean_auc": round(float(np.mean([auc(held, row) for row in every])), 4),
        "interval": [low, high],
        "training_minutes": [round(m, 2) for m in minutes],
        "held_out": {"real": sum(not f.label for f in held), "fake": sum(f.label for f in held)},
        "shortcuts": probe(scratch / "seed0"),
    }


def speech(folder: Path, scratch: Path, seed: int, limit: dict[str, Any]) -> dict[str, Any]:
    """Five folds by group, every clip judged once; also on the subset whose reals share a source with the fakes.

    Of so few recordings none is given up: in each fold one run is trained an inner division, and their scores are
    averaged, so that every clip of the training part is learned from.
    """
    table = [f for f in read_table(folder / "manifest.csv", folder) if f.facts.get("corpus") != "JSUT"]
    labels, groups = np.array([f.label for f in table]), np.array([f.group for f in table])
    fair = np.array([bool(f.label) or f.facts.get("system") != "ljspeech" for f in table])
    options = {"modality": "audio", "model": "forensic_sound", "sample_rate": 22_050, **limit}
    scores = np.zeros(len(table))
    began = time.perf_counter()
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(labels, labels, groups)
    for fold, (known, held) in enumerate(folds):
        inner = StratifiedGroupKFold(INNER, shuffle=True, random_state=fold)
        judged = []
        for part, rows in enumerate(inner.split(labels[known], labels[known], groups[known])):
            place = scratch / f"fold{fold}-{part}"
            run = train(divided([table[i] for i in known], rows), place, {**options, "seed": fold})
            judged.append(judge([table[i] for i in held], run, place))
        scores[held] = np.mean(judged, axis=0)
        print(f"speech, fold {fold}: {len(held)} clips judged", flush=True)
    subset = [f for f, there in zip(table, fair, strict=True) if there]
    return {
        "auc": round(auc(table, scores), 4),
        "interval": interval(table, list(groups), scores[None]),
        "fair_auc": round(auc(subset, scores[fair]), 4),
        "fair_interval": interval(subset, list(groups[fair]), scores[None, fair]),
        "minutes": round((time.perf_counter() - began) / 60, 2),
        "clips": {"real": int((labels == 0).sum()), "fake": int(labels.sum()), "fair": int(fair.sum())},
        "shortcuts": probe(scratch / "fold0-0"),
    }


def divided(files: list[File], parts: tuple[np.ndarray, np.ndarray]) -> dict[str, list[File]]:
    return {name: [files[i] for i in rows] for name, rows in zip(("train", "val"), parts, strict=True)}


def auc(files: list[File], scores: np.ndarray) -> float:
    return float(roc_auc_score([f.label for f in files], scores))


def interval(files: list[File], groups: list[str], scores: np.ndarray) -> list[float]:
    """95 % of the mean AUC over the rows of scores, groups drawn with replacement."""
    rng = np.random.default_rng(0)
    labels = np.array([f.label for f in files])
    members = [np.flatnonzero(np.array(groups) == g) for g in dict.fromkeys(groups)]
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(np.mean([roc_auc_score(labels[rows], row[rows]) for row in scores]))
    return [round(float(q), 4) for q in np.quantile(drawn, (0.025, 0.975))]


if __name__ == "__main__":
    main()
