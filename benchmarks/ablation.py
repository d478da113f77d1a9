"""The multimodal claims, by leaving out: `python -m benchmarks.ablation [--small] [--out FOLDER] [--json FILE]`.

On the audio-visual demo sets, three seeds each, on a CPU: the whole network, then without its domain head, without
attention across modalities, without sound, without picture, on one dataset alone; and the baselines that models.md
names. AUC on the test part, mean over seeds with its interval, and the difference to the whole.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.studies import DRAWS, Study
from core.catalog import table

SEEDS = (0, 1, 2)
CLAIMS = (
    "claimed: cross-modal attention +3 to +5 points, domain-adversarial +2 to +4, several datasets +1 to +2"
)


def variants(datasets: list[str]) -> dict[str, dict[str, Any]]:
    """The options of each variant beyond those that all share."""
    adversarial = {"domain_weight": 0.3} if len(datasets) > 1 else {}
    return {
        "whole": {"model": "fusion_tiny", **adversarial},
        "without the domain head": {"model": "fusion_tiny"},
        "without attention across modalities": {"model": "early_fusion"},
        "late fusion": {"model": "late_fusion"},
        "contrastive": {"model": "contrastive", "contrastive_weight": 0.2},
        "without sound": {"model": "video_only"},
        "without picture": {"model": "audio_only"},
        "frames one by one": {"model": "image_only"},
        **(
            {"one dataset alone": {"model": "fusion_tiny", "datasets": datasets[:1]}}
            if len(datasets) > 1
            else {}
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("ablation-study"), help="kept between calls")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--small", action="store_true", help="one seed, one epoch, two variants: a try")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    args = parser.parse_args()
    study = Study(args.out)
    study.demo()
    datasets = audio_visual(study)
    chosen = variants(datasets)
    if args.small:
        chosen = {name: chosen[name] for name in ("whole", "without sound")}
    seeds = SEEDS[:1] if args.small else SEEDS
    shared = {
        "modality": "multimodal", "datasets": datasets, "frames": 4, "image_size": 64, "faces": False,
        "protocol": "group", "balancing": ["sampler"], "epochs": 1 if args.small else args.epochs,
        "early_stopping": 0, "workers": 1,
        **({"max_samples_per_class": 8} if args.small else {}),
    }  # fmt: skip
    tables = {
        name: scores_of(study, {**shared, **options}, seeds, datasets[0]) for name, options in chosen.items()
    }
    rows = compared(tables)
    print(as_text(rows))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def audio_visual(study: Study) -> list[str]:
    """The demo sets that say of picture and sound whether each is fake."""
    found = []
    for name in table.datasets(study.space):
        frame = table.load([name], study.space, columns=["modality", "label_audio"])
        if ((frame["modality"] == "video") & frame["label_audio"].notna()).any():
            found.append(name)
    return found


def scores_of(
    study: Study, options: dict[str, Any], seeds: tuple[int, ...], common: str
) -> list[pd.DataFrame]:
    """The test scores of each seed, on the dataset that all variants were trained on."""
    found = []
    for seed in seeds:
        run = study.trained({**options, "seed": seed})
        scores = pd.read_parquet(run.scores_file("test"))
        found.append(scores[scores["dataset"] == common].set_index("id"))
        print(f"{options['model']} seed {seed}: AUC {area(found[-1]):.3f}")
    return found


def compared(tables: dict[str, list[pd.DataFrame]]) -> list[dict[str, Any]]:
    """Each variant and its difference to the whole, drawn over the same groups, so that what both share cancels."""
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {name: [] for name in tables}
    whole = next(iter(tables.values()))
    for _ in range(DRAWS):
        picks = [redrawn(table, rng) for table in whole]
        for name, found in tables.items():
            pairs = zip(found, picks, strict=True)
            areas = [area(scores.reindex(ids).dropna(subset=["score"])) for scores, ids in pairs]
            drawn[name].append(float(np.nanmean(areas)))
    first = np.array(drawn["whole"])
    rows = []
    for name, found in tables.items():
        mean = float(np.nanmean([area(t) for t in found]))
        low, high = np.nanquantile(drawn[name], [0.025, 0.975])
        gap_low, gap_high = np.nanquantile(np.array(drawn[name]) - first, [0.025, 0.975])
        whole_mean = float(np.nanmean([area(t) for t in whole]))
        rows.append(
            {
                "variant": name,
                "auc": [round(mean, 4), round(float(low), 4), round(float(high), 4)],
                "against_whole": [
                    round(mean - whole_mean, 4),
                    round(float(gap_low), 4),
                    round(float(gap_high), 4),
                ],
            }
        )
    return rows


def redrawn(scores: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """The ids of a draw of whole groups."""
    by_group = {group: part.index.tolist() for group, part in scores.groupby("group")}
    names = list(by_group)
    return [i for k in rng.integers(0, len(names), len(names)) for i in by_group[names[k]]]


def area(scores: pd.DataFrame) -> float:
    labels = scores["label"].to_numpy()
    if len(labels) == 0 or labels.min() == labels.max():
        return float("nan")
    return float(roc_auc_score(labels, scores["score"]))


def as_text(rows: list[dict[str, Any]]) -> str:
    out = ["| variant | AUC | against the whole |", "|---|---|---|"]
    for row in rows:
        mean, low, high = row["auc"]
        gap, gap_low, gap_high = row["against_whole"]
        shown = "no difference shown" if gap_low <= 0 <= gap_high else "differs"
        out.append(
            f"| {row['variant']} | {mean:.3f} [{low:.2f}, {high:.2f}] "
            f"| {gap:+.3f} [{gap_low:+.2f}, {gap_high:+.2f}] {shown} |"
        )
    return "\n".join([*out, "", CLAIMS])


if __name__ == "__main__":
    main()
