"""One training from its run folder: status, log and signals around the loop, then scores and figures."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from core.catalog import known_files
from core.errors import BadInput
from core.progress import Pace
from core.runs.folder import DEMO_FILES, RunFolder
from core.training import ablation, automatic
from core.training.failures import data_gone, fail, folder_gone, not_repeatable, reader_ended, reason_of
from core.training.head import HeadLearner
from core.training.learner import Context, NetworkLearner
from core.training.learning import best_model, last_checkpoint
from core.training.learning.last_checkpoint import Progress
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.plan_file import check_plan, read_recipe, save_plan
from core.training.preparation import prepare_inputs
from core.training.process.arithmetic import about_repeating, settle_algorithms
from core.training.process.environment import (
    NonPrimaryHeartbeat,
    leave_after_writing,
    log_to_folder,
    mark_running,
    stop_on_signals,
)
from core.training.process.heartbeat import Heartbeat
from core.training.process.ranks import Ranks, describe, join
from core.training.reference import of_run
from core.training.scoring import evaluation
from core.training.scoring.predict import Interrupted, save_tables
from core.training.setup import Setup, set_up, trained_how
from core.workspace import Workspace

log = logging.getLogger("core.training")

SPLITS = ("val", "test")


def work(
    folder: RunFolder, *, resume: bool = False, space: Workspace | None = None, setup: Setup | None = None
) -> dict[str, Any]:
    """Train what the folder's config.yaml asks and write everything that a run produces. Gives its summary.

    `setup` is that of the configuration where the caller has built it already, to see whether it can be trained.
    """
    with log_to_folder(folder), join_or_fail(folder) as ranks, leave_after_writing(ranks):
        try:
            with mark_running(folder, ranks) as heartbeat, stop_on_signals(heartbeat):
                state = train(folder, ranks, heartbeat, resume=resume, space=space, setup=setup)
                finish(folder, ranks, state, heartbeat)
        except BaseException as error:
            known = folder_gone(folder) or reader_ended(error) or not_repeatable(error) or data_gone(error)
            if ranks.first:
                known = known or ranks.failure_behind(error)
                fail(folder, known or error)
            else:
                ranks.report_failure(reason_of(known or error))
            if known is not None:
                raise known from error
            raise
        return outcome(folder) if ranks.first else {}


def train(
    folder: RunFolder,
    ranks: Ranks,
    heartbeat: Heartbeat | NonPrimaryHeartbeat,
    *,
    resume: bool,
    space: Workspace | None,
    setup: Setup | None = None,
) -> str:
    """The run itself; gives the state in which it ends."""
    kept = last_checkpoint.load(folder) if resume else None
    settled = kept.get("settled") if kept else None
    config = automatic.as_begun(TrainConfig.from_dict(folder.config()), settled)
    use_threads(ranks)
    settle_algorithms(config, ranks.device)
    setup = setup or set_up(config, space, recipe=read_recipe(folder) if kept else None)
    check_plan(folder, setup, resumed=kept is not None)
    setup = automatic.settled(setup, ranks.device, settled)
    announce(setup, ranks, resumed=kept is not None)
    bars = ranks.first and sys.stderr.isatty()
    context = Context(ranks, heartbeat.stop_requested, bars, settled, preparing_reporter(heartbeat, config))
    if not prepare_inputs(setup, context, context.on_pace):
        return "stopped"
    try:
        learner = HeadLearner(setup, context) if setup.tune == "head" else NetworkLearner(setup, context)
    except Interrupted:  # while embeddings were computed
        return "stopped"
    job = Loop(learner, folder, on_progress=progress_reporter(heartbeat, config))
    setup = job.setup  # with every `auto` decided
    if kept:
        job.restore(kept)
    if ranks.first and not kept:
        save_plan(folder, setup, job.progress)
    if not job.fit():
        return "stopped"
    if ranks.first:
        save_plan(folder, setup, job.progress)
    return "completed" if evaluate_best(folder, setup, job, ranks) else "stopped"


def use_threads(ranks: Ranks) -> None:
    """Processes on one CPU share its cores."""
    if ranks.device.type == "cpu" and ranks.several:
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // ranks.world))


def evaluate_best(folder: RunFolder, setup: Setup, job: Loop, ranks: Ranks) -> bool:
    """The best epoch's weights score validation and, once, test; then every figure. False where stopped."""
    best = best_model.read(folder.best_model)
    job.use(best)
    log.info("best epoch %s; scoring with it", job.progress.best_epoch)
    try:
        unusable = score_splits(folder, setup, job, ranks)
    except Interrupted:
        return False
    if ranks.first:
        write_figures(folder, setup, job, ranks, unusable)
    ranks.wait()
    return True


def score_splits(folder: RunFolder, setup: Setup, job: Loop, ranks: Ranks) -> dict[str, dict[str, str]]:
    """The score files of validation and test; gives what could not be scored in each, with the reason."""
    unusable: dict[str, dict[str, str]] = {}
    for split in SPLITS:
        rows = setup.planned.split(split)
        if not len(rows) or (split == "test" and not setup.config.score_test):
            continue
        predicted = job.learner.predict(setup.source(split), bar=split)
        unusable[split] = {str(rows["id"].iloc[u.sample]): u.reason for u in predicted.unusable}
        for name, reason in unusable[split].items():
            log.warning("%s: not scored (%s)", name, reason)
        if ranks.first:
            save_tables(folder, split, predicted, rows)
    return unusable


