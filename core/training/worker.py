"""One training from its run folder: status, log and signals around the loop, then scores and figures."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import torch

from core.errors import BadInput, WorkbenchError, one_line
from core.media.recipe import Recipe
from core.runs.folder import RunFolder
from core.training import checkpoint, evaluation, progress
from core.training.config import TrainConfig
from core.training.head import HeadTraining
from core.training.heartbeat import Heartbeat
from core.training.loop import Loop
from core.training.predict import Interrupted, save_tables
from core.training.progress import Progress
from core.training.ranks import Ranks, joined
from core.training.setup import Setup, set_up
from core.workspace import Workspace

log = logging.getLogger("core.training")

SPLITS = ("val", "test")


def work(
    folder: RunFolder, *, resume: bool = False, space: Workspace | None = None, setup: Setup | None = None
) -> dict[str, Any]:
    """Train what the folder's config.yaml asks and write everything that a run produces. Gives its summary.

    `setup` is that of the configuration where the caller has built it already, to see whether it can be trained.
    """
    with logged(folder), joined_or_failed(folder) as ranks:
        try:
            with writing(folder, ranks) as pulse, signals(pulse):
                state = train(folder, ranks, pulse, resume=resume, space=space, setup=setup)
                finish(folder, ranks, state, pulse)
        except BaseException as error:
            if ranks.first:
                fail(folder, error)
            raise
        return outcome(folder) if ranks.first else {}


def train(
    folder: RunFolder,
    ranks: Ranks,
    pulse: Heartbeat | Deaf,
    *,
    resume: bool,
    space: Workspace | None,
    setup: Setup | None = None,
) -> str:
    """The run itself; gives the state in which it ends."""
    config = TrainConfig.from_dict(folder.config())
    kept = progress.load(folder) if resume else None
    use_threads(ranks)
    setup = setup or set_up(config, space, recipe=kept_recipe(folder) if kept else None)
    check_plan(folder, setup, resumed=kept is not None)
    announce(setup, ranks, resumed=kept is not None)
    kind = HeadTraining if setup.tune == "head" else Loop
    tell = pulse_teller(pulse, config)
    try:
        job = kind(setup, folder, ranks, stop=pulse.stopping, tell=tell, bars=sys.stderr.isatty())
    except Interrupted:  # while embeddings were computed
        return "stopped"
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
    """Processes on one CPU share its cores; on a CPU results do not depend on the order of additions."""
    if ranks.device.type != "cpu":
        return
    torch.use_deterministic_algorithms(True, warn_only=True)
    if ranks.several:
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // ranks.world))


def evaluate_best(folder: RunFolder, setup: Setup, job: Any, ranks: Ranks) -> bool:
    """The best epoch's weights score validation and, once, test; then every figure. False where stopped."""
    best = checkpoint.read(folder.best_model)
    job.use(best)
    log.info("best epoch %s; scoring with it", job.progress.best_epoch)
    unusable: dict[str, dict[str, str]] = {}
    for split in SPLITS:
        rows = setup.planned.split(split)
        if not len(rows) or (split == "test" and not setup.config.score_test):
            continue
        try:
            predicted = job.predict(setup.source(split), bar=split)
        except Interrupted:
            return False
        unusable[split] = {str(rows["id"].iloc[u.sample]): u.reason for u in predicted.unusable}
        for name, reason in unusable[split].items():
            log.warning("%s: not scored (%s)", name, reason)
        if ranks.first:
            save_tables(folder, split, predicted, rows)
    if ranks.first:
        state: Progress = job.progress
        skipped = {"train": state.unusable, **unusable}
        extra = {
            "skipped": {split: {"count": len(found), "samples": found} for split, found in skipped.items()},
            "minutes": round(state.minutes, 3),
            "epochs": state.epoch,
        }
        save_plan(folder, setup, state, skipped)
        evaluation.write(
            folder,
            plan=setup.planned.rows,
            device=describe(ranks.device),
            best_epoch=state.best_epoch,
            extra=extra,
        )
    ranks.wait()
    return True


def check_plan(folder: RunFolder, setup: Setup, *, resumed: bool) -> None:
    """A resumed run must find the samples that it began with, on the same sides."""
    before = (folder.document("plan") or {}).get("hash")
    now = evaluation.provenance.plan_hash(setup.planned.rows)
    if resumed and before != now:
        raise BadInput(
            f"run {folder.id} cannot go on: the catalogue gives another plan than it began with ({before}, now {now}); "
            "start a new run"
        )


