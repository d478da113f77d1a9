"""What the studies share: a workspace of their own, runs that are not repeated, sets of a wanted imbalance,
intervals."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.catalog import table
from core.catalog.demo import MARKER
from core.catalog.demo.job import run
from core.catalog.demo.making import NOTICE
from core.catalog.demo.talking import talking_sets
from core.catalog.table import DatasetInfo
from core.runs.folder import RunFolder, new_run
from core.thresholds import proportions
from core.training.options.config import TrainConfig
from core.training.worker import work
from core.workspace import CODE_ROOT, Workspace

DRAWS = 1000
SMALLEST = 12  # samples of the minority in training, below which nothing can be said


class Study:
    """Everything lies in one folder, so that a study can be interrupted and go on."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.space = Workspace(self.root / "workspace")

    def command(self, *arguments: str) -> None:
        """A command of the workbench, in the study's workspace."""
        import os

        environment = {**os.environ, "DEEPFAKE_WORKSPACE": str(self.space.root)}
        subprocess.run(
            [sys.executable, "-m", "core", *arguments],
            cwd=CODE_ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def demo(self) -> None:
        """The demo datasets, made and scanned once."""
        root = self.root / "demo"
        done = self.root / "demo.done"
        if not done.exists():
            self.command("demo", "--root", str(root))
            self.command("scan", str(root))
            done.touch()

    def talking_demo(self) -> None:
        """The audio-visual ones of the demo datasets alone, as `demo` makes them."""
        root = self.root / "talking"
        done = self.root / "talking.done"
        if done.exists():
            return
        for one in talking_sets():
            documents = {**one.documents, MARKER: NOTICE.format(name=one.name)}
            for name, text in documents.items():
                path = root / one.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            for job in one.jobs:
                run(root, one.folder, 0, job)
        self.command("scan", str(root))
        done.touch()

    def trained(self, options: dict[str, Any]) -> RunFolder:
        """The completed run of this configuration; trained now if there is none, resumed if it was
        interrupted."""
        config = TrainConfig.from_dict(options).to_dict()
        name = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]
        folder = RunFolder(self.space.runs / name)
        if folder.path.exists() and folder.status().state == "completed":
            return folder
        resume = folder.last_checkpoint.exists()
        if not resume:
            new_run(config, path=folder.path)
        work(folder, resume=resume, space=self.space)
        if folder.status().state != "completed":
            raise SystemExit(f"stopped; the same command goes on ({self.root})")
        return folder

    def imbalanced(self, dataset: str, ratio: float, seed: int) -> str:
        """A dataset with `ratio` majority samples to one of the minority in training and validation.

        The test part keeps every sample that it has. Thinning takes away, it never repeats.
        """
        name = f"{dataset} {ratio:g} to 1 seed {seed}"
        if name in table.datasets(self.space):
            return name
        frame = table.load([dataset], self.space)
        frame = frame[frame["label"].notna()].reset_index(drop=True)
        rng = np.random.default_rng([seed, round(10 * ratio)])
        split = divided(frame, rng)
        keep = np.ones(len(frame), bool)
        labels = frame["label"].to_numpy()
        rare = self.minority(dataset)
        for part in ("train", "val"):
            own = {y: np.flatnonzero((split == part) & (labels == y)) for y in (0, 1)}
            few, many = own[rare], own[1 - rare]
            wanted = min(len(few), max(2, round(len(many) / ratio)))
            # The majority is not large enough for all of the minority, or too large.
            if len(many) > wanted * ratio:
                keep[rng.permutation(many)[round(wanted * ratio) :]] = False
            keep[rng.permutation(few)[wanted:]] = False
        self._save_part(dataset, name, frame.assign(split=split), keep)
        return name

    def few(self, dataset: str, each: int, seed: int) -> str:
        """A dataset with `each` samples of either class to learn from and as many to choose on; a third is
        judged."""
        name = f"{dataset} {each} each seed {seed}"
        if name in table.datasets(self.space):
            return name
        frame = table.load([dataset], self.space)
        frame = frame[frame["label"].notna()].reset_index(drop=True)
        rng = np.random.default_rng([seed, each])
        split, labels = divided(frame, rng), frame["label"].to_numpy()
        keep = split == "test"
        for part in ("train", "val"):
            for label in (0, 1):
                keep[rng.permutation(np.flatnonzero((split == part) & (labels == label)))[:each]] = True
        self._save_part(dataset, name, frame.assign(split=split), keep)
        return name

    def _save_part(self, dataset: str, name: str, frame: pd.DataFrame, keep: np.ndarray) -> None:
        frame = frame.assign(dataset=name, id=[f"{name}/{p}" for p in frame["path"]])[keep]
        about = replace(table.info(dataset, self.space), name=name)
        table.save(name, frame.reset_index(drop=True), about, self.space)

    def minority(self, dataset: str) -> int:
        """The rarer label of the whole dataset: it stays the rare one in every study of it."""
        counts = table.load([dataset], self.space)["label"].value_counts()
        return 0 if counts.get(0.0, 0) < counts.get(1.0, 0) else 1


