"""The study that the mission is about: `python -m benchmarks.imbalance [--faces FOLDER] [--speech FOLDER] [--whole]`.

At ratios of 1.5, 4 and 10 to 1, each technique alone and all together against plain training (cross-entropy at the
threshold 0.5): accuracy, and precision, recall and F1 of the minority class, pooled over seeds, with intervals.
Data: pictures of the demo sets, and of the folders faces/ (labels.csv) and speech/ (manifest.csv) where they are given.
A linear head on frozen features learns; with --whole all of a network does, from nothing, at 10 to 1: EfficientNet-B0 on
drawn pictures and on faces, SimpleCNN on drawn clips, LogMel-ResNet18 on speech. What is done already is kept in --out and
not done again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.drawn_media import drawn_clips, drawn_pictures
from benchmarks.studies import Study, demo_pictures, faces_folder, intervals_of, speech_folder
from core import numbers

RATIOS = (1.5, 4.0, 10.0)
# Each technique is what is asked beyond plain training; `threshold` is that of the run's operating point.
TECHNIQUES: dict[str, dict[str, Any]] = {
    "plain": {},
    "sampler": {"balancing": ["sampler"]},
    "class_weights": {"balancing": ["class_weights"]},
    "pairs": {"balancing": ["pairs"]},
    "smote": {"balancing": ["smote"]},
    "minority_augmentation": {"balancing": ["minority_augmentation"]},
    "focal": {"loss": "focal"},
    "weighted_focal": {"loss": "weighted_focal"},
    "threshold": {"chosen": True},
    "all": {"balancing": ["sampler", "minority_augmentation", "smote"], "loss": "focal", "chosen": True},
}
CLAIMS = (
    "claimed: at 10:1 recall 15 → 70 %, F1 22 → 72 %; at 2–5:1 recall 45 → 73 %; at 1–2:1 F1 80 → 86.5 %; "
    "focal alone +10 to +20 % recall, sampler alone +15 to +30 %, threshold alone +5 to +15 % F1"
)
FIGURES = ("accuracy", "precision", "recall", "f1")
OF_HEADS = {"smote"}  # works on features alone
PICTURES = {"modality": "image", "faces": False}
HEADS: dict[str, dict[str, Any]] = {
    "image": {**PICTURES, "model": "forensic_residual", "tune": "head", "epochs": 60, "early_stopping": 15},
    "audio": {
        "modality": "audio",
        "model": "forensic_sound",
        "tune": "head",
        "epochs": 60,
        "early_stopping": 15,
    },
}
QUICK = {"image_size": 64, "epochs": 12, "early_stopping": 5, "bootstrap": 100}  # intervals are drawn here
SMALL_PICTURES = {**PICTURES, **QUICK, "model": "efficientnet_b0"}
WHOLE: dict[str, dict[str, Any]] = {
    "pictures": SMALL_PICTURES,
    "clips": {
        "modality": "video",
        "faces": False,
        "model": "simple_cnn",
        "frames": 4,
        "batch_size": 16,
        **QUICK,
    },
    "faces": SMALL_PICTURES,
    "speech": {"modality": "audio", "model": "logmel_resnet18", "epochs": 12, "early_stopping": 5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="a folder with labels.csv (file, label)")
    parser.add_argument("--speech", type=Path, metavar="FOLDER", help="a folder with manifest.csv")
    parser.add_argument(
        "--whole", action="store_true", help="networks that learn from end to end, at 10 to 1"
    )
    parser.add_argument(
        "--only",
        choices=("demo", "pictures", "clips", "faces", "speech"),
        nargs="*",
        help="these data (default: all)",
    )
    parser.add_argument("--techniques", choices=tuple(TECHNIQUES), nargs="*", help="these (default: all)")
    parser.add_argument(
        "--each",
        type=int,
        default=600,
        help="drawn pictures and clips of either class (default: %(default)s)",
    )
    parser.add_argument("--seeds", type=int, help="how often each learns (default: 3, with --whole 2)")
    parser.add_argument("--out", type=Path, default=Path("imbalance-study"), help="kept between calls")
    parser.add_argument("--small", action="store_true", help="one ratio, one seed, three techniques: a try")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    args = parser.parse_args()
    study = Study(args.out)
    sets = whole_sets(study, args) if args.whole else head_sets(study, args)
    ratios = RATIOS[-1:] if args.small or args.whole else RATIOS
    seeds = tuple(range(args.seeds or (1 if args.small else 2 if args.whole else 3)))
    techniques = _without_heads() if args.whole else TECHNIQUES
    names = ["plain", "sampler", "threshold"] if args.small else list(techniques)
    rows = [
        measured(study, data, dataset, ratio, technique, techniques[technique], seeds, learner)
        for data, (dataset, learner) in sets.items()
        for ratio in ratios
        for technique in names
        if technique in (args.techniques or names)
    ]
    print(as_text(rows))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


Sets = dict[str, tuple[str, dict[str, Any]]]  # data: dataset, what learns it


def head_sets(study: Study, args: argparse.Namespace) -> Sets:
    wanted = args.only or ("demo", "faces", "speech")
    found: Sets = {"demo": (demo_pictures(study), HEADS["image"])} if "demo" in wanted else {}
    if args.faces and "faces" in wanted:
        found["faces"] = (faces_folder(study, args.faces), HEADS["image"])
    if args.speech and "speech" in wanted:
        found["speech"] = (speech_folder(study, args.speech), HEADS["audio"])
    return found


def whole_sets(study: Study, args: argparse.Namespace) -> Sets:
    names: dict[str, Callable[[], str]] = {
        "pictures": lambda: drawn_pictures(study, args.each),
        "clips": lambda: drawn_clips(study, args.each),
    }
    if args.faces:
        names["faces"] = lambda: faces_folder(study, args.faces)
    if args.speech:
        names["speech"] = lambda: speech_folder(study, args.speech)
    return {data: (make(), WHOLE[data]) for data, make in names.items() if data in (args.only or names)}


def _without_heads() -> dict[str, dict[str, Any]]:
    """The techniques that a network which learns from end to end can use."""
    found = {}
    for name, asked in TECHNIQUES.items():
        balancing = [one for one in asked.get("balancing", []) if one not in OF_HEADS]
        if balancing or "balancing" not in asked:
            found[name] = {**asked, "balancing": balancing}
    return found


def measured(
    study: Study,
    data: str,
    dataset: str,
    ratio: float,
    technique: str,
    asked: dict[str, Any],
    seeds: tuple[int, ...],
    learner: dict[str, Any],
) -> dict[str, Any]:
    """One cell of the study. `threshold` needs no training of its own: it is plain training read at its
    threshold."""
    options = {name: value for name, value in asked.items() if name != "chosen"}
    chosen = bool(asked.get("chosen", False))
    parts, areas, untaught = [], [], 0
    for seed in seeds:
        name = study.imbalanced(dataset, ratio, seed)
        run = study.trained({**learner, "protocol": "official", "datasets": [name], "seed": seed, **options})
        point, metrics = run.document("operating_point") or {}, run.document("metrics") or {}
        areas.append(float(metrics["test"]["at_default"]["auc"]))
        untaught += bool(metrics["learned_nothing"])
        threshold = point.get("threshold", 0.5) if chosen else 0.5
        scores = pd.read_parquet(run.scores_file("test"))
        called = np.zeros(len(scores), bool) if threshold is None else scores["score"].to_numpy() >= threshold
        minority = study.minority(name)
        parts.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "group": scores["group"],
                    "truth": scores["label"] == minority,
                    "called": called == (minority == 1),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    found = intervals_of(table)
    figures = f"recall {found['recall'][0]:.3f}, F1 {found['f1'][0]:.3f}"
    print(f"{data} {ratio:g}:1 {technique}: {figures}", flush=True)
    about = {"data": data, "model": learner["model"], "ratio": ratio, "technique": technique}
    return {**about, "n": len(table), "auc": float(np.mean(areas)), "learned_nothing": untaught, **found}


def as_text(rows: list[dict[str, Any]]) -> str:
    """A table with the difference to plain training of the same data and ratio."""
    plain = {(r["data"], r["ratio"]): r for r in rows if r["technique"] == "plain"}
    out = [
        "| data | network | ratio | technique | AUC | accuracy | precision | recall | F1 (minority) | recall against plain |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [numbers.interval(*row[f]) for f in FIGURES]
        base = plain.get((row["data"], row["ratio"]))
        gain = numbers.change(row["recall"][0] - base["recall"][0]) if base else ""
        about = f"{row['data']} | {row['model']} | {row['ratio']:g} | {row['technique']}"
        area = numbers.number(row["auc"])
        if row["learned_nothing"]:
            area += f", nothing learned in {row['learned_nothing']}"
        out.append(f"| {about} | {area} | {' | '.join(cells)} | {gain} |")
    return "\n".join([*out, "", CLAIMS])


if __name__ == "__main__":
    main()