def save_plan(
    folder: RunFolder, setup: Setup, state: Progress, skipped: dict[str, dict[str, str]] | None = None
) -> None:
    """plan.json: which sample is on which side, what was left out, and the recipe that all were prepared by."""
    planned, rows = setup.planned, setup.planned.rows
    folder.save_document(
        "plan",
        {
            "protocol": planned.protocol,
            "seed": setup.config.seed,
            "hash": evaluation.provenance.plan_hash(rows),
            "data_hash": evaluation.provenance.data_hash(rows),
            "datasets": sorted(rows["dataset"].unique().tolist()),
            "counts": planned.counts(),
            "dropped": planned.dropped,
            "unlabelled": planned.unlabelled,
            "notes": list(planned.notes),
            "recipe": setup.recipe.to_dict(),
            "model": setup.config.model_name,
            "model_options": setup.model_options,
            "tune": setup.tune,
            "learning_rate": setup.learning_rate,
            "batch_size": setup.config.batch,
            "skipped": skipped if skipped is not None else {"train": state.unusable},
            "unreadable": state.unreadable,
            "splits": {s: rows.loc[rows["split"] == s, "id"].tolist() for s in ("train", "val", "test")},
        },
    )


def kept_recipe(folder: RunFolder) -> Recipe | None:
    document = folder.document("plan")
    return Recipe.from_dict(document["recipe"]) if document else None


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
    for note in setup.planned.notes:
        log.info("%s", note)


def pulse_teller(pulse: Heartbeat | Deaf, config: TrainConfig) -> Any:
    def tell(state: Progress, steps: int) -> None:
        pulse.fields = {
            "epoch": state.epoch,
            "epochs": config.epochs,
            "step": state.step,
            "steps": steps,
            "best": state.best,
        }

    return tell


class Deaf:
    """What ranks other than 0 have for a heartbeat: they hear signals only, and write nothing."""

    def __init__(self, folder: RunFolder) -> None:
        self.fields: dict[str, Any] = {}
        self._folder, self._asked = folder, False

    def stopping(self) -> bool:
        return self._asked

    def ask_to_stop(self) -> None:
        self._asked = True


@contextlib.contextmanager
def writing(folder: RunFolder, ranks: Ranks) -> Iterator[Heartbeat | Deaf]:
    """The status says running, with this process, until the block ends; rank 0 only."""
    if not ranks.first:
        yield Deaf(folder)
        return
    own = psutil.Process()
    folder.set_status(
        state="running",
        pid=own.pid,
        process_start=own.create_time(),
        host=socket.gethostname(),
        heartbeat=time.time(),
        started=time.time(),
        ended=None,
        error=None,
    )
    gpu = ranks.device.index if ranks.device.type == "cuda" else None
    with Heartbeat(folder, gpu=gpu) as pulse:
        yield pulse
        pulse.measure()


@contextlib.contextmanager
def signals(pulse: Heartbeat | Deaf) -> Iterator[None]:
    """SIGTERM and the first Ctrl-C ask the run to stop after its batch; a second Ctrl-C ends it at once."""

    def ask(number: int, _: Any) -> None:
        log.info("asked to stop (%s); the batch is finished first", signal.Signals(number).name)
        pulse.ask_to_stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if (
        threading.current_thread() is not threading.main_thread()
    ):  # only a process's main thread hears signals
        yield
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finish(folder: RunFolder, ranks: Ranks, state: str, pulse: Heartbeat | Deaf) -> None:
    if ranks.first:
        now = time.time()
        final = folder.set_status(
            **{**pulse.fields, "state": state, "ended": now, "heartbeat": now, "error": None}
        )
        if state == "stopped":
            folder.stop_file.unlink(missing_ok=True)
        log.info("%s (epoch %d of %d)", final.state, final.epoch, final.epochs)
    ranks.wait()


def fail(folder: RunFolder, error: BaseException) -> None:
    """The status says why, in one line that tells the analyst what to do."""
    if isinstance(error, WorkbenchError):
        reason = one_line(error)
    elif isinstance(error, KeyboardInterrupt):
        reason = "interrupted at the keyboard"
    else:
        reason = one_line(f"{type(error).__name__}: {error}")
        log.error("the run failed", exc_info=error)
    if not _is_same_file(sys.stderr, folder):  # whoever started the worker prints the line there
        with folder.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {reason}\n")
    folder.set_status(state="failed", ended=time.time(), error=reason)


@contextlib.contextmanager
def joined_or_failed(folder: RunFolder) -> Iterator[Ranks]:
    """The ranks on the device asked for; a device that is not there is the run's failure."""
    try:
        asked = str(folder.config().get("device") or "auto")
    except BadInput as error:
        fail(folder, error)
        raise
    stack = contextlib.ExitStack()
    try:
        ranks = stack.enter_context(joined(asked))
    except BadInput as error:
        fail(folder, error)
        raise
    with stack:
        yield ranks


@contextlib.contextmanager
def logged(folder: RunFolder) -> Iterator[None]:
    """Log lines go to log.txt and to stderr, once each where stderr is log.txt already. Only rank 0 writes."""
    logger = logging.getLogger("core")
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    folder.path.mkdir(parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    folder.log_file.touch()
    if not _is_same_file(sys.stderr, folder):
        handlers.append(logging.FileHandler(folder.log_file, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(form)
        logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _is_same_file(stream: Any, folder: RunFolder) -> bool:
    """Whether the stream is the run's log: whoever started the worker may have sent it there."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), folder.log_file.stat())
    except (OSError, AttributeError, ValueError):
        return False


def describe(device: torch.device) -> str:
    return (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU ({torch.get_num_threads()} threads)"
    )


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
