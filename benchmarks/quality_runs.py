"""What benchmarks.quality asks of the commands: scan and train on copies, then judge files with the run."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CODE = Path(__file__).resolve().parent.parent
# The head is fitted at once on the embeddings of the frozen, analytic encoder; its pull to zero is the same
# for both.
OPTIONS = {
    "protocol": "official",
    "tune": "head",
    "head": "logistic",
    "weight_decay": 0.1,
    "balancing": ["class_weights"],
    "augmentation": [],
    "views": 4,  # windows of a long recording; a picture that fits has one
    "score_test": False,
}


@dataclass(frozen=True)
class File:
    path: Path
    label: int  # 1 = fake
    split: str
    group: str
    facts: dict[str, str] = field(default_factory=dict)


def read_table(table: Path, folder: Path) -> list[File]:
    with table.open(newline="", encoding="utf-8") as lines:
        return [
            File(
                folder / row["file"],
                int(row["label"] == "fake"),
                row.get("split", ""),
                row.get("group", ""),
                dict(row),
            )
            for row in csv.DictReader(lines)
        ]


def train(
    files: dict[str, list[File]], scratch: Path, options: dict[str, Any], *, groups: bool = False
) -> Path:
    """A run on copies whose names say nothing, with `train` and `val` as the official split.

    With `groups` a list beside them says which are of one source, as the lists of published datasets do.
    """
    media = scratch / "media"
    rows = []
    for split, members in files.items():
        for number, file in enumerate(members):
            place = media / split / ("fake" if file.label else "real")
            place.mkdir(parents=True, exist_ok=True)
            copy = place / f"{number:05d}{file.path.suffix}"
            shutil.copyfile(file.path, copy)
            rows.append([copy.relative_to(media), "fake" if file.label else "real", split, file.group])
    if groups:
        with (media / "labels.csv").open("w", newline="", encoding="utf-8") as table:
            csv.writer(table).writerows([("path", "label", "split", "original"), *rows])
    found = command(scratch, "scan", str(media))
    config = scratch / "config.json"
    names = [dataset["name"] for dataset in found["datasets"]]
    config.write_text(json.dumps({**OPTIONS, "datasets": names, **options}), encoding="utf-8")
    run = scratch / "run"
    command(scratch, "train", str(config), "--run-dir", str(run))
    return run


def judge(files: list[File], run: Path, scratch: Path) -> np.ndarray:
    """The score of each file, from copies whose names say nothing."""
    place = scratch / "judged"
    place.mkdir()
    copies = [
        shutil.copyfile(f.path, place / f"{number:05d}{f.path.suffix}") for number, f in enumerate(files)
    ]
    verdicts = command(scratch, "detect", *map(str, copies), "--run", str(run))
    scores = [verdict["score"] for verdict in verdicts]
    if None in scores:
        worst = verdicts[scores.index(None)]
        raise SystemExit(f"{worst['file']} was not judged: {worst['reason']}")
    return np.array(scores, dtype=float)


def probe(scratch: Path) -> list[dict[str, Any]]:
    """What trivial features alone tell of the labels, on what was trained on."""
    found = command(scratch, "shortcuts", "--samples", "400")
    return [
        {
            "feature": f["name"],
            "auc": round(f["auc"], 3),
            "interval": [round(f["low"], 3), round(f["high"], 3)],
        }
        for dataset in found["datasets"]
        for f in dataset["features"]
    ]


def command(scratch: Path, *words: str) -> Any:
    """One command of the workbench in a workspace of its own."""
    environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(scratch / "workspace")}
    done = subprocess.run(
        [sys.executable, "-m", "core", *words, "--json"],
        cwd=CODE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:1])} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)
