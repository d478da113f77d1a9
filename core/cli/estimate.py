"""`python -m core estimate`: how long a training will take and what memory it needs, from a short measurement."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from core.cli._settings import add_settings, read_settings
from core.training.options.config import TrainConfig
from core.training.process import cores

SUMMARY = "time and memory that a training will need, from a short measurement"
SECONDS = 20.0  # a measurement stops after about this time
PREPARED = 6  # files that are prepared to see what one takes
SCORED = 4  # validation samples that are scored
STEPS = 3  # timed steps after one to warm up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", metavar="CONFIG.yaml", help="fields of the configuration")
    add_settings(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    given = read_settings(args)
    return measure(TrainConfig.from_dict(given))


def measure(config: TrainConfig) -> dict[str, Any]:
    """Prepare a few files, take a few steps, score a few samples; the rest is multiplication."""
    from core.runs.folder import RunFolder
    from core.training import automatic
    from core.training.learner import Context, NetworkLearner
    from core.training.loop import Loop
    from core.training.process.arithmetic import settle_algorithms
    from core.training.process.ranks import describe, join
    from core.training.setup import set_up

    setup = set_up(config)
    with tempfile.TemporaryDirectory() as folder, join(config.device) as ranks:
        settle_algorithms(config, ranks.device)
        setup = automatic.settled(setup, ranks.device)
        prepare = _prepare_seconds(setup)
        head = setup.tune == "head"
        # A head takes next to nothing beside the embeddings, which are scores but for the last layer.
        step, steps, batch = 0.0, 0, 0
        if not head:
            job = Loop(NetworkLearner(setup, Context(ranks)), RunFolder(Path(folder)))
            step, batch = _step_seconds(job)
            steps, setup = job.total_steps, job.setup
        score = _score_seconds(setup, ranks)
        memory = _memory(ranks.device)
        memory["device"] = describe(ranks.device)
    return _result(config, setup, head, prepare, step, steps, batch, score, memory)


def _prepare_seconds(setup: Any) -> float:
    """Of one file, as the cache stands now: what is there already costs little."""
    from core.training.reading.examples import read

    source = setup.source("train")
    count = len(source.files)
    places = sorted({int(k * count / PREPARED) for k in range(PREPARED)})
    began, done = time.monotonic(), 0
    for place in places:
        read(source, place)
        done += 1
        if time.monotonic() - began > SECONDS / 2:
            break
    return (time.monotonic() - began) / done


def _step_seconds(job: Any) -> tuple[float, int]:
    """Of one optimiser step on a batch of the size asked for (repeating the files that are prepared)."""
    draws = job.draws_of(1)[0]
    few = draws[: max(2, min(len(draws), PREPARED))]
    batch = next(iter(job.loader.batches([[few[k % len(few)] for k in range(len(draws))]])))
    if not len(batch):
        return 0.0, 0
    job.network.train()
    took: list[float] = []
    began = time.monotonic()
    for number in range(1 + STEPS):
        before = time.monotonic()
        job.stepper.step([batch], 0, number + 1)
        job.stepper.collect()  # waits for the device
        took.append(time.monotonic() - before)
        if time.monotonic() - began > SECONDS:
            break
    return min(took[1:] or took) * job.config.batches_a_step, len(batch)


def _score_seconds(setup: Any, ranks: Any) -> float:
    """Of one sample, read and scored as in validation."""
    from dataclasses import replace

    from core.training.scoring.predict import predict

    network = setup.network.to(ranks.device)
    source = setup.source("val")
    count = min(SCORED, len(source.files))
    part = replace(
        source,
        files=source.files[:count],
        labels=source.labels[:count],
        texts=source.texts[:count],
        domains=source.domains[:count],
    )
    precision = setup.config.precision
    predict(network, setup.card, part, ranks, precision=precision)  # the first time also prepares
    began = time.monotonic()
    predict(network, setup.card, part, ranks, precision=precision)
    return (time.monotonic() - began) / max(1, count)


def _memory(device: Any) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {"memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    if device.type == "cuda":
        found["gpu_memory_mb"] = torch.cuda.max_memory_reserved(device) / 2**20
    return found


def _result(
    config: TrainConfig,
    setup: Any,
    head: bool,
    prepare: float,
    step: float,
    steps: int,
    batch: int,
    score: float,
    memory: dict[str, Any],
) -> dict[str, Any]:
    from core.training.setup import trained_how

    counts = {split: sum(c.values()) for split, c in setup.planned.counts().items()}
    samples = sum(counts.values())
    once = prepare * samples / cores.available()
    validate = score * counts["val"]
    if head:  # every embedding once (and its augmented views), then the head, which takes next to nothing
        training = score * (_rows_to_learn_from(setup) + counts["val"])
    else:
        training = step * steps + validate * config.epochs
    total = once + training + score * (counts["val"] + counts["test"])
    if config.max_minutes is not None:
        total = min(total, config.max_minutes * 60 + score * (counts["val"] + counts["test"]))
    return {
        "seconds": total,
        "preparing_seconds": once,
        "epoch_seconds": None if head else step * steps / config.epochs + validate,
        "step_seconds": step,
        "measured_batch": batch,
        "precision": setup.config.precision,
        "samples": counts,
        "trained_how": trained_how(setup),
        **memory,
    }


def _rows_to_learn_from(setup: Any) -> int:
    """Of a sample that is changed there are several views."""
    changes, labels = setup.changes(), setup.training_set().labels
    changed = [bool(changes.names) or int(label) in changes.strengthened for label in labels]
    return sum(setup.config.views if one else 1 for one in changed)


def show(result: dict[str, Any]) -> str:
    minutes = result["seconds"] / 60
    epoch = "" if result["epoch_seconds"] is None else f", {result['epoch_seconds']:.1f} s an epoch"
    gpu = f", {result['gpu_memory_mb']:.0f} MB on the GPU" if "gpu_memory_mb" in result else ""
    return (
        f"on {result['device']} about {minutes:.1f} min{epoch} "
        f"(of it {result['preparing_seconds']:.0f} s to prepare what the cache lacks), "
        f"{result['memory_mb']:.0f} MB of memory{gpu}; {result['trained_how']}"
    )