def divided(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Half for training, a sixth to choose on, a third to judge; by group, each class on its own."""
    from core.catalog.components import components

    label = frame["label"].to_numpy()
    group = np.asarray(components(list(frame["groups"])))
    split = np.full(len(frame), "train", dtype=object)
    for value in (0, 1):
        names = rng.permutation(np.unique(group[label == value]))
        n = len(names)
        split[np.isin(group, names[: n // 3]) & (split == "train")] = "test"
        split[np.isin(group, names[n // 3 : n // 3 + max(1, n // 6)]) & (split == "train")] = "val"
    return split


def demo_pictures(study: Study) -> str:
    """The largest demo set of pictures."""
    study.demo()
    sizes = {}
    for name in table.datasets(study.space):
        if not table.info(name, study.space).demo or " to 1 seed " in name:
            continue  # a call before this one may have added faces, and parts of both
        frame = table.load([name], study.space, columns=["modality", "label"])
        if set(frame["modality"]) == {"image"}:
            sizes[name] = len(frame)
    return max(sizes, key=lambda name: sizes[name])


def faces_folder(study: Study, folder: Path) -> str:
    """A folder with labels.csv (file, label real|fake) as a dataset; every picture is a group of its own."""
    return _listed_folder(study, folder, "faces", "labels.csv", "image")


def speech_folder(study: Study, folder: Path) -> str:
    """A folder with manifest.csv (file, label real|fake, group) as a dataset."""
    return _listed_folder(study, folder, "speech", "manifest.csv", "audio")


def _listed_folder(study: Study, folder: Path, name: str, list_file: str, modality: str) -> str:
    with (folder / list_file).open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    rows = []
    for one in listed:
        label = int(one["label"] == "fake")
        status = (folder / one["file"]).stat()
        rows.append(
            {
                "id": f"{name}/{one['file']}",
                "path": one["file"],
                "dataset": name,
                "layout": "generic",
                "modality": modality,
                "label": label,
                "method": (one.get("system") or "generated") if label else None,
                "groups": [f"{name}-{one.get('group') or one['file']}"],
                "bytes": status.st_size,
                "mtime_ns": status.st_mtime_ns,
            }
        )
    about = DatasetInfo(name=name, layout="generic", root=str(folder.absolute()))
    table.save(name, pd.DataFrame(rows), about, study.space)
    return name


def figures(truth: np.ndarray, called: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Of the minority class: `truth` says it is one, `called` that it was called one; `weight` is how often
    it counts. NaN where it counts nothing that the figure is about."""
    hit, all_called, all_true = ((weight * part).sum() for part in (truth & called, called, truth))
    return {
        "accuracy": float((weight * (truth == called)).sum() / max(1, weight.sum())),
        "precision": float(hit / all_called) if all_called else np.nan,
        "recall": float(hit / all_true) if all_true else np.nan,
        "f1": float(2 * hit / (all_called + all_true)) if all_called + all_true else np.nan,
    }


def intervals_of(found: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Each figure's mean over the seeds and its 95 % interval; whole groups are drawn anew in each draw."""
    rng = np.random.default_rng(0)
    parts = []
    for _, part in found.groupby("seed"):
        names, place = np.unique(part["group"].to_numpy(dtype=str), return_inverse=True)
        parts.append((part["truth"].to_numpy(bool), part["called"].to_numpy(bool), len(names), place))

    def means(weights: list[np.ndarray]) -> dict[str, float]:
        each = [figures(truth, called, w) for (truth, called, _, _), w in zip(parts, weights, strict=True)]
        return {name: float(np.mean([one[name] for one in each])) for name in each[0]}

    whole = means([np.ones(len(truth)) for truth, _, _, _ in parts])
    measured = {name: 0.0 if np.isnan(value) else value for name, value in whole.items()}
    draws = []
    for _ in range(DRAWS):
        drawn = [np.bincount(rng.integers(0, n, n), minlength=n)[place] for _, _, n, place in parts]
        draws.append(means(drawn))
    return {
        name: (value, *_ends(value, [d[name] for d in draws], min(_groups_of(name, part) for part in parts)))
        for name, value in measured.items()
    }


def _groups_of(figure: str, part: tuple[np.ndarray, np.ndarray, int, np.ndarray]) -> int:
    """How many groups a figure of one seed is about: recall those of the minority, precision those called one."""
    truth, called, groups, place = part
    about = {"recall": truth, "precision": called, "f1": truth | called}.get(figure)
    return groups if about is None else max(1, len(np.unique(place[about])))


def _ends(value: float, draws: list[float], groups: int) -> tuple[float, float]:
    """Of the draws that have the figure; where all of them are alike, as wide as that many groups without an exception
    allow."""
    having = [draw for draw in draws if not np.isnan(draw)] or [value]
    low, high = (float(q) for q in np.quantile(having, [0.025, 0.975]))
    if low == high:
        least, most = proportions.wilson(np.array([value * groups]), np.array([groups]))
        low, high = float(least[0]), float(most[0])
    return min(low, value), max(high, value)
