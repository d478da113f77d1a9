"""A workspace in which every page has something to show: two demo datasets, and runs in every state.

Nothing is trained: scores are drawn, and the documents of a finished run are written from them as after a training.
"""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd

from core import audit
from core.access import Person
from core.catalog import table
from core.catalog.demo import making
from core.catalog.demo.pictures import faces_140k
from core.catalog.demo.recordings import sound_sets
from core.catalog.scan import scan
from core.runs import events, processes
from core.runs.folder import RunFolder, new_run
from core.training.scoring.evaluation import documents
from core.workspace import Workspace

PICTURES, SOUND = "140k Real and Fake Faces", "ASVspoof 2019 LA"
BASE = {
    "modality": "image",
    "datasets": [PICTURES],
    "protocol": "official",
    "epochs": 6,
    "monitor": "auc",
    "balancing": ["sampler"],
    "loss": "cross_entropy",
    "batch_size": 16,
    "bootstrap": 60,
    "image_size": 96,
    "faces": False,
}


def fill(space: Workspace) -> dict[str, RunFolder]:
    """The runs by what they are: first, second, nothing, running, stopped, failed; two of sound."""
    original = making.demo_sets
    try:
        making.demo_sets = lambda: [faces_140k(), sound_sets()[0]]
        scan([making.make(space.demo)["root"]], space=space)
    finally:
        making.demo_sets = original
    of_sound = {"modality": "audio", "datasets": [SOUND]}
    made = {
        "sound": _finished(space, "Log-mel on speech", "logmel_resnet18", 2.2, 4, **of_sound),
        "sound too": _finished(space, "Waveform on speech", "raw_waveform", 3.0, 5, **of_sound),
        "first": _finished(space, "First detector", "forensic_residual", 2.6, 1),
        "second": _finished(space, "Second detector", "mobilenetv3_small", 1.6, 2, loss="focal", epochs=8),
        "nothing": _finished(space, "Third detector", "simple_cnn", 0.0, 3, epochs=2),
        "stopped": _begun(space, "A stopped one", "resnet50"),
        "failed": _begun(space, "One that failed", "efficientnet_b0"),
    }
    now = time.time()
    running = _begun(space, "One that runs", "xception")
    made["running"] = running
    # Its worker is this very process, and says so for a long time.
    running.set_status(
        state="running",
        epoch=3,
        epochs=6,
        step=30,
        steps=60,
        started=now - 60,
        heartbeat=now + 3600,
        pid=os.getpid(),
        process_start=processes.start_time(os.getpid()),
    )
    made["stopped"].set_status(state="stopped", epoch=3, epochs=6, best=0.71, started=now - 90, ended=now)
    error = "OutOfMemoryError: out of memory"
    made["failed"].set_status(state="failed", epoch=1, epochs=6, started=now - 30, ended=now, error=error)
    leave_a_trail(space, made["first"].id, made["stopped"].id)
    return made


def leave_a_trail(space: Workspace, started: str, stopped: str) -> None:
    ada, desk = Person("ada@example.org", operator=True), Person("newsdesk", operator=False)
    audit.record(ada, "start run", started, space)
    audit.record(ada, "stop run", stopped, space)
    audit.record(ada, "save operating point", started, space, threshold=0.42, method="macro_f1")
    audit.record(desk, "judge", "a clip with a long name that somebody sent in.mp4", space, verdict="fake")


def _begun(space: Workspace, name: str, model: str, **more: object) -> RunFolder:
    run = new_run({**BASE, "name": name, "model": model, **more}, space=space)
    begin = time.time() - 120
    for step in range(1, 61):
        epoch = (step - 1) // 10 + 1
        measured = {"step/loss": 1 / (1 + step / 20), "cpu": 60.0, "memory": 900.0, "throughput": 80.0}
        events.append(run.events_file, step, epoch, measured, begin + step)
        if step % 10 == 0:
            epochs = {"train/loss": 0.9 / epoch, "val/loss": 1 / epoch, "train/auc": 0.5 + 0.07 * epoch}
            epochs |= {"val/auc": 0.5 + 0.06 * epoch, "val/f1": 0.4 + 0.05 * epoch}
            events.append(run.events_file, step, epoch, epochs, begin + step)
    run.log_file.write_text("epoch 6 of 6\n", encoding="utf-8")
    return run


def _finished(space: Workspace, name: str, model: str, shift: float, seed: int, **more: object) -> RunFolder:
    run = _begun(space, name, model, **more)
    [dataset], modality = run.config()["datasets"], run.config()["modality"]
    known = table.load([dataset], space)
    rng = np.random.default_rng(seed)
    for split in ("val", "test"):
        part = known[known["split"] == split].reset_index(drop=True)
        label = part["label"].to_numpy(dtype=int)
        score = 1 / (1 + np.exp(-(rng.normal(size=len(part)) * 1.2 + shift * (label - 0.5))))
        scores = pd.DataFrame(
            {
                "id": part["id"],
                "dataset": dataset,
                "modality": modality,
                "method": part["method"],
                "group": part["id"],
                "label": label,
                "score": score,
                "probability": score,
            }
        )
        units = pd.DataFrame({"id": part["id"], "unit": 0, "t0": 0.0, "t1": 0.0, "score": score})
        for file, rows in ((run.scores_file(split), scores), (run.units_file(split), units)):
            file.parent.mkdir(exist_ok=True)
            rows.to_parquet(file, index=False)
    documents.write(run, best_epoch=4)
    now, epochs = time.time(), run.config()["epochs"]
    run.set_status(
        state="completed",
        epoch=epochs,
        epochs=epochs,
        step=60,
        steps=60,
        best=0.8 + shift / 40,
        started=now - 150,
        ended=now,
    )
    return run