def write_figures(
    folder: RunFolder, setup: Setup, job: Loop, ranks: Ranks, unusable: dict[str, dict[str, str]]
) -> None:
    """Every document of the finished run, and what the detector knows of its files."""
    state: Progress = job.progress
    skipped = {"train": state.unusable, **unusable}
    extra = {
        "skipped": {split: {"count": len(found), "samples": found} for split, found in skipped.items()},
        "minutes": round(state.minutes, 3),
        "epochs": state.epoch,
        **ablation_of(setup, ranks),
    }
    save_plan(folder, setup, state, skipped)
    metrics = evaluation.write(
        folder,
        plan=setup.planned.rows,
        device=describe(ranks.device),
        best_epoch=state.best_epoch,
        extra=extra,
    )
    of_run.save_at_end(folder, setup, job.learner, ranks.device)
    if metrics["demo"]:
        known_files.save(folder.path / DEMO_FILES, setup.planned.rows)


def ablation_of(setup: Setup, ranks: Ranks) -> dict[str, Any]:
    """What each modality adds on the test split, for metrics.json; nothing for other runs."""
    rows = setup.planned.split("test")
    if setup.config.modality != "multimodal" or not setup.config.score_test or not len(rows):
        return {}
    rows = ablation.few_of_each(rows, ablation.SAMPLES, setup.config.seed)
    groups, draws = rows["component"].astype(str).to_numpy(), setup.config.bootstrap
    source = setup.source_of(rows)
    return {"ablation": ablation.ablate(setup.network, setup.card, source, groups, ranks.device, draws)}


def announce(setup: Setup, ranks: Ranks, *, resumed: bool) -> None:
    if not ranks.first:
        return
    parameters = sum(p.numel() for p in setup.network.parameters())
    log.info(
        "%s %s (%s parameters) on %s, %d process(es), %d thread(s)",
        "resuming" if resumed else "training",
        setup.config.model_name,
        f"{parameters:,}",
        describe(ranks.device),
        ranks.world,
        torch.get_num_threads(),
    )
    log.info(
        "samples %s, protocol %s, faces %s",
        setup.planned.counts(),
        setup.planned.protocol,
        setup.recipe.faces,
    )
    log.info("%s", trained_how(setup))
    for line in (*setup.notes, *setup.idle):
        log.info("%s", line)
    for name, weight in setup.objectives.items():
        if weight:
            log.info("objective beside the verdict: %s, weight %g", name, weight)
    for note in (*setup.planned.notes, about_repeating(setup.config, ranks.device)):
        if note:
            log.info("%s", note)


def preparing_reporter(
    heartbeat: Heartbeat | NonPrimaryHeartbeat, config: TrainConfig
) -> Callable[[Pace | None], None]:
    def report(pace: Pace | None) -> None:
        done = {"preparing": None, "learning_since": time.time()}
        heartbeat.fields = done if pace is None else {"preparing": pace.to_dict(), "epochs": config.epochs}

    return report


def progress_reporter(heartbeat: Heartbeat | NonPrimaryHeartbeat, config: TrainConfig) -> Any:
    began = time.time()

    def report(state: Progress, steps: int) -> None:
        heartbeat.fields = {
            "preparing": None,
            "learning_since": began,
            "epoch": state.epoch,
            "epochs": config.epochs,
            "step": state.step,
            "steps": steps,
            "best": state.best,
        }

    return report


def finish(folder: RunFolder, ranks: Ranks, state: str, heartbeat: Heartbeat | NonPrimaryHeartbeat) -> None:
    if ranks.first:
        now = time.time()
        final = folder.set_status(
            **{**heartbeat.fields, "state": state, "ended": now, "heartbeat": now, "error": None}
        )
        if state == "stopped":
            folder.stop_file.unlink(missing_ok=True)
        log.info("%s (epoch %d of %d)", final.state, final.epoch, final.epochs)
    ranks.wait()


@contextlib.contextmanager
def join_or_fail(folder: RunFolder) -> Iterator[Ranks]:
    """The ranks on the device asked for; a device that is not there is the run's failure."""
    try:
        asked = str(folder.config().get("device") or "auto")
    except BadInput as error:
        fail(folder, error)
        raise
    stack = contextlib.ExitStack()
    try:
        ranks = stack.enter_context(join(asked))
    except BadInput as error:
        fail(folder, error)
        raise
    with stack:
        yield ranks


def outcome(folder: RunFolder) -> dict[str, Any]:
    """What `train --json` says of a run."""
    metrics = folder.document("metrics") or {}
    status = folder.status()
    return {
        "run": folder.id,
        "path": str(folder.path),
        "status": status.state,
        "error": status.error,
        "best_epoch": metrics.get("best_epoch"),
        "learned_nothing": metrics.get("learned_nothing"),
        "learned_nothing_reason": metrics.get("learned_nothing_reason"),
        "metrics": {split: metrics[split] for split in SPLITS if split in metrics},
        "operating_point": folder.document("operating_point"),
    }
