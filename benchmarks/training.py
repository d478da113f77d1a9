"""What the training loop costs beyond its arithmetic: `python -m benchmarks.training [--model M] [--steps N] [--json]`.

The loop's steps against a bare loop over the same tensors with the same network; and the share of its time that the
loop waits for data when the prepared cache is filled. Pictures are made here; nothing is read from anywhere else.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from core.catalog import table
from core.catalog.table import DatasetInfo
from core.media.cache import prepared
from core.runs.folder import new_run
from core.training.learner import Context, NetworkLearner
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks
from core.training.setup import set_up
from core.workspace import Workspace

OVERHEAD_AT_MOST = 1.05
WAIT_AT_MOST = 0.05
CPU = Ranks(0, 1, torch.device("cpu"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mobilenetv3_small")
    parser.add_argument("--size", type=int, default=224, help="pixels (default 224)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12, help="timed steps of each kind (default 12)")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="benchmark-training-"))
    try:
        measured = measure(root, args)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps(measured, indent=2) if args.json else lines(measured))
    sys.exit(0 if measured["within"] else 1)


def measure(root: Path, args: argparse.Namespace) -> dict[str, Any]:
    space = Workspace(root / "workspace")
    make_pictures(space, root / "pictures", args.pictures, args.size)
    config = TrainConfig(
        modality="image", model=args.model, image_size=args.size, batch_size=args.batch, faces=False,
        protocol="group", scheduler="cosine", clip_norm=1.0, augmentation=["flip"], device="cpu", epochs=3,
    )  # fmt: skip
    setup = set_up(config, space)
    for split in ("train", "val"):
        for file in setup.source(split).files:
            prepared(file, setup.recipe, space)
    ratio, bare, ours = overhead(setup, root / "overhead", args.steps)
    wait, rate = waiting(setup, root / "waiting")
    return {
        "threads": torch.get_num_threads(),
        "bare_step_ms": round(1000 * bare, 2),
        "loop_step_ms": round(1000 * ours, 2),
        "overhead": round(ratio - 1, 4),
        "data_wait": round(wait, 4),
        "samples_per_second": round(rate, 1),
        "within": ratio <= OVERHEAD_AT_MOST and wait <= WAIT_AT_MOST,
    }


def overhead(setup: Any, folder: Path, steps: int) -> tuple[float, float, float]:
    """Bare and own steps in turn, on the same batch; the median of the ratios of neighbours, so that noise cancels."""
    job = Loop(NetworkLearner(setup, Context(CPU)), new_run(setup.config.to_dict(), path=folder))
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    inputs, mask = job.learner.convert(batch)
    optimizer, network = job.stepper.optimizer, job.network

    def bare_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(inputs, mask), batch.labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    def own_step() -> None:
        job._step([batch])

    network.train()
    bare_step()
    own_step()
    pairs = []
    for turn in range(steps):
        order = (bare_step, own_step) if turn % 2 else (own_step, bare_step)
        took = {step: timed(step) for step in order}
        pairs.append((took[bare_step], took[own_step]))
    ratio = statistics.median(own / bare for bare, own in pairs)
    return ratio, statistics.median(b for b, _ in pairs), statistics.median(o for _, o in pairs)


def timed(step: Any) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def waiting(setup: Any, folder: Path) -> tuple[float, float]:
    """The share of a whole epoch that the loop waits for data, as its own events say it, and its samples a second."""
    from core.runs import events

    run = new_run(setup.config.to_dict(), path=folder)
    job = Loop(NetworkLearner(setup, Context(CPU)), run)
    for epoch in (1, 2):  # the first starts the reading processes
        job.progress.epoch, job.progress.batch = epoch, 0
        job._train_epoch(job.draws_of(epoch))
    found = [e for e in events.read(run.events_file)[0] if e.epoch == 2]
    waits = [e.value for e in found if e.name == "data_wait"]
    rates = [e.value for e in found if e.name == "throughput"]
    return float(np.mean(waits)), float(np.mean(rates))


def make_pictures(space: Workspace, root: Path, count: int, size: int) -> None:
    rng, rows = np.random.default_rng(0), []
    for i in range(count):
        label = i % 2
        path = root / f"{i:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.uniform(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((size + 32, size + 32), Image.Resampling.BICUBIC).save(
            path, quality=90
        )
        rows.append(
            {
                "id": f"made/{path.name}", "path": path.name, "dataset": "made", "layout": "generic",
                "modality": "image", "label": label, "method": "made" if label else None,
                "groups": [f"made-{i}"], "bytes": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns,
            }
        )  # fmt: skip
    about = DatasetInfo(name="made", layout="generic", root=str(root))
    table.save("made", pd.DataFrame(rows), about, space)


def lines(measured: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"a step: bare {measured['bare_step_ms']} ms, the loop's {measured['loop_step_ms']} ms, "
            f"overhead {100 * measured['overhead']:.1f} % (at most 5 %)",
            f"waiting for data: {100 * measured['data_wait']:.1f} % (at most 5 %), "
            f"{measured['samples_per_second']} samples/s on {measured['threads']} threads",
        ]
    )


if __name__ == "__main__":
    main()
