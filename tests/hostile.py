"""A workspace in which everything that data, folders and people may name is called the same hostile text."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.access import Person
from core.catalog import exclusions, leaks, table
from core.catalog.table import DatasetInfo
from core.runs import events
from core.runs.folder import RunFolder
from core.thresholds import operating_point
from core.workspace import Workspace, write_json
from tests.detection.tiny_runs import make_run
from tests.thresholds.run_folder import scores

SAMPLES = 24


def fill(space: Workspace, name: str) -> None:
    """One dataset and two runs, every name of which is `name`; it must be possible as a file's name."""
    _dataset(space, name)
    space.save_settings({"roots": [str(space.root.parent / name)]})
    for at, folder in enumerate((name, f"{name}2")):
        _run(space, folder, name, at)
    _imported(space, name)
    write_json(
        space.root / "tuning" / "20260101-000000-x" / "tuning.json", {"trials": 2, "done": 1, "best": name}
    )
    tuning = RunFolder(space.root / "tuning" / "20260101-000000-x")
    tuning.save_config({"modality": "image", "model": name, "name": name})
    tuning.set_status(state="failed", error=name, person=name)


def _imported(space: Workspace, name: str) -> None:
    """A detector of somebody else's, every word of which is `name`."""
    folder = RunFolder(space.detectors / f"{name}3")
    folder.path.mkdir(parents=True)
    folder.save_config({"modality": "image", "model": name, "name": name})
    words = (
        "detector",
        "family",
        "title",
        "input",
        "fake",
        "fake_because",
        "licence",
        "source",
        "file",
        "who",
    )
    about = dict.fromkeys(words, name) | {
        "modality": "image",
        "parameters": 1,
        "sha256": "0",
        "imported": 0.0,
    }
    about |= {
        "published": [{"figure": name, "protocol": name}],
        "peeled": [name],
        "notes": [name],
        "measured": None,
    }
    folder.save_document("detector", about)


def _row(name: str, i: int) -> dict[str, object]:
    return {
        "id": f"{name}/{name}{i}.png",
        "path": f"{name}{i}.png",
        "dataset": name,
        "layout": "generic",
        "modality": "image",
        "label": i % 4 and 1,
        "method": name if i % 4 else None,
        "split": ("train", "val", "test")[i % 3],
        "groups": [f"{name}{i // 2}"],
        "identity": name,
        "text": name,
        "meta": "{}",
        "bytes": 1,
        "mtime_ns": 1,
    }


def _dataset(space: Workspace, name: str) -> None:
    root = space.root.parent / name
    root.mkdir(parents=True)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame([_row(name, i) for i in range(SAMPLES)])
    for path in frame["path"]:
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).save(root / path)
    counts = [
        {"split": s, "modality": "image", "method": name if label else None, "label": label, "n": len(part)}
        for (s, label), part in frame.groupby(["split", "label"])
    ]
    about = DatasetInfo(
        name,
        "generic",
        str(root),
        counts=counts,
        published={"real": 50, "fake": 50},
        problems=[f"{name}: {name}"],
        problem_count=1,
        notes=[name],
        formats={name: SAMPLES},
    )
    table.save(name, frame, about, space)
    person = Person(name, operator=True)
    leaks.remember(name, name, [leaks.Leak(name, name, 2, [name])], space, person)
    exclusions.add([f"{name}/{name}0.png"], "exclude", name, person, space)


def _config(name: str) -> dict[str, object]:
    return {
        "modality": "image",
        "model": "mobilenetv3_small",
        "name": name,
        "datasets": [name],
        "monitor": "auc",
        "epochs": 2,
        "batch_size": 8,
        "protocol": "group",
        "augmentation": [name],
        "loss": name,
        "balancing": [name],
    }


def _figures(name: str) -> dict[str, object]:
    at = {"threshold": 0.5, "auc": 0.9, "tp": 9, "fp": 1, "tn": 9, "fn": 1, "warnings": [name]}
    at |= {"intervals": {"auc": [0.8, 0.95]}, "accuracy": 0.9, "f1": 0.9, "balanced_accuracy": 0.9}
    part = {"name": name, "real": 3, "fake": 4, "auc": 0.9, "intervals": {}}
    return {
        "n": 200,
        "real": 66,
        "fake": 134,
        "majority_baseline": 0.6,
        "always_fake_f1": 0.8,
        "at_default": at,
        "at_chosen": at,
        "units": None,
        "by": {"method": [part, part], "dataset": [part]},
    }


def _run(space: Workspace, folder: str, name: str, at: int) -> None:
    run = RunFolder(make_run(space.runs / folder, "image", seed=at))
    run.save_config(_config(name))
    document = {"learned_nothing": bool(at), "learned_nothing_reason": name, "warnings": [name]}
    hashes = dict.fromkeys(("config_hash", "data_hash", "plan_hash", "python", "device"), name)
    document["provenance"] = {
        **hashes,
        "packages": {name: name},
        "code": {"commit": name, "source_sha256": name},
    }
    for split in ("val", "test"):
        found = scores(200, at + (split == "test"), dataset=name)
        found["method"] = np.where(found["label"] == 1, name, "")
        found["group"] = [f"{name}{i // 3}" for i in range(len(found))]
        found["id"] = [f"{name}/{name}{i % SAMPLES}.png{'' if i < SAMPLES else i}" for i in range(len(found))]
        run.scores_file(split).parent.mkdir(exist_ok=True)
        found.to_parquet(run.scores_file(split))
        document[split] = _figures(name)
    run.save_document("metrics", document)
    run.save_document("plan", {"protocol": name, "notes": [name], "datasets": [name]})
    point = operating_point.OperatingPoint(0.4, name, "val", why=name)
    operating_point.save(run, point, Person(name, operator=True), confirmed=True)
    for step in range(1, 20):
        events.append(run.events_file, step, 1, {"train/loss": 1 / step, name: 1.0})
    run.log_file.write_text(f"{name}\n", encoding="utf-8")
    now = time.time()
    run.set_status(
        state="completed", person=name, error=name, host=name, started=now - 60, ended=now, best=0.9
    )


def path_of_a_picture(space: Workspace, name: str) -> Path:
    return space.root.parent / name / f"{name}0.png"
